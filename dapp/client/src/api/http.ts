// One call of a node's HTTP API: keys, time limits, and its refusals as errors.

import { NodeError } from "../errors.ts";

export interface HttpOptions {
  /** Sent as a bearer token; needed to write where the node has keys, and to see private inputs. */
  apiKey?: string;
  /** Seconds that one call may take, besides what the node is asked to wait. */
  timeout?: number;
  fetch?: typeof fetch;
}

export interface Call {
  method?: string;
  query?: Record<string, string | number | undefined>;
  body?: unknown;
  headers?: Record<string, string>;
  /** Seconds more than the time limit, for calls that wait; infinite for none. */
  wait?: number;
  /** Statuses of answers that are none of the good ones, and no refusals either. */
  accept?: number[];
  signal?: AbortSignal | undefined;
}

/** The node under one address. */
export class Http {
  readonly base: URL;
  readonly #options: HttpOptions;

  constructor(url: string | URL, options: HttpOptions) {
    this.base = new URL(url);
    if (!this.base.pathname.endsWith("/")) this.base.pathname += "/";
    this.#options = options;
  }

  /** The address of a path, which begins with a slash. */
  url(path: string, query: Call["query"] = {}): URL {
    const url = new URL(path.slice(1), this.base);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    return url;
  }

  /**
   * The answer, which is no refusal.
   * @throws {NodeError} the node refuses, says nothing in time, or is not there
   */
  async call(path: string, { query, body, wait = 0, ...call }: Call = {}): Promise<Response> {
    const { apiKey, timeout = 30, fetch = globalThis.fetch } = this.#options;
    const limits =
      wait === Infinity ? [] : [AbortSignal.timeout(Math.ceil((timeout + wait) * 1000))];
    let response: Response;
    try {
      response = await fetch(this.url(path, query), {
        method: call.method ?? "GET",
        headers: {
          ...(body !== undefined && { "Content-Type": "application/json" }),
          ...(apiKey && { Authorization: `Bearer ${apiKey}` }),
          ...call.headers,
        },
        ...(body !== undefined && { body: JSON.stringify(body, digits) }),
        signal: AbortSignal.any(call.signal ? [...limits, call.signal] : limits),
      });
    } catch (error) {
      if (call.signal?.aborted) throw error;
      throw new NodeError(
        `no node answers at ${this.base.host}: ${causeOf(error)}`,
        "start one with `oracle up`, or give the URL of yours",
        0,
        { cause: error },
      );
    }
    if (response.ok || call.accept?.includes(response.status)) return response;
    throw await refusalOf(response);
  }

  async json<Answer>(path: string, call?: Call): Promise<Answer> {
    return (await (await this.call(path, call)).json()) as Answer;
  }
}

/** Integers of any size keep their digits. */
function digits(_name: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}

function causeOf(error: unknown): string {
  const { cause, message } = error as Error;
  return (cause as Error | undefined)?.message || message;
}

/** A problem document (RFC 9457) as an error. */
async function refusalOf(response: Response): Promise<NodeError> {
  const text = await response.text();
  try {
    const { detail, title, remedy } = JSON.parse(text);
    return new NodeError(detail ?? title, remedy ?? `HTTP ${response.status}`, response.status);
  } catch {
    const { host } = new URL(response.url);
    return new NodeError(
      `${host} answered ${response.status}, and not as a node does`,
      "give the URL of a node",
      response.status,
    );
  }
}
