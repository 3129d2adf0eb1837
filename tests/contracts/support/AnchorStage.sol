// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAnchorLog} from "../../../contracts/interfaces/IAnchorLog.sol";
import {Batch} from "../../../contracts/types/Batch.sol";
import {Prediction} from "../../../contracts/types/Prediction.sol";
import {CommitteeStage} from "./CommitteeStage.sol";

/// @title AnchorStage
/// @notice Anchor logs, and trees written out plainly: all nodes, as `@openzeppelin/merkle-tree` lays them out.
abstract contract AnchorStage is CommitteeStage {
    function about(uint256 place) internal view virtual returns (Prediction memory);

    function anchorLog(address anchorer, address payee) internal returns (IAnchorLog) {
        return IAnchorLog(deploy("contracts/attestors/AnchorLog.sol:AnchorLog", abi.encode(anchorer, payee)));
    }

    /// @notice Appends as the operator, and gives the new batch.
    function append(
        IAnchorLog log,
        Batch memory last,
        uint32 count,
        bytes32 root
    ) internal returns (Batch memory batch) {
        batch = following(log, last, count, root);
        vm.prank(operator);
        log.anchor(last.root, last.previous, spanOf(last, count), root);
    }

    function following(
        IAnchorLog log,
        Batch memory last,
        uint32 count,
        bytes32 root
    ) internal view returns (Batch memory batch) {
        batch.count = count;
        batch.root = root;
        if (last.count == 0) return batch;
        batch.number = last.number + 1;
        batch.firstIndex = last.firstIndex + last.count;
        batch.previous = log.idOf(last);
    }

    function leavesOf(IAnchorLog log, uint64 first, uint256 count) internal view returns (bytes32[] memory leaves) {
        leaves = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) leaves[i] = log.leafOf(first + uint64(i), about(i));
    }

    function none() internal pure returns (Batch memory batch) {}

    function spanOf(Batch memory last, uint32 count) internal pure returns (uint256) {
        return
            (uint256(last.number) << 192) |
            (uint256(last.firstIndex) << 128) |
            (uint256(last.count) << 96) |
            (uint256(count) << 64);
    }

    function rootOf(bytes32[] memory leaves) internal pure returns (bytes32) {
        return treeOf(leaves)[0];
    }

    function evidenceOf(
        Batch memory batch,
        uint256 place,
        bytes32[] memory leaves
    ) internal pure returns (bytes memory evidence) {
        evidence = abi.encodePacked(batch.number, batch.firstIndex, batch.count, uint32(place), batch.previous);
        bytes32[] memory nodes = treeOf(leaves);
        for (uint256 node = 2 * leaves.length - 2 - place; node != 0; node = (node - 1) / 2) {
            evidence = bytes.concat(evidence, nodes[node % 2 == 0 ? node - 1 : node + 1]);
        }
    }

    function treeOf(bytes32[] memory leaves) private pure returns (bytes32[] memory nodes) {
        uint256 count = leaves.length;
        nodes = new bytes32[](2 * count - 1);
        for (uint256 i = 0; i < count; ++i) nodes[2 * count - 2 - i] = leaves[i];
        for (uint256 i = count - 1; i != 0; --i) {
            (bytes32 a, bytes32 b) = (nodes[2 * i - 1], nodes[2 * i]);
            nodes[i - 1] = a < b ? keccak256(abi.encode(a, b)) : keccak256(abi.encode(b, a));
        }
    }
}
