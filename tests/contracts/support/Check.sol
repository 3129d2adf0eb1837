// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Vm} from "./Vm.sol";

/// @title Check
/// @notice The least a test contract needs: the cheatcodes, and assertions that show what they got.
abstract contract Check {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    error NotEqual(string what, uint256 got, uint256 want);
    error NotEqualInt(string what, int256 got, int256 want);
    error NotEqualBytes32(string what, bytes32 got, bytes32 want);
    error NotEqualAddress(string what, address got, address want);
    error NotTrue(string what);

    function equal(uint256 got, uint256 want, string memory what) internal pure {
        require(got == want, NotEqual(what, got, want));
    }

    function equal(int256 got, int256 want, string memory what) internal pure {
        require(got == want, NotEqualInt(what, got, want));
    }

    function equal(bytes32 got, bytes32 want, string memory what) internal pure {
        require(got == want, NotEqualBytes32(what, got, want));
    }

    function equal(address got, address want, string memory what) internal pure {
        require(got == want, NotEqualAddress(what, got, want));
    }

    function isTrue(bool condition, string memory what) internal pure {
        require(condition, NotTrue(what));
    }

    /// @notice Folds any number into a range, both ends included.
    function bound(uint256 value, uint256 low, uint256 high) internal pure returns (uint256) {
        uint256 span = high - low;
        return span == type(uint256).max ? value : low + (value % (span + 1));
    }

    /// @notice Deploys a contract's own artifact, as it is shipped.
    function deploy(string memory artifact, bytes memory arguments, uint256 value) internal returns (address made) {
        bytes memory code = bytes.concat(vm.getCode(artifact), arguments);
        assembly ("memory-safe") {
            made := create(value, add(code, 0x20), mload(code))
        }
        require(made != address(0), NotTrue(artifact));
    }

    function deploy(string memory artifact, bytes memory arguments) internal returns (address) {
        return deploy(artifact, arguments, 0);
    }
}
