// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IQuorumAttestor} from "../../../contracts/interfaces/IQuorumAttestor.sol";
import {Stage} from "./Stage.sol";

/// @title CommitteeStage
/// @notice Members with keys, quorum attestors made of them, and evidence as those read it.
abstract contract CommitteeStage is Stage {
    uint256 internal constant ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;

    function keyOf(uint256 index) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode("member", index)));
    }

    function memberOf(uint256 index) internal pure returns (address) {
        return vm.addr(keyOf(index));
    }

    function membersOf(uint256 count) internal pure returns (address[] memory list) {
        list = new address[](count);
        for (uint256 i = 0; i < count; ++i) list[i] = memberOf(i);
    }

    function quorumOf(address[] memory members, uint8 threshold) internal returns (IQuorumAttestor) {
        return
            IQuorumAttestor(
                deploy("contracts/attestors/QuorumAttestor.sol:QuorumAttestor", abi.encode(oracle, members, threshold))
            );
    }

    /// @notice The lowest `count` bits.
    function first(uint256 count) internal pure returns (uint32) {
        return uint32((1 << count) - 1);
    }

    /// @notice A set of exactly `size` of `count` members, chosen by a seed.
    function someOf(uint256 count, uint256 size, uint256 seed) internal pure returns (uint32 set) {
        for (uint256 chosen = 0; chosen < size; ++chosen) {
            seed = uint256(keccak256(abi.encode(seed)));
            uint256 index = seed % count;
            while ((set >> index) & 1 != 0) index = (index + 1) % count;
            set |= uint32(1 << index);
        }
    }

    function sizeOf(uint32 set) internal pure returns (uint256 size) {
        for (; set != 0; set &= set - 1) ++size;
    }

    /// @notice The evidence of members that sign with their keys.
    function signedBy(uint32 signers, bytes32 digest) internal pure returns (bytes memory evidence) {
        evidence = abi.encodePacked(signers, uint32(0));
        for (uint256 i = 0; i < 32; ++i) {
            if ((signers >> i) & 1 != 0) evidence = bytes.concat(evidence, compact(keyOf(i), digest));
        }
    }

    /// @notice EIP-2098: r, and s with the parity of y in its highest bit.
    function compact(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, uint256(s) | (uint256(v - 27) << 255));
    }
}
