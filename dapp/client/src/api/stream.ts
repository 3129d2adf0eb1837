// Decisions as they arrive: server-sent events, resumed where the connection broke.
//
// Browsers have EventSource. Node's is not stable yet, so the stream is read with fetch everywhere,
// which also can send an API key.

import { NodeError } from "../errors.ts";
import type { Http } from "./http.ts";
import type { DecisionLine } from "./types.ts";

/** A decision that is new or has moved; or that the list is to be loaded anew. */
export type StreamEvent = { kind: "decision"; decision: DecisionLine } | { kind: "reset" };

export interface StreamOptions {
  /** Called whenever the connection stands, and when it broke. */
  onConnection?: (stands: boolean) => void;
  /** Most seconds until the next try to connect. */
  longestPause?: number;
}

const LEAST_PAUSE = 1000;

/**
 * What the node tells, until the signal aborts. A connection that breaks is made again and goes on
 * where it was; where the node no longer knows that place, it says `reset`.
 * @throws {NodeError} the first connection is refused
 */
export async function* listen(
  http: Http,
  signal?: AbortSignal,
  { onConnection, longestPause = 30 }: StreamOptions = {},
): AsyncGenerator<StreamEvent> {
  let last: string | undefined;
  let pause = LEAST_PAUSE;
  for (let first = true; !signal?.aborted; first = false) {
    const connection = new AbortController();
    const stop = signal ? AbortSignal.any([signal, connection.signal]) : connection.signal;
    try {
      const response = await connect(http, last, stop);
      pause = LEAST_PAUSE;
      onConnection?.(true);
      for await (const { name, text, id } of events(response.body!)) {
        last = id ?? last;
        if (name === "reset") yield { kind: "reset" };
        if (name === "decision") yield { kind: "decision", decision: JSON.parse(text) };
      }
    } catch (error) {
      if (signal?.aborted) return;
      if (first) throw error;
    } finally {
      connection.abort();
    }
    onConnection?.(false);
    await sleep(pause, signal);
    pause = Math.min(2 * pause, longestPause * 1000);
  }
}

async function connect(http: Http, last: string | undefined, signal: AbortSignal) {
  const headers: Record<string, string> = { Accept: "text/event-stream" };
  if (last) headers["Last-Event-ID"] = last;
  const response = await http.call("/api/stream", { headers, signal, wait: Infinity });
  if (response.headers.get("Content-Type")?.startsWith("text/event-stream")) return response;
  throw new NodeError(
    `${http.base.host} answered with no event stream`,
    "give the URL of a node, not of a page before it",
    response.status,
  );
}

interface ServerSentEvent {
  name: string;
  text: string;
  id?: string | undefined;
}

/** The events in a body; comments are left out. https://html.spec.whatwg.org/#server-sent-events */
async function* events(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerSentEvent> {
  const reader = body.pipeThrough(new TextDecoderStream() as never).getReader() as unknown as {
    read(): Promise<{ done: boolean; value?: string }>;
  };
  let rest = "";
  for (;;) {
    const { done, value = "" } = await reader.read();
    if (done) return;
    const blocks = (rest + value.replaceAll("\r", "")).split("\n\n");
    rest = blocks.pop()!;
    for (const block of blocks) {
      const fields = new Map<string, string>();
      for (const line of block.split("\n")) {
        const [, name, text = ""] = /^([a-z]+): ?(.*)$/.exec(line) ?? [];
        if (name) fields.set(name, fields.has(name) ? `${fields.get(name)}\n${text}` : text);
      }
      if (!fields.has("data")) continue;
      yield {
        name: fields.get("event") ?? "message",
        text: fields.get("data")!,
        id: fields.get("id"),
      };
    }
  }
}

function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}
