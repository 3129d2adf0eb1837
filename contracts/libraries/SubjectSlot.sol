// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {CallbackStatus, Decision} from "../types/Decision.sol";
import {Request, RequestStatus} from "../types/Request.sol";

/// @title The one storage slot of a (model, subject)
/// @notice It holds the request first and the decision after it: the answer rewrites a slot (5k gas) instead of filling a
/// new one (22k), and nothing has to be cleared.
/// @dev From the high bits to the low:
///     request   requester 160 | callbackGas 24 | deadline 32 | feeGwei 32                               | status 8
///     decision  value 128 | confidence 32 | decidedAt 40 | verdict 8 | trustLevel 8 | gas 24 | callback 8 | status 8
/// A decision keeps the request's callbackGas, so that a retry gives no less. A Unix time fits the deadline's 32 bits
/// until 2106; `ofRequest` takes a uint32, so the caller has to have checked.
library SubjectSlot {
    /// @notice An open request.
    function ofRequest(
        address requester,
        uint24 callbackGas,
        uint32 deadline,
        uint32 feeGwei
    ) internal pure returns (uint256) {
        return
            (uint256(uint160(requester)) << 96) |
            (uint256(callbackGas) << 72) |
            (uint256(deadline) << 40) |
            (uint256(feeGwei) << 8) |
            uint256(RequestStatus.Open);
    }

    /// @notice A decision, with the gas that its request named for the callback.
    function ofDecision(Decision memory decision, uint24 callbackGas) internal pure returns (uint256) {
        return
            (uint256(uint128(decision.value)) << 128) |
            (uint256(decision.confidence) << 96) |
            (uint256(decision.decidedAt) << 56) |
            (uint256(decision.verdict) << 48) |
            (uint256(decision.trustLevel) << 40) |
            (uint256(callbackGas) << 16) |
            (uint256(decision.callback) << 8) |
            uint256(RequestStatus.Decided);
    }

    /// @notice The same slot with another status.
    function withStatus(uint256 slot, RequestStatus status) internal pure returns (uint256) {
        return (slot & ~uint256(0xff)) | uint256(status);
    }

    /// @notice The same decision with another callback status.
    function withCallback(uint256 slot, CallbackStatus callback) internal pure returns (uint256) {
        return (slot & ~uint256(0xff00)) | (uint256(callback) << 8);
    }

    /// @notice Where the subject stands.
    function statusOf(uint256 slot) internal pure returns (RequestStatus) {
        return RequestStatus(uint8(slot));
    }

    /// @notice The gas of a decision's callback.
    function callbackGasOf(uint256 slot) internal pure returns (uint24) {
        return uint24(slot >> 16);
    }

    /// @notice The request in a slot; only its status when that says None or Decided.
    function toRequest(uint256 slot) internal pure returns (Request memory request) {
        request.status = statusOf(slot);
        if (request.status == RequestStatus.Open || request.status == RequestStatus.Refunded) {
            request.requester = address(uint160(slot >> 96));
            request.callbackGas = uint24(slot >> 72);
            request.deadline = uint32(slot >> 40);
            request.feeGwei = uint32(slot >> 8);
        }
    }

    /// @notice The decision in a slot; all zero when its status is not Decided.
    function toDecision(uint256 slot) internal pure returns (Decision memory decision) {
        if (statusOf(slot) == RequestStatus.Decided) {
            decision.value = int128(uint128(slot >> 128));
            decision.confidence = uint32(slot >> 96);
            decision.decidedAt = uint40(slot >> 56);
            decision.verdict = uint8(slot >> 48);
            decision.trustLevel = uint8(slot >> 40);
            decision.callback = CallbackStatus(uint8(slot >> 8));
        }
    }
}
