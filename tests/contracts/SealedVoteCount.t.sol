// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {TallyLib} from "../../contracts/libraries/TallyLib.sol";
import {AnswerKind, Opening} from "../../contracts/types/SealedVote.sol";
import {Check} from "./support/Check.sol";

/// @title SealedVoteCountTest
/// @notice What votes decide: `TallyLib` against its own sentences, for few, many, equal, scattered and extreme votes.
contract SealedVoteCountTest is Check {
    struct Case {
        uint256 count;
        uint256 threshold;
        AnswerKind kind;
        uint128 tolerance;
        TallyLib.Vote[] votes;
    }

    /// @dev Whatever the votes: an outcome is one of them, has the threshold behind it, and `agreed` are exactly those
    /// about its input who say its label, or are within the tolerance of it.
    function testFuzz_tally_OutcomeIsAVote_ThatEnoughAgreeWith(uint256 seed) external pure {
        Case memory it = make(seed);
        (Opening memory outcome, uint32 agreed) = count(it);
        if (agreed == 0) {
            equal(keccak256(abi.encode(outcome)), keccak256(abi.encode(empty())), "nothing");
            return;
        }
        uint32 want;
        bool cast;
        uint256 many;
        for (uint256 i = 0; i < it.count; ++i) {
            Opening memory said = it.votes[i].opening;
            if (keccak256(abi.encode(said)) == keccak256(abi.encode(outcome))) cast = true;
            if (said.inputHash != outcome.inputHash || apart(said.value, outcome.value) > it.tolerance) continue;
            want |= uint32(1 << it.votes[i].member);
            ++many;
        }
        isTrue(cast, "somebody cast it");
        equal(agreed, want, "those who agree");
        isTrue(many >= it.threshold, "enough");
    }

    /// @dev The same votes in any order decide the same.
    function testFuzz_tally_DoesNotDependOnTheOrder(uint256 seed, uint256 turn, uint256 swap) external pure {
        Case memory it = make(seed);
        (Opening memory first, uint32 agreed) = count(it);
        TallyLib.Vote[] memory turned = new TallyLib.Vote[](it.count);
        for (uint256 i = 0; i < it.count; ++i) turned[i] = it.votes[(i + (turn % it.count)) % it.count];
        (uint256 a, uint256 b) = (swap % it.count, (swap >> 8) % it.count);
        (turned[a], turned[b]) = (turned[b], turned[a]);
        it.votes = turned;
        (Opening memory second, uint32 agreedToo) = count(it);
        equal(agreedToo, agreed, "agreed");
        first.salt = second.salt = 0; // equal votes differ in their salts only
        equal(keccak256(abi.encode(second)), keccak256(abi.encode(first)), "outcome");
    }

    /// @dev Rule 6: no label is picked that another is as common as, nor an input.
    function testFuzz_tally_OfLabels_IsTheOnlyCommonest(uint256 seed) external pure {
        Case memory it = make(seed);
        (it.kind, it.tolerance) = (AnswerKind.Label, 0);
        (Opening memory outcome, uint32 agreed) = count(it);
        (bytes32 input, uint256 most) = commonestInput(it);
        uint256 best;
        uint256 atBest;
        int128 label;
        for (uint256 i = 0; i < it.count; ++i) {
            (uint256 votes, bool before) = votesLike(it, i);
            if (it.votes[i].opening.inputHash != input || before) continue;
            if (votes > best) (best, atBest, label) = (votes, 1, it.votes[i].opening.value);
            else if (votes == best) ++atBest;
        }
        bool decided = most != 0 && atBest == 1 && best >= it.threshold;
        equal(agreed != 0 ? 1 : 0, decided ? 1 : 0, "decided");
        if (decided) equal(outcome.value, label, "label");
        if (decided) equal(outcome.inputHash, input, "input");
    }

    /// @dev The median has as many votes at or below it as at or above it.
    function testFuzz_tally_OfNumbers_IsTheMedian(uint256 seed) external pure {
        Case memory it = make(seed);
        it.kind = AnswerKind.Number;
        (Opening memory outcome, uint32 agreed) = count(it);
        if (agreed == 0) return;
        uint256 below;
        uint256 above;
        uint256 all;
        for (uint256 i = 0; i < it.count; ++i) {
            if (it.votes[i].opening.inputHash != outcome.inputHash) continue;
            ++all;
            if (it.votes[i].opening.value < outcome.value) ++below;
            if (it.votes[i].opening.value > outcome.value) ++above;
        }
        isTrue(2 * below < all && 2 * above <= all, "in the middle, or the lower of two");
    }

    /// @dev All who vote the same decide it, whatever it is, at the ends of its type as well.
    function testFuzz_tally_OfOneMind_Decides(
        uint256 size,
        int128 value,
        bool labels,
        uint128 tolerance
    ) external pure {
        Case memory it;
        it.count = bound(size, 1, 31);
        it.threshold = it.count;
        it.kind = labels ? AnswerKind.Label : AnswerKind.Number;
        it.tolerance = labels ? 0 : tolerance;
        it.votes = new TallyLib.Vote[](it.count);
        for (uint256 i = 0; i < it.count; ++i) it.votes[i] = vote(i, value, 900_000, 1);
        (Opening memory outcome, uint32 agreed) = count(it);
        equal(agreed, (1 << it.count) - 1, "all");
        equal(outcome.value, value, "value");
    }

    /// @dev The two ends of the type are as far apart as anything can be, and no sum of theirs overflows.
    function test_tally_AtTheEndsOfTheType() external pure {
        Case memory it = three(type(int128).min, type(int128).max, type(int128).max);
        it.tolerance = type(uint128).max;
        (Opening memory outcome, uint32 agreed) = count(it);
        equal(outcome.value, type(int128).max, "median");
        equal(agreed, 7, "all within the widest tolerance");
        it = three(type(int128).min, type(int128).max, type(int128).max);
        it.tolerance = type(uint128).max - 1;
        (, agreed) = count(it);
        equal(agreed, 6, "one unit less leaves one out");
    }

    /// @dev One liar who names the right label has neither its outputs nor its confidence in the outcome.
    function testFuzz_tally_ALiarsWordingIsNotTaken(uint32 confidence, bytes32 outputs, uint256 place) external pure {
        confidence = uint32(bound(confidence, 0, 1_000_000));
        Case memory it = three(1, 1, 1);
        it.votes[place % 3].opening.confidence = confidence;
        it.votes[place % 3].opening.outputHash = outputs;
        (Opening memory outcome, uint32 agreed) = count(it);
        equal(agreed, 7, "all agree on the label");
        equal(outcome.confidence, 900_000, "the others' confidence");
        equal(outcome.outputHash, bytes32(uint256(1)), "the others' outputs");
    }

    /// @dev Where no two agree word for word, the middle confidence stands: no extreme one.
    function testFuzz_tally_OfAllDifferentWordings_TakesTheMiddle(
        uint32 low,
        uint32 high,
        uint256 place
    ) external pure {
        low = uint32(bound(low, 0, 499_999));
        high = uint32(bound(high, 500_001, 1_000_000));
        place %= 3;
        Case memory it = three(1, 1, 1);
        it.votes[place % 3].opening.confidence = low;
        it.votes[(place + 1) % 3].opening.confidence = high;
        it.votes[(place + 2) % 3].opening.confidence = 500_000;
        (Opening memory outcome, ) = count(it);
        equal(outcome.confidence, 500_000, "the middle one");
    }

    /// @dev Votes about another input neither decide nor move the median; two inputs as common decide nothing.
    function test_tally_OtherInputsDoNotCompare() external pure {
        Case memory it = three(10, 10, -1000);
        (it.threshold, it.votes[2].opening.inputHash) = (2, "other");
        (Opening memory outcome, uint32 agreed) = count(it);
        equal(outcome.value, 10, "of the commonest input");
        equal(agreed, 3, "those about it");

        it.votes = new TallyLib.Vote[](4);
        for (uint256 i = 0; i < 4; ++i) it.votes[i] = vote(i, 10, 900_000, 1);
        it.votes[0].opening.inputHash = it.votes[1].opening.inputHash = "other";
        (, agreed) = count(it);
        equal(agreed, 0, "a tie of inputs");
    }

    // Votes

    function make(uint256 seed) private pure returns (Case memory it) {
        it.count = 1 + (seed % 12);
        it.threshold = 1 + ((seed >> 8) % it.count);
        it.kind = (seed >> 16) % 2 == 0 ? AnswerKind.Label : AnswerKind.Number;
        it.tolerance = it.kind == AnswerKind.Label ? 0 : uint128((seed >> 24) % 4);
        it.votes = new TallyLib.Vote[](it.count);
        for (uint256 i = 0; i < it.count; ++i) {
            uint256 draw = uint256(keccak256(abi.encode(seed, i)));
            int128 value = int128(int256(draw % (1 + ((seed >> 32) % 6)))) - 2;
            it.votes[i] = vote(i, value, uint32((draw >> 64) % 3), (draw >> 96) % 2);
            it.votes[i].opening.salt = bytes32(draw);
            if ((draw >> 128) % 5 == 0) it.votes[i].opening.inputHash = "other";
        }
    }

    function three(int128 a, int128 b, int128 c) private pure returns (Case memory it) {
        (it.count, it.threshold, it.kind) = (3, 1, AnswerKind.Number);
        it.votes = new TallyLib.Vote[](3);
        (it.votes[0], it.votes[1], it.votes[2]) = (
            vote(0, a, 900_000, 1),
            vote(1, b, 900_000, 1),
            vote(2, c, 900_000, 1)
        );
    }

    function vote(
        uint256 member,
        int128 value,
        uint32 confidence,
        uint256 outputs
    ) private pure returns (TallyLib.Vote memory) {
        return
            TallyLib.Vote({
                member: member,
                opening: Opening({
                    inputHash: "input",
                    outputHash: bytes32(outputs),
                    value: value,
                    confidence: confidence,
                    salt: 0
                })
            });
    }

    function empty() private pure returns (Opening memory opening) {}

    /// @dev The library sorts what it is given: it gets a copy.
    function count(Case memory it) private pure returns (Opening memory, uint32) {
        TallyLib.Vote[] memory copy = abi.decode(abi.encode(it.votes), (TallyLib.Vote[]));
        return TallyLib.tally(copy, it.threshold, it.kind, it.tolerance);
    }

    // A second count, the plain way

    function commonestInput(Case memory it) private pure returns (bytes32 input, uint256 most) {
        uint256 others;
        for (uint256 i = 0; i < it.count; ++i) if (it.votes[i].opening.inputHash == "other") ++others;
        uint256 rest = it.count - others;
        if (others == rest) return (0, 0);
        return others > rest ? (bytes32("other"), others) : (bytes32("input"), rest);
    }

    /// @notice How many votes say the same about the same input, and whether an earlier one does.
    function votesLike(Case memory it, uint256 which) private pure returns (uint256 votes, bool before) {
        Opening memory mine = it.votes[which].opening;
        for (uint256 i = 0; i < it.count; ++i) {
            Opening memory other = it.votes[i].opening;
            if (other.inputHash != mine.inputHash || other.value != mine.value) continue;
            ++votes;
            if (i < which) before = true;
        }
    }

    function apart(int128 a, int128 b) private pure returns (uint256) {
        return uint256(a < b ? int256(b) - a : int256(a) - b);
    }
}
