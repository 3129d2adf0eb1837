// From a model's raw outputs to what is hashed: floats rounded half to even to the card's decimals.
//
// Raw floats differ between machines, so nothing compares or hashes them.

import { type Hex, keccak256 } from "viem";

import { InferenceError } from "../errors.ts";
import type { Card, OutputSpec } from "./card.ts";
import { roundHalfEven } from "./decimals.ts";
import { type Reading, readHead } from "./head.ts";
import { type Tensor, dtype, encodeTensors } from "./tensors.ts";

const INT64_LIMIT = 2 ** 63;

/** What a model said: the reading of its rounded outputs, and their hash. */
export interface Scored extends Reading {
  /** The rounded outputs in the `tensors` encoding. */
  outputs: Uint8Array;
  outputHash: Hex;
}

/**
 * What a model said.
 * @param raw in the order of the card's outputs
 * @throws {InferenceError} not the card's dtypes and shapes, NaN, infinity, an unknown label
 */
export function score(card: Card, raw: Tensor[]): Scored {
  const rounded = card.outputs.map((spec, place) => roundOutput(spec, raw[place]!));
  const outputs = encodeTensors(rounded);
  return { outputs, outputHash: keccak256(outputs), ...readHead(card, rounded) };
}

/** Floats as int64 units of 10^-decimals; everything else as it is. */
export function roundOutput(spec: OutputSpec, { type, dims, data }: Tensor): Tensor {
  const fits =
    dims.length === spec.shape.length &&
    spec.shape.every((want, axis) => typeof want !== "number" || want === dims[axis]);
  if (type !== spec.dtype || !fits) {
    throw new InferenceError(
      `output ${spec.name} is ${type} of shape [${dims}]`,
      `the card says ${spec.dtype} ${JSON.stringify(spec.shape)}; correct it`,
    );
  }
  if (dtype(type).kind !== "float") return { type, dims, data };
  const units = Number(`1e${spec.decimals}`);
  return {
    type: "int64",
    dims,
    data: BigInt64Array.from(data as Float32Array, (x) => toInteger(x * units, x, spec)),
  };
}

function toInteger(wide: number, x: number, { name, decimals }: OutputSpec): bigint {
  if (Math.abs(wide) < INT64_LIMIT) return BigInt(roundHalfEven(wide));
  throw new InferenceError(
    `output ${name} holds ${x}`,
    `a finite number is needed that fits 64 bits with ${decimals} decimals`,
  );
}
