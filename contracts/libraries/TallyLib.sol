// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AnswerKind, Opening} from "../types/SealedVote.sol";
import {MemberSet} from "./MemberSet.sol";

/// @title TallyLib
/// @notice What a set of votes decides. The outcome is always one of the votes, and depends on the set alone, not on
/// the order in which they came. A tie decides nothing.
/// @dev 1. Only votes about the same input compare: the input that most of them name, more than any other.
///      2. Labels: the one that most of those votes say, more than any other. Numbers: their median; of an even count
///         the lower of the two middle ones, if these are within the tolerance of each other.
///      3. Those agree who say that label, or are within the tolerance of that median: at least the threshold.
///      4. The outcome is the vote for that very label or number that was cast most often, word for word; of several,
///         the one with the middle confidence. So one liar can neither put its outputs nor its confidence into it.
library TallyLib {
    using MemberSet for uint32;

    /// @notice A member's opened vote.
    struct Vote {
        uint256 member;
        Opening opening;
    }

    /// @notice The outcome of some votes, which it sorts. At most 31 are expected: nothing here scales beyond.
    /// @return outcome The vote that stands for all; all zero if nothing is decided.
    /// @return agreed The members who agree with it; empty if nothing is decided.
    function tally(
        Vote[] memory votes,
        uint256 threshold,
        AnswerKind kind,
        uint128 tolerance
    ) internal pure returns (Opening memory outcome, uint32 agreed) {
        _sort(votes);
        votes = _aboutCommonestInput(votes);
        if (votes.length < threshold) return (outcome, 0);
        (bool clear, int128 value) = kind == AnswerKind.Label ? _commonestLabel(votes) : _median(votes, tolerance);
        if (!clear) return (outcome, 0);
        agreed = _within(votes, value, tolerance);
        if (agreed.count() < threshold) return (outcome, 0);
        outcome = _commonestWording(votes, value);
    }

    /// @dev By value, then by confidence, then by outputs.
    function _sort(Vote[] memory votes) private pure {
        for (uint256 i = 1; i < votes.length; ++i) {
            Vote memory vote = votes[i];
            uint256 place = i;
            for (; place != 0 && _isBefore(vote.opening, votes[place - 1].opening); --place) {
                votes[place] = votes[place - 1];
            }
            votes[place] = vote;
        }
    }

    /// @dev The votes about the input that most of them name; none if two inputs are as common.
    function _aboutCommonestInput(Vote[] memory votes) private pure returns (Vote[] memory same) {
        bytes32[] memory inputs = new bytes32[](votes.length);
        for (uint256 i = 0; i < votes.length; ++i) inputs[i] = votes[i].opening.inputHash;
        (bytes32 input, uint256 count) = _commonest(inputs);
        same = new Vote[](count);
        uint256 next;
        for (uint256 i = 0; next < count; ++i) if (inputs[i] == input) same[next++] = votes[i];
    }

    function _commonestLabel(Vote[] memory votes) private pure returns (bool clear, int128 label) {
        bytes32[] memory labels = new bytes32[](votes.length);
        for (uint256 i = 0; i < votes.length; ++i) labels[i] = bytes32(uint256(uint128(votes[i].opening.value)));
        (bytes32 commonest, uint256 count) = _commonest(labels);
        return (count != 0, int128(uint128(uint256(commonest))));
    }

    function _median(Vote[] memory votes, uint128 tolerance) private pure returns (bool clear, int128 median) {
        median = votes[(votes.length - 1) / 2].opening.value;
        return (_distance(median, votes[votes.length / 2].opening.value) <= tolerance, median);
    }

    /// @dev The members whose value is within the tolerance of this one.
    function _within(Vote[] memory votes, int128 value, uint128 tolerance) private pure returns (uint32 members) {
        for (uint256 i = 0; i < votes.length; ++i) {
            if (_distance(value, votes[i].opening.value) <= tolerance) members |= uint32(1 << votes[i].member);
        }
    }

    /// @dev Of the sorted votes for a value, the one cast most often word for word; of several, the middle one.
    function _commonestWording(Vote[] memory votes, int128 value) private pure returns (Opening memory) {
        uint256[] memory firsts = new uint256[](votes.length);
        uint256 most;
        uint256 count;
        uint256 end;
        for (uint256 first = 0; first < votes.length; first = end) {
            end = first + 1;
            while (end < votes.length && _saysTheSame(votes[first].opening, votes[end].opening)) ++end;
            if (votes[first].opening.value != value || end - first < most) continue;
            if (end - first > most) (most, count) = (end - first, 0);
            firsts[count++] = first;
        }
        return votes[firsts[(count - 1) / 2]].opening;
    }

    /// @dev The key that occurs most often, and how often; 0 times if another occurs as often.
    function _commonest(bytes32[] memory keys) private pure returns (bytes32 key, uint256 times) {
        uint256 most;
        for (uint256 i = 0; i < keys.length; ++i) {
            if (i != 0 && keys[i] == keys[i - 1]) continue;
            uint256 count;
            for (uint256 j = 0; j < keys.length; ++j) if (keys[j] == keys[i]) ++count;
            if (count > most) (most, times, key) = (count, count, keys[i]);
            else if (count == most && keys[i] != key) times = 0;
        }
    }

    function _isBefore(Opening memory one, Opening memory other) private pure returns (bool) {
        if (one.value != other.value) return one.value < other.value;
        if (one.confidence != other.confidence) return one.confidence < other.confidence;
        return one.outputHash < other.outputHash;
    }

    function _saysTheSame(Opening memory one, Opening memory other) private pure returns (bool) {
        return one.value == other.value && one.confidence == other.confidence && one.outputHash == other.outputHash;
    }

    function _distance(int128 one, int128 other) private pure returns (uint256) {
        return one < other ? uint256(int256(other) - one) : uint256(int256(one) - other);
    }
}
