// Reading a receipt strictly: unknown fields, floats, repeated keys and other forms are refused.
//
// Reading checks form only; whether what a receipt says is true, `verify` checks.

import type { Hex } from "viem";

import { InvalidInput } from "../errors.ts";
import type { Card } from "../model/card.ts";
import type { Prediction } from "../prediction.ts";
import { Fields } from "./fields.ts";
import { parseStrict } from "./json.ts";
import {
  type Anchor,
  type AnchorPromise,
  type Batch,
  type ContractEvidence,
  type Decided,
  type Opening,
  type Place,
  type PlainInput,
  type PrivateField,
  type PrivateInput,
  RECEIPT_SCHEMA,
  type Receipt,
  type Round,
  type Rule,
  type ShownVote,
  type SignedTransaction,
} from "./receipt.ts";

const MAX_MEMBERS = 31;
const MAX_PROOF = 64;
const PPM = 1_000_000;
const SAFE = Number.MAX_SAFE_INTEGER;
const UINT40_MAX = 2 ** 40 - 1;
const UINT64_MAX = 2n ** 64n - 1n;
const INT128_MAX = 2n ** 127n - 1n;

/**
 * The receipt in a JSON text.
 * @throws {InvalidInput} it is no receipt of this version; the message names the field and its value
 */
export function readReceipt(text: string): Receipt {
  const top = new Fields(parseStrict(text, "receipt"), "receipt");
  const receipt: Receipt = {
    schema: top.word("schema", [RECEIPT_SCHEMA]),
    card: top.take("card") as unknown as Card, // held to its hash when it is checked
    input: readInput(top.nested("input")),
    outputs: top.hex("outputs"),
    prediction: readPrediction(top.nested("prediction")),
    runtime: top.texts("runtime"),
    chain: readChain(top.nested("chain")),
    ...(top.has("operator") && { operator: top.address("operator") }),
    ...(top.has("promise") && { promise: readPromise(top.nested("promise")) }),
    ...(top.has("anchor") && { anchor: readAnchor(top.nested("anchor")) }),
    ...(top.has("decision") && { decision: readDecision(top.nested("decision")) }),
  };
  if (!receipt.promise && !receipt.anchor && !receipt.decision) {
    throw new InvalidInput(
      "the receipt is neither promised, anchored nor decided",
      "give a receipt that somebody vouches for",
    );
  }
  if (receipt.promise && !receipt.operator) {
    throw new InvalidInput(
      "the receipt carries a promise and names no operator",
      "name who signed the promise",
    );
  }
  return top.whole(receipt);
}

function readInput(fields: Fields): PlainInput | PrivateInput {
  const kind = fields.word("kind", ["plain", "private"]);
  if (kind === "plain") return fields.whole({ kind, bytes: fields.hex("bytes") });
  return fields.whole({ kind, fields: fields.objects("fields").map(readField) });
}

function readField(fields: Fields): PrivateField {
  const name = fields.text("name");
  if (fields.has("leaf")) return fields.whole({ name, leaf: fields.hex("leaf", 32) });
  return fields.whole({ name, value: fields.hex("value"), salt: fields.hex("salt", 32) });
}

function readPrediction(fields: Fields): Prediction {
  return fields.whole({
    modelId: fields.hex("modelId", 32),
    subject: fields.hex("subject", 32),
    inputHash: fields.hex("inputHash", 32),
    outputHash: fields.hex("outputHash", 32),
    value: fields.digits("value", -INT128_MAX - 1n, INT128_MAX, "int128"),
    confidence: fields.integer("confidence", 0, PPM),
    predictedAt: fields.integer("predictedAt", 1, UINT40_MAX),
  });
}

function readChain(fields: Fields): Receipt["chain"] {
  return fields.whole({ id: fields.integer("id", 1, SAFE), contract: fields.address("contract") });
}

function readPromise(fields: Fields): AnchorPromise {
  return fields.whole({
    log: fields.address("log"),
    anchorBy: fields.integer("anchorBy", 1, UINT40_MAX),
    signature: fields.hex("signature", 64),
  });
}

function readAnchor(fields: Fields): Anchor {
  return fields.whole({
    log: fields.address("log"),
    batch: readBatch(fields.nested("batch")),
    index: fields.digits("index", 0n, UINT64_MAX, "uint64"),
    proof: readProof(fields),
    ...readPlace(fields),
  });
}

function readBatch(fields: Fields): Batch {
  return fields.whole({
    number: fields.digits("number", 0n, UINT64_MAX, "uint64"),
    firstIndex: fields.digits("firstIndex", 0n, UINT64_MAX, "uint64"),
    count: fields.integer("count", 1, 2 ** 32 - 1),
    root: fields.hex("root", 32),
    previous: fields.hex("previous", 32),
  });
}

