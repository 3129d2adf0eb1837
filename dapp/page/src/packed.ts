// The packed encoding, read: big-endian fixed-point integers, one after the other, as the card lays them out.

import { fromUnits } from "../../client/src/model/decimals.ts";
import type { Feature } from "./api.js";

/** The value of each feature, as text: a label's name, or a number with its decimals. */
export function decodeFeatures(features: readonly Feature[], input: string): string[] {
  let at = 2;
  const values = features.map((feature) => {
    const [, sign, bits] = /^(u?)int(\d+)$/.exec(feature.type) ?? [];
    const digits = Number(bits) / 4;
    const text = input.slice(at, at + digits);
    if (text.length !== digits) throw new RangeError(`the input ends before ${feature.name}`);
    at += digits;
    const word = BigInt(`0x${text}`);
    const integer = sign === "u" ? word : BigInt.asIntN(Number(bits), word);
    return feature.labels?.[Number(integer)] ?? fromUnits(integer, feature.decimals);
  });
  if (at !== input.length) throw new RangeError("the input goes on after its last feature");
  return values;
}
