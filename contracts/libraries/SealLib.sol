// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Opening, RoundKey} from "../types/SealedVote.sol";

/// @title SealLib
/// @notice Sealed votes: 31 bytes of a salted hash, and the index of the member whose vote it is in the last byte. The
/// hash binds chain, contract, model, subject, round and operator, so a seal is worth nothing anywhere else, nor to
/// anybody else.
library SealLib {
    /// @notice The seal of a member's vote in a round of this contract on this chain.
    function seal(
        Opening calldata opening,
        RoundKey calldata key,
        uint256 member,
        address operator
    ) internal view returns (bytes32) {
        bytes32 hash = keccak256(abi.encode(block.chainid, address(this), key, operator, opening));
        return (hash & ~bytes32(uint256(0xff))) | bytes32(member);
    }

    /// @notice What a round is kept under, and where the chain of its seals begins: keccak256 of its key's encoding.
    function roundId(bytes32 modelId, bytes32 subject, uint256 round) internal pure returns (bytes32 id) {
        // assembly: hashes behind the free memory instead of allocating there.
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let start := mload(0x40)
            mstore(start, modelId)
            mstore(add(start, 0x20), subject)
            mstore(add(start, 0x40), round)
            id := keccak256(start, 0x60)
        }
    }

    /// @notice Whose vote a seal says it is: the member's index.
    function memberOf(bytes32 seal_) internal pure returns (uint256) {
        return uint8(uint256(seal_));
    }

    /// @notice The hash of a chain of seals with one more at its end.
    /// @dev Of 160 bits: two chains with one hash take 2^80 tries, anew for every round.
    function link(uint160 chain, bytes32 seal_) internal pure returns (uint160) {
        bytes32 hash;
        // keccak256(abi.encode(chain, seal_)).
        // assembly: hashes in the scratch space instead of allocating.
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            mstore(0x00, chain)
            mstore(0x20, seal_)
            hash := keccak256(0x00, 0x40)
        }
        return uint160(uint256(hash));
    }
}
