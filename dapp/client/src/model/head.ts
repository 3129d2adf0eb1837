// The head: which element of the rounded outputs becomes the value, and how sure the model says it is.
//
// It reads rounded integers only, so whoever holds the rounded outputs can compute it again.

import { InferenceError } from "../errors.ts";
import type { Card, OutputSpec } from "./card.ts";
import { ceilingUnits, divideHalfEven, fromUnits } from "./decimals.ts";
import { type Tensor, dtype } from "./tensors.ts";

const PPM = 1_000_000n;

/** What the head reads. */
export interface Reading {
  /** In units of the head's last decimal, or a label's index. */
  value: bigint;
  /** Parts per million; 0 if not stated. */
  confidence: number;
  /** Whether another label came too close to tell them apart. */
  ambiguous: boolean;
}

/**
 * What the head reads from rounded outputs.
 * @param rounded in the order of the card's outputs
 * @throws {InferenceError} a label or a probability that the card does not know
 */
export function readHead(card: Card, rounded: Tensor[]): Reading {
  const { head } = card;
  const { spec, tensor } = named(card, rounded, head.output);
  if (head.kind === "score") {
    return {
      value: elementAt(tensor, head.index, spec.name),
      confidence: statedConfidence(card, rounded) ?? 0,
      ambiguous: false,
    };
  }
  if (dtype(spec.dtype).kind !== "float") {
    return {
      value: labelIndex(tensor, head.labels, spec),
      confidence: statedConfidence(card, rounded) ?? 0,
      ambiguous: false,
    };
  }
  const scores = Array.from(tensor.data as BigInt64Array);
  if (scores.length !== head.labels.length) {
    throw new InferenceError(
      `output ${spec.name} has ${scores.length} scores, the card ${head.labels.length} labels`,
      "run one row at a time, or correct the card's labels",
    );
  }
  const winner = scores.reduce((best, score, at) => (score > scores[best]! ? at : best), 0);
  const gaps = scores.filter((_, at) => at !== winner).map((score) => scores[winner]! - score);
  const least = ceilingUnits(head.ambiguous, spec.decimals!);
  const ownScore = () => (head.scores === "probability" ? toPpm(scores[winner]!, spec) : 0);
  return {
    value: BigInt(winner),
    confidence: statedConfidence(card, rounded) ?? ownScore(),
    ambiguous: gaps.some((gap) => gap < least),
  };
}

/** A value and its confidence, in words. */
export function describe(
  { head }: Pick<Card, "head">,
  { value, confidence }: Pick<Reading, "value" | "confidence">,
): string {
  const said =
    head.kind === "class"
      ? (head.labels[Number(value)] ?? `label ${value}`)
      : fromUnits(value, head.decimals);
  return confidence ? `${said} (${confidence / 1e4} % sure)` : said;
}

function named(card: Card, rounded: Tensor[], name: string) {
  const place = card.outputs.findIndex((spec) => spec.name === name);
  return { spec: card.outputs[place]!, tensor: rounded[place]! };
}

function elementAt({ dims, data }: Tensor, index: number[], name: string): bigint {
  if (index.length !== dims.length || index.some((at, axis) => at >= dims[axis]!)) {
    throw new InferenceError(
      `output ${name} has the shape [${dims}], the head reads [${index}]`,
      "correct the card's head, or send an input that gives more rows",
    );
  }
  const place = index.reduce((place, at, axis) => place * dims[axis]! + at, 0);
  return BigInt((data as BigInt64Array)[place]!);
}

function labelIndex({ data }: Tensor, labels: string[], spec: OutputSpec): bigint {
  if (data.length !== 1) {
    throw new InferenceError(
      `output ${spec.name} gives ${data.length} labels`,
      "run one row at a time",
    );
  }
  const index = spec.dtype === "string" ? labels.indexOf(data[0] as string) : Number(data[0]);
  if (index >= 0 && index < labels.length) return BigInt(index);
  throw new InferenceError(
    `the model gives the label ${data[0]}`,
    `the card knows ${labels.join(", ")}; name every label in it`,
  );
}

function statedConfidence(card: Card, rounded: Tensor[]): number | undefined {
  const { confidence } = card.head;
  if (!confidence) return undefined;
  const { spec, tensor } = named(card, rounded, confidence.output);
  if (confidence.take !== "max") return toPpm(elementAt(tensor, confidence.take, spec.name), spec);
  return toPpm(
    Array.from(tensor.data as BigInt64Array).reduce((most, x) => (x > most ? x : most)),
    spec,
  );
}

function toPpm(units: bigint, { name, decimals = 0 }: OutputSpec): number {
  const scale = 10n ** BigInt(Math.abs(6 - decimals));
  const ppm = decimals <= 6 ? units * scale : divideHalfEven(units, scale);
  if (ppm >= 0n && ppm <= PPM) return Number(ppm);
  throw new InferenceError(
    `output ${name} is no probability: ${units} units of 10^-${decimals}`,
    'write "scores": "any" into the card\'s head, or name a confidence output',
  );
}

/**
 * Whether the confidence says something besides the value: that of a label does, and one that an
 * output of its own states; the greatest of the probabilities of which the value is one does not.
 */
export function hasOwnConfidence({ head }: Card): boolean {
  if (head.kind === "class") return true;
  return head.confidence !== undefined && head.confidence.output !== head.output;
}
