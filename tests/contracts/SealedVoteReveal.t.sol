// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICommittee} from "../../contracts/interfaces/ICommittee.sol";
import {ISealedVoteAttestor} from "../../contracts/interfaces/ISealedVoteAttestor.sol";
import {Opening, Round, RoundStatus} from "../../contracts/types/SealedVote.sol";
import {SealedStage} from "./support/SealedStage.sol";

/// @title SealedVoteRevealTest
/// @notice Opening votes: when, by whom, only what was sealed, only once; and what becomes of a vote opened too early.
contract SealedVoteRevealTest is SealedStage {
    function testFuzz_reveal_ByAnyone_OpensTheVote(address anyone, uint256 member) external {
        member = bound(member, 0, 2);
        commitFirst(3, 7);
        afterSealing();

        vm.expectEmit(true, true, true, true, address(attestor));
        emit ISealedVoteAttestor.VoteRevealed(key.modelId, key.subject, memberOf(member), 0, vote(member, 7));
        vm.prank(anyone);
        attestor.reveal(key, member, vote(member, 7), seals);

        Round memory round = attestor.roundOf(key);
        equal(round.opened, 1 << member, "opened");
        equal(round.sealed_, 7, "sealed");
        creditIs(member, 0);
    }

    // When

    /// @dev FAULTS 11.
    function testFuzz_reveal_RevertsIf_SealingIsNotOver(uint256 wait) external {
        commitFirst(3, 7);
        uint256 until = now_() + COMMIT;
        vm.warp(bound(wait, now_(), until));
        revealReverts(0, vote(0, 7), refusal(ISealedVoteAttestor.SealingNotOver.selector, until));
        vm.warp(until);
        revealReverts(0, vote(0, 7), refusal(ISealedVoteAttestor.SealingNotOver.selector, until));
        vm.warp(until + 1);
        reveal(0, 7);
    }

    /// @dev Early close: once every member has sealed, nobody waits for the window.
    function test_reveal_OnceAllHaveSealed_NeedsNoWaiting() external {
        uint256 until = now_() + COMMIT;
        commitFirst(4, 7);
        revealReverts(0, vote(0, 7), refusal(ISealedVoteAttestor.SealingNotOver.selector, until));
        commit(4, 7);
        reveal(0, 7);
        equal(attestor.roundOf(key).opened, 1, "opened");
    }

    /// @dev FAULTS 12: the last second counts, and none after it, also where sealing was over early.
    function testFuzz_reveal_RevertsIf_RevealingIsOver(bool all, uint32 late) external {
        commitFirst(all ? 5 : 3, 7);
        uint256 until = now_() + COMMIT + REVEAL;
        vm.warp(until);
        reveal(0, 7);
        vm.warp(bound(late, until + 1, until + 365 days));
        revealReverts(1, vote(1, 7), refusal(ISealedVoteAttestor.RevealingOver.selector, until));
    }

    function test_reveal_RevertsIf_TooFewSealed() external {
        commitFirst(2, 7);
        afterSealing();
        bytes memory want = abi.encodeWithSelector(ISealedVoteAttestor.TooFewSealed.selector, 2, 3);
        revealReverts(0, vote(0, 7), want);
    }

    function test_reveal_RevertsIf_TheRoundIsNotOpen() external {
        revealReverts(0, vote(0, 7), refusal(ISealedVoteAttestor.RoundNotOpen.selector));
        commitFirst(3, 7);
        afterSealing();
        revealFirst(3, 7);
        tallyFirst(3, 7);
        revealReverts(0, vote(0, 7), refusal(ISealedVoteAttestor.RoundNotOpen.selector));
    }

    // What

    function testFuzz_reveal_RevertsIf_AnyFieldDiffers(uint256 field, uint256 change) external {
        commitFirst(3, 7);
        afterSealing();
        field = bound(field, 0, 4);
        change = bound(change, 1, type(uint16).max);
        Opening memory opening = vote(1, 7);
        if (field == 0) opening.inputHash ^= bytes32(change);
        if (field == 1) opening.outputHash ^= bytes32(change);
        if (field == 2) opening.value ^= int128(int256(change));
        if (field == 3) opening.confidence = uint32(change);
        if (field == 4) opening.salt ^= bytes32(change);
        revealReverts(1, opening, wrongOpening(1, opening));
    }

    /// @dev FAULTS 9: a member that seals another's commitment as its own can never open it.
    function test_reveal_RevertsIf_TheSealWasCopied() external {
        commit(0, 7);
        bytes32 copied = ((seals[0] >> 8) << 8) | bytes32(uint256(1));
        vm.prank(memberOf(1));
        attestor.commit{value: BOND}(key, copied);
        seals.push(copied);
        commit(2, 7);
        commit(3, 7);
        afterSealing();

        reveal(0, 7);
        revealReverts(1, vote(0, 7), wrongOpening(1, vote(0, 7)));
        reveal(2, 7);
        reveal(3, 7);
        afterRevealing();
        Opening[] memory openings = new Opening[](3);
        (openings[0], openings[1], openings[2]) = (vote(0, 7), vote(2, 7), vote(3, 7));
        attestor.tally(key, openings, seals);
        creditIs(0, BOND);
        creditIs(1, 0);
    }

    /// @dev One member's opening does not open another's seal, be the votes equal.
    function test_reveal_RevertsIf_ItIsAnothers() external {
        commitFirst(3, 7);
        afterSealing();
        revealReverts(1, vote(0, 7), wrongOpening(1, vote(0, 7)));
        revealReverts(3, vote(3, 7), wrongOpening(3, vote(3, 7)));
    }

    function testFuzz_reveal_RevertsIf_NoSuchMember(uint256 index) external {
        index = bound(index, N, type(uint256).max);
        commitFirst(3, 7);
        afterSealing();
        revealReverts(index, vote(0, 7), abi.encodeWithSelector(ICommittee.NoSuchMember.selector, index, N));
    }

    function test_reveal_RevertsIf_OpenedAlready() external {
        commitFirst(3, 7);
        afterSealing();
        reveal(1, 7);
        revealReverts(1, vote(1, 7), refusal(ISealedVoteAttestor.AlreadyOpened.selector, memberOf(1)));
    }

    function testFuzz_reveal_RevertsIf_ConfidenceTooHigh(uint32 confidence) external {
        Opening memory opening = vote(0, 7);
        opening.confidence = uint32(bound(confidence, 1_000_001, type(uint32).max));
        commit(0, opening);
        commit(1, 7);
        commit(2, 7);
        afterSealing();
        bytes4 selector = ISealedVoteAttestor.ConfidenceTooHigh.selector;
        revealReverts(0, opening, refusal(selector, opening.confidence));
    }

    /// @dev FAULTS 8: a field with bits beyond its width is no vote; what follows the arguments changes nothing.
    function testFuzz_reveal_RevertsIf_CalldataNotCanonical(uint256 field, uint256 dirt, bytes memory tail) external {
        commitFirst(3, 7);
        afterSealing();
        bytes memory message = abi.encodeCall(attestor.reveal, (key, 1, vote(1, 7), seals));
        field = bound(field, 0, 1);
        uint256 width = [uint256(128), 32][field];
        dirt = bound(dirt, 1, type(uint256).max >> width) << width;
        bytes memory dirty = bytes.concat(message);
        assembly ("memory-safe") {
            let place := add(add(dirty, 0x24), mul(add(field, 6), 0x20))
            mstore(place, xor(mload(place), dirt))
        }
        (bool success, ) = address(attestor).call(dirty);
        isTrue(!success, "dirt is refused");

        (success, ) = address(attestor).call(bytes.concat(message, tail));
        isTrue(success, "a tail is ignored");
        equal(attestor.roundOf(key).opened, 1 << 1, "opened");
    }

    /// @dev All seals, in their order, and nothing else.
    function testFuzz_reveal_RevertsIf_TheSealsAreNotTheRounds(uint256 how, uint256 which, bytes32 other) external {
        commitFirst(4, 7);
        afterSealing();
        bytes32[] memory told = seals;
        which = bound(which, 0, 3);
        how = bound(how, 0, 3);
        if (how == 0) told[which] ^= bytes32(bound(uint256(other), 1, type(uint256).max));
        if (how == 1) (told[which], told[(which + 1) % 4]) = (told[(which + 1) % 4], told[which]);
        if (how == 2) told = new bytes32[](which);
        if (how == 3) told = new bytes32[](5);
        for (uint256 i = 0; how > 1 && i < told.length; ++i) told[i] = i < 4 ? seals[i] : other;
        (bool success, bytes memory got) = address(attestor).call(
            abi.encodeCall(attestor.reveal, (key, 0, vote(0, 7), told))
        );
        isTrue(!success && bytes4(got) == ISealedVoteAttestor.WrongSeals.selector, "refused by name");
    }

    // Too early

    /// @dev A salt that got out costs its member the bond; half of it is the reporter's.
    function testFuzz_reportLeak_ByAnyone_VoidsTheVote(address reporter, uint256 member, uint256 wait) external {
        member = bound(member, 0, 2);
        commitFirst(3, 7);
        vm.warp(bound(wait, now_(), now_() + COMMIT));

        vm.expectEmit(true, true, true, true, address(attestor));
        emit ISealedVoteAttestor.VoteLeaked(key.modelId, key.subject, memberOf(member), 0, reporter, BOND / 2);
        vm.prank(reporter);
        attestor.reportLeak(key, member, vote(member, 7), seals);

        equal(attestor.creditOf(reporter), BOND / 2, "reward");
        Round memory round = attestor.roundOf(key);
        equal(round.opened, 1 << member, "opened");
        equal(round.sealed_, 7 ^ (1 << member), "no longer counted");
    }

    /// @dev The others go on: their votes decide, and the leaked one neither counts nor gets its bond back.
    function test_reportLeak_LeavesTheOthersVotes() external {
        commitFirst(4, 7);
        attestor.reportLeak(key, 0, vote(0, 7), seals);
        commit(4, 7);
        for (uint256 i = 1; i < N; ++i) reveal(i, 7);
        Opening[] memory openings = new Opening[](4);
        for (uint256 i = 0; i < 4; ++i) openings[i] = vote(i + 1, 7);
        attestor.tally(key, openings, seals);
        statusIs(RoundStatus.Decided);
        equal(attestor.roundOf(key).agreed, 30, "the other four");
        creditIs(0, 0);
        creditIs(1, BOND);
    }

    function test_reportLeak_RevertsIf_ReportedAlready() external {
        commitFirst(3, 7);
        attestor.reportLeak(key, 0, vote(0, 7), seals);
        vm.expectRevert(refusal(ISealedVoteAttestor.AlreadyOpened.selector, memberOf(0)));
        attestor.reportLeak(key, 0, vote(0, 7), seals);
    }

    function test_reportLeak_RevertsIf_NothingLeaked() external {
        commitFirst(3, 7);
        Opening memory guess = vote(0, 8);
        vm.expectRevert(wrongOpening(0, guess));
        attestor.reportLeak(key, 0, guess, seals);
        vm.expectRevert(wrongOpening(3, vote(3, 7)));
        attestor.reportLeak(key, 3, vote(3, 7), seals);
    }

    /// @dev Once sealing is over, opening a vote is no leak.
    function testFuzz_reportLeak_RevertsIf_SealingIsOver(bool all) external {
        uint256 until = now_() + COMMIT;
        commitFirst(all ? 5 : 3, 7);
        if (!all) afterSealing();
        vm.expectRevert(refusal(ISealedVoteAttestor.SealingOver.selector, until));
        attestor.reportLeak(key, 0, vote(0, 7), seals);
    }

    /// @dev With too many leaked, too few are left for any outcome: nothing is opened, and the others' bonds return.
    function test_reportLeak_OfTooMany_DecidesNothing() external {
        commitFirst(4, 7);
        for (uint256 i = 0; i < 3; ++i) attestor.reportLeak(key, i, vote(i, 7), seals);
        commit(4, 7);
        revealReverts(4, vote(4, 7), abi.encodeWithSelector(ISealedVoteAttestor.TooFewSealed.selector, 2, 3));
        tallyFirst(0, 0);
        statusIs(RoundStatus.Undecided);
        creditIs(0, 0);
        creditIs(3, BOND);
        creditIs(4, BOND);
    }

    function wrongOpening(uint256 member, Opening memory opening) private view returns (bytes memory) {
        bytes32 seal = attestor.sealOf(key, member, opening);
        return abi.encodeWithSelector(ISealedVoteAttestor.WrongOpening.selector, memberOf(member), seal);
    }
}
