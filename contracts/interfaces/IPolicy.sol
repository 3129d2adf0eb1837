// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

import {Prediction} from "../types/Prediction.sol";

/// @title IPolicy
/// @notice The rule that turns a prediction into a verdict. A policy's constants are fixed at deployment; another rule
/// is another policy, behind the registry's delay.
interface IPolicy is IERC165 {
    /// @notice The verdict on a prediction.
    /// @dev A revert refuses the prediction. Anything but REJECT, ACCEPT or REVIEW is refused by the decision
    /// contract.
    /// @param prediction The prediction to judge.
    /// @return verdict One of `Verdicts`, never `Verdicts.NONE`.
    function decide(Prediction calldata prediction) external view returns (uint8 verdict);
}
