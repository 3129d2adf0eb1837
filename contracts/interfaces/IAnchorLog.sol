// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Batch} from "../types/Batch.sol";
import {Prediction} from "../types/Prediction.sol";
import {IAttestor} from "./IAttestor.sol";
import {IDecisionContract} from "./IDecisionContract.sol";

/// @title IAnchorLog
/// @notice An append-only log of predictions, anchored batch by batch: one Merkle root for any number of them. Every
/// prediction has an index, counted from 0 over the whole log without gaps, so who shows one shows how many there are.
/// Any one of them is vouched for by the path from its leaf to the root of its batch.
/// @dev One word is stored for each batch, its id: keccak256(abi.encode(block.chainid, address(this), batch)). It binds
/// the chain, this contract and the whole header, and through `previous` every batch before it.
///
/// Evidence, tightly packed:
///     uint64  number      of the batch
///     uint64  firstIndex  of the batch
///     uint32  count       of the batch
///     uint32  position    of the prediction in the batch: its index less `firstIndex`
///     bytes32 previous    of the batch
///     bytes32[]           the proof, the leaf's sibling first; position and count fix its length
/// The root is where the proof leads. There is one such encoding for a prediction in a batch: missing, surplus or
/// trailing bytes are refused. The leaf is keccak256(keccak256(abi.encode(index, prediction))).
///
/// WARNING: the log says what was anchored, not that a batch holds what its leaves are said to hold: that the same
/// index is not in two leaves, or a leaf unknown to all, is seen by whoever has the leaves (docs/anchoring.md).
interface IAnchorLog is IAttestor {
    /// @notice A batch was appended. Its `firstIndex` is the sum of all counts before it, and its `previous` the id of
    /// the batch before.
    event Anchored(uint64 indexed number, uint32 count, bytes32 root);
    /// @notice Fees of this log were paid out by a decision contract, in wei.
    event FeesCollected(address indexed decisionContract, address indexed payee, uint256 amount);

    /// @notice Who anchors is the zero address.
    error AnchorerZero();
    /// @notice Who is paid is the zero address.
    error PayeeZero();
    /// @notice Only the anchorer may anchor, by its own transaction.
    error NotAnchorer(address caller, address anchorer);
    /// @notice The anchorer is no contract that checks evidence: it anchors by its own transaction.
    error AnchorerTakesNoEvidence(address anchorer);
    /// @notice The anchorer did not vouch for this batch.
    error BatchNotVouched(address anchorer, bytes32 batchId);
    /// @notice A batch has at least one prediction.
    error BatchEmpty();
    /// @notice The log has no batch of this number with this id.
    error UnknownBatch(uint64 number, bytes32 batchId);
    /// @notice The log has a batch of this number already: it never changes.
    error BatchExists(uint64 number);
    /// @notice The log would have more than 2^64 - 1 predictions.
    error LogFull(uint64 firstIndex, uint32 count);

    /// @notice Appends a batch, by the transaction of the anchorer.
    /// @dev Together with the next function the only way to write. Nothing is ever overwritten. The numbers are packed,
    /// since calldata is a part of what a batch costs, and ordered so that the selector is among the first, which saves
    /// 200 gas:
    ///     span = last.number << 192 | last.firstIndex << 128 | last.count << 96 | count << 64
    /// where `last` is the log's last batch as it was anchored, and all of it 0 if the log is empty.
    /// @param lastRoot `last.root`.
    /// @param lastPrevious `last.previous`.
    /// @param span The numbers of the last batch, and how many predictions the new batch has.
    /// @param root Of the tree of the new batch's leaves.
    function anchor(bytes32 lastRoot, bytes32 lastPrevious, uint256 span, bytes32 root) external;

    /// @notice Appends a batch for which the anchorer, an `IAttestor`, vouches as for a prediction: see `asPrediction`.
    /// Anyone may relay.
    /// @param lastRoot As for `anchor`.
    /// @param lastPrevious As for `anchor`.
    /// @param span As for `anchor`.
    /// @param root As for `anchor`.
    /// @param predictedAt The time in that prediction.
    /// @param evidence What the anchorer checks.
    function anchorVouched(
        bytes32 lastRoot,
        bytes32 lastPrevious,
        uint256 span,
        bytes32 root,
        uint40 predictedAt,
        bytes calldata evidence
    ) external;

    /// @notice Has a decision contract pay what it owes this log to the payee. Anyone may call; the money never is in
    /// this contract.
    /// @param decisionContract Where fees were earned.
    function collectFees(IDecisionContract decisionContract) external;

    /// @notice Who anchors: an address, by its transactions, or an `IAttestor`, by its evidence. Never changes.
    /// @return account Its address.
    function anchorer() external view returns (address account);

    /// @notice Who receives the fees. Never changes.
    /// @return account Its address.
    function payee() external view returns (address account);

    /// @notice What stands for this log where a model's id would, in a batch as a prediction.
    /// @return id keccak256(abi.encode(keccak256("decision-oracle/anchor-log/1"), block.chainid, address(this))).
    function logId() external view returns (bytes32 id);

    /// @notice How many batches there are: the number of the next one.
    /// @dev A search in the numbers, for reads off chain.
    /// @return count The number.
    function batchCount() external view returns (uint64 count);

    /// @notice The id of an anchored batch.
    /// @param number Its number.
    /// @return batchId The id; 0 if there is no such batch.
    function batchIdOf(uint64 number) external view returns (bytes32 batchId);

    /// @notice The id that a batch has here, anchored or not.
    /// @param batch The batch.
    /// @return batchId The id.
    function idOf(Batch calldata batch) external view returns (bytes32 batchId);

    /// @notice The batch as the prediction that an attestor vouches for: modelId the `logId`, subject and outputHash
    /// the batch's id, inputHash its root, value its count, confidence 0.
    /// @param batch The batch.
    /// @param predictedAt The prediction's time.
    /// @return prediction The prediction.
    function asPrediction(
        Batch calldata batch,
        uint40 predictedAt
    ) external view returns (Prediction memory prediction);

    /// @notice The leaf of a prediction.
    /// @param index The prediction's index in the log.
    /// @param prediction The prediction.
    /// @return leaf The leaf.
    function leafOf(uint64 index, Prediction calldata prediction) external pure returns (bytes32 leaf);
}
