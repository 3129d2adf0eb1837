// The outputs that a receipt carries, with value and confidence computed again.

import { type Hex, hexToBytes } from "viem";

import { VerificationError } from "../errors.ts";
import type { Card } from "../model/card.ts";
import { type Reading, readHead } from "../model/head.ts";
import { type Tensor, decodeTensors, dtype } from "../model/tensors.ts";

/** Rounded outputs, and what the head reads in them. */
export interface ReadOutputs extends Reading {
  rounded: Tensor[];
}

/**
 * @throws {InvalidInput} the bytes are not rounded outputs of this card
 * @throws {VerificationError} the card's head can not be read in them
 */
export function readOutputs(card: Card, encoded: Hex): ReadOutputs {
  const specs = card.outputs.map((spec) => ({
    name: spec.name,
    dtype: dtype(spec.dtype).kind === "float" ? "int64" : spec.dtype,
    shape: spec.shape,
  }));
  const rounded = decodeTensors(hexToBytes(encoded), specs, card.limits.max_elements);
  try {
    return { rounded, ...readHead(card, rounded) };
  } catch (error) {
    throw new VerificationError(
      (error as { what?: string }).what ?? String(error),
      "these outputs are not this model's",
    );
  }
}

/**
 * Holds the outputs of another run to those of the receipt: machines may differ in the last digit,
 * and in nothing else.
 * @throws {VerificationError} they differ by more
 */
export function holdClose(card: Card, here: ReadOutputs, said: ReadOutputs): void {
  const allowed = card.head.kind === "class" ? 0n : BigInt(card.tolerance);
  if (distance(here.value, said.value) > allowed) {
    throw new VerificationError(
      `the value is ${said.value}, run again it is ${here.value}; the card allows a difference of ` +
        card.tolerance,
      "somebody changed something: do not rely on this receipt",
    );
  }
  card.outputs.forEach((spec, place) => {
    const [mine, other] = [here.rounded[place]!, said.rounded[place]!];
    const floats = dtype(spec.dtype).kind === "float";
    const far = mine.dims.join() === other.dims.join() ? farthest(mine, other, floats) : undefined;
    if (far !== undefined && far <= (floats ? BigInt(Math.max(1, card.tolerance)) : 0n)) return;
    throw new VerificationError(
      `output ${spec.name} is not what the model says when it is run again` +
        (floats && far !== undefined ? `: ${far} units apart` : ""),
      "somebody changed something: do not rely on this receipt",
    );
  });
}

/** The largest difference of two elements; of what is no rounded float, 1 where any differ. */
function farthest(one: Tensor, other: Tensor, floats: boolean): bigint {
  const [mine, theirs] = [Array.from<unknown>(one.data), Array.from<unknown>(other.data)];
  if (!floats) return mine.every((item, at) => item === theirs[at]) ? 0n : 1n;
  return mine
    .map((item, at) => distance(item as bigint, theirs[at] as bigint))
    .reduce((most, far) => (far > most ? far : most), 0n);
}

function distance(one: bigint, other: bigint): bigint {
  return one > other ? one - other : other - one;
}
