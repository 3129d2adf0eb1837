// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {Prediction} from "../types/Prediction.sol";

/// @title LeafLib
/// @notice Leaves and proofs of anchored predictions, as in `StandardMerkleTree` of `@openzeppelin/merkle-tree` with
/// `sortLeaves: false`: of n leaves, leaf i is node 2n - 2 - i of an array whose node 0 is the root and in which the
/// children of node i are 2i + 1 and 2i + 2. A pair is hashed in ascending order.
/// @dev `tests/vectors/merkle.json`, made by that library, holds Solidity, Python and JavaScript to it.
library LeafLib {
    /// @notice The leaf of a prediction. It is hashed twice, so that no inner node can pass for one.
    /// @param index The prediction's index in its log.
    function leafOf(uint256 index, Prediction calldata prediction) internal pure returns (bytes32) {
        // Eight words, the index in front of the prediction's seven: abi.encode(index, prediction).
        return keccak256(bytes.concat(keccak256(abi.encode(index, prediction))));
    }

    /// @notice How many nodes the proof of a leaf has.
    /// @param position The leaf's, below `count`.
    /// @param count How many leaves there are, below 2^32.
    function proofLength(uint256 position, uint256 count) internal pure returns (uint256) {
        unchecked {
            // position < count < 2^32.
            return Math.log2(2 * count - 1 - position);
        }
    }

    /// @notice Where a proof leads from a leaf.
    /// @param proof Nodes of 32 bytes each, the leaf's sibling first.
    function rootFrom(bytes32 leaf, bytes calldata proof) internal pure returns (bytes32 node) {
        node = leaf;
        // assembly: `Hashes.commutativeKeccak256` on words read where they lie; saves 100 gas a node.
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let end := add(proof.offset, proof.length)
            for {
                let cursor := proof.offset
            } lt(cursor, end) {
                cursor := add(cursor, 0x20)
            } {
                let sibling := calldataload(cursor)
                let low := shl(5, gt(node, sibling))
                mstore(low, node)
                mstore(xor(low, 0x20), sibling)
                node := keccak256(0x00, 0x40)
            }
        }
    }
}
