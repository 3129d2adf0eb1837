// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDecisionContract} from "../../contracts/interfaces/IDecisionContract.sol";
import {IModelRegistry} from "../../contracts/interfaces/IModelRegistry.sol";
import {Request, RequestStatus} from "../../contracts/types/Request.sol";
import {Stage} from "./support/Stage.sol";

/// @title RequestDecisionTest
/// @notice What a request costs, keeps and is called.
contract RequestDecisionTest is Stage {
    function testFuzz_request_KeepsWhatWasAsked(
        bytes memory input,
        uint24 callbackGas,
        uint32 wait,
        uint32 extra
    ) external {
        uint40 deadline = uint40(block.timestamp + bound(wait, 1, 2 days));
        uint32 feeGwei = FEE_GWEI + extra / 2;
        bytes32 expected = oracle.requestIdOf(requester, 0, MODEL, keccak256(input));

        vm.expectEmit(true, true, true, true, address(oracle));
        emit IDecisionContract.DecisionRequested(MODEL, expected, requester, input, callbackGas, deadline, feeGwei);
        vm.prank(requester);
        bytes32 id = oracle.requestDecision{value: uint256(feeGwei) * 1 gwei}(MODEL, input, callbackGas, deadline);

        equal(id, expected, "id");
        same(
            oracle.requestOf(MODEL, id),
            Request({
                requester: requester,
                callbackGas: callbackGas,
                deadline: deadline,
                feeGwei: feeGwei,
                status: RequestStatus.Open
            })
        );
        equal(oracle.nonceOf(requester), 1, "nonce");
        equal(oracle.decisionOf(MODEL, id).verdict, 0, "no decision yet");
        equal(address(oracle).balance, uint256(feeGwei) * 1 gwei, "escrow");
    }

    function testFuzz_requestByHash_KeepsWhatWasAsked(
        bytes32 inputHash,
        string memory uri,
        uint24 callbackGas
    ) external {
        bytes32 expected = oracle.requestIdOf(requester, 0, MODEL, inputHash);

        vm.expectEmit(true, true, true, true, address(oracle));
        emit IDecisionContract.DecisionRequestedByHash(
            MODEL,
            expected,
            requester,
            inputHash,
            uri,
            callbackGas,
            soon(),
            FEE_GWEI
        );
        vm.prank(requester);
        bytes32 id = oracle.requestDecisionByHash{value: FEE}(MODEL, inputHash, uri, callbackGas, soon());

        equal(id, expected, "id");
        statusIs(id, RequestStatus.Open);
    }

    function testFuzz_request_RevertsIf_FeeTooLow(uint256 feeGwei) external {
        feeGwei = bound(feeGwei, 0, FEE_GWEI - 1);
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(IDecisionContract.FeeTooLow.selector, feeGwei, FEE_GWEI));
        oracle.requestDecision{value: feeGwei * 1 gwei}(MODEL, INPUT, 0, soon());
    }

    function testFuzz_request_RevertsIf_FeeNotWholeGwei(uint256 sent) external {
        sent = bound(sent, 0, 4 ether);
        vm.assume(sent % 1 gwei != 0);
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(IDecisionContract.FeeNotWholeGwei.selector, sent));
        oracle.requestDecision{value: sent}(MODEL, INPUT, 0, soon());
    }

    function testFuzz_request_RevertsIf_FeeTooHigh(uint256 feeGwei) external {
        uint256 sent = bound(feeGwei, 2 ** 32, 2 ** 64) * 1 gwei;
        vm.deal(requester, sent);
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(IDecisionContract.FeeTooHigh.selector, sent));
        oracle.requestDecision{value: sent}(MODEL, INPUT, 0, soon());
    }

    function test_request_TakesTheHighestFee() external {
        vm.prank(requester);
        bytes32 id = oracle.requestDecision{value: (2 ** 32 - 1) * 1 gwei}(MODEL, INPUT, 0, soon());
        equal(oracle.requestOf(MODEL, id).feeGwei, type(uint32).max, "fee");
    }

    function testFuzz_request_RevertsIf_DeadlineNotAfterNow(uint40 deadline) external {
        bytes4 fault = IDecisionContract.DeadlineOutOfRange.selector;
        refuses(abi.encodeWithSelector(fault, block.timestamp, now_() + 2 days), uint40(block.timestamp));
        deadline = uint40(bound(deadline, 0, block.timestamp));
        refuses(abi.encodeWithSelector(fault, deadline, now_() + 2 days), deadline);
    }

    function testFuzz_request_RevertsIf_DeadlineBeyondDelay(uint40 deadline) external {
        bytes4 fault = IDecisionContract.DeadlineOutOfRange.selector;
        refuses(abi.encodeWithSelector(fault, now_() + 2 days + 1, now_() + 2 days), uint40(now_() + 2 days + 1));
        deadline = uint40(bound(deadline, now_() + 2 days + 1, type(uint40).max));
        refuses(abi.encodeWithSelector(fault, deadline, now_() + 2 days), deadline);
    }

    function testFuzz_request_RevertsIf_DeadlineBeyondPendingChange(uint256 wait, uint256 deadline) external {
        propose(config(stranger));
        uint256 changeAt = now_() + 2 days;
        vm.warp(bound(wait, now_(), changeAt - 1));
        deadline = bound(deadline, changeAt + 1, now_() + 2 days + 1);
        refuses(
            abi.encodeWithSelector(IDecisionContract.DeadlineOutOfRange.selector, deadline, changeAt),
            uint40(deadline)
        );

        vm.prank(requester);
        oracle.requestDecision{value: FEE}(MODEL, INPUT, 0, uint40(changeAt));
    }

    function testFuzz_request_RevertsIf_ChangeDue(uint256 wait) external {
        propose(config(stranger));
        uint256 changeAt = now_() + 2 days;
        vm.warp(bound(wait, changeAt + 1, changeAt + 365 days));
        refuses(abi.encodeWithSelector(IModelRegistry.ModelChangeDue.selector, MODEL, changeAt), soon());
    }

    function test_request_RevertsIf_Paused() external {
        vm.prank(owner);
        oracle.pauseModel(MODEL);
        refuses(abi.encodeWithSelector(IModelRegistry.ModelIsPaused.selector, MODEL), soon());

        vm.prank(owner);
        oracle.unpauseModel(MODEL);
        ask(INPUT, 0);
    }

    function testFuzz_request_RevertsIf_ModelUnknown(bytes32 modelId, uint40 deadline) external {
        vm.assume(modelId != MODEL);
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.UnknownModel.selector, modelId));
        oracle.requestDecision{value: FEE}(modelId, INPUT, 0, deadline);
    }

    /// @dev FAULTS 1: the same request twice in one block is two requests.
    function testFuzz_request_TwiceInOneBlock_AreTwo(bytes memory input) external {
        bytes32 first = ask(input, 0);
        bytes32 second = ask(input, 0);
        isTrue(first != second, "ids differ");
        statusIs(first, RequestStatus.Open);
        statusIs(second, RequestStatus.Open);
        answer(predict(first, input));
        statusIs(first, RequestStatus.Decided);
        statusIs(second, RequestStatus.Open);
    }

    /// @dev The nonce is set back by force, as nothing else can make an id come again.
    function test_request_RevertsIf_IdTaken() external {
        bytes32 id = ask(INPUT, 0);
        vm.store(address(oracle), keccak256(abi.encode(requester, uint256(5))), 0);
        equal(oracle.nonceOf(requester), 0, "nonce set back");

        refuses(abi.encodeWithSelector(IDecisionContract.RequestExists.selector, MODEL, id), soon());
        answer(predict(id, INPUT));
        refuses(abi.encodeWithSelector(IDecisionContract.RequestExists.selector, MODEL, id), soon());
    }

    /// @dev FAULTS 2: every part of a request changes its id.
    function testFuzz_requestId_BindsEverything(
        address who,
        uint256 nonce,
        bytes32 modelId,
        bytes32 inputHash
    ) external {
        vm.assume(nonce != type(uint256).max);
        bytes32 id = oracle.requestIdOf(who, nonce, modelId, inputHash);
        isTrue(bytes4(id) == 0xD0EC1510, "tag");
        equal(uint256(id) & type(uint128).max, uint256(inputHash) >> 128, "input");

        isTrue(id != oracle.requestIdOf(address(uint160(who) ^ 1), nonce, modelId, inputHash), "requester");
        isTrue(id != oracle.requestIdOf(who, nonce + 1, modelId, inputHash), "nonce");
        isTrue(id != oracle.requestIdOf(who, nonce, modelId ^ bytes32(uint256(1)), inputHash), "model");
        isTrue(id != oracle.requestIdOf(who, nonce, modelId, inputHash ^ bytes32(uint256(1) << 128)), "input");
        address other = deploy("contracts/DecisionContract.sol:DecisionContract", "");
        isTrue(id != IDecisionContract(other).requestIdOf(who, nonce, modelId, inputHash), "contract");
        vm.chainId(block.chainid + 1);
        isTrue(id != oracle.requestIdOf(who, nonce, modelId, inputHash), "chain");
    }

    function refuses(bytes memory fault, uint40 deadline) private {
        vm.prank(requester);
        vm.expectRevert(fault);
        oracle.requestDecision{value: FEE}(MODEL, INPUT, 0, deadline);
        vm.prank(requester);
        vm.expectRevert(fault);
        oracle.requestDecisionByHash{value: FEE}(MODEL, keccak256(INPUT), "", 0, deadline);
    }
}
