// An anchored receipt and a private input, checked with nothing of ours: @openzeppelin/merkle-tree alone.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { StandardMerkleTree } from "@openzeppelin/merkle-tree";
import { concat, keccak256, stringToHex } from "viem";

import { vectors } from "./vectors.js";

const { good } = vectors("receipts");
const LEAF = ["uint64", "bytes32", "bytes32", "bytes32", "bytes32", "int128", "uint32", "uint40"];

const leafOf = (index, { modelId, subject, inputHash, outputHash, ...said }) => [
  ...[index, modelId, subject, inputHash, outputHash],
  ...[said.value, said.confidence, said.predictedAt],
];

describe("an anchored receipt", () => {
  const { prediction, anchor } = good.anchored;
  const holds = (leaf, proof = anchor.proof) =>
    StandardMerkleTree.verify(anchor.batch.root, LEAF, leaf, proof);

  it("is in its batch", () => {
    assert.ok(holds(leafOf(anchor.index, prediction)));
  });

  it("is not in it with another value, at another index or by another path", () => {
    const other = { ...prediction, value: String(BigInt(prediction.value) + 1n) };
    assert.ok(!holds(leafOf(anchor.index, other)));
    assert.ok(!holds(leafOf(String(BigInt(anchor.index) + 1n), prediction)));
    assert.ok(!holds(leafOf(anchor.index, prediction), anchor.proof.toReversed()));
  });
});

describe("a private input", () => {
  const { input, prediction } = good.private;
  const tag = keccak256(stringToHex("decision-oracle/private-input/1"));
  const commitment = (fields) => {
    const leaves = fields.map(({ salt, name, value }) => [salt, name, value]);
    const tree = StandardMerkleTree.of(leaves, ["bytes32", "string", "bytes"], {
      sortLeaves: false,
    });
    return keccak256(concat([tag, tree.root]));
  };

  it("makes the input hash of the prediction", () => {
    assert.equal(commitment(input.fields), prediction.inputHash);
  });

  it("makes another one with one value changed", () => {
    const [first, ...rest] = input.fields;
    assert.notEqual(commitment([{ ...first, value: "0xff" }, ...rest]), prediction.inputHash);
  });
});
