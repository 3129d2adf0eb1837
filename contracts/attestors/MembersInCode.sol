// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICommittee} from "../interfaces/ICommittee.sol";

/// @title MembersInCode
/// @notice Up to 31 distinct addresses that never change, kept in the contract's own code: finding one costs some 100
/// gas, where a storage slot costs 2,100 and another contract's code 2,600.
/// @dev Solidity has no immutable arrays; hence one immutable for each, and rows of four to find them by.
abstract contract MembersInCode is ICommittee {
    /// @inheritdoc ICommittee
    uint256 public constant MAX_MEMBERS = 31;

    /// @inheritdoc ICommittee
    uint8 public immutable memberCount;

    address private immutable _m0;
    address private immutable _m1;
    address private immutable _m2;
    address private immutable _m3;
    address private immutable _m4;
    address private immutable _m5;
    address private immutable _m6;
    address private immutable _m7;
    address private immutable _m8;
    address private immutable _m9;
    address private immutable _m10;
    address private immutable _m11;
    address private immutable _m12;
    address private immutable _m13;
    address private immutable _m14;
    address private immutable _m15;
    address private immutable _m16;
    address private immutable _m17;
    address private immutable _m18;
    address private immutable _m19;
    address private immutable _m20;
    address private immutable _m21;
    address private immutable _m22;
    address private immutable _m23;
    address private immutable _m24;
    address private immutable _m25;
    address private immutable _m26;
    address private immutable _m27;
    address private immutable _m28;
    address private immutable _m29;
    address private immutable _m30;

    /// @dev Fixes the members.
    constructor(address[] memory list) {
        uint256 count = list.length;
        require(count != 0 && count <= MAX_MEMBERS, MemberCountOutOfRange(count, MAX_MEMBERS));
        for (uint256 i = 0; i < count; ++i) {
            require(list[i] != address(0), MemberZero(i));
            for (uint256 j = 0; j < i; ++j) require(list[i] != list[j], MemberTwice(list[i], j, i));
        }
        memberCount = uint8(count);
        _m0 = _orZero(list, 0);
        _m1 = _orZero(list, 1);
        _m2 = _orZero(list, 2);
        _m3 = _orZero(list, 3);
        _m4 = _orZero(list, 4);
        _m5 = _orZero(list, 5);
        _m6 = _orZero(list, 6);
        _m7 = _orZero(list, 7);
        _m8 = _orZero(list, 8);
        _m9 = _orZero(list, 9);
        _m10 = _orZero(list, 10);
        _m11 = _orZero(list, 11);
        _m12 = _orZero(list, 12);
        _m13 = _orZero(list, 13);
        _m14 = _orZero(list, 14);
        _m15 = _orZero(list, 15);
        _m16 = _orZero(list, 16);
        _m17 = _orZero(list, 17);
        _m18 = _orZero(list, 18);
        _m19 = _orZero(list, 19);
        _m20 = _orZero(list, 20);
        _m21 = _orZero(list, 21);
        _m22 = _orZero(list, 22);
        _m23 = _orZero(list, 23);
        _m24 = _orZero(list, 24);
        _m25 = _orZero(list, 25);
        _m26 = _orZero(list, 26);
        _m27 = _orZero(list, 27);
        _m28 = _orZero(list, 28);
        _m29 = _orZero(list, 29);
        _m30 = _orZero(list, 30);
    }

    /// @inheritdoc ICommittee
    function memberAt(uint256 index) external view returns (address) {
        require(index < memberCount, NoSuchMember(index, memberCount));
        return _memberAt(index);
    }

    /// @inheritdoc ICommittee
    function members() external view returns (address[] memory list) {
        list = new address[](memberCount);
        for (uint256 i = 0; i < list.length; ++i) list[i] = _memberAt(i);
    }

    /// @dev The member with this index, below 32; zero if there is none.
    function _memberAt(uint256 index) internal view returns (address) {
        if (index < 16) {
            if (index < 8) return index < 4 ? _pick(index, _m0, _m1, _m2, _m3) : _pick(index, _m4, _m5, _m6, _m7);
            return index < 12 ? _pick(index, _m8, _m9, _m10, _m11) : _pick(index, _m12, _m13, _m14, _m15);
        }
        if (index < 24) return index < 20 ? _pick(index, _m16, _m17, _m18, _m19) : _pick(index, _m20, _m21, _m22, _m23);
        return index < 28 ? _pick(index, _m24, _m25, _m26, _m27) : _pick(index, _m28, _m29, _m30, address(0));
    }

    function _pick(uint256 index, address a, address b, address c, address d) private pure returns (address) {
        if (index & 2 == 0) return index & 1 == 0 ? a : b;
        return index & 1 == 0 ? c : d;
    }

    function _orZero(address[] memory list, uint256 index) private pure returns (address) {
        return index < list.length ? list[index] : address(0);
    }
}
