// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDecisionContract} from "../interfaces/IDecisionContract.sol";
import {IDecisionConsumer} from "../interfaces/IDecisionConsumer.sol";
import {Decision} from "../types/Decision.sol";

/// @title A call that its target cannot make cost more, or its sender less, than was agreed
/// @notice No return data is copied, so a target cannot make the caller pay for it; a target without code counts as
/// failed; and EIP-150 is checked, so whoever sends the transaction cannot starve the target and call it its failure.
/// @dev https://eips.ethereum.org/EIPS/eip-150: a call gets at most all but one 64th of the gas that is left.
library CallbackLib {
    /// @dev Bounds what is spent between reading `gasleft()` and the call's own start: the check, the stack and the
    /// CALL's 100 (the target is warm by then). `testFuzz_callback_GetsExactGasOrReverts` holds it.
    uint256 private constant CALL_OVERHEAD = 500;

    /// @notice Calls back with exactly `callbackGas`.
    function callExactly(
        address requester,
        uint24 callbackGas,
        bytes32 modelId,
        bytes32 requestId,
        Decision memory decision
    ) internal returns (bool delivered) {
        if (requester.code.length == 0) return false;
        bytes memory message = abi.encodeCall(IDecisionConsumer.onDecision, (modelId, requestId, decision));
        _requireGas(callbackGas);
        // assembly: Solidity's own call would copy the return data.
        assembly ("memory-safe") {
            delivered := call(callbackGas, requester, 0, add(message, 0x20), mload(message), 0, 0)
        }
    }

    /// @notice Calls back with all the gas there is, which must be no less than `callbackGas`.
    function callFully(
        address requester,
        uint24 callbackGas,
        bytes32 modelId,
        bytes32 requestId,
        Decision memory decision
    ) internal returns (bool delivered) {
        if (requester.code.length == 0) return false;
        bytes memory message = abi.encodeCall(IDecisionConsumer.onDecision, (modelId, requestId, decision));
        _requireGas(callbackGas);
        assembly ("memory-safe") {
            delivered := call(gas(), requester, 0, add(message, 0x20), mload(message), 0, 0)
        }
    }

    function _requireGas(uint24 callbackGas) private view {
        uint256 left = gasleft();
        uint256 available = left > CALL_OVERHEAD ? left - CALL_OVERHEAD : 0;
        available -= available / 64;
        require(available >= callbackGas, IDecisionContract.CallbackGasTooLow(callbackGas, available));
    }
}
