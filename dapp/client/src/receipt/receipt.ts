// A receipt: everything that is needed to check one prediction, in one document.
//
// It grows: pending (the operator's signed promise), anchored (the batch and the path to its root),
// decided (the decision on chain and who vouched). Fields have the names that they have in the file.

import type { Address, Hex } from "viem";

import type { Card } from "../model/card.ts";
import type { Prediction } from "../prediction.ts";

export const RECEIPT_SCHEMA = "decision-oracle/receipt/1";

export interface PlainInput {
  kind: "plain";
  bytes: Hex;
}

/** One field of a private input: shown, with its salt, or hidden, with nothing but its leaf. */
export type PrivateField = { name: string; value: Hex; salt: Hex } | { name: string; leaf: Hex };

export interface PrivateInput {
  kind: "private";
  fields: PrivateField[];
}

/** The operator's word that the prediction will be in the anchor log by then. */
export interface AnchorPromise {
  log: Address;
  /** Unix seconds. */
  anchorBy: number;
  /** Compact (EIP-2098). */
  signature: Hex;
}

/** A transaction and its block. */
export interface Place {
  transaction: Hex;
  blockNumber: number;
  blockHash: Hex;
  /** The block's, Unix seconds. */
  timestamp: number;
}

/** The header of an anchored batch, as in the anchor log. */
export interface Batch {
  number: bigint;
  firstIndex: bigint;
  count: number;
  root: Hex;
  previous: Hex;
}

export interface Anchor extends Place {
  log: Address;
  batch: Batch;
  /** Of the prediction among all of the log. */
  index: bigint;
  proof: Hex[];
}

/** One operator vouched, by its own transaction: the signed bytes. */
export interface SignedTransaction {
  kind: "transaction";
  raw: Hex;
}

/** What opens a sealed vote. */
export interface Opening {
  inputHash: Hex;
  outputHash: Hex;
  value: bigint;
  confidence: number;
  salt: Hex;
}

/** A sealed vote: opened, void because its opening got out too early, or never revealed. */
export interface ShownVote {
  /** 31 bytes of a hash, and the member's index. */
  seal: Hex;
  opening?: Opening;
  void?: true;
}

/** The round of sealed votes that decided. */
export interface Round {
  /** Seconds. */
  commitWindow: number;
  /** Seconds. */
  revealWindow: number;
  /** Of numbers, units of the last decimal; labels have none. */
  tolerance?: bigint;
  /** The block of the first seal. */
  opened: { blockNumber: number; timestamp: number };
  /** The block of the tally. */
  counted: { blockNumber: number; timestamp: number };
  /** In the order of their seals. */
  votes: ShownVote[];
}

/** A contract vouched: what it was shown. */
export interface ContractEvidence {
  kind: "quorum" | "sealed" | "anchor" | "other";
  attestor: Address;
  bytes: Hex;
  members?: Address[];
  threshold?: number;
  /** Of `sealed`, where the votes are shown. */
  round?: Round;
}

/** What one of the oracle's own policies computes. */
export type Rule =
  | {
      kind: "threshold";
      arguments: {
        threshold: bigint;
        band: bigint;
        acceptAtOrAbove: boolean;
        minConfidence: number;
      };
    }
  | {
      kind: "class";
      arguments: { verdictByLabel: Hex; labelCount: number; minConfidence: number };
    };

export interface Decided extends Place {
  /** Of `DecisionMade` within its block. */
  logIndex: number;
  verdict: number;
  trustLevel: number;
  policy: { contract: Address; rule?: Rule };
  evidence: SignedTransaction | ContractEvidence;
}

export interface Receipt {
  schema: typeof RECEIPT_SCHEMA;
  card: Card;
  input: PlainInput | PrivateInput;
  /** The rounded outputs in the `tensors` encoding. */
  outputs: Hex;
  prediction: Prediction;
  /** What ran the model: versions, options and machine. */
  runtime: Record<string, string>;
  chain: { id: number; contract: Address };
  operator?: Address;
  promise?: AnchorPromise;
  anchor?: Anchor;
  decision?: Decided;
}

/** How far the prediction has come. */
export function stageOf(receipt: Receipt): "pending" | "anchored" | "decided" {
  if (receipt.decision) return "decided";
  return receipt.anchor ? "anchored" : "pending";
}
