// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

import {IAttestor} from "../../contracts/interfaces/IAttestor.sol";
import {ICommittee} from "../../contracts/interfaces/ICommittee.sol";
import {IDecisionContract} from "../../contracts/interfaces/IDecisionContract.sol";
import {IFeeSharer} from "../../contracts/interfaces/IFeeSharer.sol";
import {ISealedVoteAttestor} from "../../contracts/interfaces/ISealedVoteAttestor.sol";
import {Decision} from "../../contracts/types/Decision.sol";
import {Prediction} from "../../contracts/types/Prediction.sol";
import {RequestStatus} from "../../contracts/types/Request.sol";
import {AnswerKind, RoundStatus} from "../../contracts/types/SealedVote.sol";
import {SealedStage} from "./support/SealedStage.sol";

interface ISlotConsumer {
    function ask(
        bytes32 modelId,
        bytes calldata input,
        uint24 callbackGas,
        uint40 deadline
    ) external payable returns (bytes32);
    function verdictOf(bytes32 requestId) external view returns (uint8);
}

/// @title SealedVoteDecisionTest
/// @notice From a round's outcome to a decision, and from its fee to the members who agreed, end to end.
contract SealedVoteDecisionTest is SealedStage {
    function test_relay_OfAReference_Decides_WithLevelSealed() external {
        Prediction memory p = decide(key.subject, 700);
        vm.prank(stranger);
        oracle.relayDecision(p, evidence());
        Decision memory decision = oracle.decisionOf(SEALED, key.subject);
        equal(decision.verdict, 2, "verdict");
        equal(decision.trustLevel, 3, "level");
        equal(decision.value, 700, "value");
    }

    /// @dev A request, its callback, and its fee.
    function test_relay_OfARequest_Decides_CallsBack_AndShares() external {
        ISlotConsumer consumer = ISlotConsumer(
            deploy("contracts/mocks/SlotConsumer.sol:SlotConsumer", abi.encode(oracle))
        );
        vm.prank(requester);
        bytes32 id = consumer.ask{value: FEE}(SEALED, INPUT, 100_000, soon());
        Prediction memory p = decide(id, 700);

        vm.expectEmit(true, true, true, true, address(attestor));
        emit ISealedVoteAttestor.FeeShared(SEALED, id, 0, FEE);
        oracle.relayDecision(p, evidence());

        equal(consumer.verdictOf(id), 2, "delivered");
        equal(attestor.roundOf(key).pot, FEE, "pot");
        vm.expectRevert(abi.encodeWithSelector(IDecisionContract.AlreadyDecided.selector, SEALED, id));
        oracle.relayDecision(p, evidence());
    }

    /// @dev The outcome of a round that came too late is worth nothing; the requester has its fee back all the same.
    function test_relay_AfterTheDeadline_RevertsAndTheFeeReturns() external {
        bytes32 id = request(uint40(now_() + COMMIT));
        Prediction memory p = decide(id, 700);
        vm.expectRevert(
            abi.encodeWithSelector(IDecisionContract.DeadlinePassed.selector, id, oracle.requestOf(SEALED, id).deadline)
        );
        oracle.relayDecision(p, evidence());
        oracle.refund(SEALED, id);
        equal(oracle.creditOf(requester), FEE, "refunded");
        creditIs(0, BOND);
    }

    /// @dev Undecided: the requester gets its fee back, the honest members their bonds.
    function test_undecided_RefundsEverybody() external {
        bytes32 id = request(soon());
        key.subject = id;
        for (uint256 i = 0; i < N; ++i) commit(i, int128(int256(100 * i)));
        int128[] memory values = new int128[](N);
        for (uint256 i = 0; i < N; ++i) {
            values[i] = int128(int256(100 * i));
            reveal(i, values[i]);
        }
        tally(values);
        statusIs(RoundStatus.Undecided);
        for (uint256 i = 0; i < N; ++i) {
            creditIs(i, BOND);
            isTrue(!attestor.verify(outcome(values[i], now_()), evidence()), "nothing is vouched for");
        }
        vm.warp(soon() + 1);
        oracle.refund(SEALED, id);
        equal(oracle.creditOf(requester), FEE, "refunded");
    }

    // What is vouched for

    function testFuzz_verify_RefusesAnythingElse(uint256 field, uint256 change) external {
        Prediction memory p = decide(key.subject, 700);
        isTrue(attestor.verify(p, evidence()), "vouched for");
        field = bound(field, 0, 6);
        change = bound(change, 1, type(uint32).max);
        if (field == 0) p.modelId ^= bytes32(change);
        if (field == 1) p.subject ^= bytes32(change);
        if (field == 2) p.inputHash ^= bytes32(change);
        if (field == 3) p.outputHash ^= bytes32(change);
        if (field == 4) p.value ^= int128(int256(change));
        if (field == 5) p.confidence ^= uint32(change);
        if (field == 6) p.predictedAt ^= uint40(change);
        isTrue(!attestor.verify(p, evidence()), "refused");
    }

    /// @dev FAULTS 8: the number of the round in 32 bytes, and nothing else.
    function testFuzz_verify_RefusesOtherEvidence(bytes memory noise, uint256 number) external {
        Prediction memory p = decide(key.subject, 700);
        vm.assume(keccak256(noise) != keccak256(evidence()));
        number = bound(number, 1, type(uint256).max);
        isTrue(!attestor.verify(p, noise), "noise");
        isTrue(!attestor.verify(p, abi.encode(number)), "another round");
        isTrue(!attestor.verify(p, bytes.concat(evidence(), hex"00")), "trailing");
        isTrue(!attestor.verify(p, ""), "none");
    }

    /// @dev Before the tally nothing is vouched for, whatever everybody knows by then.
    function test_verify_RefusesBeforeTheTally() external {
        commitFirst(3, 7);
        afterSealing();
        revealFirst(3, 7);
        isTrue(!attestor.verify(outcome(7, attestor.roundOf(key).sealUntil), evidence()), "not yet");
    }

    /// @dev A tally that comes late makes the outcome no fresher: a model that asks for fresh ones is not fooled.
    function testFuzz_outcome_IsDatedWhenSealingWasOver(uint32 late) external {
        commitFirst(3, 700);
        uint256 sealUntil = attestor.roundOf(key).sealUntil;
        afterSealing();
        revealFirst(3, 700);
        vm.warp(bound(late, now_(), now_() + 365 days));
        tallyFirst(3, 700);
        Prediction memory p = outcome(700, sealUntil);
        isTrue(attestor.verify(p, evidence()), "dated");
        if (now_() <= sealUntil + MAX_AGE) return oracle.relayDecision(p, evidence());
        vm.expectRevert(
            abi.encodeWithSelector(IDecisionContract.PredictionTooOld.selector, sealUntil, MAX_AGE, now_())
        );
        oracle.relayDecision(p, evidence());
    }

    /// @dev FAULTS 2: a vote here is none at a twin.
    function test_verify_RefusesTheOutcomeOfAnother() external {
        Prediction memory p = decide(key.subject, 700);
        isTrue(!sealedOf(membersOf(N), K, terms(AnswerKind.Number)).verify(p, evidence()), "refused");
    }

    // Fees

    function testFuzz_claim_SplitsAmongThoseWhoAgreed(uint32 feeGwei, address anyone) external {
        uint256 fee = bound(feeGwei, FEE_GWEI, type(uint32).max) * 1 gwei;
        vm.deal(requester, fee);
        vm.prank(requester);
        key.subject = oracle.requestDecision{value: fee}(SEALED, INPUT, 0, soon());
        int128[] memory values = new int128[](N);
        for (uint256 i = 0; i < N; ++i) {
            values[i] = i < 3 ? int128(700) : int128(-700);
            commit(i, values[i]);
        }
        for (uint256 i = 0; i < N; ++i) reveal(i, values[i]);
        tally(values);
        oracle.relayDecision(outcome(700, now_()), evidence());

        vm.expectEmit(true, true, true, true, address(attestor));
        emit ISealedVoteAttestor.PotSplit(SEALED, key.subject, 0, 7, fee / 3);
        vm.prank(anyone);
        attestor.claim(key);

        for (uint256 i = 0; i < N; ++i) creditIs(i, BOND + (i < 3 ? fee / 3 : 0));
        equal(attestor.roundOf(key).pot, fee % 3, "what cannot be split stays");
        equal(address(attestor).balance, N * BOND + fee, "fetched");
        vm.expectRevert(abi.encodeWithSelector(ISealedVoteAttestor.PotEmpty.selector, fee % 3));
        attestor.claim(key);
    }

    function test_claim_RevertsIf_NotDecided() external {
        vm.expectRevert(refusal(ISealedVoteAttestor.RoundNotDecided.selector));
        attestor.claim(key);
        commitFirst(3, 7);
        vm.expectRevert(refusal(ISealedVoteAttestor.RoundNotDecided.selector));
        attestor.claim(key);
    }

    function testFuzz_shareFee_RevertsIf_CallerIsNotTheDecisionContract(address caller, uint256 amount) external {
        vm.assume(caller != address(oracle));
        Prediction memory p = decide(key.subject, 700);
        bytes memory round = evidence();
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.NotDecisionContract.selector, caller, oracle));
        attestor.shareFee(p, round, amount);
    }

    /// @dev Nothing else reaches it: a fee is shared after `verify`, which knows decided rounds only.
    function test_shareFee_RevertsIf_TheRoundIsNotDecided() external {
        commitFirst(3, 7);
        Prediction memory p = outcome(7, block.timestamp);
        bytes memory round = evidence();
        vm.prank(address(oracle));
        vm.expectRevert(refusal(ISealedVoteAttestor.RoundNotDecided.selector));
        attestor.shareFee(p, round, 1 ether);
        equal(attestor.roundOf(key).pot, 0, "no pot");
    }

    // Frozen rules

    /// @dev FAULTS 17 and 18: neither a pause nor a change of members touches a round that is under way.
    function test_round_OutlivesAPauseAndAChange() external {
        bytes32 id = request(uint40(now_() + 2 days));
        ISealedVoteAttestor next = sealedOf(membersOf(N + 1), K, terms(AnswerKind.Label));
        vm.prank(owner);
        oracle.proposeModelChange(SEALED, config(address(next)));
        vm.prank(owner);
        oracle.pauseModel(SEALED);
        Prediction memory p = decide(id, 700);
        oracle.relayDecision(p, evidence());
        equal(uint256(oracle.requestOf(SEALED, id).status), uint256(RequestStatus.Decided), "decided");

        vm.warp(now_() + 2 days + 1);
        oracle.applyModelChange(SEALED);
        attestor.claim(key);
        creditIs(0, BOND + FEE / 3);
    }

    /// @dev A round that a change of the attestor overtook decides nothing any more, and costs nobody its bond.
    function test_round_AfterAChange_ReturnsItsBonds() external {
        ISealedVoteAttestor next = sealedOf(membersOf(N), K, terms(AnswerKind.Label));
        vm.prank(owner);
        oracle.proposeModelChange(SEALED, config(address(next)));
        vm.warp(now_() + 2 days + 1);
        oracle.applyModelChange(SEALED);
        Prediction memory p = decide(key.subject, 700);
        bytes memory round = evidence();
        vm.expectRevert(abi.encodeWithSelector(IDecisionContract.NotVouched.selector, next, SEALED, key.subject));
        oracle.relayDecision(p, round);
        for (uint256 i = 0; i < 3; ++i) creditIs(i, BOND);
    }

    function test_interfaces() external view {
        isTrue(attestor.supportsInterface(type(IERC165).interfaceId), "ERC-165");
        isTrue(attestor.supportsInterface(type(IAttestor).interfaceId), "attestor");
        isTrue(attestor.supportsInterface(type(IFeeSharer).interfaceId), "fee sharer");
        isTrue(!attestor.supportsInterface(0xffffffff), "not everything");
        isTrue(oracle.modelOf(SEALED).sharesFees, "as registered");
    }

    function request(uint40 deadline) private returns (bytes32) {
        vm.prank(requester);
        return oracle.requestDecision{value: FEE}(SEALED, INPUT, 0, deadline);
    }

    /// @notice Three of five agree on a value.
    function decide(bytes32 subject, int128 value) private returns (Prediction memory) {
        key.subject = subject;
        commitFirst(3, value);
        afterSealing();
        revealFirst(3, value);
        tallyFirst(3, value);
        return outcome(value, attestor.roundOf(key).sealUntil);
    }
}
