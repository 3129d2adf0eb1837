import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { StandardMerkleTree } from "@openzeppelin/merkle-tree";

import { vectors } from "./vectors.js";

const { types, batches } = vectors("merkle");

describe("anchored batches", () => {
  for (const { count, firstIndex, root, predictions, proofs } of batches) {
    it(`${count} predictions verify with @openzeppelin/merkle-tree`, () => {
      predictions.forEach((each, place) => {
        const row = [String(Number(firstIndex) + place), ...Object.values(each)];
        assert.ok(StandardMerkleTree.verify(root, types, row, proofs[place]));
        const other = [String(Number(firstIndex) + place + 1), ...row.slice(1)];
        assert.ok(!StandardMerkleTree.verify(root, types, other, proofs[place]));
      });
    });
  }
});
