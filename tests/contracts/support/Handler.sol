// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDecisionContract} from "../../../contracts/interfaces/IDecisionContract.sol";
import {Decision} from "../../../contracts/types/Decision.sol";
import {Model, ModelConfig} from "../../../contracts/types/Model.sol";
import {Prediction} from "../../../contracts/types/Prediction.sol";
import {Request, RequestStatus} from "../../../contracts/types/Request.sol";
import {Check} from "./Check.sol";

interface IMendable {
    function setMended(bool mended) external;
}

/// @title Handler
/// @notice Everything that anybody can do to a decision contract, at random and in any order; it writes down what must
/// hold, as a second book-keeping next to the contract's own.
/// @dev Every action succeeds: what cannot be done now is skipped, so that a run that reverts is a finding.
contract Handler is Check {
    /// @notice One subject that was ever asked or decided about, and what must hold of it.
    struct Entry {
        bytes32 modelId;
        bytes32 subject;
        Request asked; // as it was when asked; all zero for an unasked subject
        address attestor; // the model's when asked
        address policy;
        uint8 trustLevel;
        bytes32 decision; // hash of the decision without its callback's status; zero while there is none
        address consumer;
        uint256 nonce;
    }

    IDecisionContract public immutable oracle;
    bytes32[2] public models = [keccak256("a"), keccak256("b")];
    address[3] public attestors = [address(0xA001), address(0xA002), address(0xA003)];
    address[4] public requesters;
    address[] public policies;
    address public constant OWNER = address(0x0E);

    /// @notice All ether sent with requests, and all ether paid out.
    uint256 public paidIn;
    uint256 public paidOut;
    /// @notice Ether forced upon the contract.
    uint256 public forced;
    Entry[] private _entries;

    constructor(IDecisionContract oracle_, address[] memory policies_, address[2] memory consumers) {
        oracle = oracle_;
        policies = policies_;
        requesters = [address(0xB001), address(0xB002), consumers[0], consumers[1]];
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(OWNER);
            oracle.registerModel(models[i], _rules(i, i, 100), "");
        }
    }

    // What requesters do

    function request(uint256 model, uint256 who, uint32 feeGwei, uint24 callbackGas, uint256 wait) external {
        bytes32 modelId = models[model % 2];
        Model memory rules = oracle.modelOf(modelId);
        uint256 latest = block.timestamp + 2 days;
        if (rules.changeAt != 0 && rules.changeAt < latest) latest = rules.changeAt;
        if (rules.paused || latest <= block.timestamp) return;
        address requester = requesters[(who >> 8) % 4];
        uint256 fee = bound(feeGwei, rules.feeGwei, type(uint32).max) * 1 gwei;
        callbackGas = [uint24(0), 30_000, 100_000, 200_000][callbackGas % 4];
        uint40 deadline = uint40(bound(wait, block.timestamp + 1, latest));
        uint256 nonce = oracle.nonceOf(requester);

        vm.deal(requester, requester.balance + fee);
        vm.prank(requester);
        bytes32 id = oracle.requestDecision{value: fee}(modelId, abi.encode(nonce), callbackGas, deadline);

        paidIn += fee;
        Entry storage entry = _entries.push();
        (entry.modelId, entry.subject, entry.consumer, entry.nonce) = (modelId, id, requester, nonce);
        (entry.attestor, entry.policy, entry.trustLevel) = (rules.attestor, rules.policy, rules.trustLevel);
        entry.asked = Request(requester, callbackGas, deadline, uint32(fee / 1 gwei), RequestStatus.Open);
    }

    function refund(uint256 which, address anyone) external {
        if (_entries.length == 0) return;
        Entry storage entry = _recent(which);
        Request memory now_ = oracle.requestOf(entry.modelId, entry.subject);
        if (now_.status != RequestStatus.Open) return;
        if (block.timestamp <= now_.deadline) vm.warp(now_.deadline + 1);
        vm.prank(anyone);
        oracle.refund(entry.modelId, entry.subject);
    }

    function withdraw(uint256 who) external {
        address account = who % 7 < 4 ? requesters[who % 7] : attestors[(who % 7) - 4];
        uint256 credit = oracle.creditOf(account);
        if (credit == 0) return;
        vm.prank(account);
        oracle.withdraw(payable(address(0xCA54)));
        paidOut += credit;
    }

    // What operators and relayers do

    /// @dev Answers an open request in time; that this never reverts is rule 3: whatever happened in between, the
    /// rules of the time of the request are in force.
    function answer(uint256 which, int128 value, uint32 confidence) public {
        if (_entries.length == 0) return;
        Entry storage entry = _recent(which);
        if (!_isOpen(entry)) return;
        bytes32 inputHash = keccak256(abi.encode(entry.nonce));
        vm.prank(entry.attestor);
        oracle.makeDecision(_prediction(entry.modelId, entry.subject, inputHash, value, confidence));
        _writeDown(entry);
    }

    /// @dev Most requests are answered at once, so most of what happens is this.
    function answerLatest(int128 value, uint32 confidence) external {
        answer(0, value, confidence);
    }

    /// @dev Answers a few in one call, each dice naming one: open, settled or another attestor's, some of them twice.
    /// Made are exactly those that could have been answered alone; this, too, is rule 3.
    function answerTogether(uint256 which, uint8[5] calldata dice, int128 value) external {
        if (_entries.length == 0) return;
        address attestor = _recent(which).attestor;
        Prediction[] memory said = new Prediction[](dice.length);
        bool[] memory want = new bool[](dice.length);
        for (uint256 i = 0; i < dice.length; ++i) {
            Entry storage entry = _recent(dice[i]);
            bytes32 inputHash = keccak256(abi.encode(entry.nonce));
            said[i] = _prediction(entry.modelId, entry.subject, inputHash, value, dice[i]);
            want[i] = entry.attestor == attestor && _isOpen(entry);
            for (uint256 j = 0; j < i; ++j) want[i] = want[i] && said[j].subject != entry.subject;
        }

        vm.prank(attestor);
        bool[] memory made = oracle.makeDecisions(said, 500_000);
        for (uint256 i = 0; i < dice.length; ++i) {
            isTrue(made[i] == want[i], want[i] ? "could be made" : "could not be made");
            if (made[i]) _writeDown(_recent(dice[i]));
        }
    }

    function decideUnasked(uint256 model, uint8 subject, int128 value, uint32 confidence) external {
        bytes32 modelId = models[model % 2];
        bytes32 name = keccak256(abi.encode(subject));
        Model memory rules = oracle.modelOf(modelId);
        if (rules.paused || (rules.changeAt != 0 && block.timestamp > rules.changeAt)) return;
        if (oracle.decisionOf(modelId, name).verdict != 0) return;
        vm.prank(rules.attestor);
        oracle.makeDecision(_prediction(modelId, name, keccak256("input"), value, confidence));
        Entry storage entry = _entries.push();
        (entry.modelId, entry.subject) = (modelId, name);
        (entry.attestor, entry.policy, entry.trustLevel) = (rules.attestor, rules.policy, rules.trustLevel);
        _writeDown(entry);
    }

    /// @dev Tries to decide again what is decided: every such try must fail.
    function decideAgain(uint256 which, int128 value, uint256 who) external {
        if (_entries.length == 0) return;
        Entry storage entry = _recent(which);
        if (entry.decision == 0) return;
        vm.prank(attestors[who % 3]);
        try
            oracle.makeDecision(_prediction(entry.modelId, entry.subject, keccak256(abi.encode(entry.nonce)), value, 0))
        {
            revert NotTrue("decided twice");
        } catch {}
    }

    function retry(uint256 which) external {
        if (_entries.length == 0) return;
        Entry storage entry = _recent(which);
        try oracle.retryCallback(entry.modelId, entry.subject, entry.consumer, entry.nonce) {} catch {}
    }

    // What owners do

    function propose(uint256 model, uint256 attestor, uint256 policy, uint32 feeGwei) external {
        vm.prank(OWNER);
        oracle.proposeModelChange(models[model % 2], _rules(attestor, policy, feeGwei));
    }

    function cancel(uint256 model) external {
        if (oracle.modelOf(models[model % 2]).changeAt == 0) return;
        vm.prank(OWNER);
        oracle.cancelModelChange(models[model % 2]);
    }

    function applyChange(uint256 model) external {
        uint40 changeAt = oracle.modelOf(models[model % 2]).changeAt;
        if (changeAt == 0) return;
        if (block.timestamp <= changeAt) vm.warp(changeAt + 1);
        oracle.applyModelChange(models[model % 2]);
    }

    function pause(uint256 model, uint256 seldom) external {
        bytes32 modelId = models[model % 2];
        bool paused = oracle.modelOf(modelId).paused;
        if (!paused && seldom % 4 != 0) return;
        vm.prank(OWNER);
        if (paused) oracle.unpauseModel(modelId);
        else oracle.pauseModel(modelId);
    }

    // What the world does

    function mend(bool mended) external {
        IMendable(requesters[2]).setMended(mended);
    }

    function pass(uint256 time) external {
        vm.warp(block.timestamp + bound(time, 1, 12 hours));
    }

    function force(uint64 amount) external {
        vm.deal(address(oracle), address(oracle).balance + amount);
        forced += amount;
    }

    // The second books

    function entryCount() external view returns (uint256) {
        return _entries.length;
    }

    function entryAt(uint256 index) external view returns (Entry memory) {
        return _entries[index];
    }

    function accounts() external view returns (address[7] memory all) {
        for (uint256 i = 0; i < 4; ++i) all[i] = requesters[i];
        for (uint256 i = 0; i < 3; ++i) all[4 + i] = attestors[i];
    }

    /// @notice Hash of what of a decision can never change.
    function core(Decision memory decision) public pure returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    decision.value,
                    decision.confidence,
                    decision.decidedAt,
                    decision.verdict,
                    decision.trustLevel
                )
            );
    }

    /// @dev One of the last few: the older ones are mostly settled.
    function _recent(uint256 which) private view returns (Entry storage) {
        uint256 few = _entries.length < 6 ? _entries.length : 6;
        return _entries[_entries.length - 1 - (which % few)];
    }

    function _isOpen(Entry storage entry) private view returns (bool) {
        Request memory request_ = oracle.requestOf(entry.modelId, entry.subject);
        return request_.status == RequestStatus.Open && block.timestamp <= request_.deadline;
    }

    function _writeDown(Entry storage entry) private {
        Decision memory decision = oracle.decisionOf(entry.modelId, entry.subject);
        equal(decision.trustLevel, entry.trustLevel, "level of the time of the request");
        // Policy i of this stage always says verdict i + 1.
        for (uint256 i = 0; i < policies.length; ++i) {
            if (policies[i] == entry.policy) equal(decision.verdict, i + 1, "policy of the time of the request");
        }
        entry.decision = core(decision);
    }

    function _rules(uint256 attestor, uint256 policy, uint32 feeGwei) private view returns (ModelConfig memory) {
        return
            ModelConfig({
                attestor: attestors[attestor % 3],
                policy: policies[policy % policies.length],
                feeGwei: feeGwei,
                maxAge: 0
            });
    }

    function _prediction(
        bytes32 modelId,
        bytes32 subject,
        bytes32 inputHash,
        int128 value,
        uint32 confidence
    ) private view returns (Prediction memory) {
        return
            Prediction({
                modelId: modelId,
                subject: subject,
                inputHash: inputHash,
                outputHash: keccak256("output"),
                value: value,
                confidence: uint32(bound(confidence, 0, 1_000_000)),
                predictedAt: uint40(block.timestamp)
            });
    }
}
