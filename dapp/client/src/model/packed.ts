// The `packed` encoding: features as abi.encodePacked lays them out, so that a contract can send them.
//
// Features stand one after the other, big-endian, negative ones in two's complement. The number a
// model sees is integer / 10^decimals in binary64, rounded to the tensor's dtype.

import { InvalidInput } from "../errors.ts";
import type { Feature, InputSpec } from "./card.ts";
import { fromUnits, toUnits } from "./decimals.ts";
import { type Tensor, concat, dtype } from "./tensors.ts";

const DECIMAL = /^-?(0|[1-9][0-9]{0,77})(\.[0-9]{1,38})?$/;

/**
 * The bytes of one input.
 * @param given by feature's name, or in order: numbers, BigInts, decimal texts, or a label's name;
 *     rounded half to even to the feature's decimals
 * @throws {InvalidInput} missing, unknown, not a finite number, or out of range
 */
export function encodePacked(features: Feature[], given: unknown): Uint8Array {
  const values = Array.isArray(given) ? given : byName(features, given);
  if (values.length !== features.length) {
    throw new InvalidInput(
      `the input is ${values.length}, not ${features.length} features`,
      `give ${features.map(({ name }) => name).join(", ")}`,
    );
  }
  return concat(
    features.map((feature, place) => toBytes(feature, unitsOf(feature, values[place]))),
  );
}

/**
 * The model's inputs, in the card's order.
 * @throws {InvalidInput} another length, or an integer outside its feature's range
 */
export function decodePacked({ features = [], tensors }: InputSpec, message: Uint8Array): Tensor[] {
  const integers = packedUnits(features, message);
  return tensors.map(({ name, dtype: type }) => {
    const fills = (feature: Feature) => (feature.tensor ?? name) === name;
    const numbers = features.flatMap((feature, at) =>
      fills(feature) ? [element(type, integers[at]!, feature.decimals)] : [],
    );
    return { type, dims: [1, numbers.length], data: dtype(type).from(numbers) };
  });
}

/**
 * The features in a packed input, in units of their last decimals, or labels' indices.
 * @throws {InvalidInput} another length, or an integer outside its feature's range
 */
export function packedUnits(features: Feature[], message: Uint8Array): bigint[] {
  const size = features.reduce((sum, feature) => sum + bitsOf(feature) / 8, 0);
  if (message.length !== size) {
    const layout = features.map(({ type, name }) => `${type} ${name}`).join(", ");
    throw new InvalidInput(
      `the packed input has ${message.length} bytes, not ${size}`,
      `send abi.encodePacked(${layout})`,
    );
  }
  let place = 0;
  return features.map((feature) => {
    const bytes = message.subarray(place, (place += bitsOf(feature) / 8));
    const word = Array.from(bytes).reduce((sum, octet) => (sum << 8n) | BigInt(octet), 0n);
    return inRange(feature, isSigned(feature) ? BigInt.asIntN(bitsOf(feature), word) : word);
  });
}

function byName(features: Feature[], given: unknown): unknown[] {
  const names = features.map(({ name }) => name);
  if (typeof given !== "object" || given === null) {
    throw new InvalidInput(`the input is ${given}`, `give ${names.join(", ")}`);
  }
  const missing = names.filter((name) => !Object.hasOwn(given, name));
  const unknown = Object.keys(given).filter((name) => !names.includes(name));
  if (missing.length || unknown.length) {
    const wrong = [];
    if (missing.length) wrong.push(`lacks ${missing.join(", ")}`);
    if (unknown.length) wrong.push(`has unknown ${unknown.join(", ")}`);
    throw new InvalidInput(`the input ${wrong.join(" and ")}`, `give ${names.join(", ")}`);
  }
  return names.map((name) => (given as Record<string, unknown>)[name]);
}

function unitsOf(feature: Feature, value: unknown): bigint {
  const label = feature.labels?.indexOf(value as string) ?? -1;
  if (label >= 0) return BigInt(label);
  const isNumber =
    typeof value === "bigint" ||
    Number.isFinite(value) ||
    (typeof value === "string" && DECIMAL.test(value));
  if (isNumber) return inRange(feature, toUnits(value as number, feature.decimals)!);
  throw new InvalidInput(
    `feature ${feature.name} is ${String(value).slice(0, 40)}`,
    feature.labels
      ? `give one of ${feature.labels.join(", ")}`
      : "give a finite number, or a decimal number as a text",
  );
}

function inRange(feature: Feature, units: bigint): bigint {
  const [low, high] = bounds(feature);
  if (low <= units && units <= high) return units;
  const show = (bound: bigint) => fromUnits(bound, feature.decimals);
  const unit = feature.unit ? ` ${feature.unit}` : "";
  throw new InvalidInput(
    `feature ${feature.name} is ${show(units)}${unit}`,
    `it must be within ${show(low)} … ${show(high)}${unit}`,
  );
}

function bounds(feature: Feature): [bigint, bigint] {
  if (feature.labels) return [0n, BigInt(feature.labels.length - 1)];
  const bits = BigInt(bitsOf(feature));
  const least = isSigned(feature) ? -(1n << (bits - 1n)) : 0n;
  const most = (1n << (isSigned(feature) ? bits - 1n : bits)) - 1n;
  return [
    feature.min === undefined ? least : toUnits(feature.min, feature.decimals)!,
    feature.max === undefined ? most : toUnits(feature.max, feature.decimals)!,
  ];
}

function toBytes(feature: Feature, units: bigint): Uint8Array {
  const bits = bitsOf(feature);
  const digits = BigInt.asUintN(bits, units)
    .toString(16)
    .padStart(bits / 4, "0");
  return Uint8Array.from(digits.match(/../g)!, (pair) => parseInt(pair, 16));
}

/** The decimal text is read as the nearest binary64, which is the quotient rounded once. */
function element(type: string, units: bigint, decimals: number): number | bigint {
  if (dtype(type).kind === "float") return Number(fromUnits(units, decimals));
  return type.endsWith("64") ? units : Number(units);
}

function bitsOf({ type }: Feature): number {
  return Number(type.replace(/^u?int/, ""));
}

function isSigned({ type }: Feature): boolean {
  return type.startsWith("int");
}
