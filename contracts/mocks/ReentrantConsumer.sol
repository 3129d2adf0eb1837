// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDecisionConsumer} from "../interfaces/IDecisionConsumer.sol";
import {Decision} from "../types/Decision.sol";

/// @title ReentrantConsumer
/// @notice Calls prepared messages, in order, whenever it is called back or paid, and keeps what each came to.
contract ReentrantConsumer is IDecisionConsumer {
    /// @notice One prepared call.
    struct Attempt {
        address target;
        uint256 value;
        bytes message;
    }

    /// @notice One prepared call's outcome.
    struct Outcome {
        bool success;
        bytes answer;
    }

    /// @notice How often it was called back.
    uint256 public callbacks;
    Attempt[] private _attempts;
    Outcome[] private _outcomes;

    /// @notice Being paid is a chance too.
    receive() external payable {
        _tryAll();
    }

    /// @notice Prepares a call.
    function prepare(address target, uint256 value, bytes calldata message) external payable {
        _attempts.push(Attempt({target: target, value: value, message: message}));
    }

    /// @notice Calls as this contract, now.
    function execute(address target, bytes calldata message) external payable returns (bytes memory) {
        (bool success, bytes memory answer) = target.call{value: msg.value}(message);
        require(success, string(answer));
        return answer;
    }

    /// @inheritdoc IDecisionConsumer
    function onDecision(bytes32, bytes32, Decision calldata) external {
        ++callbacks;
        _tryAll();
    }

    /// @notice How many calls were tried.
    function outcomeCount() external view returns (uint256) {
        return _outcomes.length;
    }

    /// @notice What a call came to.
    function outcome(uint256 index) external view returns (bool success, bytes memory answer) {
        return (_outcomes[index].success, _outcomes[index].answer);
    }

    function _tryAll() private {
        uint256 count = _attempts.length;
        for (uint256 i = 0; i < count; ++i) {
            Attempt memory attempt = _attempts[i];
            (bool success, bytes memory answer) = attempt.target.call{value: attempt.value}(attempt.message);
            _outcomes.push(Outcome({success: success, answer: answer}));
        }
    }
}
