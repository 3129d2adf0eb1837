// Writes tests/vectors/merkle.json anew, with @openzeppelin/merkle-tree: node tests/js/merkle-vectors.js

import { writeFileSync } from "node:fs";

import { StandardMerkleTree } from "@openzeppelin/merkle-tree";
import { AbiCoder, keccak256, toUtf8Bytes } from "ethers";

export const TYPES = [
  "uint64 index",
  "bytes32 modelId",
  "bytes32 subject",
  "bytes32 inputHash",
  "bytes32 outputHash",
  "int128 value",
  "uint32 confidence",
  "uint40 predictedAt",
].map((field) => field.split(" ")[0]);

const CHAIN = 31337n;
const LOG = "0x5FbDB2315678afecb367f032d93F642f64180aa3";
const ZERO = "0x" + "00".repeat(32);
const SIZES = [1, 2, 3, 4, 5, 7, 8, 9, 33];

const hash = (text) => keccak256(toUtf8Bytes(text));

/** Predictions that differ in every field, with the ends of each range among them. */
function prediction(index) {
  const edges = [-(2n ** 127n), 2n ** 127n - 1n, -1n, 0n];
  return {
    modelId: hash(`model ${index % 3}`),
    subject: hash(`subject ${index}`),
    inputHash: hash(`input ${index}`),
    outputHash: hash(`outputs ${index}`),
    value: (index % 9 < 4 ? edges[index % 9] : BigInt(index) * 1001n).toString(),
    confidence: String([0, 1_000_000, 912_345][index % 3]),
    predictedAt: String(index % 5 === 0 ? 2n ** 40n - 1n : 1_900_000_000n + BigInt(index)),
  };
}

function batches() {
  const coder = AbiCoder.defaultAbiCoder();
  let previous = ZERO;
  let firstIndex = 0;
  return SIZES.map((count, number) => {
    const predictions = Array.from({ length: count }, (_, place) => prediction(firstIndex + place));
    const values = predictions.map((each, place) => [
      String(firstIndex + place),
      ...Object.values(each),
    ]);
    const tree = StandardMerkleTree.of(values, TYPES, { sortLeaves: false });
    const header = [number, firstIndex, count, tree.root, previous];
    const id = keccak256(
      coder.encode(
        ["uint256", "address", "uint64", "uint64", "uint32", "bytes32", "bytes32"],
        [CHAIN, LOG, ...header],
      ),
    );
    const batch = {
      number: String(number),
      firstIndex: String(firstIndex),
      count: String(count),
      root: tree.root,
      previous,
      id,
      predictions,
      leaves: values.map((each) => tree.leafHash(each)),
      proofs: values.map((_, place) => tree.getProof(place)),
    };
    previous = id;
    firstIndex += count;
    return batch;
  });
}

if (process.argv[1] === import.meta.filename) {
  const vectors = { types: TYPES, chainId: CHAIN.toString(), log: LOG, batches: batches() };
  const file = new URL("../vectors/merkle.json", import.meta.url);
  writeFileSync(file, JSON.stringify(vectors, null, 2) + "\n");
}
