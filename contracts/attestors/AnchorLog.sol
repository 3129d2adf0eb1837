// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC165} from "@openzeppelin/contracts/utils/introspection/ERC165.sol";
import {ERC165Checker} from "@openzeppelin/contracts/utils/introspection/ERC165Checker.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

import {IAnchorLog} from "../interfaces/IAnchorLog.sol";
import {IAttestor} from "../interfaces/IAttestor.sol";
import {IDecisionContract} from "../interfaces/IDecisionContract.sol";
import {BatchLib} from "../libraries/BatchLib.sol";
import {LeafLib} from "../libraries/LeafLib.sol";
import {Batch} from "../types/Batch.sol";
import {Prediction} from "../types/Prediction.sol";

/// @title AnchorLog
/// @notice See `IAnchorLog`.
/// @dev Money: this contract holds none. What it earned is its credit at the decision contract, which pays the payee.
contract AnchorLog is ERC165, IAnchorLog {
    bytes32 private constant LOG_TAG = keccak256("decision-oracle/anchor-log/1");
    uint256 private constant HEAD_LENGTH = 56;
    uint256 private constant NODE_LENGTH = 32;

    /// @inheritdoc IAnchorLog
    address public immutable anchorer;
    /// @inheritdoc IAnchorLog
    address public immutable payee;
    /// @inheritdoc IAttestor
    uint8 public immutable trustLevel;

    bool private immutable _verifies;

    /// @dev By number, in consecutive slots: a mapping would hash for each, 100 gas. There is no other storage.
    bytes32[2 ** 64 - 1] private _batches;

    /// @notice Fixes who anchors and who is paid.
    /// @param anchorer_ See `IAnchorLog.anchorer`. If it is an `IAttestor`, the log has its trust level; otherwise 1.
    /// @param payee_ See `IAnchorLog.payee`.
    constructor(address anchorer_, address payee_) {
        require(anchorer_ != address(0), AnchorerZero());
        require(payee_ != address(0), PayeeZero());
        bool verifies = ERC165Checker.supportsInterface(anchorer_, type(IAttestor).interfaceId);
        anchorer = anchorer_;
        payee = payee_;
        trustLevel = verifies ? IAttestor(anchorer_).trustLevel() : 1;
        _verifies = verifies;
    }

    /// @inheritdoc IAnchorLog
    function anchor(bytes32 lastRoot, bytes32 lastPrevious, uint256 span, bytes32 root) external {
        require(msg.sender == anchorer, NotAnchorer(msg.sender, anchorer));
        (uint64 number, uint32 count, bytes32 batchId) = _after(span, lastRoot, lastPrevious, root);
        _append(number, count, root, batchId);
    }

    /// @inheritdoc IAnchorLog
    function anchorVouched(
        bytes32 lastRoot,
        bytes32 lastPrevious,
        uint256 span,
        bytes32 root,
        uint40 predictedAt,
        bytes calldata evidence
    ) external {
        require(_verifies, AnchorerTakesNoEvidence(anchorer));
        (uint64 number, uint32 count, bytes32 batchId) = _after(span, lastRoot, lastPrevious, root);
        Prediction memory prediction = _asPrediction(batchId, count, root, predictedAt);
        require(IAttestor(anchorer).verify(prediction, evidence), BatchNotVouched(anchorer, batchId));
        _append(number, count, root, batchId);
    }

    /// @inheritdoc IAnchorLog
    function collectFees(IDecisionContract decisionContract) external {
        uint256 amount = decisionContract.creditOf(address(this));
        emit FeesCollected(address(decisionContract), payee, amount);
        decisionContract.withdraw(payable(payee));
    }

    /// @inheritdoc IAttestor
    function verify(Prediction calldata prediction, bytes calldata evidence) external view returns (bool) {
        if (evidence.length < HEAD_LENGTH) return false;
        uint256 head = uint256(bytes32(evidence[:32]));
        uint256 count = uint32(head >> 96);
        uint256 position = uint32(head >> 64);
        if (position >= count) return false;

        uint256 firstIndex = uint64(head >> 128);
        unchecked {
            // 2^64 indices and 2^32 positions; a proof of at most 32 nodes.
            if (evidence.length != HEAD_LENGTH + NODE_LENGTH * LeafLib.proofLength(position, count)) return false;
            bytes32 leaf = LeafLib.leafOf(firstIndex + position, prediction);
            uint64 number = uint64(head >> 192);
            Batch memory batch = Batch({
                number: number,
                firstIndex: uint64(firstIndex),
                count: uint32(count),
                root: LeafLib.rootFrom(leaf, evidence[HEAD_LENGTH:]),
                previous: bytes32(evidence[24:HEAD_LENGTH])
            });
            return _batches[number] == BatchLib.idOf(batch);
        }
    }

    /// @inheritdoc IAnchorLog
    function batchCount() external view returns (uint64 count) {
        // Numbers have no gaps: double a bound until it is beyond the last, then halve the range in between.
        uint64 beyond = 1;
        while (_batches[beyond - 1] != 0) beyond *= 2;
        while (count < beyond) {
            uint64 middle = count + (beyond - count) / 2;
            if (_batches[middle] == 0) beyond = middle;
            else count = middle + 1;
        }
    }

    /// @inheritdoc IAnchorLog
    function batchIdOf(uint64 number) external view returns (bytes32) {
        return _batches[number];
    }

    /// @inheritdoc IAnchorLog
    function idOf(Batch calldata batch) external view returns (bytes32) {
        return BatchLib.idOf(batch);
    }

    /// @inheritdoc IAnchorLog
    function asPrediction(Batch calldata batch, uint40 predictedAt) external view returns (Prediction memory) {
        return _asPrediction(BatchLib.idOf(batch), batch.count, batch.root, predictedAt);
    }

    /// @inheritdoc IAnchorLog
    function leafOf(uint64 index, Prediction calldata prediction) external pure returns (bytes32) {
        return LeafLib.leafOf(index, prediction);
    }

    /// @inheritdoc IAnchorLog
    function logId() public view returns (bytes32) {
        return keccak256(abi.encode(LOG_TAG, block.chainid, address(this)));
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) public view override(ERC165, IERC165) returns (bool) {
        return interfaceId == type(IAttestor).interfaceId || super.supportsInterface(interfaceId);
    }

    function _append(uint64 number, uint32 count, bytes32 root, bytes32 batchId) private {
        require(_batches[number] == 0, BatchExists(number));

        _batches[number] = batchId;
        emit Anchored(number, count, root);
    }

    /// @dev The batch that follows the last one, which must be anchored; that nothing follows it yet `_append` checks.
    function _after(
        uint256 span,
        bytes32 lastRoot,
        bytes32 lastPrevious,
        bytes32 root
    ) private view returns (uint64 number, uint32 count, bytes32 batchId) {
        count = uint32(span >> 64);
        require(count != 0, BatchEmpty());
        uint32 lastCount = uint32(span >> 96);
        // An anchored batch is never empty: no count says that there is none.
        if (lastCount == 0) return (0, count, BatchLib.idOf(Batch(0, 0, count, root, 0)));

        bytes32 lastId;
        (lastId, batchId) = BatchLib.idsOf(span, lastRoot, lastPrevious, root);
        number = uint64(span >> 192);
        require(_batches[number] == lastId, UnknownBatch(number, lastId));
        unchecked {
            // Of an anchored batch all sums fit: no log has 2^64 batches, and this was required of it.
            uint256 firstIndex = uint256(uint64(span >> 128)) + lastCount;
            require(firstIndex + count <= type(uint64).max, LogFull(uint64(firstIndex), count));
            ++number;
        }
    }

    function _asPrediction(
        bytes32 batchId,
        uint32 count,
        bytes32 root,
        uint40 predictedAt
    ) private view returns (Prediction memory) {
        return
            Prediction({
                modelId: logId(),
                subject: batchId,
                inputHash: root,
                outputHash: batchId,
                value: int128(uint128(count)),
                confidence: 0,
                predictedAt: predictedAt
            });
    }
}
