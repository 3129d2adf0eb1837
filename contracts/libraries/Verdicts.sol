// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Verdicts
/// @notice What a policy can say about a prediction.
/// @dev Constants rather than an enum, so that a policy's answer is checked by name and not by a panic.
library Verdicts {
    /// @notice There is no decision.
    uint8 internal constant NONE = 0;
    /// @notice Turned down.
    uint8 internal constant REJECT = 1;
    /// @notice Accepted.
    uint8 internal constant ACCEPT = 2;
    /// @notice Too close or too uncertain to decide without a person.
    uint8 internal constant REVIEW = 3;

    /// @notice Whether a policy may give this verdict.
    function isVerdict(uint8 verdict) internal pure returns (bool) {
        return verdict != NONE && verdict <= REVIEW;
    }
}
