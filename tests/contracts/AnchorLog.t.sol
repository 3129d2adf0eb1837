// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAnchorLog} from "../../contracts/interfaces/IAnchorLog.sol";
import {IDecisionContract} from "../../contracts/interfaces/IDecisionContract.sol";
import {IQuorumAttestor} from "../../contracts/interfaces/IQuorumAttestor.sol";
import {Batch} from "../../contracts/types/Batch.sol";
import {CallbackStatus} from "../../contracts/types/Decision.sol";
import {Prediction} from "../../contracts/types/Prediction.sol";
import {AnchorStage} from "./support/AnchorStage.sol";

/// @title AnchorLogTest
/// @notice Appending to a log, and deciding on what is in it.
contract AnchorLogTest is AnchorStage {
    bytes32 private constant ANCHORED = keccak256("anchored model");

    IAnchorLog private log;

    function setUp() public override {
        super.setUp();
        log = anchorLog(operator, owner);
        register(ANCHORED, config(address(log)));
    }

    // Appending

    function testFuzz_anchor_ContinuesTheLog(uint32 first, uint32 second, bytes32 root) external {
        first = uint32(bound(first, 1, type(uint32).max));
        second = uint32(bound(second, 1, type(uint32).max));
        Batch memory one = append(log, none(), first, root);
        Batch memory two = following(log, one, second, keccak256(abi.encode(root)));

        vm.expectEmit(true, true, true, true, address(log));
        emit IAnchorLog.Anchored(1, second, two.root);
        append(log, one, second, two.root);

        equal(log.batchIdOf(0), log.idOf(one), "first");
        equal(log.batchIdOf(1), log.idOf(two), "second");
        equal(two.firstIndex, first, "no gap");
        equal(two.previous, log.idOf(one), "linked");
        equal(log.batchCount(), 2, "count");
    }

    function testFuzz_anchor_RevertsIf_NotAnchorer(address caller) external {
        vm.assume(caller != operator);
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(IAnchorLog.NotAnchorer.selector, caller, operator));
        log.anchor(0, 0, spanOf(none(), 1), keccak256("root"));
    }

    function test_anchor_RevertsIf_Empty() external {
        refusesToAppend(none(), 0, abi.encodeWithSelector(IAnchorLog.BatchEmpty.selector));
    }

    /// @dev Nothing is rewritten: neither the first batch nor any later one.
    function testFuzz_anchor_RevertsIf_TheNumberIsTaken(uint8 batches, uint8 spot) external {
        uint256 count = bound(batches, 1, 20);
        Batch[] memory all = new Batch[](count + 1);
        for (uint256 i = 0; i < count; ++i) all[i + 1] = append(log, all[i], 3, bytes32(i));
        uint256 from = bound(spot, 0, count - 1);
        bytes memory fault = abi.encodeWithSelector(IAnchorLog.BatchExists.selector, uint64(from));
        refusesToAppend(all[from], 3, fault);
    }

    /// @dev A last batch that differs in any field is not the log's: no number is skipped, and no index.
    function testFuzz_anchor_RevertsIf_TheLastDiffers(uint8 field, uint256 change) external {
        Batch memory last = append(log, append(log, none(), 7, keccak256("one")), 9, keccak256("two"));
        field = uint8(bound(field, 0, 4));
        if (field == 0) last.number ^= uint64(bound(change, 1, type(uint64).max));
        if (field == 1) last.firstIndex ^= uint64(bound(change, 1, type(uint64).max));
        if (field == 2) last.count ^= uint32(bound(change, 1, 8));
        if (field == 3) last.root ^= bytes32(bound(change, 1, type(uint256).max));
        if (field == 4) last.previous ^= bytes32(bound(change, 1, type(uint256).max));
        vm.prank(operator);
        vm.expectRevert();
        log.anchor(last.root, last.previous, spanOf(last, 1), keccak256("root"));
        equal(log.batchCount(), 2, "nothing was appended");
    }

    /// @dev No log grows to 2^64 predictions by itself: its last batch is put where it keeps them.
    function testFuzz_anchor_RevertsIf_TheLogIsFull(uint32 left, uint32 count) external {
        count = uint32(bound(count, 1, type(uint32).max));
        Batch memory last = Batch(7, type(uint64).max - 5 - uint64(left), 5, keccak256("root"), keccak256("previous"));
        vm.store(address(log), bytes32(uint256(last.number)), log.idOf(last));
        if (count <= left) {
            append(log, last, count, keccak256("next"));
            return;
        }
        bytes4 fault = IAnchorLog.LogFull.selector;
        refusesToAppend(last, count, abi.encodeWithSelector(fault, last.firstIndex + 5, count));
    }

    function testFuzz_batchCount_IsHowManyThereAre(uint8 batches) external {
        uint256 count = bound(batches, 0, 40);
        Batch memory last = none();
        for (uint256 i = 0; i < count; ++i) last = append(log, last, 1, bytes32(i));
        equal(log.batchCount(), count, "count");
    }

    function test_deploy_RevertsIf_NobodyAnchorsOrIsPaid() external {
        vm.expectRevert();
        this.deployLog(address(0), owner);
        vm.expectRevert();
        this.deployLog(operator, address(0));
    }

    function deployLog(address anchorer, address payee) external returns (address) {
        return address(anchorLog(anchorer, payee));
    }

    // Deciding

    /// @dev Any prediction of any batch, in trees of all shapes.
    function testFuzz_relay_DecidesOnAnAnchoredPrediction(uint8 size, uint8 spot, uint8 before) external {
        uint256 count = bound(size, 1, 33);
        Batch memory last = append(log, none(), uint32(bound(before, 1, 255)), keccak256("before"));
        (Batch memory batch, bytes32[] memory leaves) = anchorAbout(last, count);
        uint256 place = bound(spot, 0, count - 1);
        Prediction memory p = about(place);
        oracle.relayDecision(p, evidenceOf(batch, place, leaves));
        equal(oracle.decisionOf(ANCHORED, p.subject).value, p.value, "value");
        equal(oracle.decisionOf(ANCHORED, p.subject).trustLevel, 1, "level");
    }

    function testFuzz_verify_RefusesAnotherPrediction(uint8 field, uint256 change) external {
        (Batch memory batch, bytes32[] memory leaves) = anchorAbout(none(), 9);
        Prediction memory p = about(4);
        bytes memory evidence = evidenceOf(batch, 4, leaves);
        isTrue(log.verify(p, evidence), "as it was");
        field = uint8(bound(field, 0, 6));
        if (field == 0) p.modelId ^= bytes32(bound(change, 1, type(uint256).max));
        if (field == 1) p.subject ^= bytes32(bound(change, 1, type(uint256).max));
        if (field == 2) p.inputHash ^= bytes32(bound(change, 1, type(uint256).max));
        if (field == 3) p.outputHash ^= bytes32(bound(change, 1, type(uint256).max));
        if (field == 4) p.value ^= int128(int256(bound(change, 1, uint128(type(int128).max))));
        if (field == 5) p.confidence ^= uint32(bound(change, 1, type(uint32).max));
        if (field == 6) p.predictedAt ^= uint40(bound(change, 1, type(uint40).max));
        isTrue(!log.verify(p, evidence), "changed");
    }

    /// @dev FAULTS 35: the proof of one place serves no other, in this batch or in another of the same leaves.
    function testFuzz_verify_RefusesAnotherPlace(uint8 spot, uint8 other) external {
        (Batch memory batch, bytes32[] memory leaves) = anchorAbout(none(), 9);
        uint256 place = bound(spot, 0, 8);
        uint256 wrong = bound(other, 0, 8);
        vm.assume(place != wrong);
        isTrue(!log.verify(about(wrong), evidenceOf(batch, place, leaves)), "another's proof");
        isTrue(!log.verify(about(place), evidenceOf(batch, wrong, leaves)), "another's place");
        Batch memory next = append(log, batch, 9, batch.root);
        isTrue(!log.verify(about(place), evidenceOf(next, place, leaves)), "another batch");
    }

    /// @dev FAULTS 33: neither an inner node for a leaf nor a longer path below a leaf.
    function test_verify_RefusesANodeForALeaf() external {
        (Batch memory batch, bytes32[] memory leaves) = anchorAbout(none(), 8);
        bytes memory evidence = evidenceOf(batch, 0, leaves);
        bytes memory shorter = new bytes(evidence.length - 32);
        for (uint256 i = 0; i < shorter.length; ++i) shorter[i] = evidence[i];
        isTrue(!log.verify(about(0), shorter), "shorter");
        isTrue(!log.verify(about(0), bytes.concat(evidence, bytes32(0))), "longer");
        isTrue(!log.verify(about(0), bytes.concat(evidence, bytes1(0))), "trailing");
    }

    /// @dev FAULTS 34: a last leaf counted twice, as some trees do with odd numbers, has no index.
    function testFuzz_verify_RefusesAPositionBeyondTheCount(uint32 position) external {
        (Batch memory batch, bytes32[] memory leaves) = anchorAbout(none(), 3);
        position = uint32(bound(position, 3, type(uint32).max));
        bytes memory evidence = evidenceOf(batch, 2, leaves);
        for (uint256 i = 0; i < 4; ++i) evidence[20 + i] = bytes4(position)[i];
        isTrue(!log.verify(about(2), evidence), "beyond");
    }

    /// @dev FAULTS 36: one path for one leaf, its length fixed by the place; there are no multiproofs.
    function testFuzz_verify_RefusesNoise(bytes memory evidence) external {
        anchorAbout(none(), 5);
        isTrue(!log.verify(about(1), evidence), "noise");
    }

    function testFuzz_verify_RefusesAnotherHeader(uint8 byteAt, uint8 change) external {
        (Batch memory batch, bytes32[] memory leaves) = anchorAbout(none(), 9);
        bytes memory evidence = evidenceOf(batch, 4, leaves);
        uint256 spot = bound(byteAt, 0, 55);
        evidence[spot] ^= bytes1(uint8(bound(change, 1, 255)));
        isTrue(!log.verify(about(4), evidence), "header");
    }

    function testFuzz_verify_RefusesAnotherChainOrLog(uint64 chain) external {
        (Batch memory batch, bytes32[] memory leaves) = anchorAbout(none(), 5);
        bytes memory evidence = evidenceOf(batch, 1, leaves);
        IAnchorLog twin = anchorLog(operator, owner);
        append(twin, none(), 5, batch.root);
        batch.previous = 0;
        isTrue(twin.verify(about(1), evidence), "the twin has its own id of it");
        isTrue(twin.batchIdOf(0) != log.batchIdOf(0), "which is another");
        vm.assume(chain != block.chainid && chain != 0);
        vm.chainId(chain);
        isTrue(!log.verify(about(1), evidence), "another chain");
    }

    function test_verify_OfABatchNotAnchored_IsFalse() external view {
        bytes32[] memory leaves = leavesOf(log, 0, 5);
        Batch memory batch = Batch({number: 0, firstIndex: 0, count: 5, root: rootOf(leaves), previous: 0});
        isTrue(!log.verify(about(1), evidenceOf(batch, 1, leaves)), "not anchored");
    }

    // Money and callbacks

    function test_relay_OfARequest_CallsBackAndEarns() external {
        vm.prank(requester);
        bytes32 id = oracle.requestDecision{value: FEE}(ANCHORED, INPUT, 50_000, soon());
        Prediction memory p = predict(id, INPUT);
        p.modelId = ANCHORED;
        append(log, none(), 1, log.leafOf(0, p));
        Batch memory batch = Batch({number: 0, firstIndex: 0, count: 1, root: log.leafOf(0, p), previous: 0});
        bytes32[] memory leaves = new bytes32[](1);
        leaves[0] = batch.root;
        vm.prank(stranger);
        oracle.relayDecision(p, evidenceOf(batch, 0, leaves));

        equal(uint256(oracle.decisionOf(ANCHORED, id).callback), uint256(CallbackStatus.Failed), "tried, no code");
        equal(oracle.creditOf(address(log)), FEE, "the log earns");
        uint256 had = owner.balance;
        vm.prank(stranger);
        log.collectFees(oracle);
        equal(owner.balance - had, FEE, "the payee is paid");
        equal(oracle.creditOf(address(log)), 0, "once");
        equal(address(log).balance, 0, "the log holds nothing");
        vm.expectRevert(abi.encodeWithSelector(IDecisionContract.NoCredit.selector, address(log)));
        log.collectFees(oracle);
    }

    // Anchoring by an attestor

    function test_anchorVouched_ByAQuorum_HasItsLevel() external {
        IQuorumAttestor quorum = quorumOf(membersOf(4), 3);
        IAnchorLog theirs = anchorLog(address(quorum), owner);
        equal(theirs.trustLevel(), 2, "level");
        Batch memory batch = following(theirs, none(), 5, keccak256("root"));
        uint40 when = uint40(block.timestamp);
        bytes memory evidence = signedBy(7, quorum.digestOf(theirs.asPrediction(batch, when)));

        vm.prank(stranger);
        theirs.anchorVouched(0, 0, spanOf(none(), 5), batch.root, when, evidence);
        equal(theirs.batchIdOf(0), theirs.idOf(batch), "anchored");

        vm.expectRevert();
        theirs.anchorVouched(batch.root, 0, spanOf(batch, 5), batch.root, when, evidence);
        vm.prank(operator);
        vm.expectRevert(abi.encodeWithSelector(IAnchorLog.NotAnchorer.selector, operator, address(quorum)));
        theirs.anchor(batch.root, 0, spanOf(batch, 5), keccak256("root"));
    }

    function testFuzz_anchorVouched_RevertsIf_NotVouched(bytes memory evidence, uint32 count) external {
        IQuorumAttestor quorum = quorumOf(membersOf(4), 3);
        IAnchorLog theirs = anchorLog(address(quorum), owner);
        vm.assume(count != 0);
        vm.expectRevert();
        theirs.anchorVouched(0, 0, spanOf(none(), count), keccak256("root"), 1, evidence);
        equal(theirs.batchCount(), 0, "nothing");
    }

    function test_anchorVouched_RevertsIf_TheAnchorerIsAnAddress() external {
        vm.expectRevert(abi.encodeWithSelector(IAnchorLog.AnchorerTakesNoEvidence.selector, operator));
        log.anchorVouched(0, 0, spanOf(none(), 1), keccak256("root"), 1, "");
    }

    function anchorAbout(Batch memory last, uint256 count) private returns (Batch memory, bytes32[] memory leaves) {
        leaves = leavesOf(log, last.firstIndex + last.count, count);
        return (append(log, last, uint32(count), rootOf(leaves)), leaves);
    }

    function refusesToAppend(Batch memory last, uint32 count, bytes memory fault) private {
        vm.prank(operator);
        vm.expectRevert(fault);
        log.anchor(last.root, last.previous, spanOf(last, count), keccak256("root"));
    }

    function about(uint256 place) internal view override returns (Prediction memory p) {
        p = predict(keccak256(abi.encode("loan", place)), INPUT);
        p.modelId = ANCHORED;
    }
}
