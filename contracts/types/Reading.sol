// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice What a gasless read gives: a verified prediction under its model's policy, or a stored decision.
/// @param value The prediction's value.
/// @param confidence The prediction's confidence in parts per million; 0 means not stated.
/// @param asOf When it was predicted; of a stored decision, when it was decided.
/// @param verdict One of `Verdicts`: what the model's policy makes of it; never `Verdicts.NONE`.
/// @param trustLevel How it is vouched for: 1 one signer, 2 quorum, 3 sealed quorum or bond, 4 proven.
struct Reading {
    int128 value;
    uint32 confidence;
    uint40 asOf;
    uint8 verdict;
    uint8 trustLevel;
}
