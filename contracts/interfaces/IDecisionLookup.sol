// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Prediction} from "../types/Prediction.sol";

/// @title IDecisionLookup
/// @notice What a gateway asks a node over HTTP (ERC-3668): the call's data is one of these functions' calldata, the
/// reply their return values. No contract implements it.
interface IDecisionLookup {
    /// @notice What the model says about an input.
    /// @param chainId The chain that asks; a node of another one refuses.
    /// @param modelId The model.
    /// @param input The input bytes, in the encoding of the model's card.
    /// @param asOf The asking block's time, which becomes the prediction's.
    /// @return prediction Its subject is `IDecisionGateway.subjectOf` its model, input and time.
    /// @return evidence What the model's attestor vouches for it with.
    function predict(
        uint256 chainId,
        bytes32 modelId,
        bytes calldata input,
        uint40 asOf
    ) external view returns (Prediction memory prediction, bytes memory evidence);

    /// @notice The prediction about a subject that is vouched for, but not decided on chain.
    /// @param chainId The chain that asks.
    /// @param modelId The model.
    /// @param subject The subject.
    /// @return prediction The prediction.
    /// @return evidence What the model's attestor vouches for it with.
    function find(
        uint256 chainId,
        bytes32 modelId,
        bytes32 subject
    ) external view returns (Prediction memory prediction, bytes memory evidence);
}
