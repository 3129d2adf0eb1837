// The node's API as this page uses it: the client's calls and types, and what only the page reads.

import { Http } from "../../client/src/api/http.ts";
import type { ModelView, VerdictWord } from "../../client/src/api/types.ts";
import { NodeError } from "../../client/src/errors.ts";
import type { Card as ClientCard } from "../../client/src/model/card.ts";

export type {
  Account,
  DecisionLine as Line,
  DecisionList,
  ModelLine,
  ModelRef,
  PolicyView as Policy,
  State,
  TransactionView,
  VerdictWord as Verdict,
} from "../../client/src/api/types.ts";
export type { Feature } from "../../client/src/model/card.ts";
export { NodeError };

/** The card, and what its file says of the program that wrote it. */
export type Card = ClientCard & { model: { producer: string } };
export type Model = ModelView & { card: Card };

export interface Figures {
  decided: number;
  verdicts: Record<VerdictWord, number>;
  recent: { value: string; text: string; verdict: VerdictWord }[];
  median_gas: number | null;
  committee: Committee | null;
  held_out: string | null;
}

export interface Committee {
  threshold: number;
  members: string[];
  decided: number;
  agreed: number;
  apart: number;
  voted: number;
  peers: { member: string; heard: number; apart: number }[];
  /** Of one that votes on chain: closed rounds, and its members' parts in them. */
  rounds: number | null;
  voters: {
    member: string;
    sealed: number;
    revealed: number;
    agreed: number;
    apart: number;
    lost: number;
  }[];
}

interface Place {
  at: number;
  block_number: number;
  tx_hash: string;
}

/** One round of sealed votes about a decision. */
export interface Round {
  round: number;
  threshold: number;
  bond_wei: string;
  seal_until: number;
  reveal_until: number;
  decided: boolean | null;
  closed: Place | null;
  votes: {
    member: string;
    sealed: (Place & { seal: string }) | null;
    revealed: (Place & { text: string; holds: boolean | null }) | null;
    leaked: (Place & { reporter: string }) | null;
    agreed: boolean;
    bond_lost: boolean;
  }[];
}

/** A prediction that this node promised to anchor. */
export interface Promised {
  id: string;
  state: "pending" | "anchored" | "decided";
  model_id: string;
  subject: string;
  value: string;
  raw_value: string;
  confidence: number;
  predicted_at: number;
  anchor_by: number;
  log: string;
  receipt: string;
  index?: number;
  batch?: number;
  transaction?: string;
  block?: number;
  decision?: { state: string; verdict?: VerdictWord };
}

export interface PromisedList {
  predictions: Promised[];
  next?: string;
  /** The operator's anchor log, where it has one. */
  log?: string;
}

export interface Network {
  chain_id: number;
  contract: string;
  operator: string;
  currency: string;
}

export interface Readiness {
  ready: boolean;
  not_ready: string[];
  checks: { name: string; ok: boolean; what: string }[];
  network: Network;
}

/** The visitor's API key, where they have one: kept by the open page only. */
export const access = { key: "" };

/** The node that serves this page. */
export const http = new Http(location.origin, {
  get apiKey() {
    return access.key;
  },
});

type Query = Record<string, string | number | undefined>;

/** GET as JSON. Statuses in `accept` are answers, too. */
export function get<T>(
  path: string,
  query: Query = {},
  signal?: AbortSignal,
  accept: number[] = [],
): Promise<T> {
  return http.json<T>(path, { query, signal, accept });
}

/** GET as the text that it is, such as a receipt whose every digit counts. */
export async function text(path: string, query: Query, signal: AbortSignal): Promise<string> {
  return (await http.call(path, { query, signal })).text();
}

/** POST JSON. */
export function post<T>(path: string, body: unknown, wait = 0): Promise<T> {
  const headers = { "Idempotency-Key": crypto.randomUUID() };
  return http.json<T>(path, { method: "POST", headers, body, wait });
}

/** A file's bytes. */
export async function bytes(path: string): Promise<Uint8Array> {
  return new Uint8Array(await (await http.call(path)).arrayBuffer());
}

const known = new Map<string, Promise<Model>>();

/** A model of this node; asked for once, since its card never changes. */
export function modelOf(nameOrId: string): Promise<Model> {
  const asked = known.get(nameOrId) ?? get<Model>(`/api/models/${encodeURIComponent(nameOrId)}`);
  known.set(nameOrId, asked);
  asked.catch(() => known.delete(nameOrId));
  return asked;
}

/** The model, or null where this node does not serve it any more, or can not read its rules now. */
export async function modelIfServed(nameOrId: string): Promise<Model | null> {
  try {
    return await modelOf(nameOrId);
  } catch (error) {
    if (error instanceof NodeError && [404, 503].includes(error.status)) return null;
    throw error;
  }
}
