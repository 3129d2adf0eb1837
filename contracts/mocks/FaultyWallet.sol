// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

/// @title FaultyWallet
/// @notice A smart wallet that answers questions about signatures in every way but the right one.
contract FaultyWallet is IERC1271 {
    /// @notice What it does when asked.
    enum Fault {
        Refuses,
        Reverts,
        SaysNothing,
        SaysOne,
        BurnsGas
    }

    /// @notice Its fault.
    Fault public immutable fault;

    /// @notice It will not say.
    error NoComment();

    /// @notice Fixes the fault.
    constructor(Fault fault_) {
        fault = fault_;
    }

    /// @inheritdoc IERC1271
    function isValidSignature(bytes32, bytes calldata) external view returns (bytes4) {
        if (fault == Fault.Reverts) revert NoComment();
        if (fault == Fault.SaysNothing) {
            // assembly: Solidity always returns what it declares.
            // solhint-disable-next-line no-inline-assembly
            assembly ("memory-safe") {
                return(0, 0)
            }
        }
        if (fault == Fault.BurnsGas) _hashForever();
        return fault == Fault.SaysOne ? bytes4(uint32(1)) : bytes4(0xffffffff);
    }

    function _hashForever() private pure {
        bytes32 word = bytes32(uint256(1));
        while (word != 0) word = keccak256(abi.encode(word));
    }
}
