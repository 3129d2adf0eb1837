// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SubjectSlot} from "../../contracts/libraries/SubjectSlot.sol";
import {CallbackStatus, Decision} from "../../contracts/types/Decision.sol";
import {Request, RequestStatus} from "../../contracts/types/Request.sol";
import {Check} from "./support/Check.sol";

/// @title SubjectSlotTest
/// @notice What goes into the slot comes out of it, whatever the neighbouring fields hold.
contract SubjectSlotTest is Check {
    using SubjectSlot for uint256;

    function testFuzz_request_ComesBack(address requester, uint24 gas, uint32 deadline, uint32 fee) external pure {
        uint256 slot = SubjectSlot.ofRequest(requester, gas, deadline, fee);
        isTrue(slot.isOpen(), "open");
        requestIs(slot, Request(requester, gas, deadline, fee, RequestStatus.Open));
        requestIs(
            slot.withStatus(RequestStatus.Refunded),
            Request(requester, gas, deadline, fee, RequestStatus.Refunded)
        );
        decisionIs(slot, Decision(0, 0, 0, 0, 0, CallbackStatus.None));
        decisionIs(slot.withStatus(RequestStatus.Refunded), Decision(0, 0, 0, 0, 0, CallbackStatus.None));
    }

    function testFuzz_decision_ComesBack(
        int128 value,
        uint32 confidence,
        uint40 decidedAt,
        uint8 verdict,
        uint8 level,
        uint24 gas
    ) external pure {
        uint256 slot = SubjectSlot.ofDecision(value, confidence, decidedAt, verdict, level, gas);
        CallbackStatus callback = gas == 0 ? CallbackStatus.None : CallbackStatus.Delivered;
        isTrue(!slot.isOpen(), "not open");
        decisionIs(slot, Decision(value, confidence, decidedAt, verdict, level, callback));
        equal(slot.callbackGasOf(), gas, "gas");
        requestIs(slot, Request(address(0), 0, 0, 0, RequestStatus.Decided));

        slot = slot.withCallback(CallbackStatus.Failed);
        decisionIs(slot, Decision(value, confidence, decidedAt, verdict, level, CallbackStatus.Failed));
        slot = slot.withCallback(CallbackStatus.Delivered);
        decisionIs(slot, Decision(value, confidence, decidedAt, verdict, level, CallbackStatus.Delivered));
        equal(slot.callbackGasOf(), gas, "gas still");
    }

    function test_nothing_IsNothing() external pure {
        requestIs(0, Request(address(0), 0, 0, 0, RequestStatus.None));
        decisionIs(0, Decision(0, 0, 0, 0, 0, CallbackStatus.None));
    }

    function requestIs(uint256 slot, Request memory want) private pure {
        equal(keccak256(abi.encode(slot.toRequest())), keccak256(abi.encode(want)), "request");
    }

    function decisionIs(uint256 slot, Decision memory want) private pure {
        equal(keccak256(abi.encode(slot.toDecision())), keccak256(abi.encode(want)), "decision");
    }
}
