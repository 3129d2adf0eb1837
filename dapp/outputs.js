// From a model's raw outputs to what is hashed: floats rounded half to even to the card's decimals.
//
// Raw floats differ between machines, so nothing compares or hashes them.

import { utils } from "web3";

import { roundHalfEven } from "./decimals.js";
import { InferenceError } from "./errors.js";
import { readHead } from "./head.js";
import { dtype, encodeTensors } from "./tensors.js";

const INT64_LIMIT = 2 ** 63;

/**
 * What a model said.
 * @param {object} card
 * @param {import("./tensors.js").Tensor[]} raw in the order of the card's outputs
 * @returns {{outputHash: string, value: bigint, confidence: bigint, ambiguous: boolean}}
 * @throws {InferenceError} not the card's dtypes and shapes, NaN, infinity, an unknown label
 */
export function score(card, raw) {
  const rounded = card.outputs.map((spec, place) => roundOutput(spec, raw[place]));
  return { outputHash: utils.keccak256(encodeTensors(rounded)), ...readHead(card, rounded) };
}

/**
 * Floats as int64 units of 10^-decimals; everything else as it is.
 * @param {object} spec one of the card's outputs
 * @param {import("./tensors.js").Tensor} tensor
 * @returns {import("./tensors.js").Tensor}
 */
export function roundOutput(spec, { type, dims, data }) {
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
    data: BigInt64Array.from(data, (x) => toInteger(x * units, x, spec)),
  };
}

function toInteger(wide, x, { name, decimals }) {
  if (Math.abs(wide) < INT64_LIMIT) return BigInt(roundHalfEven(wide));
  throw new InferenceError(
    `output ${name} holds ${x}`,
    `a finite number is needed that fits 64 bits with ${decimals} decimals`,
  );
}
