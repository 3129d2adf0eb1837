// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Decision} from "../types/Decision.sol";

/// @title IDecisionConsumer
/// @notice A contract that is called back with the decision it asked for.
interface IDecisionConsumer {
    /// @notice Receives a decision.
    /// @dev Called with exactly the gas the request named. Check `msg.sender`: anyone can call this function. A revert
    /// does not undo the decision; anyone may then retry the call with `IDecisionContract.retryCallback`.
    /// @param modelId The model that was asked.
    /// @param requestId The id that the request returned.
    /// @param decision The decision.
    function onDecision(bytes32 modelId, bytes32 requestId, Decision calldata decision) external;
}
