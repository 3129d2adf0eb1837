// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Batch} from "../types/Batch.sol";

/// @title BatchLib
/// @notice The id of a batch in this log on this chain: keccak256(abi.encode(block.chainid, address(this), batch)).
library BatchLib {
    /// @notice The id of the last batch, and of the one that follows it; `span` as in `IAnchorLog.anchor`.
    /// @dev A sum beyond 2^64 gives an id that no batch has.
    function idsOf(
        uint256 span,
        bytes32 lastRoot,
        bytes32 lastPrevious,
        bytes32 root
    ) internal view returns (bytes32 lastId, bytes32 id) {
        // assembly: as `idOf` of both, in one piece of memory; saves 1,000 gas against two structs.
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let lastNumber := shr(192, span)
            let lastFirst := and(shr(128, span), 0xffffffffffffffff)
            let lastCount := and(shr(96, span), 0xffffffff)
            let words := mload(0x40)
            mstore(words, chainid())
            mstore(add(words, 0x20), address())
            mstore(add(words, 0x40), lastNumber)
            mstore(add(words, 0x60), lastFirst)
            mstore(add(words, 0x80), lastCount)
            mstore(add(words, 0xa0), lastRoot)
            mstore(add(words, 0xc0), lastPrevious)
            lastId := keccak256(words, 0xe0)
            mstore(add(words, 0x40), add(lastNumber, 1))
            mstore(add(words, 0x60), add(lastFirst, lastCount))
            mstore(add(words, 0x80), and(shr(64, span), 0xffffffff))
            mstore(add(words, 0xa0), root)
            mstore(add(words, 0xc0), lastId)
            id := keccak256(words, 0xe0)
        }
    }

    /// @notice The id of a batch.
    function idOf(Batch memory batch) internal view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), batch));
    }
}