function readProof(fields: Fields): Hex[] {
  const nodes = fields.array("proof");
  const isNode = (node: unknown) => typeof node === "string" && /^0x[0-9a-f]{64}$/.test(node);
  if (nodes.length <= MAX_PROOF && nodes.every(isNode)) return nodes as Hex[];
  throw fields.wrong("proof", nodes, `at most ${MAX_PROOF} words of lower-case hex`);
}

function readPlace(fields: Fields): Place {
  return {
    transaction: fields.hex("transaction", 32),
    blockNumber: fields.integer("blockNumber", 0, SAFE),
    blockHash: fields.hex("blockHash", 32),
    timestamp: fields.integer("timestamp", 0, UINT40_MAX),
  };
}

function readDecision(fields: Fields): Decided {
  return fields.whole({
    ...readPlace(fields),
    logIndex: fields.integer("logIndex", 0, 2 ** 32),
    verdict: fields.integer("verdict", 1, 3),
    trustLevel: fields.integer("trustLevel", 1, 255),
    policy: readPolicy(fields.nested("policy")),
    evidence: readEvidence(fields.nested("evidence")),
  });
}

function readPolicy(fields: Fields): Decided["policy"] {
  const contract = fields.address("contract");
  const rule = fields.has("rule") ? { rule: readRule(fields.nested("rule")) } : {};
  return fields.whole({ contract, ...rule });
}

function readRule(fields: Fields): Rule {
  const kind = fields.word("kind", ["threshold", "class"]);
  const given = fields.nested("arguments");
  if (kind === "threshold") {
    const found = {
      threshold: given.digits("threshold", -INT128_MAX - 1n, INT128_MAX, "int128"),
      band: given.digits("band", 0n, 2n ** 128n - 1n, "uint128"),
      acceptAtOrAbove: given.flag("acceptAtOrAbove"),
      minConfidence: given.integer("minConfidence", 0, PPM),
    };
    return fields.whole({ kind, arguments: given.whole(found) });
  }
  const found = {
    verdictByLabel: given.hex("verdictByLabel", 32),
    labelCount: given.integer("labelCount", 1, 32),
    minConfidence: given.integer("minConfidence", 0, PPM),
  };
  return fields.whole({ kind, arguments: given.whole(found) });
}

function readEvidence(fields: Fields): SignedTransaction | ContractEvidence {
  const kind = fields.word("kind", ["transaction", "quorum", "sealed", "anchor", "other"]);
  if (kind === "transaction") return fields.whole({ kind, raw: fields.hex("raw") });
  const shown = { kind, attestor: fields.address("attestor"), bytes: fields.hex("bytes") };
  if (kind !== "quorum" && kind !== "sealed") return fields.whole(shown);
  const members = fields.addresses("members", MAX_MEMBERS);
  const threshold = fields.integer("threshold", 1, members.length);
  const isShown = kind === "sealed" && fields.has("round");
  const round = isShown ? { round: readRound(fields.nested("round")) } : {};
  return fields.whole({ ...shown, members, threshold, ...round });
}

function readRound(fields: Fields): Round {
  const votes = fields.objects("votes");
  if (!votes.length) throw fields.wrong("votes", [], "a list that is not empty");
  if (votes.length > MAX_MEMBERS) {
    throw new InvalidInput(
      `${fields.where}.votes are ${votes.length}`,
      `a round has at most ${MAX_MEMBERS}`,
    );
  }
  return fields.whole({
    commitWindow: fields.integer("commitWindow", 1, 2 ** 32 - 1),
    revealWindow: fields.integer("revealWindow", 1, 2 ** 32 - 1),
    ...(fields.has("tolerance") && {
      tolerance: fields.digits("tolerance", 0n, 2n ** 128n - 1n, "uint128"),
    }),
    opened: readMoment(fields.nested("opened")),
    counted: readMoment(fields.nested("counted")),
    votes: votes.map(readVote),
  });
}

function readMoment(fields: Fields): Round["opened"] {
  return fields.whole({
    blockNumber: fields.integer("blockNumber", 0, SAFE),
    timestamp: fields.integer("timestamp", 0, UINT40_MAX),
  });
}

function readVote(fields: Fields): ShownVote {
  const seal = fields.hex("seal", 32);
  const isOpen = fields.has("opening");
  const opening = isOpen ? { opening: readOpening(fields.nested("opening")) } : {};
  if (!fields.has("void")) return fields.whole({ seal, ...opening });
  if (fields.take("void") === true && !isOpen) return fields.whole({ seal, void: true });
  throw new InvalidInput(
    `${fields.where} is a void vote with an opening, or void is not true`,
    "a vote is open, void or neither; leave the field out where it is not void",
  );
}

function readOpening(fields: Fields): Opening {
  return fields.whole({
    inputHash: fields.hex("inputHash", 32),
    outputHash: fields.hex("outputHash", 32),
    value: fields.digits("value", -INT128_MAX - 1n, INT128_MAX, "int128"),
    confidence: fields.integer("confidence", 0, PPM),
    salt: fields.hex("salt", 32),
  });
}
