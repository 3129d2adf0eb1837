// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC165} from "@openzeppelin/contracts/utils/introspection/ERC165.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

import {IPolicy} from "../interfaces/IPolicy.sol";
import {Verdicts} from "../libraries/Verdicts.sol";
import {Prediction} from "../types/Prediction.sol";

/// @title ClassPolicy
/// @notice Gives each label of a classifier its verdict. Predictions below a least confidence go to a person.
contract ClassPolicy is ERC165, IPolicy {
    /// @notice Byte i is the verdict on label i.
    bytes32 public immutable verdictByLabel;
    /// @notice How many labels there are.
    uint8 public immutable labelCount;
    /// @notice The least confidence in parts per million; 0 asks for none. A confidence not stated is below any other.
    uint32 public immutable minConfidence;

    /// @notice A policy has 1 to 32 labels.
    error LabelCountOutOfRange(uint8 labelCount);
    /// @notice A label has no verdict, or there is a verdict without a label.
    error LabelVerdictUnknown(uint256 label, uint8 verdict);
    /// @notice The prediction's value is no label.
    error UnknownLabel(int128 value, uint8 labelCount);

    /// @notice Fixes the terms.
    /// @param verdictByLabel_ See `verdictByLabel`; bytes beyond the labels are zero.
    /// @param labelCount_ See `labelCount`.
    /// @param minConfidence_ See `minConfidence`.
    constructor(bytes32 verdictByLabel_, uint8 labelCount_, uint32 minConfidence_) {
        require(labelCount_ != 0 && labelCount_ <= 32, LabelCountOutOfRange(labelCount_));
        for (uint256 label = 0; label < 32; ++label) {
            uint8 verdict = uint8(verdictByLabel_[label]);
            bool known = label < labelCount_ ? Verdicts.isVerdict(verdict) : verdict == Verdicts.NONE;
            require(known, LabelVerdictUnknown(label, verdict));
        }
        verdictByLabel = verdictByLabel_;
        labelCount = labelCount_;
        minConfidence = minConfidence_;
    }

    /// @inheritdoc IPolicy
    function decide(Prediction calldata prediction) external view returns (uint8) {
        int128 value = prediction.value;
        require(value >= 0 && value < int128(uint128(labelCount)), UnknownLabel(value, labelCount));
        if (prediction.confidence < minConfidence) return Verdicts.REVIEW;
        return uint8(verdictByLabel[uint128(value)]);
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) public view override(ERC165, IERC165) returns (bool) {
        return interfaceId == type(IPolicy).interfaceId || super.supportsInterface(interfaceId);
    }
}
