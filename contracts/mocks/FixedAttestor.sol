// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC165} from "@openzeppelin/contracts/utils/introspection/ERC165.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

import {IAttestor} from "../interfaces/IAttestor.sol";
import {Prediction} from "../types/Prediction.sol";

/// @title FixedAttestor
/// @notice Vouches for everything or for nothing, at a level that can be changed behind the registry's back.
contract FixedAttestor is ERC165, IAttestor {
    /// @notice Whether it vouches.
    bool public vouches;
    /// @inheritdoc IAttestor
    uint8 public trustLevel;

    /// @notice Sets both.
    constructor(bool vouches_, uint8 trustLevel_) {
        vouches = vouches_;
        trustLevel = trustLevel_;
    }

    /// @notice Changes the level.
    function setTrustLevel(uint8 trustLevel_) external {
        trustLevel = trustLevel_;
    }

    /// @inheritdoc IAttestor
    function verify(Prediction calldata, bytes calldata) external view returns (bool) {
        return vouches;
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) public view override(ERC165, IERC165) returns (bool) {
        return interfaceId == type(IAttestor).interfaceId || super.supportsInterface(interfaceId);
    }
}
