// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDecisionConsumer} from "../interfaces/IDecisionConsumer.sol";
import {IDecisionContract} from "../interfaces/IDecisionContract.sol";
import {Decision} from "../types/Decision.sol";

/// @title GasConsumer
/// @notice A consumer that does costly things with its gas: burns it all, answers with a flood of bytes, or measures
/// it.
contract GasConsumer is IDecisionConsumer {
    /// @notice What to do when called back.
    enum Mode {
        Measure,
        Burn,
        ReturnBomb,
        RevertBomb
    }

    /// @notice What to do when called back.
    Mode public mode;
    /// @notice The gas at the start of the last callback, less what it took to get there.
    uint256 public gasAtEntry;
    /// @notice keccak256 of the last callback's calldata.
    bytes32 public lastMessage;

    /// @notice Fixes what to do.
    constructor(Mode mode_) {
        mode = mode_;
    }

    /// @inheritdoc IDecisionConsumer
    function onDecision(bytes32, bytes32, Decision calldata) external {
        uint256 gas = gasleft();
        if (mode == Mode.Measure) {
            (gasAtEntry, lastMessage) = (gas, keccak256(msg.data));
        } else if (mode == Mode.Burn) {
            while (true) lastMessage = keccak256(abi.encode(lastMessage));
        } else {
            bool isReturn = mode == Mode.ReturnBomb;
            // As much memory as half the gas pays for: 3 gas a word and the square of the words by 512.
            // solhint-disable-next-line no-inline-assembly
            assembly {
                let size := 0x40000
                if isReturn {
                    return(0, size)
                }
                revert(0, size)
            }
        }
    }

    /// @notice Asks, with the ether sent along as the fee.
    function ask(
        IDecisionContract decisionContract,
        bytes32 modelId,
        bytes calldata input,
        uint24 callbackGas,
        uint40 deadline
    ) external payable returns (bytes32) {
        return decisionContract.requestDecision{value: msg.value}(modelId, input, callbackGas, deadline);
    }
}
