// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Prediction} from "../types/Prediction.sol";

/// @title IFeeSharer
/// @notice An attestor that wants to know for which answer it was paid, so as to pass the fee on to those who vouched.
/// Optional: an attestor says by ERC-165 that it is one, and is credited its fees either way.
interface IFeeSharer {
    /// @notice A fee was credited to this attestor at the decision contract, for a decision it has just vouched for.
    /// @dev Called by `IDecisionContract.relayDecision` when the fee is not zero, after `IAttestor.verify` took this
    /// evidence and the decision was stored. A revert undoes the decision.
    /// @param prediction The prediction that was decided on.
    /// @param evidence The evidence that `IAttestor.verify` took for it.
    /// @param amount The fee in wei, which the attestor can withdraw from the decision contract.
    function shareFee(Prediction calldata prediction, bytes calldata evidence, uint256 amount) external;
}
