// A receipt's input: its bytes, or fields with a salt each, of which only their holder can show some.

import {
  type Hex,
  concat,
  encodeAbiParameters,
  keccak256,
  parseAbiParameters,
  stringToBytes,
} from "viem";

import { VerificationError } from "../errors.ts";
import type { Card } from "../model/card.ts";
import { leafOf, rootOf } from "./merkle.ts";
import type { PlainInput, PrivateField, PrivateInput } from "./receipt.ts";

/** What the hashed bytes of every private input begin with, and those of no plain one. */
const TAG = keccak256(stringToBytes("decision-oracle/private-input/1"));
const FIELD = parseAbiParameters("bytes32, string, bytes");

/** What a card's input consists of: its features, or its tensors, in order. */
export function fieldNames({ input }: Card): string[] {
  const parts = input.encoding === "packed" ? (input.features ?? []) : input.tensors;
  return parts.map(({ name }) => name);
}

/**
 * The `inputHash` of a receipt's input.
 * @throws {VerificationError} a plain input that begins like a private one's hashed bytes
 */
export function inputHashOf(input: PlainInput | PrivateInput): Hex {
  if (input.kind === "private") {
    return keccak256(concat([TAG, rootOf(input.fields.map(fieldLeaf))]));
  }
  if (!input.bytes.startsWith(TAG)) return keccak256(input.bytes);
  throw new VerificationError(
    "the plain input begins with the tag of private inputs",
    "somebody passes a commitment off as an input: do not rely on this receipt",
  );
}

/** The input bytes; undefined where a field is hidden. */
export function wholeInput(input: PlainInput | PrivateInput): Hex | undefined {
  if (input.kind === "plain") return input.bytes;
  const shown = input.fields.flatMap((field) => ("value" in field ? [field.value] : []));
  return shown.length === input.fields.length ? concat(shown) : undefined;
}

function fieldLeaf(field: PrivateField): Hex {
  if ("leaf" in field) return field.leaf;
  return leafOf(encodeAbiParameters(FIELD, [field.salt, field.name, field.value]));
}
