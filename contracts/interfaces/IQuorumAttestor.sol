// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Prediction} from "../types/Prediction.sol";
import {ICommittee} from "./ICommittee.sol";

/// @title IQuorumAttestor
/// @notice Vouches for a prediction that exactly k of n members signed, gathered off chain and sent in one transaction.
/// What a member signs is the EIP-712 hash of the `Prediction` in the domain (name "Decision Oracle", version "1",
/// chain id, this contract).
/// @dev Evidence, tightly packed:
///     bytes4  signers   bit i, of value 2^i, says that member i signed; exactly k bits
///     bytes4  wallets   which of the signers are contracts that sign by EIP-1271
///     for each signer, the lowest index first
///         a key     64 bytes, r and vs: EIP-2098's compact signature, s in the lower half of the order
///         a wallet  2 bytes, the length of the signature; and the signature, whatever the wallet takes
/// There is one such encoding of a set of signatures: missing, surplus or trailing bytes are refused.
interface IQuorumAttestor is ICommittee {
    /// @notice A fee was put into the pot of those who signed.
    event FeeShared(bytes32 indexed modelId, bytes32 indexed subject, uint32 indexed signers, uint256 amount);
    /// @notice A pot was split: each signer was credited `share`, in wei.
    event PotSplit(uint32 indexed signers, uint256 share);

    /// @notice The pot of these signers holds too little to split.
    error PotEmpty(uint32 signers, uint256 pot);

    /// @notice Splits the pot of a set of signers equally among them; what cannot be split stays in the pot. Anyone
    /// may call.
    /// @param signers The set, as in the evidence.
    function claim(uint32 signers) external;

    /// @notice What those who signed together have earned and not yet split.
    /// @param signers The set, as in the evidence.
    /// @return pot The amount in wei.
    function potOf(uint32 signers) external view returns (uint256 pot);

    /// @notice What a member signs.
    /// @param prediction The prediction.
    /// @return digest The EIP-712 hash.
    function digestOf(Prediction calldata prediction) external view returns (bytes32 digest);
}
