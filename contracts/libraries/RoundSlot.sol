// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {RoundStatus} from "../types/SealedVote.sol";

/// @title RoundSlot
/// @notice The one storage slot of a round of sealed votes. It holds the hash of the chain of all seals rather than the
/// seals: sealing a vote rewrites a slot (5k gas) instead of filling a new one (22k), and who opens a vote brings the
/// seals along.
/// @dev From the high bits to the low:
///     open     chain of seals 160              | openedAt 32 | sealed 31 | opened 31 | status 2
///     closed   pot in wei 96 | agreed 31 | 0s  | openedAt 32 | sealed 31 | opened 31 | status 2
/// A Unix time fits 32 bits until 2106. A fee is below 2^62 wei.
library RoundSlot {
    uint256 private constant SET = 0x7fffffff;
    uint256 private constant LOW = (1 << 96) - 1;

    /// @notice A round without votes.
    function open(uint160 chain, uint256 openedAt) internal pure returns (uint256) {
        return (uint256(chain) << 96) | (uint256(uint32(openedAt)) << 64) | uint256(RoundStatus.Open);
    }

    /// @notice The same round with one more sealed vote.
    function withSeal(uint256 word, uint256 member, uint160 chain) internal pure returns (uint256) {
        unchecked {
            // A member's index is below 31.
            return (word & LOW) | (uint256(chain) << 96) | (1 << (33 + member));
        }
    }

    /// @notice The same round with a vote opened.
    function withOpened(uint256 word, uint256 member) internal pure returns (uint256) {
        unchecked {
            // A member's index is below 31.
            return word | (1 << (2 + member));
        }
    }

    /// @notice The same round with a vote opened that had to stay sealed, and counts no longer.
    function withLeaked(uint256 word, uint256 member) internal pure returns (uint256) {
        unchecked {
            // A member's index is below 31.
            return (word | (1 << (2 + member))) & ~(1 << (33 + member));
        }
    }

    /// @notice The same round, closed.
    function closed(uint256 word, RoundStatus status, uint32 agreed) internal pure returns (uint256) {
        return (word & (LOW ^ 3)) | (uint256(agreed) << 129) | uint256(status);
    }

    /// @notice The same closed round with another pot.
    function withPot(uint256 word, uint256 pot) internal pure returns (uint256) {
        return (word & (type(uint256).max >> 96)) | (pot << 160);
    }

    /// @notice Where the round stands.
    function statusOf(uint256 word) internal pure returns (RoundStatus) {
        return RoundStatus(word & 3);
    }

    /// @notice The hash of the chain of seals.
    function chainOf(uint256 word) internal pure returns (uint160) {
        return uint160(word >> 96);
    }

    /// @notice When the first vote was sealed.
    function openedAtOf(uint256 word) internal pure returns (uint256) {
        return uint32(word >> 64);
    }

    /// @notice The members whose sealed votes count.
    function sealedOf(uint256 word) internal pure returns (uint32) {
        return uint32((word >> 33) & SET);
    }

    /// @notice The members whose votes were opened, be it too early.
    function openedOf(uint256 word) internal pure returns (uint32) {
        return uint32((word >> 2) & SET);
    }

    /// @notice The members who have sealed a vote, be it void by now.
    function spokenOf(uint256 word) internal pure returns (uint32) {
        return sealedOf(word) | openedOf(word);
    }

    /// @notice The members who agreed with the outcome.
    function agreedOf(uint256 word) internal pure returns (uint32) {
        return uint32((word >> 129) & SET);
    }

    /// @notice The fee that is not yet split.
    function potOf(uint256 word) internal pure returns (uint256) {
        return word >> 160;
    }
}
