// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DecisionConsumer} from "../../contracts/consumer/DecisionConsumer.sol";
import {IDecisionContract} from "../../contracts/interfaces/IDecisionContract.sol";
import {CallbackStatus, Decision} from "../../contracts/types/Decision.sol";
import {Stage} from "./support/Stage.sol";

/// @dev A consumer that can reclaim its fees.
contract Desk is DecisionConsumer {
    bytes32 public lastRequest;
    uint8 public lastVerdict;

    constructor(IDecisionContract oracle, uint8 level) DecisionConsumer(oracle, level) {}

    function ask(bytes32 modelId, bytes calldata input, uint40 deadline) external payable returns (bytes32) {
        return _requestDecision(modelId, input, msg.value, 200_000, deadline);
    }

    function reclaim(bytes32 modelId, bytes32 requestId) external returns (uint256) {
        return _reclaimFee(modelId, requestId);
    }

    function _onDecision(bytes32, bytes32 requestId, Decision calldata decision) internal override {
        (lastRequest, lastVerdict) = (requestId, decision.verdict);
    }
}

/// @title DecisionConsumerTest
/// @notice The base of every dApp: who may deliver, what is trusted enough, and how a fee comes back.
contract DecisionConsumerTest is Stage {
    Desk private desk;

    function setUp() public override {
        super.setUp();
        desk = new Desk(oracle, 1);
    }

    function test_consumer_GetsTheDecision() external {
        bytes32 id = askDesk(desk);
        answer(predict(id, INPUT));
        equal(desk.lastRequest(), id, "request");
        equal(desk.lastVerdict(), 2, "verdict");
    }

    function testFuzz_onDecision_RevertsIf_CallerIsNotTheContract(address caller, bytes32 id) external {
        vm.assume(caller != address(oracle));
        Decision memory decision = Decision(1, 0, 0, 2, 4, CallbackStatus.Delivered);
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(DecisionConsumer.NotDecisionContract.selector, caller));
        desk.onDecision(MODEL, id, decision);
    }

    function testFuzz_onDecision_RevertsIf_TrustTooLow(uint8 level, uint8 required) external {
        Desk strict = new Desk(oracle, required);
        Decision memory decision = Decision(1, 0, 0, 2, level, CallbackStatus.Delivered);
        vm.prank(address(oracle));
        if (level < required) {
            vm.expectRevert(abi.encodeWithSelector(DecisionConsumer.TrustLevelTooLow.selector, level, required));
        }
        strict.onDecision(MODEL, bytes32("id"), decision);
    }

    function testFuzz_reclaim_BringsTheFeeBack(bool refundedByOthers, bool withOthers) external {
        bytes32 first = askDesk(desk);
        bytes32 second = askDesk(desk);
        vm.expectRevert(abi.encodeWithSelector(IDecisionContract.DeadlineNotPassed.selector, first, soon()));
        desk.reclaim(MODEL, first);
        vm.warp(soon() + 1);
        if (refundedByOthers) oracle.refund(MODEL, first);
        if (withOthers) equal(desk.reclaim(MODEL, second), FEE, "second");
        equal(desk.reclaim(MODEL, first), FEE, "first");
        equal(address(desk).balance, withOthers ? 2 * FEE : FEE, "balance");
        equal(oracle.creditOf(address(desk)), 0, "credit");
    }

    function test_reclaim_RevertsIf_Answered() external {
        bytes32 id = askDesk(desk);
        answer(predict(id, INPUT));
        vm.warp(soon() + 1);
        vm.expectRevert(abi.encodeWithSelector(IDecisionContract.AlreadyDecided.selector, MODEL, id));
        desk.reclaim(MODEL, id);
    }

    function test_receive_TakesOnlyTheContractsEther() external {
        vm.deal(address(this), 1 ether);
        (bool success, bytes memory fault) = address(desk).call{value: 1 ether}("");
        isTrue(!success && bytes4(fault) == DecisionConsumer.NotDecisionContract.selector, "refused by name");
    }

    function askDesk(Desk who) private returns (bytes32) {
        vm.prank(requester);
        return who.ask{value: FEE}(MODEL, INPUT, soon());
    }
}
