// The subject: what a prediction is about, 32 bytes.

import { type Hex, keccak256, stringToBytes } from "viem";

import { InvalidInput } from "../errors.ts";

/** First four bytes of every on-chain request's id; no other subject may begin with them. */
export const REQUEST_TAG = "0xd0ec1510";

/** A subject that nobody used before. */
export function freshSubject(): Hex {
  return subjectOf(crypto.randomUUID());
}

/** Whether a subject is the id of an on-chain request. */
export function isRequestId(subject: string): boolean {
  return subject.startsWith(REQUEST_TAG);
}

/**
 * The subject for an operator's own reference: 0x and 64 hex digits as they are, else keccak256 of
 * the text.
 * @throws {InvalidInput} empty, or looks like a request's id
 */
export function subjectOf(reference: string): Hex {
  if (!reference) throw new InvalidInput("the subject is empty", "name what the decision is about");
  const isWord = /^0x[0-9a-fA-F]{64}$/.test(reference);
  const subject = isWord ? (reference.toLowerCase() as Hex) : keccak256(stringToBytes(reference));
  if (!isRequestId(subject)) return subject;
  throw new InvalidInput(
    `subject ${reference} begins with the tag of on-chain requests`,
    "use another reference; requests are answered by the node itself",
  );
}
