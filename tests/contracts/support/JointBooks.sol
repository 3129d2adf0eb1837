// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAnchorLog} from "../../../contracts/interfaces/IAnchorLog.sol";
import {ICommittee} from "../../../contracts/interfaces/ICommittee.sol";
import {IDecisionContract} from "../../../contracts/interfaces/IDecisionContract.sol";
import {IQuorumAttestor} from "../../../contracts/interfaces/IQuorumAttestor.sol";
import {ISealedVoteAttestor} from "../../../contracts/interfaces/ISealedVoteAttestor.sol";
import {Batch} from "../../../contracts/types/Batch.sol";
import {CallbackStatus, Decision} from "../../../contracts/types/Decision.sol";
import {Prediction} from "../../../contracts/types/Prediction.sol";
import {RequestStatus} from "../../../contracts/types/Request.sol";
import {Check} from "./Check.sol";

/// @title JointBooks
/// @notice The parties of a joint campaign, and what must hold of them, written down beside the contracts.
abstract contract JointBooks is Check {
    /// @notice What acts and is acted on. Members are wallets that agree to everything.
    struct Parts {
        IDecisionContract oracle;
        IQuorumAttestor quorum;
        ISealedVoteAttestor sealed_;
        IAnchorLog log; // its anchorer is the handler
        address policy;
        address operator;
        address[3] members;
        address[3] requesters; // the last one is called back, and may revert
    }

    /// @notice One request that was ever made, and what must hold of it.
    struct Entry {
        bytes32 modelId;
        bytes32 subject;
        bytes32 inputHash;
        uint256 kind; // of the attestor when it was asked
        uint256 fee;
        bytes32 decision; // hash of the decision without its callback's status; zero while there is none
    }

    uint256 public constant OPERATOR = 0;
    uint256 public constant QUORUM = 1;
    uint256 public constant SEALED = 2;
    uint256 public constant ANCHORED = 3;
    uint256 public constant K = 2;
    address public constant REPORTER = address(0x4E9);

    Parts internal parts;
    /// @notice All ether sent in, fees and bonds, and all that was paid out or forced upon a contract.
    uint256 public paidIn;
    uint256 public paidOut;
    uint256 public forced;
    /// @notice By kind: fees of decisions that it vouched for and bonds sent to it; what was paid to its people.
    uint256[4] public earned;
    uint256[4] public got;
    Entry[] internal _entries;
    Batch private _last;

    constructor(Parts memory parts_) {
        parts = parts_;
        parts.log = IAnchorLog(
            deploy("contracts/attestors/AnchorLog.sol:AnchorLog", abi.encode(address(this), address(0xFEE)))
        );
    }

    function log() external view returns (IAnchorLog) {
        return parts.log;
    }

    function entryCount() external view returns (uint256) {
        return _entries.length;
    }

    function entryAt(uint256 place) external view returns (Entry memory) {
        return _entries[place];
    }

    /// @notice Hash of what of a decision can never change.
    function core(Decision memory decision) public pure returns (bytes32) {
        decision.callback = CallbackStatus.None;
        return keccak256(abi.encode(decision));
    }

    function _enter(bytes32 modelId, bytes32 subject, bytes32 inputHash, uint256 kind, uint256 fee) internal {
        _entries.push(Entry(modelId, subject, inputHash, kind, fee, 0));
    }

    /// @dev Anchors a batch of this prediction alone, and gives the evidence for it.
    function _anchored(Prediction memory said) internal returns (bytes memory) {
        Batch memory batch = Batch(0, 0, 1, 0, 0);
        uint256 span = uint256(1) << 64;
        if (_last.count != 0) {
            batch.number = _last.number + 1;
            batch.firstIndex = _last.firstIndex + 1;
            batch.previous = parts.log.idOf(_last);
            span |= (uint256(_last.number) << 192) | (uint256(_last.firstIndex) << 128) | (uint256(1) << 96);
        }
        batch.root = parts.log.leafOf(batch.firstIndex, said);
        parts.log.anchor(_last.root, _last.previous, span, batch.root);
        _last = batch;
        return abi.encodePacked(batch.number, batch.firstIndex, uint32(1), uint32(0), batch.previous);
    }

    /// @dev One of the last few: the older ones are mostly settled.
    function _recent(uint256 which) internal view returns (Entry storage) {
        uint256 few = _entries.length < 4 ? _entries.length : 4;
        return _entries[_entries.length - 1 - (which % few)];
    }

    function _isOpen(Entry storage entry) internal view returns (bool) {
        return
            parts.oracle.requestOf(entry.modelId, entry.subject).status == RequestStatus.Open &&
            block.timestamp <= parts.oracle.requestOf(entry.modelId, entry.subject).deadline;
    }

    function _kindOf(address attestor) internal view returns (uint256 kind) {
        while (_addressOf(kind) != attestor) ++kind;
    }

    function _addressOf(uint256 kind) internal view returns (address) {
        return [parts.operator, address(parts.quorum), address(parts.sealed_), address(parts.log)][kind];
    }

    function _committee(uint256 kind) internal view returns (ICommittee) {
        return ICommittee(_addressOf(kind));
    }

    /// @dev Evidence of two of the three members, whose wallets sign everything.
    function _signed(uint256 seed) internal pure returns (bytes memory) {
        return abi.encodePacked(_setOf(seed), _setOf(seed), new bytes(2 * K));
    }

    function _setOf(uint256 seed) internal pure returns (uint32) {
        return uint32(7 ^ (1 << (seed % 3)));
    }

    function _receiver() internal pure returns (address payable) {
        return payable(address(0xCA54));
    }
}
