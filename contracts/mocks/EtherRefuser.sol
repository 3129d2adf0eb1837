// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDecisionContract} from "../interfaces/IDecisionContract.sol";

/// @title EtherRefuser
/// @notice Asks for decisions, but takes no ether back.
contract EtherRefuser {
    /// @notice Every payment is refused with this.
    error NoEther(uint256 amount);

    /// @notice Refuses.
    receive() external payable {
        revert NoEther(msg.value);
    }

    /// @notice Asks, with the ether sent along as the fee.
    function ask(
        IDecisionContract decisionContract,
        bytes32 modelId,
        bytes calldata input,
        uint40 deadline
    ) external payable returns (bytes32) {
        return decisionContract.requestDecision{value: msg.value}(modelId, input, 0, deadline);
    }

    /// @notice Withdraws this contract's credit.
    function withdraw(IDecisionContract decisionContract, address payable to) external {
        decisionContract.withdraw(to);
    }
}
