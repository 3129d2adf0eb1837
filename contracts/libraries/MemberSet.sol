// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title MemberSet
/// @notice Sets of up to 32 members as bitmaps: bit i, of value 2^i, stands for the member with index i.
library MemberSet {
    /// @notice How many members a set has.
    /// @dev Counts bits in pairs, nibbles and bytes; the product adds the four bytes up in its highest one.
    function count(uint32 set) internal pure returns (uint256 total) {
        unchecked {
            // No step leaves its field, as each holds at most its own width in bits.
            uint256 bits = set;
            bits = bits - ((bits >> 1) & 0x55555555);
            bits = (bits & 0x33333333) + ((bits >> 2) & 0x33333333);
            bits = (bits + (bits >> 4)) & 0x0f0f0f0f;
            return ((bits * 0x01010101) >> 24) & 0xff;
        }
    }

    /// @notice Whether a member is in a set.
    function has(uint32 set, uint256 index) internal pure returns (bool) {
        return (set >> index) & 1 != 0;
    }
}
