// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {CallbackStatus, Decision} from "../types/Decision.sol";
import {Request, RequestStatus} from "../types/Request.sol";

/// @title SubjectSlot
/// @notice The one storage slot of a (model, subject). It holds the request first and the decision after it: the
/// answer rewrites a slot (5k gas) instead of filling a new one (22k), and nothing has to be cleared.
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
    function ofDecision(
        int128 value,
        uint32 confidence,
        uint40 decidedAt,
        uint8 verdict,
        uint8 trustLevel,
        uint24 callbackGas
    ) internal pure returns (uint256) {
        return
            (uint256(uint128(value)) << 128) |
            (uint256(confidence) << 96) |
            (uint256(decidedAt) << 56) |
            (uint256(verdict) << 48) |
            (uint256(trustLevel) << 40) |
            (uint256(callbackGas) << 16) |
            (callbackGas == 0 ? 0 : uint256(CallbackStatus.Delivered) << 8) |
            uint256(RequestStatus.Decided);
    }

    /// @notice Who made a request.
    function requesterOf(uint256 slot) internal pure returns (address) {
        return address(uint160(slot >> 96));
    }
    /// @notice The gas of a request's callback.
    function requestGasOf(uint256 slot) internal pure returns (uint24) {
        return uint24(slot >> 72);
    }
    /// @notice A request's deadline.
    function deadlineOf(uint256 slot) internal pure returns (uint40) {
        return uint32(slot >> 40);
    }
    /// @notice A request's fee in gwei.
    function feeOf(uint256 slot) internal pure returns (uint32) {
        return uint32(slot >> 8);
    }

    /// @notice The same slot with another status.
    function withStatus(uint256 slot, RequestStatus status) internal pure returns (uint256) {
        return (slot & ~uint256(0xff)) | uint256(status);
    }

    /// @notice The same decision with another callback status.
    function withCallback(uint256 slot, CallbackStatus callback) internal pure returns (uint256) {
        return (slot & ~uint256(0xff00)) | (uint256(callback) << 8);
    }

    /// @notice Whether the slot holds an open request.
    function isOpen(uint256 slot) internal pure returns (bool) {
        return uint8(slot) == uint8(RequestStatus.Open);
    }

    /// @notice Where the subject stands.
    function statusOf(uint256 slot) internal pure returns (RequestStatus) {
        return RequestStatus(uint8(slot));
    }

    /// @notice A decision's value.
    function valueOf(uint256 slot) internal pure returns (int128) {
        return int128(uint128(slot >> 128));
    }

    /// @notice A decision's confidence.
    function confidenceOf(uint256 slot) internal pure returns (uint32) {
        return uint32(slot >> 96);
    }

    /// @notice A decision's time.
    function decidedAtOf(uint256 slot) internal pure returns (uint40) {
        return uint40(slot >> 56);
    }

    /// @notice A decision's verdict.
    function verdictOf(uint256 slot) internal pure returns (uint8) {
        return uint8(slot >> 48);
    }

    /// @notice A decision's trust level.
    function trustLevelOf(uint256 slot) internal pure returns (uint8) {
        return uint8(slot >> 40);
    }

    /// @notice The gas of a decision's callback.
    function callbackGasOf(uint256 slot) internal pure returns (uint24) {
        return uint24(slot >> 16);
    }

    /// @notice The status of a decision's callback.
    function callbackOf(uint256 slot) internal pure returns (CallbackStatus) {
        return CallbackStatus(uint8(slot >> 8));
    }

    /// @notice The request in a slot; only its status when that says None or Decided.
    function toRequest(uint256 slot) internal pure returns (Request memory request) {
        request.status = statusOf(slot);
        if (request.status == RequestStatus.Open || request.status == RequestStatus.Refunded) {
            request.requester = requesterOf(slot);
            request.callbackGas = requestGasOf(slot);
            request.deadline = deadlineOf(slot);
            request.feeGwei = feeOf(slot);
        }
    }

    /// @notice The decision in a slot; all zero when its status is not Decided.
    function toDecision(uint256 slot) internal pure returns (Decision memory decision) {
        if (statusOf(slot) == RequestStatus.Decided) {
            decision.value = valueOf(slot);
            decision.confidence = confidenceOf(slot);
            decision.decidedAt = decidedAtOf(slot);
            decision.verdict = verdictOf(slot);
            decision.trustLevel = trustLevelOf(slot);
            decision.callback = callbackOf(slot);
        }
    }
}
