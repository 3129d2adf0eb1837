// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

import {Prediction} from "../types/Prediction.sol";

/// @title IAttestor
/// @notice What a decision contract trusts for one model: it checks the evidence for a prediction, be it signatures,
/// sealed votes, a Merkle proof, a bond or a zk proof.
/// @dev WARNING: `trustLevel` is the attestor's own word. Look at the attestor of a model before relying on its level.
interface IAttestor is IERC165 {
    /// @notice Whether the evidence vouches for the prediction.
    /// @dev A view, so that the same check serves transactions and gasless reads. What it accepts must bind the chain,
    /// the attestor and every field of the prediction.
    /// @param prediction The claim.
    /// @param evidence Whatever this kind of attestor checks.
    /// @return vouched True if and only if the evidence vouches for exactly this prediction.
    function verify(Prediction calldata prediction, bytes calldata evidence) external view returns (bool vouched);

    /// @notice How strong this kind of trust is.
    /// @return level 1 one signer, 2 quorum, 3 sealed quorum or bond, 4 proven; never 0.
    function trustLevel() external view returns (uint8 level);
}
