// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDecisionFeed} from "../../contracts/interfaces/IDecisionFeed.sol";
import {Prediction} from "../../contracts/types/Prediction.sol";
import {Stage} from "./support/Stage.sol";

/// @title DecisionFeedTest
/// @notice A feed's rounds are the decisions on its subjects, in order, never back in time, and stale ones revert.
contract DecisionFeedTest is Stage {
    bytes32 private constant SERIES = keccak256("EUR/USD");
    uint32 private constant HEARTBEAT = 1 days;

    IDecisionFeed private feed;

    function setUp() public override {
        super.setUp();
        feed = open(HEARTBEAT, 1);
    }

    function test_feed_SaysWhatItIs() external view {
        equal(feed.decimals(), 3, "decimals");
        equal(keccak256(bytes(feed.description())), keccak256("EUR / USD"), "description");
        equal(feed.version(), 1, "version");
    }

    function test_latest_RevertsIf_NoRoundYet() external {
        vm.expectRevert(abi.encodeWithSelector(IDecisionFeed.NoRound.selector, 0));
        feed.latestRoundData();
    }

    function testFuzz_latest_IsTheLastDecision_NotedOrNot(uint8 rounds, uint8 noted, int128 value) external {
        uint80 count = uint80(bound(rounds, 1, 12));
        for (uint80 round = 1; round <= count; ++round) {
            decide(round, int128(int80(round)) + (value >> 1));
            vm.warp(block.timestamp + 60);
        }
        feed.advance(uint80(bound(noted, 0, 12)));
        latestIs(count, int128(int80(count)) + (value >> 1), block.timestamp - 60);
        equal(feed.nextRound(), count + 1, "next");
        for (uint80 round = 1; round <= count; ++round) {
            (uint80 id, int256 answer, uint256 started, uint256 updated, uint80 inRound) = feed.getRoundData(round);
            equal(id, round, "id");
            equal(answer, int128(int80(round)) + (value >> 1), "answer");
            equal(updated, block.timestamp - 60 * (count - round + 1), "updatedAt");
            equal(started, updated, "startedAt");
            equal(inRound, round, "answeredInRound");
        }
    }

    function testFuzz_round_RevertsIf_NotDecided(uint80 round) external {
        decide(1, 7);
        vm.assume(round != 1);
        noRound(round);
        feed.advance(10);
        noRound(round);
    }

    function testFuzz_latest_RevertsIf_Stale(uint32 age) external {
        decide(1, 7);
        uint256 decidedAt = block.timestamp;
        age = uint32(bound(age, 0, 10 days));
        vm.warp(block.timestamp + age);
        if (age > HEARTBEAT) {
            bytes4 fault = IDecisionFeed.FeedStale.selector;
            vm.expectRevert(abi.encodeWithSelector(fault, decidedAt, HEARTBEAT, block.timestamp));
            feed.latestRoundData();
        } else latestIs(1, 7, decidedAt);
        (, int256 answer, , , ) = feed.getRoundData(1);
        equal(answer, 7, "history is never stale");
    }

    function testFuzz_latest_IsNeverStale_IfMaxAgeIsZero(uint32 age) external {
        feed = open(0, 1);
        decide(1, 7);
        uint256 decidedAt = block.timestamp;
        vm.warp(block.timestamp + age);
        latestIs(1, 7, decidedAt);
    }

    /// @dev Whatever the order in which rounds are decided, and whenever they are noted.
    function testFuzz_rounds_NeverGoBackInTime(uint256 order, uint256 notes) external {
        uint80[5] memory rounds = [uint80(1), 2, 3, 4, 5];
        uint256 seen;
        for (uint256 i = 0; i < 5; ++i) {
            uint256 pick = i + (order % (5 - i));
            order /= 5;
            (rounds[i], rounds[pick]) = (rounds[pick], rounds[i]);
            vm.warp(block.timestamp + 60);
            decide(rounds[i], int128(int80(rounds[i])));
            if ((notes >> i) & 1 != 0) feed.advance(uint80(notes >> 8) % 4);
            uint256 updated = latestTime();
            isTrue(updated >= seen, "latest");
            seen = updated;
        }
        uint256 before;
        for (uint80 round = 1; round <= 5; ++round) {
            try feed.getRoundData(round) returns (uint80, int256, uint256, uint256 updated, uint80) {
                isTrue(updated >= before, "history");
                before = updated;
            } catch {}
        }
        equal(before, seen, "the latest is the last of the history");
        equal(feed.nextRound(), 6, "no order stops the feed");
    }

    function testFuzz_advance_ChangesNothingOfWhatIsRead(uint256 order, uint80 most) external {
        for (uint80 i = 0; i < 4; ++i) {
            vm.warp(block.timestamp + 60);
            uint80 round = uint80((order >> (8 * i)) % 6) + 1;
            if (oracle.decisionOf(MODEL, feed.subjectOf(round)).verdict == 0) decide(round, int128(int80(round)));
        }
        bytes32 told = everything();
        feed.advance(most % 8);
        equal(everything(), told, "what is read");
    }

    function test_advance_VoidsARoundDecidedBeforeAnEarlierOne() external {
        decide(1, 1);
        vm.warp(block.timestamp + 60);
        decide(3, 3);
        vm.warp(block.timestamp + 60);
        decide(2, 2);
        latestIs(2, 2, block.timestamp);
        noRound(3);
        equal(feed.advance(10), 2, "noted");
        noRound(3);
        vm.warp(block.timestamp + 60);
        decide(4, 4);
        latestIs(4, 4, block.timestamp);
    }

    function testFuzz_round_IsVoid_IfVouchedForTooWeakly(uint8 level) external {
        level = uint8(bound(level, 2, 4));
        feed = open(HEARTBEAT, level);
        decide(1, 1);
        noRound(1);
        equal(feed.advance(1), 0, "nothing counts");
        noRound(1);
        vm.expectRevert(abi.encodeWithSelector(IDecisionFeed.NoRound.selector, 0));
        feed.latestRoundData();
    }

    function testFuzz_subjectOf_BindsSeriesAndRound_AndIsNoRequest(uint80 round, uint80 other) external {
        vm.assume(round != other);
        bytes32 subject = feed.subjectOf(round);
        equal(uint8(subject[0]), 0, "no request's tag");
        isTrue(subject != feed.subjectOf(other), "round");
        bytes memory terms = abi.encode(oracle, MODEL, keccak256("GBP/USD"), 3, HEARTBEAT, 1, "GBP / USD");
        IDecisionFeed elsewhere = IDecisionFeed(deploy("contracts/feeds/DecisionFeed.sol:DecisionFeed", terms));
        isTrue(subject != elsewhere.subjectOf(round), "series");
    }

    // Steps

    function open(uint32 maxAge, uint8 level) private returns (IDecisionFeed) {
        bytes memory terms = abi.encode(oracle, MODEL, SERIES, 3, maxAge, level, "EUR / USD");
        return IDecisionFeed(deploy("contracts/feeds/DecisionFeed.sol:DecisionFeed", terms));
    }

    function decide(uint80 round, int128 value) private {
        Prediction memory p = predict(feed.subjectOf(round), INPUT);
        p.value = value;
        answer(p);
    }

    function latestIs(uint80 round, int256 want, uint256 time) private view {
        (uint80 id, int256 answer_, uint256 started, uint256 updated, uint80 inRound) = feed.latestRoundData();
        equal(id, round, "latest round");
        equal(answer_, want, "latest answer");
        equal(started, time, "startedAt");
        equal(updated, time, "updatedAt");
        equal(inRound, round, "answeredInRound");
    }

    function noRound(uint80 round) private {
        vm.expectRevert(abi.encodeWithSelector(IDecisionFeed.NoRound.selector, round));
        feed.getRoundData(round);
    }

    function latestTime() private view returns (uint256 time) {
        try feed.latestRoundData() returns (uint80, int256, uint256, uint256 updated, uint80) {
            time = updated;
        } catch {}
    }

    function everything() private view returns (bytes32 told) {
        for (uint80 round = 0; round < 8; ++round) {
            (bool ok, bytes memory said) = address(feed).staticcall(abi.encodeCall(feed.getRoundData, (round)));
            told = keccak256(abi.encode(told, ok, said));
        }
        (bool there, bytes memory latest) = address(feed).staticcall(abi.encodeCall(feed.latestRoundData, ()));
        return keccak256(abi.encode(told, there, latest, feed.nextRound()));
    }
}
