// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC165} from "@openzeppelin/contracts/utils/introspection/ERC165.sol";
import {ERC165Checker} from "@openzeppelin/contracts/utils/introspection/ERC165Checker.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

import {IAnchorLog} from "../interfaces/IAnchorLog.sol";
import {IAttestor} from "../interfaces/IAttestor.sol";
import {IDecisionContract} from "../interfaces/IDecisionContract.sol";
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

    mapping(uint64 number => bytes32 batchId) private _batches;

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
    function anchor(Batch calldata last, uint32 count, bytes32 root) external {
        require(msg.sender == anchorer, NotAnchorer(msg.sender, anchorer));
        Batch memory batch = _after(last, count, root);
        _append(batch, _idOf(batch));
    }

    /// @inheritdoc IAnchorLog
    function anchorVouched(
        Batch calldata last,
        uint32 count,
        bytes32 root,
        uint40 predictedAt,
        bytes calldata evidence
    ) external {
        require(_verifies, AnchorerTakesNoEvidence(anchorer));
        Batch memory batch = _after(last, count, root);
        bytes32 batchId = _idOf(batch);
        bool vouched = IAttestor(anchorer).verify(_asPrediction(batch, batchId, predictedAt), evidence);
        require(vouched, BatchNotVouched(anchorer, batchId));
        _append(batch, batchId);
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
            Batch memory batch = Batch({
                number: uint64(head >> 192),
                firstIndex: uint64(firstIndex),
                count: uint32(count),
                root: LeafLib.rootFrom(leaf, evidence[HEAD_LENGTH:]),
                previous: bytes32(evidence[24:HEAD_LENGTH])
            });
            return _batches[batch.number] == _idOf(batch);
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
        return _idOf(batch);
    }

    /// @inheritdoc IAnchorLog
    function asPrediction(Batch calldata batch, uint40 predictedAt) external view returns (Prediction memory) {
        return _asPrediction(batch, _idOf(batch), predictedAt);
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

    function _append(Batch memory batch, bytes32 batchId) private {
        require(_batches[batch.number] == 0, BatchExists(batch.number));

        _batches[batch.number] = batchId;
        emit Anchored(batch.number, batch.firstIndex, batch.count, batch.root);
    }

    /// @dev The batch that follows the last one, which must be anchored; that nothing follows it yet `_append` checks.
    function _after(Batch calldata last, uint32 count, bytes32 root) private view returns (Batch memory batch) {
        require(count != 0, BatchEmpty());
        batch.count = count;
        batch.root = root;
        // An anchored batch is never empty: no count says that there is none.
        if (last.count == 0) return batch;

        bytes32 lastId = _idOf(last);
        require(_batches[last.number] == lastId, UnknownBatch(last.number, lastId));
        batch.number = last.number + 1;
        batch.firstIndex = last.firstIndex + last.count;
        batch.previous = lastId;
    }

    function _asPrediction(
        Batch memory batch,
        bytes32 batchId,
        uint40 predictedAt
    ) private view returns (Prediction memory) {
        return
            Prediction({
                modelId: logId(),
                subject: batchId,
                inputHash: batch.root,
                outputHash: batchId,
                value: int128(uint128(batch.count)),
                confidence: 0,
                predictedAt: predictedAt
            });
    }

    function _idOf(Batch memory batch) private view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), batch));
    }
}
