// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LowLevelCall} from "@openzeppelin/contracts/utils/LowLevelCall.sol";

import {IDecisionContract} from "../interfaces/IDecisionContract.sol";
import {IDecisionConsumer} from "../interfaces/IDecisionConsumer.sol";
import {SubjectSlot} from "./SubjectSlot.sol";

/// @title CallbackLib
/// @notice A call that neither its target nor its sender can bend. No return data is copied, so a target cannot make
/// the caller pay for it; a target without code counts as failed; and EIP-150 is checked, so whoever sends the
/// transaction cannot starve the target and call it its failure.
/// @dev https://eips.ethereum.org/EIPS/eip-150: a call gets at most all but one 64th of the gas that is left.
library CallbackLib {
    using SubjectSlot for uint256;

    /// @dev Bounds what is spent between reading `gasleft()` and the call's own start: the check, the stack and the
    /// CALL's 100 (the target is warm by then). `testFuzz_callback_GetsExactGasOrReverts` holds it.
    uint256 private constant CALL_OVERHEAD = 500;

    /// @notice Calls back with exactly `callbackGas`.
    function callExactly(
        address requester,
        uint24 callbackGas,
        bytes32 modelId,
        bytes32 requestId,
        uint256 decision
    ) internal returns (bool delivered) {
        if (requester.code.length == 0) return false;
        bytes memory message = _message(modelId, requestId, decision);
        _requireGas(callbackGas);
        // assembly: Solidity's own call would copy the return data.
        // solhint-disable-next-line no-inline-assembly
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
        uint256 decision
    ) internal returns (bool delivered) {
        if (requester.code.length == 0) return false;
        bytes memory message = _message(modelId, requestId, decision);
        _requireGas(callbackGas);
        return LowLevelCall.callNoReturn(requester, message);
    }

    function _requireGas(uint24 callbackGas) private view {
        uint256 available = gasleft();
        unchecked {
            // Bounds: no subtraction from less than is taken.
            available = available > CALL_OVERHEAD ? available - CALL_OVERHEAD : 0;
            available -= available / 64;
        }
        require(available >= callbackGas, IDecisionContract.CallbackGasTooLow(callbackGas, available));
    }

    /// @dev The words of the static struct one by one: the same bytes as `abi.encodeCall` gives, 300 gas cheaper.
    function _message(bytes32 modelId, bytes32 requestId, uint256 decision) private pure returns (bytes memory) {
        return
            abi.encodeWithSelector(
                IDecisionConsumer.onDecision.selector,
                modelId,
                requestId,
                decision.valueOf(),
                decision.confidenceOf(),
                decision.decidedAtOf(),
                decision.verdictOf(),
                decision.trustLevelOf(),
                decision.callbackOf()
            );
    }
}
