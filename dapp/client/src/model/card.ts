// The model card: which file, what goes in, what comes out. Its hash is the model's id.

import canonicalize from "canonicalize";
import { type Hex, keccak256, stringToBytes } from "viem";

import { InvalidInput } from "../errors.ts";

const SCHEMA = "decision-oracle/model-card/1";

/** A file of the model, and what it must be. */
export interface FileDigest {
  file: string;
  sha256: string;
  size: number;
}

/** A tensor that the model takes; extents are fixed, a symbol whose uses must agree, or any. */
export interface TensorSpec {
  name: string;
  dtype: string;
  shape: (number | string | null)[];
}

/** A tensor that the model gives; floats are rounded to `decimals`. */
export interface OutputSpec extends TensorSpec {
  decimals?: number;
}

/** One number of a packed input. */
export interface Feature {
  name: string;
  type: string;
  decimals: number;
  min?: string;
  max?: string;
  unit?: string;
  description?: string;
  labels?: string[];
  tensor?: string;
}

export interface InputSpec {
  encoding: "packed" | "tensors";
  tensors: TensorSpec[];
  features?: Feature[];
}

/** Where the confidence stands. */
export interface ConfidenceSpec {
  output: string;
  take: "max" | number[];
}

/** The value is one element of an output. */
export interface ScoreHead {
  kind: "score";
  output: string;
  index: number[];
  decimals: number;
  confidence?: ConfidenceSpec;
}

/** The value is a label's index. */
export interface ClassHead {
  kind: "class";
  output: string;
  labels: string[];
  tie: "lowest";
  ambiguous: string;
  scores: "probability" | "any";
  confidence?: ConfidenceSpec;
}

export interface Card {
  schema: typeof SCHEMA;
  name: string;
  title: string;
  description: string;
  model: FileDigest & { external?: FileDigest[]; opsets: Record<string, number> };
  input: InputSpec;
  outputs: OutputSpec[];
  head: ScoreHead | ClassHead;
  tolerance: number;
  allow_non_finite_inputs: boolean;
  limits: { max_elements: number; max_seconds: number };
  batching: { allowed: boolean; measured: string };
  provenance: { source: string; licence: string; trained_with: string };
}

/**
 * The card in a JSON text, and its id: keccak256 of the canonical JSON (RFC 8785).
 *
 * Whether the card keeps its own rules was checked when the model was registered under this id;
 * here it is only made sure that the text has one meaning.
 * @throws {InvalidInput} not JSON, another schema, or floats, which have no one canonical text
 */
export function readCard(text: string): { card: Card; modelId: Hex } {
  let card;
  try {
    card = JSON.parse(text, refuseFloats);
  } catch (error) {
    if (error instanceof InvalidInput) throw error;
    throw new InvalidInput(`the card is not JSON: ${(error as Error).message}`, "correct the file");
  }
  if (card?.schema !== SCHEMA) {
    throw new InvalidInput(`the card's schema is ${card?.schema}`, `it must be ${SCHEMA}`);
  }
  return { card, modelId: modelIdOf(card) };
}

/** The id of a card: keccak256 of its canonical JSON. */
export function modelIdOf(card: Card): Hex {
  return keccak256(stringToBytes(canonicalize(card)!));
}

function refuseFloats(name: string, value: unknown): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  throw new InvalidInput(`card field ${name} is ${value}`, "write decimal numbers as strings");
}
