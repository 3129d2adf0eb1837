// Nested lists to one tensor, without guessing: exact shapes, exact integers, no silent casts.

import { InvalidInput } from "../errors.ts";
import { type Element, type Tensor, dtype, sizeOf } from "./tensors.ts";

const INTEGER = /^-?(0|[1-9][0-9]{0,19})$/;
const SPECIAL = new Map([NaN, Infinity, -Infinity].map((x) => [String(x), x]));

/**
 * The tensor of nested lists; a bare number has rank 0.
 * @param value integers may be BigInts or texts of digits
 * @param where for messages
 * @throws {InvalidInput} ragged lists, or an element that the dtype can not hold
 */
export function tensorOf(value: unknown, type: string, where: string): Tensor {
  const dims: number[] = [];
  for (let level = value; Array.isArray(level); level = level[0]) dims.push(level.length);
  const leaves = flatten(value, dims, where);
  const { kind, from } = dtype(type);
  const data = from(leaves.map((leaf) => elementOf(leaf, type, kind, where)));
  if (
    kind === "float" &&
    (data as Float32Array).some((x, at) => !Number.isFinite(x) && Number.isFinite(leaves[at]))
  ) {
    throw new InvalidInput(`${where} holds a number beyond ${type}`, "send a smaller number");
  }
  return { type, dims, data };
}

function flatten(value: unknown, dims: number[], where: string): unknown[] {
  if (dims.length === 0) {
    if (!Array.isArray(value)) return [value];
    throw new InvalidInput(`${where} is nested unevenly`, "give lists of equal depth");
  }
  if (!Array.isArray(value) || value.length !== dims[0]) {
    throw new InvalidInput(`${where} is ragged`, "give lists of equal length");
  }
  return sizeOf(dims) === 0 ? [] : value.flatMap((item) => flatten(item, dims.slice(1), where));
}

function elementOf(leaf: unknown, type: string, kind: string, where: string): Element {
  if (kind === "string" && typeof leaf === "string") return leaf;
  if (kind === "bool" && typeof leaf === "boolean") return Number(leaf);
  if (kind === "float" && typeof leaf === "number") return leaf;
  if (kind === "float" && typeof leaf === "string" && SPECIAL.has(leaf)) return SPECIAL.get(leaf)!;
  if (kind === "int" || kind === "uint") {
    const isInteger =
      typeof leaf === "bigint" ||
      Number.isSafeInteger(leaf) ||
      (typeof leaf === "string" && INTEGER.test(leaf));
    const bits = Number(type.replace(/^u?int/, ""));
    const wrap = kind === "int" ? BigInt.asIntN : BigInt.asUintN;
    if (isInteger && wrap(bits, BigInt(leaf as string)) === BigInt(leaf as string)) {
      return bits === 64 ? BigInt(leaf as string) : Number(leaf);
    }
  }
  throw new InvalidInput(`${where} holds ${String(leaf).slice(0, 40)}`, `give ${type} elements`);
}
