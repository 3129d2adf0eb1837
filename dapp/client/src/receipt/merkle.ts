// Trees over leaves in their order: StandardMerkleTree of @openzeppelin/merkle-tree, unsorted.
//
// A complete binary tree in an array, node i above nodes 2i+1 and 2i+2, the leaves at its end in
// reverse order. A leaf is hashed twice, so that no node can pass for one; a pair is hashed in the order
// of its values, so that a path needs no directions.

import {
  type Address,
  type Hex,
  concat,
  encodeAbiParameters,
  encodePacked,
  keccak256,
  parseAbiParameters,
} from "viem";

import { InvalidInput } from "../errors.ts";
import type { Prediction } from "../prediction.ts";
import type { Batch } from "./receipt.ts";

const LEAF = parseAbiParameters(
  "uint64, bytes32, bytes32, bytes32, bytes32, int128, uint32, uint40",
);
const BATCH = parseAbiParameters("uint256, address, uint64, uint64, uint32, bytes32, bytes32");

/** The leaf of an encoded value: hashed twice. */
export function leafOf(encoded: Hex): Hex {
  return keccak256(keccak256(encoded));
}

/** The leaf of the prediction at `index` of an anchor log. */
export function predictionLeaf(index: bigint, prediction: Prediction): Hex {
  const { modelId, subject, inputHash, outputHash, value, confidence, predictedAt } = prediction;
  return leafOf(
    encodeAbiParameters(LEAF, [
      index,
      modelId,
      subject,
      inputHash,
      outputHash,
      value,
      confidence,
      predictedAt,
    ]),
  );
}

/** The id that an anchor log stores for a batch; it binds chain and log. */
export function batchId(chainId: number, log: Address, batch: Batch): Hex {
  const { number, firstIndex, count, root, previous } = batch;
  const lower = log.toLowerCase() as Address;
  return keccak256(
    encodeAbiParameters(BATCH, [BigInt(chainId), lower, number, firstIndex, count, root, previous]),
  );
}

/** What an anchor log takes as evidence, tightly packed; the root is where the proof leads. */
export function anchorEvidence(batch: Batch, index: bigint, proof: readonly Hex[]): Hex {
  const { number, firstIndex, count, previous } = batch;
  return encodePacked(
    ["uint64", "uint64", "uint32", "uint32", "bytes32", "bytes32[]"],
    [number, firstIndex, count, Number(index - firstIndex), previous, [...proof]],
  );
}

/** The root that a path leads to from a leaf. */
export function rootBy(leaf: Hex, path: readonly Hex[]): Hex {
  return path.reduce(parentOf, leaf);
}

/**
 * How many nodes lead from the leaf at `place` of `count` leaves to the root.
 * @throws {InvalidInput} there is no such leaf
 */
export function pathLength(place: bigint, count: number): number {
  if (place < 0n || place >= BigInt(count)) {
    throw new InvalidInput(`leaf ${place} of ${count} does not exist`, "give another index");
  }
  return (2n * BigInt(count) - 1n - place).toString(2).length - 1;
}

/** The root over a few leaves in their order, at least one. */
export function rootOf(leaves: readonly Hex[]): Hex {
  const tree = [...Array<Hex>(leaves.length - 1).fill("0x"), ...leaves.toReversed()];
  for (let node = leaves.length - 2; node >= 0; node--) {
    tree[node] = parentOf(tree[2 * node + 1]!, tree[2 * node + 2]!);
  }
  return tree[0]!;
}

function parentOf(one: Hex, other: Hex): Hex {
  return keccak256(concat(one < other ? [one, other] : [other, one]));
}
