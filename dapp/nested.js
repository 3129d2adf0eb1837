// Nested lists to one tensor, without guessing: exact shapes, exact integers, no silent casts.

import { InvalidInput } from "./errors.js";
import { dtype, sizeOf } from "./tensors.js";

const INTEGER = /^-?(0|[1-9][0-9]{0,19})$/;
const SPECIAL = { NaN: NaN, Infinity: Infinity, "-Infinity": -Infinity };

/**
 * The tensor of nested lists; a bare number has rank 0.
 * @param {unknown} value integers may be BigInts or texts of digits
 * @param {string} type
 * @param {string} where for messages
 * @returns {import("./tensors.js").Tensor}
 * @throws {InvalidInput} ragged lists, or an element that the dtype can not hold
 */
export function tensorOf(value, type, where) {
  const dims = [];
  for (let level = value; Array.isArray(level); level = level[0]) dims.push(level.length);
  const leaves = flatten(value, dims, where);
  const { Elements, kind } = dtype(type);
  const data = Elements.from(leaves.map((leaf) => elementOf(leaf, type, kind, where)));
  if (
    kind === "float" &&
    data.some((x, at) => !Number.isFinite(x) && Number.isFinite(leaves[at]))
  ) {
    throw new InvalidInput(`${where} holds a number beyond ${type}`, "send a smaller number");
  }
  return { type, dims, data };
}

function flatten(value, dims, where) {
  if (dims.length === 0) {
    if (!Array.isArray(value)) return [value];
    throw new InvalidInput(`${where} is nested unevenly`, "give lists of equal depth");
  }
  if (!Array.isArray(value) || value.length !== dims[0]) {
    throw new InvalidInput(`${where} is ragged`, "give lists of equal length");
  }
  return sizeOf(dims) === 0 ? [] : value.flatMap((item) => flatten(item, dims.slice(1), where));
}

function elementOf(leaf, type, kind, where) {
  if (kind === "string" && typeof leaf === "string") return leaf;
  if (kind === "bool" && typeof leaf === "boolean") return Number(leaf);
  if (kind === "float" && typeof leaf === "number") return leaf;
  if (kind === "float" && Object.hasOwn(SPECIAL, leaf)) return SPECIAL[leaf];
  if (kind === "int" || kind === "uint") {
    const isInteger =
      typeof leaf === "bigint" ||
      Number.isSafeInteger(leaf) ||
      (typeof leaf === "string" && INTEGER.test(leaf));
    const bits = Number(type.replace(/^u?int/, ""));
    const wrap = kind === "int" ? BigInt.asIntN : BigInt.asUintN;
    if (isInteger && wrap(bits, BigInt(leaf)) === BigInt(leaf)) {
      return bits === 64 ? BigInt(leaf) : Number(leaf);
    }
  }
  throw new InvalidInput(`${where} holds ${String(leaf).slice(0, 40)}`, `give ${type} elements`);
}
