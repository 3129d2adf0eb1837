// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDecisionContract} from "../../../contracts/interfaces/IDecisionContract.sol";
import {IGasConsumer, IReentrantConsumer, IRevertingConsumer} from "./Consumers.sol";
import {Stage} from "./Stage.sol";

/// @title CallbackStage
/// @notice A stage with consumers that ask, and are called back.
abstract contract CallbackStage is Stage {
    function gasConsumer(IGasConsumer.Mode mode) internal returns (IGasConsumer) {
        return IGasConsumer(deploy("contracts/mocks/GasConsumer.sol:GasConsumer", abi.encode(mode)));
    }

    function reentrantConsumer() internal returns (IReentrantConsumer) {
        return IReentrantConsumer(deploy("contracts/mocks/ReentrantConsumer.sol:ReentrantConsumer", ""));
    }

    function revertingConsumer() internal returns (IRevertingConsumer) {
        bytes memory arguments = abi.encode(oracle);
        return IRevertingConsumer(deploy("contracts/mocks/RevertingConsumer.sol:RevertingConsumer", arguments));
    }

    /// @dev What `gasAtEntry` reads when the callback gets exactly `callbackGas`: from an answer with gas in plenty.
    function measureEntry(IGasConsumer consumer, uint24 callbackGas) internal returns (uint256 entry) {
        bytes32 id = askFrom(consumer, callbackGas);
        answer(predict(id, INPUT));
        entry = consumer.gasAtEntry();
        isTrue(entry < callbackGas && entry > uint256(callbackGas) - 1_000, "plenty is still exact");
    }

    function askFrom(IGasConsumer consumer, uint24 callbackGas) internal returns (bytes32) {
        vm.prank(requester);
        return consumer.ask{value: FEE}(address(oracle), MODEL, INPUT, callbackGas, soon());
    }

    function askAs(address consumer, uint24 callbackGas) internal returns (bytes32) {
        vm.deal(consumer, FEE);
        vm.prank(consumer);
        return oracle.requestDecision{value: FEE}(MODEL, INPUT, callbackGas, soon());
    }

    function askBy(IReentrantConsumer consumer, bytes32 modelId) internal returns (bytes32) {
        vm.prank(requester);
        bytes memory id = consumer.execute{value: FEE}(
            address(oracle),
            abi.encodeCall(IDecisionContract.requestDecision, (modelId, INPUT, 2_000_000, soon()))
        );
        return abi.decode(id, (bytes32));
    }

    /// @notice A prepared call was refused with exactly this error.
    function fails(IReentrantConsumer consumer, uint256 index, bytes memory want) internal view {
        (bool success, bytes memory fault) = consumer.outcome(index);
        isTrue(!success, "refused");
        equal(keccak256(fault), keccak256(want), "fault");
    }
}
