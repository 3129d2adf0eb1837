// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {ERC165} from "@openzeppelin/contracts/utils/introspection/ERC165.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

import {IAttestor} from "../interfaces/IAttestor.sol";
import {IDecisionContract} from "../interfaces/IDecisionContract.sol";
import {PredictionLib} from "../libraries/PredictionLib.sol";
import {Prediction} from "../types/Prediction.sol";

/// @title The smallest attestor: one signature over one prediction
/// @notice The evidence is the signer's EIP-712 signature, or what the signer's EIP-1271 contract takes for one.
/// @dev The domain binds the chain and this attestor, the struct every field of the prediction.
contract SignedAttestor is IAttestor, ERC165, EIP712, Ownable {
    using PredictionLib for Prediction;

    /// @notice Whose signature vouches.
    address public immutable signer;

    /// @notice Fixes the signer.
    /// @param signer_ See `signer`.
    /// @param owner_ Who may claim the fees.
    constructor(address signer_, address owner_) EIP712("Decision Oracle", "1") Ownable(owner_) {
        signer = signer_;
    }

    /// @notice Pays out the fees that this attestor earned.
    function claim(IDecisionContract decisionContract, address payable to) external onlyOwner {
        decisionContract.withdraw(to);
    }

    /// @inheritdoc IAttestor
    function verify(Prediction calldata prediction, bytes calldata evidence) external view returns (bool) {
        return SignatureChecker.isValidSignatureNowCalldata(signer, digestOf(prediction), evidence);
    }

    /// @inheritdoc IAttestor
    function trustLevel() external pure returns (uint8) {
        return 1;
    }

    /// @notice What the signer signs.
    function digestOf(Prediction calldata prediction) public view returns (bytes32) {
        return _hashTypedDataV4(prediction.structHash());
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) public view override(ERC165, IERC165) returns (bool) {
        return interfaceId == type(IAttestor).interfaceId || super.supportsInterface(interfaceId);
    }
}
