// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAggregatorV3} from "../interfaces/IAggregatorV3.sol";
import {IDecisionContract} from "../interfaces/IDecisionContract.sol";
import {IDecisionFeed} from "../interfaces/IDecisionFeed.sol";
import {Verdicts} from "../libraries/Verdicts.sol";
import {Decision} from "../types/Decision.sol";

/// @title DecisionFeed
/// @notice See `IDecisionFeed`.
/// @dev Answers stay where they were decided; here is only how far rounds were looked at, and which are void. Nobody
/// owns a feed.
contract DecisionFeed is IDecisionFeed {
    /// @dev How far rounds were looked at, and the last one of them that counts.
    struct Place {
        uint80 looked;
        uint80 latest;
    }

    /// @inheritdoc IDecisionFeed
    IDecisionContract public immutable decisionContract;
    /// @inheritdoc IDecisionFeed
    bytes32 public immutable modelId;
    /// @inheritdoc IDecisionFeed
    bytes32 public immutable series;
    /// @inheritdoc IAggregatorV3
    uint8 public immutable decimals;
    /// @inheritdoc IDecisionFeed
    uint32 public immutable maxAge;
    /// @inheritdoc IDecisionFeed
    uint8 public immutable requiredTrustLevel;

    /// @inheritdoc IAggregatorV3
    string public description;

    Place private _place;
    mapping(uint80 round => bool isVoid) private _void;

    /// @notice Fixes what is read.
    /// @param decisionContract_ See `decisionContract`.
    /// @param modelId_ See `modelId`.
    /// @param series_ See `series`.
    /// @param decimals_ The decimals of the model's value, as its card says.
    /// @param maxAge_ See `maxAge`.
    /// @param requiredTrustLevel_ See `requiredTrustLevel`; 1 takes every decision.
    /// @param description_ See `description`.
    constructor(
        IDecisionContract decisionContract_,
        bytes32 modelId_,
        bytes32 series_,
        uint8 decimals_,
        uint32 maxAge_,
        uint8 requiredTrustLevel_,
        string memory description_
    ) {
        decisionContract = decisionContract_;
        modelId = modelId_;
        series = series_;
        decimals = decimals_;
        maxAge = maxAge_;
        requiredTrustLevel = requiredTrustLevel_;
        description = description_;
    }

    /// @inheritdoc IDecisionFeed
    function advance(uint80 most) external returns (uint80) {
        Place memory place = _place;
        uint40 time = _decisionOf(place.latest).decidedAt;
        for (; most != 0; --most) {
            uint80 round = place.looked + 1;
            Decision memory decision = _decisionOf(round);
            if (decision.verdict == Verdicts.NONE) break;

            place.looked = round;
            if (_counts(decision, time)) {
                (place.latest, time) = (round, decision.decidedAt);
                emit AnswerUpdated(decision.value, round, time);
            } else {
                _void[round] = true;
                emit RoundVoided(round, decision.decidedAt, decision.trustLevel);
            }
        }
        _place = place;
        return place.latest;
    }

    /// @inheritdoc IAggregatorV3
    function getRoundData(uint80 roundId) external view returns (uint80, int256, uint256, uint256, uint80) {
        Decision memory decision;
        if (roundId > _place.looked) {
            uint80 latest;
            (latest, , decision) = _walk(roundId);
            require(latest == roundId, NoRound(roundId));
        } else {
            decision = _decisionOf(roundId);
            require(decision.verdict != Verdicts.NONE && !_void[roundId], NoRound(roundId));
        }
        return _asRound(roundId, decision);
    }

    /// @inheritdoc IAggregatorV3
    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        (uint80 latest, , Decision memory decision) = _walk(type(uint80).max);
        require(latest != 0, NoRound(0));
        uint256 updatedAt = decision.decidedAt;
        bool fresh = maxAge == 0 || block.timestamp - updatedAt <= maxAge;
        require(fresh, FeedStale(updatedAt, maxAge, block.timestamp));
        return _asRound(latest, decision);
    }

    /// @inheritdoc IDecisionFeed
    function nextRound() external view returns (uint80) {
        (, uint80 looked, ) = _walk(type(uint80).max);
        return looked + 1;
    }

    /// @inheritdoc IAggregatorV3
    function version() external pure returns (uint256) {
        return 1;
    }

    /// @inheritdoc IDecisionFeed
    function subjectOf(uint80 round) public view returns (bytes32) {
        return keccak256(abi.encode(series, round)) >> 8; // begins with a zero byte, as no request's id does
    }

    /// @dev Looks at the rounds after those noted, up to one of them.
    function _walk(uint80 last) private view returns (uint80 latest, uint80 looked, Decision memory decision) {
        (latest, looked) = (_place.latest, _place.looked);
        decision = _decisionOf(latest);
        while (looked < last) {
            Decision memory next = _decisionOf(looked + 1);
            if (next.verdict == Verdicts.NONE) break;
            ++looked;
            if (_counts(next, decision.decidedAt)) (latest, decision) = (looked, next);
        }
    }

    /// @dev All zero for round 0: rounds begin with 1.
    function _decisionOf(uint80 round) private view returns (Decision memory decision) {
        if (round != 0) decision = decisionContract.decisionOf(modelId, subjectOf(round));
    }

    function _counts(Decision memory decision, uint40 time) private view returns (bool) {
        return decision.decidedAt >= time && decision.trustLevel >= requiredTrustLevel;
    }

    function _asRound(
        uint80 round,
        Decision memory decision
    ) private pure returns (uint80, int256, uint256, uint256, uint80) {
        return (round, decision.value, decision.decidedAt, decision.decidedAt, round);
    }
}
