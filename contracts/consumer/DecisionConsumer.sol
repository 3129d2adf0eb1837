// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDecisionConsumer} from "../interfaces/IDecisionConsumer.sol";
import {IDecisionContract} from "../interfaces/IDecisionContract.sol";
import {Decision} from "../types/Decision.sol";
import {Request, RequestStatus} from "../types/Request.sol";

/// @title DecisionConsumer
/// @notice The base a dApp inherits to ask for decisions and to act on them. It lets only the decision contract
/// deliver, and only decisions that are trusted enough; what to do with one is `_onDecision`.
/// @dev Being called back twice for one request is impossible, but `_onDecision` can revert and be retried by anyone:
/// write it so that it either does everything or reverts.
abstract contract DecisionConsumer is IDecisionConsumer {
    /// @notice The contract that is asked, and the only one that may deliver.
    IDecisionContract public immutable decisionContract;
    /// @notice The least trust level of a decision that this contract acts on.
    uint8 public immutable requiredTrustLevel;

    /// @notice Only the decision contract may deliver.
    error NotDecisionContract(address caller);
    /// @notice The decision was vouched for less strongly than this contract asks for.
    error TrustLevelTooLow(uint8 trustLevel, uint8 required);

    /// @notice Fixes whom to ask.
    /// @param decisionContract_ See `decisionContract`.
    /// @param requiredTrustLevel_ See `requiredTrustLevel`; 1 takes every decision.
    constructor(IDecisionContract decisionContract_, uint8 requiredTrustLevel_) {
        decisionContract = decisionContract_;
        requiredTrustLevel = requiredTrustLevel_;
    }

    /// @notice Takes fees back from the decision contract; see `_reclaimFee`.
    receive() external payable virtual {
        require(msg.sender == address(decisionContract), NotDecisionContract(msg.sender));
    }

    /// @inheritdoc IDecisionConsumer
    function onDecision(bytes32 modelId, bytes32 requestId, Decision calldata decision) external {
        require(msg.sender == address(decisionContract), NotDecisionContract(msg.sender));
        require(decision.trustLevel >= requiredTrustLevel, TrustLevelTooLow(decision.trustLevel, requiredTrustLevel));
        _onDecision(modelId, requestId, decision);
    }

    /// @notice Acts on a decision that this contract asked for.
    function _onDecision(bytes32 modelId, bytes32 requestId, Decision calldata decision) internal virtual;

    /// @notice Asks for a decision. `fee` is in wei, taken from this contract's balance: usually `msg.value`.
    function _requestDecision(
        bytes32 modelId,
        bytes memory input,
        uint256 fee,
        uint24 callbackGas,
        uint40 deadline
    ) internal returns (bytes32 requestId) {
        return decisionContract.requestDecision{value: fee}(modelId, input, callbackGas, deadline);
    }

    /// @notice Brings the fee of an unanswered request back into this contract's balance.
    /// @dev The caller has to make sure that one request is reclaimed once, and to pass the fee on. Reverts while the
    /// request can be answered, and when it was answered.
    /// @return fee The fee in wei.
    function _reclaimFee(bytes32 modelId, bytes32 requestId) internal returns (uint256 fee) {
        Request memory request = decisionContract.requestOf(modelId, requestId);
        if (request.status != RequestStatus.Refunded) decisionContract.refund(modelId, requestId);
        if (decisionContract.creditOf(address(this)) != 0) decisionContract.withdraw(payable(address(this)));
        return uint256(request.feeGwei) * 1 gwei;
    }
}
