// The subject: what a prediction is about, 32 bytes.

import { utils } from "web3";

import { InvalidInput } from "./errors.js";

/** First four bytes of every on-chain request's id; no other subject may begin with them. */
export const REQUEST_TAG = "0xd0ec1510";

/** A subject that nobody used before. */
export function freshSubject() {
  return subjectOf(crypto.randomUUID());
}

/**
 * The subject for an operator's own reference: 0x and 64 hex digits as they are, else keccak256 of
 * the text.
 * @param {string} reference
 * @throws {InvalidInput} empty, or looks like a request's id
 */
export function subjectOf(reference) {
  if (!reference) throw new InvalidInput("the subject is empty", "name what the decision is about");
  const isWord = /^0x[0-9a-fA-F]{64}$/.test(reference);
  const subject = isWord ? reference.toLowerCase() : utils.keccak256(utils.utf8ToBytes(reference));
  if (!subject.startsWith(REQUEST_TAG)) return subject;
  throw new InvalidInput(
    `subject ${reference} begins with the tag of on-chain requests`,
    "use another reference; requests are answered by the node itself",
  );
}
