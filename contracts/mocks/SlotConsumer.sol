// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DecisionConsumer} from "../consumer/DecisionConsumer.sol";
import {IDecisionContract} from "../interfaces/IDecisionContract.sol";
import {Decision} from "../types/Decision.sol";

/// @title SlotConsumer
/// @notice The least a consumer can do: ask, and keep the verdict in one new slot.
/// @dev The yardstick of the gas figures.
contract SlotConsumer is DecisionConsumer {
    /// @notice The verdict on each request.
    mapping(bytes32 requestId => uint8 verdict) public verdictOf;

    constructor(IDecisionContract decisionContract_) DecisionConsumer(decisionContract_, 1) {}

    /// @notice Asks, with the ether sent along as the fee.
    function ask(
        bytes32 modelId,
        bytes calldata input,
        uint24 callbackGas,
        uint40 deadline
    ) external payable returns (bytes32) {
        return _requestDecision(modelId, input, msg.value, callbackGas, deadline);
    }

    /// @notice Keeps the verdict.
    function _onDecision(bytes32, bytes32 requestId, Decision calldata decision) internal override {
        verdictOf[requestId] = decision.verdict;
    }
}
