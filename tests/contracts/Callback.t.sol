// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDecisionConsumer} from "../../contracts/interfaces/IDecisionConsumer.sol";
import {IDecisionContract} from "../../contracts/interfaces/IDecisionContract.sol";
import {CallbackStatus, Decision} from "../../contracts/types/Decision.sol";
import {Prediction} from "../../contracts/types/Prediction.sol";
import {CallbackStage} from "./support/CallbackStage.sol";
import {IGasConsumer, IReentrantConsumer} from "./support/Consumers.sol";
import {Vm} from "./support/Vm.sol";

/// @title CallbackTest
/// @notice Rule 5: the callback gets its exact gas, costs nobody more than that, and can undo nothing.
contract CallbackTest is CallbackStage {
    bytes32 private constant FAILED = keccak256("CallbackFailed(bytes32,bytes32,address)");

    function test_callback_DeliversTheDecision() external {
        IGasConsumer consumer = gasConsumer(IGasConsumer.Mode.Measure);
        bytes32 id = askFrom(consumer, 200_000);
        answer(predict(id, INPUT));

        Decision memory decision = oracle.decisionOf(MODEL, id);
        equal(uint256(decision.callback), uint256(CallbackStatus.Delivered), "callback");
        bytes32 message = keccak256(abi.encodeCall(IDecisionConsumer.onDecision, (MODEL, id, decision)));
        equal(consumer.lastMessage(), message, "message");
    }

    function testFuzz_callback_MessageIsTheDecision(int128 value, uint32 confidence) external {
        IGasConsumer consumer = gasConsumer(IGasConsumer.Mode.Measure);
        bytes32 id = askFrom(consumer, 200_000);
        Prediction memory p = predict(id, INPUT);
        (p.value, p.confidence) = (value, uint32(bound(confidence, 0, 1_000_000)));
        answer(p);
        Decision memory decision = oracle.decisionOf(MODEL, id);
        bytes32 message = keccak256(abi.encodeCall(IDecisionConsumer.onDecision, (MODEL, id, decision)));
        equal(consumer.lastMessage(), message, "message");
    }

    /// @dev FAULTS 24 and 25: whatever gas the sender gives, the callback gets all it asked for or nothing happens.
    function testFuzz_callback_GetsExactGasOrReverts(uint24 callbackGas, uint256 sent) external {
        callbackGas = uint24(bound(callbackGas, 60_000, 3_000_000));
        IGasConsumer consumer = gasConsumer(IGasConsumer.Mode.Measure);
        uint256 entry = measureEntry(consumer, callbackGas);

        bytes32 id = askFrom(consumer, callbackGas);
        bytes memory message = abi.encodeCall(IDecisionContract.makeDecision, (predict(id, INPUT)));
        // Around what 63/64 leaves: from too little to plenty.
        sent = bound(sent, (uint256(callbackGas) * 64) / 63, (uint256(callbackGas) * 64) / 63 + 60_000);
        vm.prank(operator);
        (bool success, ) = address(oracle).call{gas: sent}(message);

        Decision memory decision = oracle.decisionOf(MODEL, id);
        if (success) {
            equal(uint256(decision.callback), uint256(CallbackStatus.Delivered), "delivered");
            equal(consumer.gasAtEntry(), entry, "exact gas");
        } else {
            equal(decision.verdict, 0, "nothing happened");
            equal(oracle.creditOf(operator), FEE, "nothing earned but the first answer's");
        }
    }

    /// @dev FAULTS 25: gas by gas across the edge, both sides of it seen.
    function test_callback_AtTheEdge_GetsExactGasOrReverts() external {
        uint24 callbackGas = 500_000;
        IGasConsumer consumer = gasConsumer(IGasConsumer.Mode.Measure);
        uint256 entry = measureEntry(consumer, callbackGas);
        bytes32 id = askFrom(consumer, callbackGas);
        bytes memory message = abi.encodeCall(IDecisionContract.makeDecision, (predict(id, INPUT)));

        // The least gas that suffices, by bisection: failures change nothing, so the same request serves all tries.
        uint256 low = 500_000;
        uint256 high = 600_000;
        uint256 tooLow = 0;
        while (high - low > 1) {
            uint256 middle = (low + high) / 2;
            (bool success, bytes memory fault) = this.tryAnswer(message, middle);
            if (success) high = middle;
            else low = middle;
            if (!success && bytes4(fault) == IDecisionContract.CallbackGasTooLow.selector) ++tooLow;
        }
        isTrue(tooLow > 0, "refused by name");
        vm.prank(operator);
        (bool last, ) = address(oracle).call{gas: low}(message);
        isTrue(!last, "one less is refused");
        vm.prank(operator);
        (last, ) = address(oracle).call{gas: high}(message);
        isTrue(last, "enough");
        equal(consumer.gasAtEntry(), entry, "exact gas at the edge");
    }

    /// @dev Answers and always reverts, saying whether it worked.
    function tryAnswer(bytes calldata message, uint256 gas) external returns (bool success, bytes memory fault) {
        try this.answerAndUndo(message, gas) {} catch (bytes memory outcome) {
            (success, fault) = abi.decode(outcome, (bool, bytes));
        }
    }

    function answerAndUndo(bytes calldata message, uint256 gas) external {
        vm.prank(operator);
        (bool success, bytes memory fault) = address(oracle).call{gas: gas}(message);
        bytes memory outcome = abi.encode(success, fault);
        assembly ("memory-safe") {
            revert(add(outcome, 0x20), mload(outcome))
        }
    }

    /// @dev FAULTS 19: the decision and the fee stand, and the failure is on record.
    function test_callback_Reverts_IsOnRecord() external {
        address consumer = address(revertingConsumer());
        bytes32 id = askAs(consumer, 100_000);

        vm.recordLogs();
        answer(predict(id, INPUT));
        failedOnRecord(id, consumer, vm.getRecordedLogs());
    }

    /// @dev FAULTS 20: burning its gas costs its gas and no more.
    function testFuzz_callback_OutOfGas_IsOnRecord(uint24 callbackGas) external {
        callbackGas = uint24(bound(callbackGas, 1, 5_000_000));
        IGasConsumer consumer = gasConsumer(IGasConsumer.Mode.Burn);
        bytes32 id = askFrom(consumer, callbackGas);
        vm.recordLogs();
        uint256 before = gasleft();
        answer(predict(id, INPUT));
        uint256 spent = before - gasleft();
        failedOnRecord(id, address(consumer), vm.getRecordedLogs());
        isTrue(spent >= callbackGas && spent < uint256(callbackGas) + 120_000, "costs its gas");
    }

    /// @dev FAULTS 21: nobody pays for copying what it returns.
    function test_callback_ReturnBomb_CostsItsGasOnly() external {
        for (uint256 mode = 2; mode <= 3; ++mode) {
            IGasConsumer consumer = gasConsumer(IGasConsumer.Mode(mode));
            bytes32 id = askFrom(consumer, 200_000);
            bytes memory message = abi.encodeCall(IDecisionContract.makeDecision, (predict(id, INPUT)));
            // Enough for the callback and the answer, not for 155,000 of memory on our side.
            vm.prank(operator);
            (bool success, ) = address(oracle).call{gas: 300_000}(message);
            isTrue(success, "answered");
            CallbackStatus want = mode == 2 ? CallbackStatus.Delivered : CallbackStatus.Failed;
            equal(uint256(oracle.decisionOf(MODEL, id).callback), uint256(want), "callback");
        }
    }

    /// @dev FAULTS 23.
    function testFuzz_callback_TargetWithoutCode_IsOnRecord(uint24 callbackGas) external {
        callbackGas = uint24(bound(callbackGas, 1, type(uint24).max));
        bytes32 id = ask(INPUT, callbackGas);
        vm.recordLogs();
        answer(predict(id, INPUT));
        failedOnRecord(id, requester, vm.getRecordedLogs());
    }

    function test_callback_NotAskedFor_IsNotMade() external {
        IGasConsumer consumer = gasConsumer(IGasConsumer.Mode.Measure);
        bytes32 id = askFrom(consumer, 0);
        answer(predict(id, INPUT));
        equal(uint256(oracle.decisionOf(MODEL, id).callback), uint256(CallbackStatus.None), "callback");
        equal(consumer.gasAtEntry(), 0, "not called");
    }

    /// @dev FAULTS 22 and 26: every entry is called from within the callback. What concerns the request itself finds
    /// it settled; what is anyone's right works as at any other time; nothing is delivered twice.
    function test_callback_ReentersEveryEntry_ChangesNothing() external {
        IReentrantConsumer consumer = reentrantConsumer();
        // The consumer is the attestor of its own model too, so that nothing is refused for who it is.
        register(keccak256("own"), config(address(consumer)));
        bytes32 id = askBy(consumer, keccak256("own"));
        Prediction memory p = predict(id, INPUT);
        p.modelId = keccak256("own");

        consumer.prepare(address(oracle), 0, abi.encodeCall(IDecisionContract.makeDecision, (p)));
        consumer.prepare(address(oracle), 0, abi.encodeCall(IDecisionContract.relayDecision, (p, "")));
        consumer.prepare(address(oracle), 0, abi.encodeCall(IDecisionContract.refund, (p.modelId, id)));
        consumer.prepare(
            address(oracle),
            0,
            abi.encodeCall(IDecisionContract.retryCallback, (p.modelId, id, address(consumer), 0))
        );
        consumer.prepare(address(oracle), 0, abi.encodeCall(IDecisionContract.withdraw, (payable(address(0xF00D)))));
        consumer.prepare(
            address(oracle),
            FEE,
            abi.encodeCall(IDecisionContract.requestDecision, (p.modelId, INPUT, 0, soon()))
        );
        vm.deal(address(consumer), FEE);

        consumer.execute(address(oracle), abi.encodeCall(IDecisionContract.makeDecision, (p)));

        equal(consumer.callbacks(), 1, "delivered once");
        equal(consumer.outcomeCount(), 6, "all tried");
        fails(consumer, 0, abi.encodeWithSelector(IDecisionContract.AlreadyDecided.selector, p.modelId, id));
        fails(consumer, 1, abi.encodeWithSelector(IDecisionContract.AttestorTakesNoEvidence.selector, consumer));
        fails(consumer, 2, abi.encodeWithSelector(IDecisionContract.AlreadyDecided.selector, p.modelId, id));
        fails(consumer, 3, abi.encodeWithSelector(IDecisionContract.CallbackNotFailed.selector, p.modelId, id));
        (bool paid, ) = consumer.outcome(4);
        (bool asked, ) = consumer.outcome(5);
        isTrue(paid && asked, "its own fee was credited, and it may ask again");
        equal(address(0xF00D).balance, FEE, "paid once");
        equal(address(oracle).balance, FEE, "the new escrow");
        Decision memory decision = oracle.decisionOf(p.modelId, id);
        equal(uint256(decision.callback), uint256(CallbackStatus.Delivered), "callback");
    }

    function failedOnRecord(bytes32 id, address consumer, Vm.Log[] memory logs) private view {
        Decision memory decision = oracle.decisionOf(MODEL, id);
        equal(decision.verdict, 2, "the decision stands");
        equal(uint256(decision.callback), uint256(CallbackStatus.Failed), "callback");
        equal(oracle.creditOf(operator), FEE, "the fee stands");
        Vm.Log memory log = logs[logs.length - 1];
        equal(log.topics[0], FAILED, "event");
        equal(log.topics[1], MODEL, "event's model");
        equal(log.topics[2], id, "event's request");
        equal(log.topics[3], bytes32(uint256(uint160(consumer))), "event's requester");
    }
}
