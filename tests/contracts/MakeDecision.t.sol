// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDecisionContract} from "../../contracts/interfaces/IDecisionContract.sol";
import {IModelRegistry} from "../../contracts/interfaces/IModelRegistry.sol";
import {CallbackStatus, Decision} from "../../contracts/types/Decision.sol";
import {ModelConfig} from "../../contracts/types/Model.sol";
import {Prediction} from "../../contracts/types/Prediction.sol";
import {RequestStatus} from "../../contracts/types/Request.sol";
import {Stage} from "./support/Stage.sol";

/// @title MakeDecisionTest
/// @notice Who may decide on what, when, and what is kept of it.
contract MakeDecisionTest is Stage {
    bytes32 private constant LOAN = keccak256("loan 7");
    bytes4 private constant TAG = 0xD0EC1510;

    function testFuzz_decide_Unasked_KeepsThePrediction(
        bytes32 subject,
        bytes32 inputHash,
        bytes32 outputHash,
        int128 value,
        uint32 confidence
    ) external {
        vm.assume(bytes4(subject) != TAG);
        Prediction memory p = Prediction({
            modelId: MODEL,
            subject: subject,
            inputHash: inputHash,
            outputHash: outputHash,
            value: value,
            confidence: uint32(bound(confidence, 0, 1_000_000)),
            predictedAt: uint40(block.timestamp)
        });
        uint8 verdict =
            p.confidence < 600_000
                ? 3
                : value >= 550
                    ? 2
                    : value < 450
                        ? 1
                        : 3;

        vm.expectEmit(true, true, true, true, address(oracle));
        emit IDecisionContract.DecisionMade(
            MODEL,
            subject,
            inputHash,
            outputHash,
            value,
            p.confidence,
            p.predictedAt,
            verdict,
            1
        );
        answer(p);

        same(oracle.decisionOf(MODEL, subject), decision(value, p.confidence, verdict, CallbackStatus.None));
        equal(oracle.creditOf(operator), 0, "an unasked decision earns nothing");
    }

    function testFuzz_decide_Asked_KeepsThePrediction(bytes memory input, int128 value, uint32 confidence) external {
        bytes32 id = ask(input, 0);
        Prediction memory p = predict(id, input);
        (p.value, p.confidence) = (value, uint32(bound(confidence, 600_000, 1_000_000)));
        uint8 verdict =
            value >= 550
                ? 2
                : value < 450
                    ? 1
                    : 3;
        answer(p);

        same(oracle.decisionOf(MODEL, id), decision(value, p.confidence, verdict, CallbackStatus.None));
        statusIs(id, RequestStatus.Decided);
        equal(oracle.creditOf(operator), FEE, "fee");
    }

    function testFuzz_decide_RevertsIf_NotAttestor(address caller) external {
        vm.assume(caller != operator);
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(IDecisionContract.NotAttestor.selector, caller, operator));
        oracle.makeDecision(predict(LOAN, INPUT));
    }

    function testFuzz_decide_RevertsIf_ModelUnknown(bytes32 modelId) external {
        vm.assume(modelId != MODEL);
        Prediction memory p = predict(LOAN, INPUT);
        p.modelId = modelId;
        answerReverts(p, abi.encodeWithSelector(IModelRegistry.UnknownModel.selector, modelId));
    }

    function testFuzz_decide_RevertsIf_SubjectDecided(bytes32 subject, int128 value) external {
        vm.assume(bytes4(subject) != TAG);
        answer(predict(subject, INPUT));
        Decision memory first = oracle.decisionOf(MODEL, subject);
        Prediction memory p = predict(subject, INPUT);
        p.value = value;
        answerReverts(p, abi.encodeWithSelector(IDecisionContract.AlreadyDecided.selector, MODEL, subject));
        same(oracle.decisionOf(MODEL, subject), first);
    }

    /// @dev FAULTS 26: a request is answered, and paid for, once.
    function testFuzz_decide_RevertsIf_RequestDecided(int128 value) external {
        bytes32 id = ask(INPUT, 0);
        answer(predict(id, INPUT));
        Prediction memory p = predict(id, INPUT);
        p.value = value;
        answerReverts(p, abi.encodeWithSelector(IDecisionContract.AlreadyDecided.selector, MODEL, id));
        equal(oracle.creditOf(operator), FEE, "paid once");
    }

    function testFuzz_decide_RevertsIf_RequestUnknown(bytes32 subject) external {
        bytes32 id = TAG | (subject >> 32);
        answerReverts(predict(id, INPUT), abi.encodeWithSelector(IDecisionContract.UnknownRequest.selector, MODEL, id));
    }

    /// @dev Another model's attestor finds no request under its own model.
    function test_decide_RevertsIf_RequestOfAnotherModel() external {
        bytes32 id = ask(INPUT, 0);
        bytes32 other = keccak256("other model");
        register(other, config(stranger));
        Prediction memory p = predict(id, INPUT);
        p.modelId = other;
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IDecisionContract.UnknownRequest.selector, other, id));
        oracle.makeDecision(p);
    }

    function testFuzz_decide_RevertsIf_InputDiffers(bytes memory input, bytes32 inputHash) external {
        vm.assume(bytes16(inputHash) != bytes16(keccak256(input)));
        bytes32 id = ask(input, 0);
        Prediction memory p = predict(id, input);
        p.inputHash = inputHash;
        answerReverts(p, abi.encodeWithSelector(IDecisionContract.InputMismatch.selector, id, inputHash));
    }

    /// @dev Of the input's hash the id holds the first 16 bytes, each bit of them, and no more.
    function test_decide_RevertsIf_InputDiffersInOneBit() external {
        bytes32 id = ask(INPUT, 0);
        Prediction memory p = predict(id, INPUT);
        for (uint256 bit = 128; bit < 256; ++bit) {
            p.inputHash = keccak256(INPUT) ^ bytes32(uint256(1) << bit);
            answerReverts(p, abi.encodeWithSelector(IDecisionContract.InputMismatch.selector, id, p.inputHash));
        }
        p.inputHash = keccak256(INPUT) ^ bytes32(uint256(type(uint128).max));
        answer(p);
    }

    /// @dev Rule 7.
    function testFuzz_decide_RevertsIf_PredictedInFuture(uint40 predictedAt) external {
        Prediction memory p = predict(LOAN, INPUT);
        for (uint256 i = 0; i < 2; ++i) {
            uint256 later = i == 0 ? block.timestamp + 1 : bound(predictedAt, block.timestamp + 1, type(uint40).max);
            p.predictedAt = uint40(later);
            answerReverts(
                p,
                abi.encodeWithSelector(IDecisionContract.PredictionInFuture.selector, later, block.timestamp)
            );
        }
    }

    function testFuzz_decide_RevertsIf_PredictedTooLongAgo(uint40 predictedAt) external {
        Prediction memory p = predict(LOAN, INPUT);
        uint256 oldest = block.timestamp - MAX_AGE;
        for (uint256 i = 0; i < 2; ++i) {
            p.predictedAt = uint40(i == 0 ? oldest - 1 : bound(predictedAt, 0, oldest - 1));
            answerReverts(
                p,
                abi.encodeWithSelector(
                    IDecisionContract.PredictionTooOld.selector,
                    p.predictedAt,
                    MAX_AGE,
                    block.timestamp
                )
            );
        }
        p.predictedAt = uint40(block.timestamp - MAX_AGE);
        answer(p);
    }

    function testFuzz_decide_TakesAnyAge_IfMaxAgeIsZero(uint40 predictedAt) external {
        ModelConfig memory rules = config(operator);
        rules.maxAge = 0;
        register(keccak256("ageless"), rules);
        Prediction memory p = predict(LOAN, INPUT);
        (p.modelId, p.predictedAt) = (keccak256("ageless"), uint40(bound(predictedAt, 0, block.timestamp)));
        answer(p);
    }

    function testFuzz_decide_RevertsIf_ConfidenceTooHigh(uint32 confidence) external {
        Prediction memory p = predict(LOAN, INPUT);
        p.confidence = uint32(bound(confidence, 1_000_001, type(uint32).max));
        answerReverts(p, abi.encodeWithSelector(IDecisionContract.ConfidenceTooHigh.selector, p.confidence));
        p.confidence = 1_000_001;
        answerReverts(p, abi.encodeWithSelector(IDecisionContract.ConfidenceTooHigh.selector, p.confidence));
        p.confidence = 1_000_000;
        answer(p);
    }

    function testFuzz_decide_RevertsIf_PolicySaysNoVerdict(uint8 verdict) external {
        ModelConfig memory rules = config(operator);
        rules.policy = fixedPolicy(verdict);
        register(keccak256("odd"), rules);
        Prediction memory p = predict(LOAN, INPUT);
        p.modelId = keccak256("odd");
        if (verdict >= 1 && verdict <= 3) {
            answer(p);
            equal(oracle.decisionOf(p.modelId, LOAN).verdict, verdict, "verdict");
        } else {
            answerReverts(p, abi.encodeWithSelector(IDecisionContract.UnknownVerdict.selector, rules.policy, verdict));
        }
    }

    /// @dev FAULTS 12 and 28: the deadline's own second belongs to the answer, the next one to the refund.
    function testFuzz_decide_RevertsIf_DeadlinePassed(uint256 late) external {
        bytes32 id = ask(INPUT, 0);
        uint40 deadline = soon();
        vm.warp(deadline);
        Prediction memory p = predict(id, INPUT);
        vm.warp(deadline + 1);
        answerReverts(p, abi.encodeWithSelector(IDecisionContract.DeadlinePassed.selector, id, deadline));
        vm.warp(bound(late, deadline + 1, deadline + MAX_AGE));
        answerReverts(p, abi.encodeWithSelector(IDecisionContract.DeadlinePassed.selector, id, deadline));
        vm.warp(deadline);
        answer(p);
    }

    function test_decide_RevertsIf_Refunded() external {
        bytes32 id = ask(INPUT, 0);
        Prediction memory p = predict(id, INPUT);
        uint40 deadline = soon();
        vm.warp(deadline + 1);
        oracle.refund(MODEL, id);
        answerReverts(p, abi.encodeWithSelector(IDecisionContract.AlreadyRefunded.selector, MODEL, id));
        vm.warp(deadline);
        answerReverts(p, abi.encodeWithSelector(IDecisionContract.AlreadyRefunded.selector, MODEL, id));
    }

    /// @dev FAULTS 18: a pause stops what is new, never the answer to what was asked.
    function test_decide_WhilePaused_OnlyAnswers() external {
        bytes32 id = ask(INPUT, 0);
        vm.prank(owner);
        oracle.pauseModel(MODEL);

        answerReverts(predict(LOAN, INPUT), abi.encodeWithSelector(IModelRegistry.ModelIsPaused.selector, MODEL));
        answer(predict(id, INPUT));
        statusIs(id, RequestStatus.Decided);

        vm.prank(owner);
        oracle.unpauseModel(MODEL);
        answer(predict(LOAN, INPUT));
    }

    /// @dev FAULTS 8: bytes that decode to nothing, or to the same with dirt in it, are refused; what follows the
    /// arguments changes nothing.
    function testFuzz_decide_RevertsIf_CalldataNotCanonical(uint256 field, uint256 dirt, bytes memory tail) external {
        bytes memory message = abi.encodeCall(IDecisionContract.makeDecision, (predict(LOAN, INPUT)));
        field = bound(field, 0, 2);
        uint256 width = [uint256(128), 32, 40][field];
        dirt = bound(dirt, 1, type(uint256).max >> width) << width;
        bytes memory dirty = bytes.concat(message);
        assembly ("memory-safe") {
            let place := add(add(dirty, 0x24), mul(add(field, 4), 0x20))
            mstore(place, xor(mload(place), dirt))
        }
        vm.prank(operator);
        (bool success, ) = address(oracle).call(dirty);
        isTrue(!success, "dirt is refused");

        vm.prank(operator);
        (success, ) = address(oracle).call(bytes.concat(message, tail));
        isTrue(success, "a tail is ignored");
        equal(oracle.decisionOf(MODEL, LOAN).value, int256(812), "value");
    }

    function testFuzz_decide_RevertsIf_CalldataShort(uint256 length) external {
        bytes memory message = abi.encodeCall(IDecisionContract.makeDecision, (predict(LOAN, INPUT)));
        length = bound(length, 4, message.length - 1);
        assembly ("memory-safe") {
            mstore(message, length)
        }
        vm.prank(operator);
        (bool success, ) = address(oracle).call(message);
        isTrue(!success, "short calldata is refused");
    }

    function decision(
        int128 value,
        uint32 confidence,
        uint8 verdict,
        CallbackStatus callback
    ) private view returns (Decision memory) {
        return
            Decision({
                value: value,
                confidence: confidence,
                decidedAt: uint40(block.timestamp),
                verdict: verdict,
                trustLevel: 1,
                callback: callback
            });
    }
}
