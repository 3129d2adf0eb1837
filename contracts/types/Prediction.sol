// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice What a model said about one subject, as one claim that can be hashed, signed and sent.
/// @param modelId keccak256 of the model card's canonical JSON.
/// @param subject The id of an on-chain request, or the operator's own 32-byte reference.
/// @param inputHash keccak256 of the input bytes; for a request these are the bytes in its event.
/// @param outputHash keccak256 of the rounded outputs' canonical encoding.
/// @param value The card's head, in units of 10^-decimals; for a classifier the index of the label.
/// @param confidence Parts per million; 0 means not stated.
/// @param predictedAt Unix time in seconds; never in the future when it is decided.
struct Prediction {
    bytes32 modelId;
    bytes32 subject;
    bytes32 inputHash;
    bytes32 outputHash;
    int128 value;
    uint32 confidence;
    uint40 predictedAt;
}
