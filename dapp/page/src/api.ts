// The node's API as this page uses it.

import type { Card as ClientCard } from "../../client/src/model/card.ts";

export type { Feature } from "../../client/src/model/card.ts";

export type Verdict = "accept" | "reject" | "review";
export type State =
  | "seen"
  | "orphaned"
  | "confirmed"
  | "inferred"
  | "vouched"
  | "submitted"
  | "final"
  | "expired"
  | "refused";

export interface ModelRef {
  name: string | null;
  id: string;
}

export interface Line {
  model: ModelRef;
  subject: string;
  origin: "chain" | "api" | "other";
  state: State;
  reason: string | null;
  verdict: Verdict | null;
  value: string | null;
  text: string | null;
  confidence: string | null;
  trust_level: number | null;
  tx_hash: string | null;
  block_number: number | null;
  at: number | null;
}

export interface Said {
  value: string;
  decimals: number;
  text: string;
  label: string | null;
  confidence: string | null;
  confidence_ppm: number;
}

export interface Prediction extends Said {
  input_hash: string;
  output_hash: string;
  predicted_at: number;
}

export interface Decision extends Said {
  verdict: Verdict;
  trust_level: number;
  decided_at: number;
  block_number: number;
  tx_hash: string;
  callback: "none" | "delivered" | "failed";
}

export interface Asked {
  origin: "chain" | "api";
  input: string | null;
  input_hash: string | null;
  requester: string | null;
  deadline: number | null;
  callback_gas: number;
  fee_gwei: number;
  block_number: number | null;
  tx_hash: string | null;
}

export interface Transaction {
  state: string;
  hash: string | null;
  block_number: number | null;
  succeeded: boolean | null;
  gas_used: number | null;
  fee: string | null;
}

export interface Account {
  model: ModelRef;
  subject: string;
  state: State;
  reason: string | null;
  seconds: number | null;
  request: Asked | null;
  prediction: Prediction | null;
  decision: Decision | null;
  transactions: Transaction[];
  timeline: { state: State; at: number; seconds: number; note: string }[];
}

/** The card, and what its file says of the program that wrote it. */
export type Card = ClientCard & { model: { producer: string } };

export interface Policy {
  address: string;
  kind: "threshold" | "class" | "other";
  words: string;
  high_from?: string | null;
  low_below?: string | null;
  accept_high?: boolean | null;
}

export interface OnChain {
  registered: boolean;
  attested_here: boolean;
  attestor: string | null;
  owner: string | null;
  trust_level: number | null;
  fee_gwei: number | null;
  max_age: number | null;
  paused: boolean | null;
  change_at: number | null;
  policy: Policy | null;
}

export interface ModelLine {
  name: string;
  id: string;
  title: string;
  kind: "score" | "class";
  labels: string[];
  features: string[];
}

export interface Model extends ModelLine {
  description: string;
  card: Card;
  example: Record<string, string> | string | null;
  meaning: Partial<Record<"ACCEPT" | "REJECT" | "REVIEW", string>>;
  on_chain: OnChain;
  file: string;
}

export interface Figures {
  decided: number;
  verdicts: Record<Verdict, number>;
  recent: { value: string; text: string; verdict: Verdict }[];
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
}

export interface Readiness {
  ready: boolean;
  not_ready: string[];
  checks: { name: string; ok: boolean; what: string }[];
  network: { chain_id: number; contract: string; operator: string };
}

/** What the node refused, and what to do about it; `status` 0 where it did not answer at all. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly what: string,
    readonly remedy: string,
  ) {
    super(remedy ? `${what}; ${remedy}` : what);
  }
}

type Query = Record<string, string | number | null | undefined>;

/** GET as JSON. Statuses in `also` are answers, too. */
export async function get<T>(
  path: string,
  query: Query = {},
  signal?: AbortSignal,
  also: number[] = [],
): Promise<T> {
  const reply = await call(withQuery(path, query), signal ? { signal } : {});
  return answered<T>(reply, also);
}

/** GET as the text that it is, such as a receipt whose every digit counts. */
export async function text(path: string, query: Query, signal: AbortSignal): Promise<string> {
  const reply = await call(withQuery(path, query), { signal });
  if (!reply.ok) await answered(reply, []);
  return reply.text();
}

/** POST JSON, with the key where one is given. */
export async function post<T>(path: string, body: unknown, key: string): Promise<T> {
  const headers: Record<string, string> = {
    "content-type": "application/json",
    "idempotency-key": crypto.randomUUID(),
  };
  if (key) headers["authorization"] = `Bearer ${key}`;
  return answered<T>(await call(path, { method: "POST", headers, body: JSON.stringify(body) }), []);
}

/** A file's bytes. */
export async function bytes(path: string): Promise<Uint8Array> {
  const reply = await call(path, {});
  if (!reply.ok) await answered(reply, []);
  return new Uint8Array(await reply.arrayBuffer());
}

const known = new Map<string, Promise<Model>>();

/** A model of this node; asked for once, since its card never changes. */
export function modelOf(nameOrId: string): Promise<Model> {
  const asked = known.get(nameOrId) ?? get<Model>(`/api/models/${encodeURIComponent(nameOrId)}`);
  known.set(nameOrId, asked);
  asked.catch(() => known.delete(nameOrId));
  return asked;
}

function withQuery(path: string, query: Query): string {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined);
  const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
  return given.length ? `${path}?${search}` : path;
}

async function call(path: string, options: RequestInit): Promise<Response> {
  try {
    return await fetch(path, options);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Refused(0, "the node does not answer", "start it again, or check the connection");
  }
}

async function answered<T>(reply: Response, also: number[]): Promise<T> {
  if (reply.ok || also.includes(reply.status)) return (await reply.json()) as T;
  const problem = (await reply.json().catch(() => ({}))) as { detail?: string; remedy?: string };
  throw new Refused(
    reply.status,
    problem.detail ?? `the node answers ${reply.status}`,
    problem.remedy ?? "",
  );
}
