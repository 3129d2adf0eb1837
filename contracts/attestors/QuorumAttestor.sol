// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

import {IAttestor} from "../interfaces/IAttestor.sol";
import {IDecisionContract} from "../interfaces/IDecisionContract.sol";
import {IFeeSharer} from "../interfaces/IFeeSharer.sol";
import {IQuorumAttestor} from "../interfaces/IQuorumAttestor.sol";
import {MemberSet} from "../libraries/MemberSet.sol";
import {PredictionLib} from "../libraries/PredictionLib.sol";
import {Prediction} from "../types/Prediction.sol";
import {Committee} from "./Committee.sol";

/// @title QuorumAttestor
/// @notice See `IQuorumAttestor`.
/// @dev Money: each fee, whatever k, is one write to the pot of those who signed; it is divided when somebody claims.
/// Pots and credits together are what this contract holds and what it can still withdraw from the decision contract.
contract QuorumAttestor is Committee, EIP712, IQuorumAttestor {
    using MemberSet for uint32;
    using PredictionLib for Prediction;

    uint256 private constant HEAD_LENGTH = 8;
    uint256 private constant KEY_SIGNATURE_LENGTH = 64;

    mapping(uint32 signers => uint256 pot) private _pots;

    /// @notice Fixes all terms.
    /// @param decisionContract_ See `ICommittee.decisionContract`.
    /// @param members_ See `ICommittee.members`; up to 31 distinct addresses.
    /// @param threshold_ See `ICommittee.threshold`.
    constructor(
        IDecisionContract decisionContract_,
        address[] memory members_,
        uint8 threshold_
    ) Committee(decisionContract_, members_, threshold_) EIP712("Decision Oracle", "1") {}

    /// @inheritdoc IFeeSharer
    function shareFee(
        Prediction calldata prediction,
        bytes calldata evidence,
        uint256 amount
    ) external onlyDecisionContract {
        (uint32 signers, ) = _headOf(evidence);
        _pots[signers] += amount;
        emit FeeShared(prediction.modelId, prediction.subject, signers, amount);
    }

    /// @inheritdoc IQuorumAttestor
    function claim(uint32 signers) external {
        uint256 pot = _pots[signers];
        uint256 share = pot / threshold;
        require(share != 0, PotEmpty(signers, pot));

        _pots[signers] = pot % threshold;
        _creditEach(signers, share);
        emit PotSplit(signers, share);

        _collect();
    }

    /// @inheritdoc IAttestor
    function verify(Prediction calldata prediction, bytes calldata evidence) external view returns (bool) {
        if (evidence.length < HEAD_LENGTH) return false;
        (uint32 signers, uint32 wallets) = _headOf(evidence);
        if (signers >> memberCount != 0 || wallets & ~signers != 0 || signers.count() != threshold) return false;

        bytes32 digest = digestOf(prediction);
        uint256 offset = HEAD_LENGTH;
        unchecked {
            // At most 31 members with at most 65,537 bytes each.
            for (uint256 index = 0; signers >> index != 0; ++index) {
                if (!signers.has(index)) continue;
                uint256 next =
                    wallets.has(index)
                        ? _afterWallet(digest, _memberAt(index), evidence, offset)
                        : _afterKey(digest, _memberAt(index), evidence, offset);
                if (next == 0) return false;
                offset = next;
            }
        }
        return offset == evidence.length;
    }

    /// @inheritdoc IQuorumAttestor
    function potOf(uint32 signers) external view returns (uint256) {
        return _pots[signers];
    }

    /// @inheritdoc IAttestor
    function trustLevel() external pure returns (uint8) {
        return 2;
    }

    /// @inheritdoc IQuorumAttestor
    function digestOf(Prediction calldata prediction) public view returns (bytes32) {
        return _hashTypedDataV4(prediction.structHash());
    }

    /// @dev Where the evidence goes on after a wallet's signature; 0 if that is not what the wallet takes.
    function _afterWallet(
        bytes32 digest,
        address member,
        bytes calldata evidence,
        uint256 offset
    ) private view returns (uint256) {
        uint256 start = offset + 2;
        if (start > evidence.length) return 0;
        uint256 end = start + uint16(bytes2(evidence[offset:start]));
        if (end > evidence.length) return 0;
        bool valid = SignatureChecker.isValidERC1271SignatureNowCalldata(member, digest, evidence[start:end]);
        return valid ? end : 0;
    }

    /// @dev Where the evidence goes on after a key's signature; 0 if that is not the member's.
    function _afterKey(
        bytes32 digest,
        address member,
        bytes calldata evidence,
        uint256 offset
    ) private pure returns (uint256) {
        // A signature that is cut off reads on into what follows the evidence; `verify` compares the lengths at last.
        (address signer, ECDSA.RecoverError fault, ) = ECDSA.tryRecover(
            digest,
            _wordAt(evidence, offset),
            _wordAt(evidence, offset + 32)
        );
        bool valid = fault == ECDSA.RecoverError.NoError && signer == member;
        return valid ? offset + KEY_SIGNATURE_LENGTH : 0;
    }

    function _headOf(bytes calldata evidence) private pure returns (uint32 signers, uint32 wallets) {
        return (uint32(bytes4(evidence[:4])), uint32(bytes4(evidence[4:8])));
    }

    function _wordAt(bytes calldata evidence, uint256 offset) private pure returns (bytes32 word) {
        // assembly: a slice checks its bounds, which `verify` does once for all signatures; saves 300 gas a signature.
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            word := calldataload(add(evidence.offset, offset))
        }
    }
}
