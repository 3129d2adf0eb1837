// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICommittee} from "../../contracts/interfaces/ICommittee.sol";
import {ISealedVoteAttestor} from "../../contracts/interfaces/ISealedVoteAttestor.sol";
import {AnswerKind, Opening, Round, RoundStatus} from "../../contracts/types/SealedVote.sol";
import {SealedStage} from "./support/SealedStage.sol";

/// @title SealedVoteTallyTest
/// @notice Closing a round: when, with which votes, with what outcome, and whose bonds return.
contract SealedVoteTallyTest is SealedStage {
    // When

    function testFuzz_tally_RevertsIf_RevealingIsNotOver(uint256 wait) external {
        commitFirst(4, 7);
        uint256 until = now_() + COMMIT + REVEAL;
        afterSealing();
        revealFirst(3, 7);
        vm.warp(bound(wait, now_(), until));
        vm.expectRevert(refusal(ISealedVoteAttestor.RevealingNotOver.selector, until));
        tallyFirst(3, 7);
        vm.warp(until);
        vm.expectRevert(refusal(ISealedVoteAttestor.RevealingNotOver.selector, until));
        tallyFirst(3, 7);
        vm.warp(until + 1);
        tallyFirst(3, 7);
        statusIs(RoundStatus.Decided);
    }

    /// @dev Early close: once every sealed vote is open, nobody waits for the window.
    function test_tally_OnceAllAreOpen_NeedsNoWaiting() external {
        commitFirst(3, 7);
        afterSealing();
        revealFirst(3, 7);
        tallyFirst(3, 7);
        statusIs(RoundStatus.Decided);
    }

    /// @dev The fastest round: all seal, all open, all counted, in one second.
    function test_tally_OnceAllHaveSealedAndOpened_EndsTheRound() external {
        commitFirst(5, 7);
        revealFirst(5, 7);
        tallyFirst(5, 7);
        isTrue(attestor.verify(outcome(7, now_()), evidence()), "vouched for, as of now");
    }

    /// @dev Nobody can end sealing early by not sealing: one member of five waits for the window.
    function test_tally_RevertsIf_SealingIsNotOver() external {
        commitFirst(4, 7);
        vm.expectRevert(refusal(ISealedVoteAttestor.RevealingNotOver.selector, now_() + COMMIT + REVEAL));
        tallyFirst(0, 0);
    }

    function test_tally_RevertsIf_TheRoundIsNotOpen() external {
        vm.expectRevert(refusal(ISealedVoteAttestor.RoundNotOpen.selector));
        tallyFirst(0, 0);
        commitFirst(3, 7);
        afterRevealing();
        tallyFirst(0, 0);
        vm.expectRevert(refusal(ISealedVoteAttestor.RoundNotOpen.selector));
        tallyFirst(0, 0);
    }

    // Which votes

    /// @dev Nobody who counts can leave out a vote, add one, or change one.
    function testFuzz_tally_RevertsIf_TheVotesAreNotThoseRevealed(uint256 how, uint256 which) external {
        commitFirst(4, 7);
        afterSealing();
        revealFirst(4, 7);
        Opening[] memory openings = new Opening[](
            how % 4 == 0
                ? 3
                : how % 4 == 1
                    ? 5
                    : 4
        );
        for (uint256 i = 0; i < openings.length; ++i) openings[i] = vote(i, 7);
        which %= 4;
        if (how % 4 == 2) openings[which].value = 8;
        if (how % 4 == 3) (openings[which], openings[(which + 1) % 4]) = (openings[(which + 1) % 4], openings[which]);
        (bool success, bytes memory got) = address(attestor).call(
            abi.encodeCall(attestor.tally, (key, openings, seals))
        );
        bytes4 want =
            how % 4 < 2 ? ISealedVoteAttestor.WrongVoteCount.selector : ISealedVoteAttestor.WrongOpening.selector;
        isTrue(!success && bytes4(got) == want, "refused by name");
    }

    function test_tally_RevertsIf_TheSealsAreNotTheRounds() external {
        commitFirst(4, 7);
        afterSealing();
        revealFirst(4, 7);
        (seals[0], seals[1]) = (seals[1], seals[0]);
        Opening[] memory openings = new Opening[](4);
        for (uint256 i = 0; i < 4; ++i) openings[i] = vote(i, 7);
        (bool success, bytes memory got) = address(attestor).call(
            abi.encodeCall(attestor.tally, (key, openings, seals))
        );
        isTrue(!success && bytes4(got) == ISealedVoteAttestor.WrongSeals.selector, "refused by name");
    }

    // What it decides

    function test_tally_OfNumbers_DecidesTheMedian() external {
        play(numbers(10, 12, 11, 50, 9));
        decidedAs(11, 1 + 2 + 4 + 16);
    }

    /// @dev Of an even count the lower of the middle two, which must be close to each other.
    function test_tally_OfAnEvenCount_DecidesTheLowerMiddle() external {
        play(numbers(10, 12, 11, 13));
        decidedAs(11, 15);
    }

    /// @dev FAULTS 15: two halves that do not agree, though either were enough.
    function test_tally_OfNumbersApart_DecidesNothing() external {
        attestor = sealedOf(membersOf(4), 2, terms(AnswerKind.Number));
        play(numbers(1, 1, 9, 9));
        undecided(4);
    }

    function test_tally_OfTooFewWithinTolerance_DecidesNothing() external {
        play(numbers(1, 5, 9, 13, 17));
        undecided(5);
    }

    function test_tally_OfLabels_DecidesTheCommonest() external {
        attestor = sealedOf(membersOf(N), K, terms(AnswerKind.Label));
        play(numbers(2, 0, 2, 1, 2));
        decidedAs(2, 1 + 4 + 16);
    }

    /// @dev Labels next to each other are as different as any.
    function test_tally_OfLabelsApart_DecidesNothing() external {
        attestor = sealedOf(membersOf(N), K, terms(AnswerKind.Label));
        play(numbers(1, 1, 2, 2, 3));
        undecided(5);
    }

    /// @dev FAULTS 15.
    function test_tally_OfATie_DecidesNothing() external {
        attestor = sealedOf(membersOf(4), 2, terms(AnswerKind.Label));
        play(numbers(1, 2, 1, 2));
        undecided(4);
    }

    // Whose bonds return

    /// @dev FAULTS 13: who seals and does not open pays, and stops nobody.
    function test_tally_OfASelectiveNonReveal_CostsItsBond() external {
        commitFirst(5, 7);
        revealFirst(3, 7);
        afterRevealing();
        vm.expectEmit(true, true, true, true, address(attestor));
        emit ISealedVoteAttestor.RoundDecided(
            key.modelId,
            key.subject,
            0,
            outcome(7, attestor.roundOf(key).sealUntil),
            7,
            24
        );
        tallyFirst(3, 7);
        for (uint256 i = 0; i < N; ++i) creditIs(i, i < 3 ? BOND : 0);
        equal(address(attestor).balance, 5 * BOND, "lost bonds stay, and are nobody's");
    }

    /// @dev FAULTS 14.
    function test_tally_WhereNobodyReveals_CostsEveryBond() external {
        commitFirst(4, 7);
        afterRevealing();
        vm.expectEmit(true, true, true, true, address(attestor));
        emit ISealedVoteAttestor.RoundUndecided(key.modelId, key.subject, 0, 15);
        tallyFirst(0, 0);
        for (uint256 i = 0; i < N; ++i) creditIs(i, 0);
    }

    /// @dev Fewer revealed than must agree: no outcome, and those who revealed lose nothing.
    function test_tally_OfTooFewRevealed_ReturnsTheirBonds() external {
        commitFirst(4, 7);
        afterSealing();
        revealFirst(2, 7);
        afterRevealing();
        tallyFirst(0, 0);
        statusIs(RoundStatus.Undecided);
        for (uint256 i = 0; i < N; ++i) creditIs(i, i < 2 ? BOND : 0);
    }

    /// @dev Fewer sealed than must agree: the round expires with sealing, unopened, and every bond returns.
    function testFuzz_tally_OfTooFewSealed_ReturnsEveryBond(uint256 count, address anyone) external {
        count = bound(count, 1, K - 1);
        commitFirst(count, 7);
        afterSealing();
        vm.prank(anyone);
        tallyFirst(0, 0);
        statusIs(RoundStatus.Undecided);
        for (uint256 i = 0; i < N; ++i) creditIs(i, i < count ? BOND : 0);
    }

    /// @dev An honest member that is outvoted loses nothing.
    function test_tally_ReturnsTheBondsOfThoseWhoDisagree() external {
        play(numbers(10, 10, 10, 90, -90));
        decidedAs(10, 7);
        for (uint256 i = 0; i < N; ++i) creditIs(i, BOND);
    }

    function test_withdraw_PaysTheBondBack() external {
        play(numbers(10, 10, 10));
        uint256 before = memberOf(0).balance;
        vm.prank(memberOf(0));
        attestor.withdraw(payable(memberOf(0)));
        equal(memberOf(0).balance - before, BOND, "paid");
        vm.prank(memberOf(0));
        vm.expectRevert(abi.encodeWithSelector(ICommittee.NoCredit.selector, memberOf(0)));
        attestor.withdraw(payable(memberOf(0)));
    }

    /// @notice A whole round of these votes, the first member's first.
    function play(int128[] memory values) private {
        for (uint256 i = 0; i < values.length; ++i) commit(i, values[i]);
        afterSealing();
        for (uint256 i = 0; i < values.length; ++i) reveal(i, values[i]);
        tally(values);
    }

    function decidedAs(int128 value, uint256 agreed) private view {
        Round memory round = attestor.roundOf(key);
        statusIs(RoundStatus.Decided);
        equal(round.agreed, agreed, "agreed");
        isTrue(attestor.verify(outcome(value, round.sealUntil), evidence()), "vouched for");
        isTrue(!attestor.verify(outcome(value + 1, round.sealUntil), evidence()), "and nothing else");
    }

    function undecided(uint256 voters) private view {
        statusIs(RoundStatus.Undecided);
        for (uint256 i = 0; i < voters; ++i) creditIs(i, BOND);
        equal(attestor.roundOf(key).agreed, 0, "nobody agreed");
    }

    function numbers(int128 a, int128 b, int128 c) private pure returns (int128[] memory list) {
        list = new int128[](3);
        (list[0], list[1], list[2]) = (a, b, c);
    }

    function numbers(int128 a, int128 b, int128 c, int128 d) private pure returns (int128[] memory list) {
        list = new int128[](4);
        (list[0], list[1], list[2], list[3]) = (a, b, c, d);
    }

    function numbers(int128 a, int128 b, int128 c, int128 d, int128 e) private pure returns (int128[] memory list) {
        list = new int128[](5);
        (list[0], list[1], list[2], list[3], list[4]) = (a, b, c, d, e);
    }
}
