// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDecisionContract} from "../../contracts/interfaces/IDecisionContract.sol";
import {Request, RequestStatus} from "../../contracts/types/Request.sol";
import {Stage} from "./support/Stage.sol";

/// @title RefundTest
/// @notice What is not answered in time is the requester's again; answer and refund exclude each other.
contract RefundTest is Stage {
    function testFuzz_refund_ByAnyone_CreditsTheRequester(address anyone, uint256 late, uint32 extra) external {
        uint256 fee = (uint256(FEE_GWEI) + extra / 2) * 1 gwei;
        vm.prank(requester);
        bytes32 id = oracle.requestDecision{value: fee}(MODEL, INPUT, 50_000, soon());
        Request memory request = oracle.requestOf(MODEL, id);
        vm.warp(bound(late, uint256(request.deadline) + 1, uint256(request.deadline) + 3650 days));

        vm.expectEmit(true, true, true, true, address(oracle));
        emit IDecisionContract.RequestRefunded(MODEL, id, requester, request.feeGwei);
        vm.prank(anyone);
        oracle.refund(MODEL, id);

        equal(oracle.creditOf(requester), fee, "credit");
        request.status = RequestStatus.Refunded;
        same(oracle.requestOf(MODEL, id), request);
        equal(oracle.decisionOf(MODEL, id).verdict, 0, "no decision");
    }

    /// @dev FAULTS 28: up to and in the deadline's second only the answer can come, after it only the refund.
    function testFuzz_refund_RevertsIf_DeadlineNotPassed(uint256 early) external {
        bytes32 id = ask(INPUT, 0);
        uint40 deadline = soon();
        vm.warp(bound(early, now_(), deadline));
        vm.expectRevert(abi.encodeWithSelector(IDecisionContract.DeadlineNotPassed.selector, id, deadline));
        oracle.refund(MODEL, id);
        vm.warp(deadline);
        vm.expectRevert(abi.encodeWithSelector(IDecisionContract.DeadlineNotPassed.selector, id, deadline));
        oracle.refund(MODEL, id);
        vm.warp(deadline + 1);
        oracle.refund(MODEL, id);
    }

    function test_refund_RevertsIf_Answered() external {
        bytes32 id = ask(INPUT, 0);
        answer(predict(id, INPUT));
        vm.warp(soon() + 1);
        vm.expectRevert(abi.encodeWithSelector(IDecisionContract.AlreadyDecided.selector, MODEL, id));
        oracle.refund(MODEL, id);
        equal(oracle.creditOf(requester), 0, "no credit");
    }

    function test_refund_RevertsIf_Refunded() external {
        bytes32 id = ask(INPUT, 0);
        vm.warp(soon() + 1);
        oracle.refund(MODEL, id);
        vm.expectRevert(abi.encodeWithSelector(IDecisionContract.AlreadyRefunded.selector, MODEL, id));
        oracle.refund(MODEL, id);
        equal(oracle.creditOf(requester), FEE, "once");
    }

    function testFuzz_refund_RevertsIf_RequestUnknown(bytes32 modelId, bytes32 id) external {
        vm.expectRevert(abi.encodeWithSelector(IDecisionContract.UnknownRequest.selector, modelId, id));
        oracle.refund(modelId, id);
    }

    /// @dev FAULTS 18: neither a pause nor a change of the model stands between a requester and the refund.
    function test_refund_WhilePausedOrChangeDue() external {
        bytes32 id = ask(INPUT, 0);
        propose(config(stranger));
        vm.prank(owner);
        oracle.pauseModel(MODEL);
        vm.warp(now_() + 30 days);
        oracle.refund(MODEL, id);
        equal(oracle.creditOf(requester), FEE, "credit");
    }
}
