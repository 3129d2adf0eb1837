// What a node's HTTP API says, as JSON has it; its OpenAPI document at /openapi.json explains each field.

import type { Address, Hex } from "viem";

import type { Card } from "../model/card.ts";

export type VerdictWord = "accept" | "reject" | "review";

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
  id: Hex;
}

/** The value as the chain stores it, and as people read it. */
export interface Said {
  value: string;
  decimals: number;
  text: string;
  label: string | null;
  confidence: string | null;
  confidence_ppm: number;
}

export interface PredictionView extends Said {
  input_hash: Hex;
  output_hash: Hex;
  predicted_at: number;
}

export interface DecisionView extends Said {
  verdict: VerdictWord;
  trust_level: number;
  decided_at: number;
  block_number: number;
  tx_hash: Hex;
  callback: "none" | "delivered" | "failed";
}

export interface RequestView {
  origin: "chain" | "api";
  input: Hex | null;
  /** Why there is none: only who has a key sees it, or the node has none. */
  input_hidden: "key" | "absent" | null;
  input_hash: Hex | null;
  requester: Address | null;
  deadline: number | null;
  callback_gas: number;
  fee_gwei: number;
  block_number: number | null;
  tx_hash: Hex | null;
}

/** A transaction of the node's about a decision; gas and fee are those of all of it. */
export interface TransactionView {
  purpose: "answer" | "answers" | "commit" | "reveal" | "tally" | "anchor" | "relay";
  /** How many decisions it carries, which share its gas and its fee; 0 for a step of a vote. */
  answers: number;
  state: "queued" | "signed" | "sent" | "mined" | "final" | "dropped";
  hash: Hex | null;
  block_number: number | null;
  succeeded: boolean | null;
  gas_used: number | null;
  fee_wei: string | null;
  fee: string | null;
}

export interface Stage {
  state: State;
  at: number;
  seconds: number;
  note: string;
}

/** One decision's whole account. */
export interface Account {
  model: ModelRef;
  subject: Hex;
  state: State;
  reason: string | null;
  seconds: number | null;
  request: RequestView | null;
  prediction: PredictionView | null;
  decision: DecisionView | null;
  transactions: TransactionView[];
  timeline: Stage[];
}

/** One decision in a list. */
export interface DecisionLine {
  model: ModelRef;
  subject: Hex;
  origin: "chain" | "api" | "other";
  state: State;
  reason: string | null;
  verdict: VerdictWord | null;
  value: string | null;
  decimals: number | null;
  text: string | null;
  confidence: string | null;
  trust_level: number | null;
  tx_hash: Hex | null;
  block_number: number | null;
  at: number | null;
}

export interface DecisionList {
  decisions: DecisionLine[];
  next: string | null;
}

export interface ModelLine {
  name: string;
  id: Hex;
  title: string;
  kind: "score" | "class";
  labels: string[];
  features: string[];
  /** What each verdict means, by its name in capitals. */
  meaning: Record<string, string>;
}

/** How a policy turns a prediction into a verdict. */
export interface PolicyView {
  address: Address;
  kind: "threshold" | "class" | "other";
  words: string;
  /** Of a threshold: values from here on are high, values below are low. */
  high_from: string | null;
  low_below: string | null;
  accept_high: boolean | null;
}

/** A model: its card, how it is judged, and where it stands on chain. */
export interface ModelView extends ModelLine {
  description: string;
  card: Card;
  example: Record<string, string> | Hex | null;
  on_chain: {
    registered: boolean;
    /** False while the chain is away: it is as it was read last. */
    current: boolean;
    attested_here: boolean;
    attestor: Address | null;
    owner: Address | null;
    trust_level: number | null;
    fee_gwei: number | null;
    max_age: number | null;
    paused: boolean | null;
    change_at: number | null;
    policy: PolicyView | null;
  };
  file: string;
}
