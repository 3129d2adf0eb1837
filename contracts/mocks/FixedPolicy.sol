// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC165} from "@openzeppelin/contracts/utils/introspection/ERC165.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

import {IPolicy} from "../interfaces/IPolicy.sol";
import {Prediction} from "../types/Prediction.sol";

/// @title FixedPolicy
/// @notice Gives one verdict whatever the prediction, be it a verdict or not.
contract FixedPolicy is ERC165, IPolicy {
    /// @notice The verdict.
    uint8 public immutable verdict;

    /// @notice Fixes the verdict.
    constructor(uint8 verdict_) {
        verdict = verdict_;
    }

    /// @inheritdoc IPolicy
    function decide(Prediction calldata) external view returns (uint8) {
        return verdict;
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) public view override(ERC165, IERC165) returns (bool) {
        return interfaceId == type(IPolicy).interfaceId || super.supportsInterface(interfaceId);
    }
}
