// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC165} from "@openzeppelin/contracts/utils/introspection/ERC165.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

import {IPolicy} from "../interfaces/IPolicy.sol";
import {Verdicts} from "../libraries/Verdicts.sol";
import {Prediction} from "../types/Prediction.sol";

/// @title ThresholdPolicy
/// @notice Cuts a score in two: at or above the threshold, and below it. A band around the threshold, and predictions
/// below a least confidence, go to a person.
contract ThresholdPolicy is ERC165, IPolicy {
    /// @notice The least confidence in parts per million; 0 asks for none. A confidence not stated is below any other.
    uint32 public immutable minConfidence;
    /// @notice Whether high values are accepted and low ones rejected, or the other way round.
    bool public immutable acceptAtOrAbove;
    /// @notice From this value on, a value is high: threshold + band.
    int256 public immutable highFrom;
    /// @notice Below this value, a value is low: threshold - band.
    int256 public immutable lowBelow;

    /// @notice Fixes the terms.
    /// @param threshold The cut, in the units of the prediction's value.
    /// @param band Values from threshold - band up to, but not including, threshold + band are reviewed; 0 for none.
    /// @param acceptAtOrAbove_ See `acceptAtOrAbove`.
    /// @param minConfidence_ See `minConfidence`.
    constructor(int128 threshold, uint128 band, bool acceptAtOrAbove_, uint32 minConfidence_) {
        minConfidence = minConfidence_;
        acceptAtOrAbove = acceptAtOrAbove_;
        highFrom = int256(threshold) + int256(uint256(band));
        lowBelow = int256(threshold) - int256(uint256(band));
    }

    /// @inheritdoc IPolicy
    function decide(Prediction calldata prediction) external view returns (uint8) {
        if (prediction.confidence < minConfidence) return Verdicts.REVIEW;
        if (prediction.value >= highFrom) return acceptAtOrAbove ? Verdicts.ACCEPT : Verdicts.REJECT;
        if (prediction.value < lowBelow) return acceptAtOrAbove ? Verdicts.REJECT : Verdicts.ACCEPT;
        return Verdicts.REVIEW;
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) public view override(ERC165, IERC165) returns (bool) {
        return interfaceId == type(IPolicy).interfaceId || super.supportsInterface(interfaceId);
    }
}
