// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICommittee} from "../../contracts/interfaces/ICommittee.sol";
import {ISealedVoteAttestor} from "../../contracts/interfaces/ISealedVoteAttestor.sol";
import {AnswerKind, Opening, Round, RoundKey, RoundStatus, VoteTerms} from "../../contracts/types/SealedVote.sol";
import {SealedStage} from "./support/SealedStage.sol";

/// @title SealedVoteCommitTest
/// @notice Sealing votes: who may, when, once, and for which round; and what a seal binds.
contract SealedVoteCommitTest is SealedStage {
    function test_commit_TheFirst_OpensTheRound() external {
        bytes32 seal = attestor.sealOf(key, 2, vote(2, 7));
        statusIs(RoundStatus.None);

        vm.expectEmit(true, true, true, true, address(attestor));
        emit ISealedVoteAttestor.VoteSealed(key.modelId, key.subject, 0, seal);
        commit(2, 7);

        Round memory round = attestor.roundOf(key);
        statusIs(RoundStatus.Open);
        equal(round.openedAt, now_(), "opened");
        equal(round.sealUntil, now_() + COMMIT, "sealing ends");
        equal(round.revealUntil, now_() + COMMIT + REVEAL, "revealing ends");
        equal(round.sealed_, 4, "member 2");
        equal(round.opened, 0, "nobody");
        equal(address(attestor).balance, BOND, "the bond");
    }

    /// @dev Any subset, in any order: each is counted once, and the windows are the first one's.
    function testFuzz_commit_CountsEachOnce(uint256 seed, uint256 size, uint32 wait) external {
        uint32 who = someOf(N, bound(size, 1, N), seed);
        uint256 openedAt = now_();
        uint32 rest = who;
        for (uint256 i = seed % N; rest != 0; i = (i + 1) % N) {
            if ((rest >> i) & 1 == 0) continue;
            commit(i, 7);
            rest ^= uint32(1 << i);
            vm.warp(bound(wait, now_(), openedAt + COMMIT));
        }
        Round memory round = attestor.roundOf(key);
        equal(round.openedAt, openedAt, "opened");
        equal(round.sealed_, who, "sealed");
        equal(address(attestor).balance, sizeOf(who) * BOND, "bonds");
    }

    function testFuzz_commit_RevertsIf_NotTheBond(uint96 sent) external {
        vm.assume(sent != BOND);
        bytes32 seal = attestor.sealOf(key, 0, vote(0, 7));
        vm.deal(memberOf(0), sent);
        vm.prank(memberOf(0));
        vm.expectRevert(abi.encodeWithSelector(ISealedVoteAttestor.NotTheBond.selector, sent, BOND));
        attestor.commit{value: sent}(key, seal);
    }

    /// @dev A stranger, a member in another's name, and an index that is nobody's, be it beyond the last row of four.
    function testFuzz_commit_RevertsIf_NotTheMember(address caller, uint8 index, bytes32 seal) external {
        if (index < N) vm.assume(caller != memberOf(index));
        seal = (seal & ~bytes32(uint256(0xff))) | bytes32(uint256(index));
        vm.deal(caller, BOND);
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(ISealedVoteAttestor.NotMember.selector, caller, index));
        attestor.commit{value: BOND}(key, seal);
    }

    function testFuzz_commit_RevertsIf_TheIndexIsAnothers(uint256 member, uint8 index) external {
        member = bound(member, 0, N - 1);
        vm.assume(index != member);
        vm.prank(memberOf(member));
        vm.expectRevert(abi.encodeWithSelector(ISealedVoteAttestor.NotMember.selector, memberOf(member), index));
        attestor.commit{value: BOND}(key, bytes32(uint256(index)));
    }

    /// @dev With all 31 seats taken, an index beyond them is nobody's, and not that of the member it ends like.
    function testFuzz_commit_RevertsIf_TheIndexIsBeyondAllSeats(uint8 index, uint256 member) external {
        index = uint8(bound(index, 31, type(uint8).max));
        member = bound(member, 28, 30);
        attestor = sealedOf(membersOf(31), K, terms(AnswerKind.Number));
        vm.deal(memberOf(member), BOND);
        vm.prank(memberOf(member));
        vm.expectRevert(abi.encodeWithSelector(ISealedVoteAttestor.NotMember.selector, memberOf(member), index));
        attestor.commit{value: BOND}(key, bytes32(uint256(index)));
    }

    /// @dev FAULTS 10: neither another vote nor the same one again, neither while sealing nor after.
    function testFuzz_commit_RevertsIf_SealedAlready(uint32 wait, int128 value) external {
        commit(0, 7);
        vm.warp(now_() + bound(wait, 0, 2 * COMMIT));
        bytes32 seal = attestor.sealOf(key, 0, vote(0, value));
        vm.prank(memberOf(0));
        vm.expectRevert(refusal(ISealedVoteAttestor.AlreadySealed.selector, memberOf(0)));
        attestor.commit{value: BOND}(key, seal);
    }

    /// @dev FAULTS 12: the last second counts, and none after it.
    function testFuzz_commit_RevertsIf_SealingIsOver(uint32 late) external {
        commit(0, 7);
        uint256 until = now_() + COMMIT;
        vm.warp(until);
        commit(1, 7);
        vm.warp(bound(late, until + 1, until + 365 days));
        commitReverts(2, refusal(ISealedVoteAttestor.SealingOver.selector, until));
    }

    /// @dev A leaked vote cannot be sealed again.
    function test_commit_RevertsIf_TheVoteLeaked() external {
        commit(0, 7);
        attestor.reportLeak(key, 0, vote(0, 7), seals);
        commitReverts(0, refusal(ISealedVoteAttestor.AlreadySealed.selector, memberOf(0)));
    }

    // Which round

    function testFuzz_commit_RevertsIf_TheRoundIsNotDue(uint256 number) external {
        key.number = bound(number, 1, type(uint256).max);
        commitReverts(0, refusal(ISealedVoteAttestor.RoundNotDue.selector));
        key.number = 0;
        commitFirst(3, 7);
        key.number = 1;
        commitReverts(0, refusal(ISealedVoteAttestor.RoundNotDue.selector));
    }

    /// @dev After a round that decided there is no other about its subject; nor a late vote in it.
    function test_commit_RevertsIf_TheSubjectIsDecided() external {
        commitFirst(3, 7);
        afterSealing();
        revealFirst(3, 7);
        tallyFirst(3, 7);
        commitReverts(3, refusal(ISealedVoteAttestor.RoundNotOpen.selector));
        key.number = 1;
        commitReverts(3, refusal(ISealedVoteAttestor.RoundNotDue.selector));
        equal(attestor.currentRound(SEALED, key.subject), 0, "its last round");
    }

    /// @dev An undecided round makes way for the next, in which every member may vote again.
    function test_commit_AfterAnUndecidedRound_OpensTheNext() external {
        for (uint256 number = 0; number < 3; ++number) {
            equal(attestor.currentRound(SEALED, key.subject), number, "current");
            key.number = number;
            delete seals;
            commitFirst(2, 7);
            afterSealing();
            tallyFirst(0, 0);
            statusIs(RoundStatus.Undecided);
            commitReverts(3, refusal(ISealedVoteAttestor.RoundNotOpen.selector));
        }
        key.number = 4;
        commitReverts(0, refusal(ISealedVoteAttestor.RoundNotDue.selector));
    }

    /// @dev Rounds about other subjects or of other models are other rounds.
    function test_commit_ElsewhereIsAnotherRound() external {
        commitFirst(2, 7);
        bytes32 subject = key.subject;
        key.subject = keccak256("another");
        delete seals;
        commitFirst(3, 8);
        equal(attestor.roundOf(key).sealed_, 7, "three there");
        key.subject = subject;
        equal(attestor.roundOf(key).sealed_, 3, "two here");
        key.modelId = MODEL;
        equal(attestor.roundOf(key).sealed_, 0, "none of the other model");
    }

    // What a seal binds

    /// @dev FAULTS 2 and 9: chain, contract, model, subject, round, operator, and every field of the vote.
    function testFuzz_seal_BindsEverything(uint256 field, uint256 change, uint256 member) external {
        member = bound(member, 0, N - 1);
        Opening memory opening = vote(member, 7);
        RoundKey memory other = key;
        ISealedVoteAttestor there = attestor;
        uint256 who = member;
        bytes32 seal = attestor.sealOf(key, member, opening);
        equal(uint8(uint256(seal)), member, "the last byte");
        field = bound(field, 0, 9);
        change = bound(change, 1, type(uint32).max);
        if (field == 0) other.modelId ^= bytes32(change);
        if (field == 1) other.subject ^= bytes32(change);
        if (field == 2) other.number ^= change;
        if (field == 3) opening.inputHash ^= bytes32(change);
        if (field == 4) opening.outputHash ^= bytes32(change);
        if (field == 5) opening.value ^= int128(int256(change));
        if (field == 6) opening.confidence ^= uint32(change);
        if (field == 7) opening.salt ^= bytes32(change);
        if (field == 8) there = sealedOf(membersOf(N), K, terms(AnswerKind.Number));
        if (field == 9) vm.chainId(uint64(block.chainid ^ change));
        isTrue(seal >> 8 != there.sealOf(other, who, opening) >> 8, "another seal");
        isTrue(seal >> 8 != attestor.sealOf(key, (who + 1) % N, vote(member, 7)) >> 8, "another operator's");
    }

    function test_seal_IsWhatTheDocumentationSays() external view {
        Opening memory opening = vote(3, -7);
        bytes32 hash = keccak256(
            abi.encode(
                block.chainid,
                attestor,
                key.modelId,
                key.subject,
                key.number,
                memberOf(3),
                opening.inputHash,
                opening.outputHash,
                opening.value,
                opening.confidence,
                opening.salt
            )
        );
        equal(attestor.sealOf(key, 3, opening), ((hash >> 8) << 8) | bytes32(uint256(3)), "seal");
    }

    function testFuzz_seal_RevertsIf_NoSuchMember(uint256 index) external {
        index = bound(index, N, type(uint256).max);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.NoSuchMember.selector, index, N));
        attestor.sealOf(key, index, vote(0, 7));
    }

    // The terms

    function testFuzz_terms_AreThoseOfTheDeployment(
        uint32 commitWindow,
        uint32 revealWindow,
        uint96 bond,
        bool labels,
        uint128 tolerance
    ) external {
        VoteTerms memory given = VoteTerms({
            commitWindow: uint32(bound(commitWindow, 1, type(uint32).max)),
            revealWindow: uint32(bound(revealWindow, 1, type(uint32).max)),
            bond: bond,
            kind: labels ? AnswerKind.Label : AnswerKind.Number,
            tolerance: labels ? 0 : tolerance
        });
        ISealedVoteAttestor made = sealedOf(membersOf(N), K, given);
        equal(keccak256(abi.encode(made.terms())), keccak256(abi.encode(given)), "terms");
        equal(made.trustLevel(), 3, "level");
    }

    function test_deploy_RevertsIf_TheTermsAreImpossible() external {
        VoteTerms memory given = terms(AnswerKind.Number);
        given.commitWindow = 0;
        deployReverts(given, abi.encodeWithSelector(ISealedVoteAttestor.WindowZero.selector));
        given = terms(AnswerKind.Number);
        given.revealWindow = 0;
        deployReverts(given, abi.encodeWithSelector(ISealedVoteAttestor.WindowZero.selector));
        given = terms(AnswerKind.Label);
        given.tolerance = 1;
        deployReverts(given, abi.encodeWithSelector(ISealedVoteAttestor.ToleranceOfLabels.selector, 1));
    }

    function deployReverts(VoteTerms memory given, bytes memory want) private {
        bytes memory code = bytes.concat(
            vm.getCode("contracts/attestors/SealedVoteAttestor.sol:SealedVoteAttestor"),
            abi.encode(oracle, membersOf(N), K, given)
        );
        address made;
        vm.expectRevert(want);
        assembly ("memory-safe") {
            made := create(0, add(code, 0x20), mload(code))
        }
    }
}
