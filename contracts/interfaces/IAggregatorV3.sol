// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IAggregatorV3
/// @notice Chainlink's `AggregatorV3Interface`, function by function, so that whatever reads a price feed reads ours.
interface IAggregatorV3 {
    /// @notice How many decimals an answer has.
    function decimals() external view returns (uint8);

    /// @notice What the answers are about.
    function description() external view returns (string memory);

    /// @notice The kind of feed this is.
    function version() external view returns (uint256);

    /// @notice One round.
    /// @return roundId The round.
    /// @return answer The answer, in units of 10^-`decimals`.
    /// @return startedAt When the round began.
    /// @return updatedAt When it was answered.
    /// @return answeredInRound The same round.
    function getRoundData(
        uint80 roundId_
    )
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);

    /// @notice The latest round; see `getRoundData`.
    function latestRoundData()
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);
}
