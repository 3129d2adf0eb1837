// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DecisionConsumer} from "../consumer/DecisionConsumer.sol";
import {IDecisionContract} from "../interfaces/IDecisionContract.sol";
import {Decision} from "../types/Decision.sol";

/// @title RevertingConsumer
/// @notice A consumer that refuses every decision until it is mended, and counts the ones it took.
contract RevertingConsumer is DecisionConsumer {
    /// @notice Whether decisions are taken.
    bool public mended;
    /// @notice How often each request was delivered.
    mapping(bytes32 requestId => uint256 count) public deliveries;

    /// @notice The consumer is broken.
    error Broken();

    /// @notice Fixes whom to ask.
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

    /// @notice Takes decisions from now on, or no longer.
    function setMended(bool mended_) external {
        mended = mended_;
    }

    /// @notice Counts, once mended.
    function _onDecision(bytes32, bytes32 requestId, Decision calldata) internal override {
        require(mended, Broken());
        ++deliveries[requestId];
    }
}
