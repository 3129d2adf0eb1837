// The vectors that Solidity, Python and JavaScript share, and what reads them.

import { readFileSync } from "node:fs";

/** @param {string} name a file of tests/vectors */
export function vectors(name) {
  return JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), "utf8"));
}

/** The sample cards by name. */
export function sampleCards() {
  return Object.fromEntries(vectors("cards").map(({ card }) => [card.name, card]));
}

/** @param {string} hex with 0x */
export function bytesOf(hex) {
  return Uint8Array.from(Buffer.from(hex.slice(2), "hex"));
}

/** @param {Uint8Array} bytes */
export function hexOf(bytes) {
  return "0x" + Buffer.from(bytes).toString("hex");
}
