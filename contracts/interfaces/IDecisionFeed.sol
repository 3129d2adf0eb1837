// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAggregatorV3} from "./IAggregatorV3.sol";
import {IDecisionContract} from "./IDecisionContract.sol";

/// @title IDecisionFeed
/// @notice A model's decisions on a series of subjects, read as a price feed. A subject is decided once, so each round
/// is a subject of its own, `subjectOf(round)`: the model's attestor decides round 1, 2, 3 … at the decision contract,
/// and the feed reads them there.
/// @dev Rounds count in their order. One that was decided before an earlier one, or is vouched for too weakly, is void:
/// time never goes back from one round to the next, and no operator can stop the feed for good. A round shows as soon
/// as it is decided; `advance` only spares readers the steps from the last one that was noted.
interface IDecisionFeed is IAggregatorV3 {
    /// @notice A round was noted; the event of Chainlink's feeds.
    event AnswerUpdated(int256 indexed current, uint256 indexed roundId, uint256 updatedAt);
    /// @notice A round does not count: it was decided before an earlier one, or vouched for too weakly.
    event RoundVoided(uint256 indexed roundId, uint40 decidedAt, uint8 trustLevel);

    /// @notice There is no such round, not yet, or it is void.
    error NoRound(uint80 roundId);
    /// @notice The latest round is too old to be relied on.
    error FeedStale(uint256 updatedAt, uint32 maxAge, uint256 timestamp);

    /// @notice Notes rounds that were decided, so that reading costs less; anybody may.
    /// @param most How many rounds to look at, at most.
    /// @return latest The last round that counts, of those noted.
    function advance(uint80 most) external returns (uint80 latest);

    /// @notice The contract that decides.
    function decisionContract() external view returns (IDecisionContract);

    /// @notice The model whose values are the answers.
    function modelId() external view returns (bytes32);

    /// @notice What tells this series of subjects from others of the model.
    function series() external view returns (bytes32);

    /// @notice After how many seconds the latest round is stale and reading it reverts; 0 for never.
    function maxAge() external view returns (uint32);

    /// @notice The least trust level of a decision that counts.
    function requiredTrustLevel() external view returns (uint8);

    /// @notice The next round to be decided.
    function nextRound() external view returns (uint80);

    /// @notice The subject of a round; never a request's id.
    function subjectOf(uint80 round) external view returns (bytes32);
}
