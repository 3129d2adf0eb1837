// The head: which element of the rounded outputs becomes the value, and how sure the model says it is.
//
// It reads rounded integers only, so whoever holds the rounded outputs can compute it again.

import { ceilingUnits, divideHalfEven, fromUnits } from "./decimals.js";
import { InferenceError } from "./errors.js";
import { dtype } from "./tensors.js";

const PPM = 1_000_000n;

/**
 * @param {object} card
 * @param {import("./tensors.js").Tensor[]} rounded in the order of the card's outputs
 * @returns {{value: bigint, confidence: bigint, ambiguous: boolean}} the value in units of the head's
 *     last decimal, or a label's index; the confidence in parts per million, 0 if not stated
 * @throws {InferenceError} a label or a probability that the card does not know
 */
export function readHead(card, rounded) {
  const { head } = card;
  const { spec, tensor } = named(card, rounded, head.output);
  if (head.kind === "score") {
    return {
      value: elementAt(tensor, head.index, spec.name),
      confidence: statedConfidence(card, rounded) ?? 0n,
      ambiguous: false,
    };
  }
  if (dtype(spec.dtype).kind !== "float") {
    return {
      value: labelIndex(tensor, head.labels, spec),
      confidence: statedConfidence(card, rounded) ?? 0n,
      ambiguous: false,
    };
  }
  const scores = Array.from(tensor.data);
  if (scores.length !== head.labels.length) {
    throw new InferenceError(
      `output ${spec.name} has ${scores.length} scores, the card ${head.labels.length} labels`,
      "run one row at a time, or correct the card's labels",
    );
  }
  const winner = scores.reduce((best, score, at) => (score > scores[best] ? at : best), 0);
  const gaps = scores.filter((_, at) => at !== winner).map((score) => scores[winner] - score);
  const least = ceilingUnits(head.ambiguous, spec.decimals);
  const ownScore = () => (head.scores === "probability" ? toPpm(scores[winner], spec) : 0n);
  return {
    value: BigInt(winner),
    confidence: statedConfidence(card, rounded) ?? ownScore(),
    ambiguous: gaps.some((gap) => gap < least),
  };
}

/**
 * A value and its confidence, in words.
 * @param {object} card
 * @param {{value: bigint, confidence: bigint}} prediction
 */
export function describe({ head }, { value, confidence }) {
  const said = head.kind === "class" ? head.labels[value] : fromUnits(value, head.decimals);
  return confidence ? `${said} (${Number(confidence) / 1e4} % sure)` : said;
}

function named(card, rounded, name) {
  const place = card.outputs.findIndex((spec) => spec.name === name);
  return { spec: card.outputs[place], tensor: rounded[place] };
}

function elementAt({ dims, data }, index, name) {
  if (index.length !== dims.length || index.some((at, axis) => at >= dims[axis])) {
    throw new InferenceError(
      `output ${name} has the shape [${dims}], the head reads [${index}]`,
      "correct the card's head, or send an input that gives more rows",
    );
  }
  return BigInt(data[index.reduce((place, at, axis) => place * dims[axis] + at, 0)]);
}

function labelIndex({ data }, labels, spec) {
  if (data.length !== 1) {
    throw new InferenceError(
      `output ${spec.name} gives ${data.length} labels`,
      "run one row at a time",
    );
  }
  const index = spec.dtype === "string" ? labels.indexOf(data[0]) : Number(data[0]);
  if (index >= 0 && index < labels.length) return BigInt(index);
  throw new InferenceError(
    `the model gives the label ${data[0]}`,
    `the card knows ${labels.join(", ")}; name every label in it`,
  );
}

function statedConfidence(card, rounded) {
  const { confidence } = card.head;
  if (!confidence) return undefined;
  const { spec, tensor } = named(card, rounded, confidence.output);
  if (confidence.take !== "max") return toPpm(elementAt(tensor, confidence.take, spec.name), spec);
  return toPpm(
    Array.from(tensor.data).reduce((most, x) => (x > most ? x : most)),
    spec,
  );
}

function toPpm(units, { name, decimals }) {
  const scale = 10n ** BigInt(Math.abs(6 - decimals));
  const ppm = decimals <= 6 ? units * scale : divideHalfEven(units, scale);
  if (ppm >= 0n && ppm <= PPM) return ppm;
  throw new InferenceError(
    `output ${name} is no probability: ${units} units of 10^-${decimals}`,
    'write "scores": "any" into the card\'s head, or name a confidence output',
  );
}
