// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Decision} from "../../../contracts/types/Decision.sol";
import {Model, ModelConfig} from "../../../contracts/types/Model.sol";
import {Prediction} from "../../../contracts/types/Prediction.sol";
import {Request, RequestStatus} from "../../../contracts/types/Request.sol";
import {JointVotes} from "./JointVotes.sol";

/// @title JointHandler
/// @notice Everything that anybody can do about two models whose attestor is now an operator, now a quorum, now a
/// committee of sealed votes, now an anchor log: all of it at once, in any order, by the same few parties.
/// @dev Every action succeeds: what cannot be done now is skipped, so that a run that reverts is a finding.
contract JointHandler is JointVotes {
    address public constant OWNER = address(0x0E);
    bytes32[2] public models = [keccak256("a"), keccak256("b")];

    constructor(Parts memory parts_) JointVotes(parts_) {
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(OWNER);
            parts.oracle.registerModel(models[i], _rules(i, 100), "");
        }
    }

    // What requesters do

    function request(uint256 model, uint256 who, uint32 feeGwei, uint256 wait) external {
        bytes32 modelId = models[model % 2];
        Model memory rules = parts.oracle.modelOf(modelId);
        uint256 latest = block.timestamp + 2 days;
        if (rules.changeAt != 0 && rules.changeAt < latest) latest = rules.changeAt;
        if (rules.paused || latest <= block.timestamp) return;
        address requester = parts.requesters[who % 3];
        uint256 fee = bound(feeGwei, rules.feeGwei, type(uint32).max) * 1 gwei;
        uint40 deadline = uint40(bound(wait, block.timestamp + 1, latest));
        bytes memory input = abi.encode(_entries.length);
        uint24 callbackGas = who % 3 == 2 ? 100_000 : 0;

        vm.deal(requester, requester.balance + fee);
        vm.prank(requester);
        bytes32 id = parts.oracle.requestDecision{value: fee}(modelId, input, callbackGas, deadline);
        paidIn += fee;
        _enter(modelId, id, keccak256(input), _kindOf(rules.attestor), fee);
    }

    function refund(uint256 which, address anyone) external {
        if (_entries.length == 0) return;
        Entry storage entry = _recent(which);
        Request memory asked = parts.oracle.requestOf(entry.modelId, entry.subject);
        if (asked.status != RequestStatus.Open || block.timestamp <= asked.deadline) return;
        vm.prank(anyone);
        parts.oracle.refund(entry.modelId, entry.subject);
    }

    // What operators, members and relayers do

    /// @dev Takes the next step towards an answer, whatever kind of attestor has to give it.
    function answer(uint256 which, uint256 seed, int128 value) public {
        if (_entries.length == 0) return;
        Entry storage entry = _recent(which);
        if (entry.kind == SEALED) _step(entry, seed, value);
        if (!_isOpen(entry)) return;
        Prediction memory said = _said(entry, value);
        if (entry.kind == OPERATOR) {
            vm.prank(parts.operator);
            parts.oracle.makeDecision(said);
            _writeDown(entry);
        } else if (entry.kind == QUORUM) {
            _relay(entry, said, _signed(seed));
        } else if (entry.kind == ANCHORED) {
            _relay(entry, said, _anchored(said));
        } else if (_rounds[entry.subject].outcome.modelId != 0) {
            Prediction memory outcome = _rounds[entry.subject].outcome;
            _relay(entry, outcome, abi.encode(parts.sealed_.currentRound(entry.modelId, entry.subject)));
        }
    }

    /// @dev Most of what happens is this.
    function answerLatest(uint256 seed, int128 value) external {
        answer(0, seed, value);
    }

    /// @dev The operator answers a few in one call, whomever they were asked of: made are its own open ones, once each.
    function answerTogether(uint8[4] calldata dice, int128 value) external {
        if (_entries.length == 0) return;
        Prediction[] memory said = new Prediction[](dice.length);
        bool[] memory want = new bool[](dice.length);
        for (uint256 i = 0; i < dice.length; ++i) {
            Entry storage entry = _recent(dice[i]);
            said[i] = _said(entry, value);
            want[i] = entry.kind == OPERATOR && _isOpen(entry);
            for (uint256 j = 0; j < i; ++j) want[i] = want[i] && said[j].subject != entry.subject;
        }

        vm.prank(parts.operator);
        bool[] memory made = parts.oracle.makeDecisions(said, 500_000);
        for (uint256 i = 0; i < dice.length; ++i) {
            isTrue(made[i] == want[i], want[i] ? "could be made" : "could not be made");
            if (made[i]) _writeDown(_recent(dice[i]));
        }
    }

    /// @dev A request asked of one attestor, and another's word for it: none is taken, nor any twice.
    function answerByAnother(uint256 which, uint256 seed, int128 value) external {
        if (_entries.length == 0) return;
        Entry storage entry = _recent(which);
        Prediction memory said = _said(entry, value);
        bool mayOperate = entry.kind == OPERATOR && _isOpen(entry);
        bool maySign = entry.kind == QUORUM && _isOpen(entry);
        bool mayAnchor = entry.kind == ANCHORED && _isOpen(entry);
        bytes memory batch = _anchored(said);
        if (!mayOperate) {
            vm.prank(parts.operator);
            try parts.oracle.makeDecision(said) {
                revert NotTrue("an operator decided");
            } catch {}
        }
        if (!maySign) _refused(said, _signed(seed));
        if (!mayAnchor) _refused(said, batch);
        if (_rounds[entry.subject].outcome.modelId == 0) _refused(said, abi.encode(0));
    }

    function leak(uint256 which, uint256 member) external {
        if (_entries.length == 0) return;
        _leak(_recent(which), member);
    }

    // What is paid

    function withdraw(uint256 who) external {
        uint256 place = who % 4;
        address account = place < 3 ? parts.requesters[place] : parts.operator;
        uint256 credit = parts.oracle.creditOf(account);
        if (credit == 0) return;
        vm.prank(account);
        parts.oracle.withdraw(_receiver());
        paidOut += credit;
        if (place == 3) got[OPERATOR] += credit;
    }

    function claim(uint256 seed) external {
        uint32 signers = _setOf(seed);
        if (parts.quorum.potOf(signers) >= K) parts.quorum.claim(signers);
    }

    function collect() external {
        uint256 credit = parts.oracle.creditOf(address(parts.log));
        if (credit == 0) return;
        parts.log.collectFees(parts.oracle);
        paidOut += credit;
        got[ANCHORED] += credit;
    }

    function withdrawMember(uint256 member, bool sealed_) external {
        uint256 kind = sealed_ ? SEALED : QUORUM;
        address account = member % 4 == 3 ? REPORTER : parts.members[member % 4];
        uint256 credit = _committee(kind).creditOf(account);
        if (credit == 0) return;
        vm.prank(account);
        _committee(kind).withdraw(_receiver());
        paidOut += credit;
        got[kind] += credit;
    }

    // What owners and the world do

    function propose(uint256 model, uint256 kind, uint32 feeGwei) external {
        vm.prank(OWNER);
        parts.oracle.proposeModelChange(models[model % 2], _rules(kind % 4, feeGwei));
    }

    function applyChange(uint256 model) external {
        uint40 changeAt = parts.oracle.modelOf(models[model % 2]).changeAt;
        if (changeAt == 0) return;
        if (block.timestamp <= changeAt) vm.warp(changeAt + 1);
        parts.oracle.applyModelChange(models[model % 2]);
    }

    function pause(uint256 model, uint256 seldom) external {
        bytes32 modelId = models[model % 2];
        bool paused = parts.oracle.modelOf(modelId).paused;
        if (!paused && seldom % 4 != 0) return;
        vm.prank(OWNER);
        if (paused) parts.oracle.unpauseModel(modelId);
        else parts.oracle.pauseModel(modelId);
    }

    function pass(uint256 time) external {
        vm.warp(block.timestamp + bound(time, 1, 1 hours));
    }

    function force(uint256 kind, uint64 amount) external {
        address target = kind % 4 == OPERATOR ? address(parts.oracle) : _addressOf(kind % 4);
        vm.deal(target, target.balance + amount);
        forced += amount;
    }

    // The books

    function _relay(Entry storage entry, Prediction memory said, bytes memory evidence) private {
        parts.oracle.relayDecision(said, evidence);
        _writeDown(entry);
    }

    function _refused(Prediction memory said, bytes memory evidence) private {
        try parts.oracle.relayDecision(said, evidence) {
            revert NotTrue("another attestor decided, or one twice");
        } catch {}
    }

    function _writeDown(Entry storage entry) private {
        Decision memory made = parts.oracle.decisionOf(entry.modelId, entry.subject);
        equal(made.trustLevel, [1, 2, 3, 1][entry.kind], "the level of whom it was asked of");
        entry.decision = core(made);
        earned[entry.kind] += entry.fee;
    }

    function _said(Entry storage entry, int128 value) private view returns (Prediction memory) {
        return
            Prediction({
                modelId: entry.modelId,
                subject: entry.subject,
                inputHash: entry.inputHash,
                outputHash: keccak256("output"),
                value: value,
                confidence: 1,
                predictedAt: uint40(block.timestamp)
            });
    }

    function _rules(uint256 kind, uint32 feeGwei) private view returns (ModelConfig memory) {
        return ModelConfig({attestor: _addressOf(kind), policy: parts.policy, feeGwei: feeGwei, maxAge: 0});
    }
}
