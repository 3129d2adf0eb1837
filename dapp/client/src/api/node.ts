// A node's HTTP API: ask for a decision, read decisions, models and receipts, and watch.

import { type Hex, bytesToHex } from "viem";

import { NodeError, OracleError } from "../errors.ts";
import type { ReadFile } from "../model/model.ts";
import { readReceipt } from "../receipt/reader.ts";
import type { Receipt } from "../receipt/receipt.ts";
import { Http, type HttpOptions } from "./http.ts";
import { type StreamEvent, type StreamOptions, listen } from "./stream.ts";
import type {
  Account,
  DecisionLine,
  DecisionList,
  DecisionView,
  ModelLine,
  ModelView,
  State,
  VerdictWord,
} from "./types.ts";

const LONGEST_WAIT = 30;
const TRIES = 3;
const OVER: State[] = ["final", "expired", "refused"];

/** A decision to be made. */
export interface Ask {
  /** Name or id. */
  model: string;
  /** Features by name or in order, `{tensors: {…}}`, or the encoded bytes. */
  input: unknown;
  /** 32 bytes or any text; one (model, subject) is decided once. Random if left out. */
  subject?: string;
}

export interface DecideOptions {
  /** Seconds to wait until the decision is final. */
  timeout?: number;
  /** The same key with the same ask is the same decision; random if left out. */
  idempotencyKey?: string;
  signal?: AbortSignal;
}

export interface Filter {
  model?: string;
  state?: State;
  verdict?: VerdictWord;
  /** How the subject begins: 0x and hex digits. */
  subject?: string;
  limit?: number;
  cursor?: string;
}

/** An account that came to its decision. */
export type DecidedAccount = Account & { decision: DecisionView };

/** The node would not, or could not in time, bring the decision about. */
export class NotDecided extends OracleError {
  readonly account: Account;

  constructor(account: Account) {
    const { model, reason, state, subject } = account;
    super(
      `${model.name ?? model.id} has not decided about ${subject}: ${state}` +
        (reason ? `, ${reason}` : ""),
      OVER.includes(state)
        ? "correct the request, and ask again"
        : "go on with `decision(subject)`",
    );
    this.account = account;
  }
}

export class OracleNode {
  readonly #http: Http;

  /** @param url such as http://127.0.0.1:8550 */
  constructor(url: string | URL, options: HttpOptions = {}) {
    this.#http = new Http(url, options);
  }

  /**
   * Has the node run a model and put the decision on chain, and waits for it. A call that the network
   * loses is made again with the same key, so it decides once.
   * @throws {NodeError} the node refuses the ask, or is not there
   * @throws {NotDecided} it is not final in time, or the chain refused it
   */
  async decide(ask: Ask, options: DecideOptions = {}): Promise<DecidedAccount> {
    const { timeout = 60, idempotencyKey = crypto.randomUUID(), signal } = options;
    const until = Date.now() + timeout * 1000;
    const input = ask.input instanceof Uint8Array ? bytesToHex(ask.input) : ask.input;
    let account = await this.#persist(() =>
      this.#http.json<Account>("/api/decisions", {
        method: "POST",
        headers: { "Idempotency-Key": idempotencyKey },
        body: { ...ask, input, wait: waitUntil(until) },
        wait: waitUntil(until),
        signal,
      }),
    );
    while (!OVER.includes(account.state) && Date.now() < until) {
      const { model, subject } = account;
      account = await this.#persist(() =>
        this.decision(subject, { model: model.id, wait: waitUntil(until), signal }),
      );
    }
    if (account.state === "final" && account.decision) return account as DecidedAccount;
    throw new NotDecided(account);
  }

  /** The latest decisions, newest first: one page of them. */
  latest(filter: Filter = {}): Promise<DecisionList> {
    return this.#http.json("/api/decisions", { query: { ...filter } });
  }

  /** All decisions, newest first, page by page. */
  async *all(filter: Omit<Filter, "cursor"> = {}): AsyncGenerator<DecisionLine> {
    for (let cursor: string | undefined; ;) {
      const page = await this.latest({ ...filter, ...(cursor && { cursor }) });
      yield* page.decisions;
      if (!page.next) return;
      cursor = page.next;
    }
  }

  /**
   * One decision's account.
   * @param options.model name or id; needed where several models decided about the subject
   * @param options.wait seconds to wait until it is over
   */
  decision(
    subject: string,
    options: { model?: string; wait?: number; signal?: AbortSignal | undefined } = {},
  ): Promise<Account> {
    const { model, wait = 0, signal } = options;
    const query = { model, wait };
    return this.#http.json(`/api/decisions/${subject}`, { query, wait, signal });
  }

  /** A decision's receipt, read strictly; `verify` checks it. */
  async receipt(subject: string, options: { model?: string } = {}): Promise<Receipt> {
    return readReceipt(await this.receiptText(subject, options));
  }

  /** A decision's receipt as the text that is stored and passed on. */
  async receiptText(subject: string, { model }: { model?: string } = {}): Promise<string> {
    return (await this.#http.call(`/api/receipts/${subject}`, { query: { model } })).text();
  }

  async models(): Promise<ModelLine[]> {
    return (await this.#http.json<{ models: ModelLine[] }>("/api/models")).models;
  }

  /** A model, by name or id. */
  model(name: string): Promise<ModelView> {
    return this.#http.json(`/api/models/${encodeURIComponent(name)}`);
  }

  /** Reads a model's card and files from the node: for `Model.create` and `verify`. */
  files(name: string): ReadFile {
    const view = this.model(name);
    view.catch(() => {}); // thrown where it is read
    return async (file) => {
      const { card, file: path } = await view;
      if (file === "card.json") return new TextEncoder().encode(JSON.stringify(card));
      const part = file === card.model.file ? path : `${path}s/${encodeURIComponent(file)}`;
      return new Uint8Array(await (await this.#http.call(part)).arrayBuffer());
    };
  }

  /** Decisions as they arrive, until the signal aborts. */
  stream(signal?: AbortSignal, options?: StreamOptions): AsyncGenerator<StreamEvent> {
    return listen(this.#http, signal, options);
  }

  /** The chain that the node works on, its decision contract, and its operator. */
  async network(): Promise<{ chainId: number; contract: Hex; operator: Hex }> {
    const { network } = await this.#http.json<{ network: Record<string, never> }>("/readyz", {
      accept: [503],
    });
    const { chain_id: chainId, contract, operator } = network;
    return { chainId: chainId!, contract: contract!, operator: operator! };
  }

  /** Makes a call that changes nothing when it is repeated again where nothing answered. */
  async #persist<Answer>(call: () => Promise<Answer>): Promise<Answer> {
    for (let tried = 1; ; tried++) {
      try {
        return await call();
      } catch (error) {
        const isLost = error instanceof NodeError && (error.status === 0 || error.status === 503);
        if (!isLost || tried === TRIES) throw error;
        await new Promise((resolve) => setTimeout(resolve, 250 * 2 ** tried));
      }
    }
  }
}

function waitUntil(until: number): number {
  return Math.min(LONGEST_WAIT, Math.max(0, Math.round((until - Date.now()) / 100) / 10));
}
