// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDecisionContract} from "../../contracts/interfaces/IDecisionContract.sol";
import {CallbackStatus, Decision} from "../../contracts/types/Decision.sol";
import {CallbackStage} from "./support/CallbackStage.sol";
import {IRevertingConsumer} from "./support/Consumers.sol";

/// @title RetryCallbackTest
/// @notice A failed callback can be tried again by anyone, goes to who asked and to nobody else, and succeeds once.
contract RetryCallbackTest is CallbackStage {
    IRevertingConsumer private consumer;

    function setUp() public override {
        super.setUp();
        consumer = revertingConsumer();
    }

    function testFuzz_retry_ByAnyone_DeliversOnce(address anyone, uint256 wait) external {
        bytes32 id = failedRequest(100_000);
        Decision memory before = oracle.decisionOf(MODEL, id);
        consumer.setMended(true);
        vm.warp(now_() + bound(wait, 0, 3650 days));

        vm.expectEmit(true, true, true, true, address(oracle));
        emit IDecisionContract.CallbackRetried(MODEL, id, address(consumer));
        vm.prank(anyone);
        oracle.retryCallback(MODEL, id, address(consumer), 0);

        equal(consumer.deliveries(id), 1, "delivered");
        Decision memory afterwards = oracle.decisionOf(MODEL, id);
        equal(uint256(afterwards.callback), uint256(CallbackStatus.Delivered), "callback");
        before.callback = CallbackStatus.Delivered;
        same(afterwards, before);

        vm.expectRevert(abi.encodeWithSelector(IDecisionContract.CallbackNotFailed.selector, MODEL, id));
        oracle.retryCallback(MODEL, id, address(consumer), 0);
        equal(consumer.deliveries(id), 1, "delivered once");
        equal(oracle.creditOf(operator), FEE, "paid once");
    }

    function test_retry_RevertsIf_ItFailsAgain() external {
        bytes32 id = failedRequest(100_000);
        vm.expectRevert(abi.encodeWithSelector(IDecisionContract.CallbackFailedAgain.selector, id, address(consumer)));
        oracle.retryCallback(MODEL, id, address(consumer), 0);
        equal(uint256(oracle.decisionOf(MODEL, id).callback), uint256(CallbackStatus.Failed), "still failed");
    }

    function testFuzz_retry_RevertsIf_RequesterOrNonceDiffers(address who, uint256 nonce) external {
        vm.assume(who != address(consumer) || nonce != 0);
        bytes32 id = failedRequest(100_000);
        consumer.setMended(true);
        vm.expectRevert(abi.encodeWithSelector(IDecisionContract.NotRequester.selector, id, who, nonce));
        oracle.retryCallback(MODEL, id, who, nonce);
    }

    function test_retry_RevertsIf_NotFailed() external {
        consumer.setMended(true);
        bytes32 delivered = request(100_000);
        refuses(delivered, 0);
        answer(predict(delivered, INPUT));
        refuses(delivered, 0);
        bytes32 silent = request(0);
        answer(predict(silent, INPUT));
        refuses(silent, 1);
        refuses(keccak256("never asked"), 0);
    }

    /// @dev A retry with less gas than the request named could make a careful consumer fail half-way.
    function testFuzz_retry_RevertsIf_GasTooLow(uint256 sent) external {
        bytes32 id = failedRequest(1_000_000);
        consumer.setMended(true);
        sent = bound(sent, 100_000, 1_000_000);
        (bool success, bytes memory fault) = address(oracle).call{gas: sent}(
            abi.encodeCall(IDecisionContract.retryCallback, (MODEL, id, address(consumer), 0))
        );
        isTrue(!success && bytes4(fault) == IDecisionContract.CallbackGasTooLow.selector, "refused by name");
    }

    /// @dev The callback failed for want of gas: the retry gives it more than it had asked for.
    function test_retry_GivesMoreThanWasAskedFor() external {
        consumer.setMended(true);
        bytes32 id = request(5_000);
        answer(predict(id, INPUT));
        equal(consumer.deliveries(id), 0, "too little gas");
        oracle.retryCallback(MODEL, id, address(consumer), 0);
        equal(consumer.deliveries(id), 1, "delivered");
    }

    function request(uint24 callbackGas) private returns (bytes32) {
        vm.prank(requester);
        return consumer.ask{value: FEE}(MODEL, INPUT, callbackGas, soon());
    }

    function failedRequest(uint24 callbackGas) private returns (bytes32 id) {
        id = request(callbackGas);
        answer(predict(id, INPUT));
        equal(uint256(oracle.decisionOf(MODEL, id).callback), uint256(CallbackStatus.Failed), "failed");
    }

    function refuses(bytes32 id, uint256 nonce) private {
        vm.expectRevert(abi.encodeWithSelector(IDecisionContract.CallbackNotFailed.selector, MODEL, id));
        oracle.retryCallback(MODEL, id, address(consumer), nonce);
    }
}
