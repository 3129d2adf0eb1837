// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title OpenFallback
/// @notice Answers 1 to every call but ERC-165's, as a careless wallet or proxy might: it never said it is an
/// attestor.
contract OpenFallback {
    /// @notice Answers 1.
    fallback(bytes calldata message) external returns (bytes memory) {
        return abi.encode(bytes4(message) != 0x01ffc9a7);
    }
}
