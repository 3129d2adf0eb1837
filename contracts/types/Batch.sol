// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Ordered predictions under one Merkle root: a range of an anchor log's indices, linked to the range before.
/// @param number Consecutive from 0.
/// @param firstIndex Index of its first prediction: how many the log had before. No index is left out.
/// @param count How many predictions it has, at least one.
/// @param root Of the tree of its leaves, see `LeafLib`.
/// @param previous Id of the batch before it; 0 for the first.
struct Batch {
    uint64 number;
    uint64 firstIndex;
    uint32 count;
    bytes32 root;
    bytes32 previous;
}
