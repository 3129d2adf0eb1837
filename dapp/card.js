// The model card: which file, what goes in, what comes out. Its hash is the model's id.

import canonicalize from "canonicalize";
import { utils } from "web3";

import { InvalidInput } from "./errors.js";

const SCHEMA = "decision-oracle/model-card/1";

/**
 * The card in a JSON text, and its id: keccak256 of the canonical JSON (RFC 8785).
 *
 * Whether the card keeps its own rules was checked when the model was registered under this id;
 * here it is only made sure that the text has one meaning.
 * @param {string} text
 * @returns {{card: object, modelId: string}}
 * @throws {InvalidInput} not JSON, another schema, or floats, which have no one canonical text
 */
export function readCard(text) {
  let card;
  try {
    card = JSON.parse(text, refuseFloats);
  } catch (error) {
    if (error instanceof InvalidInput) throw error;
    throw new InvalidInput(`the card is not JSON: ${error.message}`, "correct the file");
  }
  if (card?.schema !== SCHEMA) {
    throw new InvalidInput(`the card's schema is ${card?.schema}`, `it must be ${SCHEMA}`);
  }
  return { card, modelId: utils.keccak256(new TextEncoder().encode(canonicalize(card))) };
}

function refuseFloats(name, value) {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  throw new InvalidInput(`card field ${name} is ${value}`, "write decimal numbers as strings");
}
