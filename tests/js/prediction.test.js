import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { StandardMerkleTree } from "@openzeppelin/merkle-tree";

import { predictionDigest, structHash } from "../../dapp/client/src/prediction.ts";
import {
  batchId,
  pathLength,
  predictionLeaf,
  rootBy,
  rootOf,
} from "../../dapp/client/src/receipt/merkle.ts";
import { vectors } from "./vectors.js";

const { predictions } = vectors("prediction");

describe("a prediction", () => {
  for (const { name, prediction, structHash: hash, domain, digest } of predictions) {
    it(`with ${name} is hashed and signed as in Solidity and Python`, () => {
      const read = parsed(prediction);
      assert.equal(structHash(read), hash);
      const contract = domain.verifyingContract.toLowerCase();
      assert.equal(predictionDigest(Number(domain.chainId), contract, read), digest);
    });
  }
});

describe("a batch", () => {
  const { batches, chainId, log } = vectors("merkle");

  for (const { leaves, predictions: said, proofs, id, ...header } of batches) {
    it(`of ${header.count} has the leaves, proofs and id of Solidity and Python`, () => {
      const batch = {
        ...header,
        number: BigInt(header.number),
        firstIndex: BigInt(header.firstIndex),
        count: Number(header.count),
      };
      said.forEach((prediction, at) => {
        const leaf = predictionLeaf(batch.firstIndex + BigInt(at), parsed(prediction));
        assert.equal(leaf, leaves[at]);
        assert.equal(proofs[at].length, pathLength(BigInt(at), batch.count));
        assert.equal(rootBy(leaf, proofs[at]), batch.root);
      });
      assert.equal(rootOf(leaves), batch.root);
      assert.equal(batchId(Number(chainId), log, batch), id);
    });
  }
});

describe("a tree of predictions", () => {
  const types = [
    "uint64",
    "bytes32",
    "bytes32",
    "bytes32",
    "bytes32",
    "int128",
    "uint32",
    "uint40",
  ];
  const [first] = predictions;

  for (const count of [1, 2, 3, 5, 8, 13]) {
    it(`over ${count} has the root and the proofs of OpenZeppelin's library`, () => {
      const values = Array.from({ length: count }, (_, at) => [
        String(at + 7),
        ...Object.values({ ...first.prediction, value: String(at - 3) }),
      ]);
      const tree = StandardMerkleTree.of(values, types, { sortLeaves: false });
      const leaves = values.map((_, at) =>
        predictionLeaf(BigInt(at + 7), { ...parsed(first.prediction), value: BigInt(at - 3) }),
      );
      assert.equal(rootOf(leaves), tree.root);
      leaves.forEach((leaf, at) => {
        const proof = tree.getProof(at);
        assert.equal(rootBy(leaf, proof), tree.root);
        assert.equal(pathLength(BigInt(at), count), proof.length);
      });
    });
  }
});

function parsed({ value, confidence, predictedAt, ...words }) {
  return {
    ...words,
    value: BigInt(value),
    confidence: Number(confidence),
    predictedAt: Number(predictedAt),
  };
}
