// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAnchorLog} from "../../../contracts/interfaces/IAnchorLog.sol";
import {IDecisionContract} from "../../../contracts/interfaces/IDecisionContract.sol";
import {Batch} from "../../../contracts/types/Batch.sol";
import {Prediction} from "../../../contracts/types/Prediction.sol";
import {Check} from "./Check.sol";

/// @title AnchorHandler
/// @notice Anchors, tries to rewrite, asks, relays and collects, and keeps a second set of books.
contract AnchorHandler is Check {
    bytes32 public constant MODEL = keccak256("anchored model");

    IDecisionContract private immutable _oracle;
    uint256 public fees;

    IAnchorLog public immutable log;
    Batch[] private _batches;

    constructor(IDecisionContract oracle, address payee) {
        _oracle = oracle;
        log = IAnchorLog(deploy("contracts/attestors/AnchorLog.sol:AnchorLog", abi.encode(address(this), payee)));
    }

    function anchor(uint32 count, bytes32 root) external {
        count = uint32(bound(count, 1, type(uint32).max));
        _append(count, root);
    }

    /// @notice Appends after any batch but the last one, which must never go through.
    function overwrite(uint256 which, uint32 count, bytes32 root) external {
        if (_batches.length == 0) return;
        which = bound(which, 0, _batches.length - 1);
        Batch memory from;
        if (which != 0) from = _batches[which - 1];
        uint256 span = _span(from, uint32(bound(count, 1, type(uint32).max)));
        try log.anchor(from.root, from.previous, span, root) {
            revert NotTrue("a batch was written again");
        } catch {}
    }

    /// @notice A request that is answered with an anchored prediction.
    function decide(uint16 gwei_, bytes32 salt) external {
        bytes memory input = abi.encode(salt);
        uint256 fee = uint256(gwei_) * 1 gwei;
        vm.deal(address(this), fee);
        bytes32 id = _oracle.requestDecision{value: fee}(MODEL, input, 0, uint40(block.timestamp + 1 hours));
        Prediction memory p = Prediction({
            modelId: MODEL,
            subject: id,
            inputHash: keccak256(input),
            outputHash: salt,
            value: 1,
            confidence: 0,
            predictedAt: uint40(block.timestamp)
        });
        uint64 index = _batches.length == 0 ? 0 : _end();
        Batch memory batch = _append(1, log.leafOf(index, p));
        _oracle.relayDecision(
            p,
            abi.encodePacked(batch.number, batch.firstIndex, batch.count, uint32(0), batch.previous)
        );
        fees += fee;
    }

    function collect() external {
        if (_oracle.creditOf(address(log)) != 0) log.collectFees(_oracle);
    }

    function anchored() external view returns (Batch[] memory) {
        return _batches;
    }

    function _append(uint32 count, bytes32 root) private returns (Batch memory batch) {
        Batch memory last;
        if (_batches.length != 0) {
            last = _batches[_batches.length - 1];
            batch.number = last.number + 1;
            batch.firstIndex = _end();
            batch.previous = log.idOf(last);
        }
        batch.count = count;
        batch.root = root;
        log.anchor(last.root, last.previous, _span(last, count), root);
        _batches.push(batch);
    }

    function _end() private view returns (uint64) {
        Batch memory last = _batches[_batches.length - 1];
        return last.firstIndex + last.count;
    }

    function _span(Batch memory last, uint32 count) private pure returns (uint256) {
        return
            (uint256(last.number) << 192) |
            (uint256(last.firstIndex) << 128) |
            (uint256(last.count) << 96) |
            (uint256(count) << 64);
    }
}
