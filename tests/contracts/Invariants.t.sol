// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDecisionContract} from "../../contracts/interfaces/IDecisionContract.sol";
import {Decision} from "../../contracts/types/Decision.sol";
import {Model} from "../../contracts/types/Model.sol";
import {Request, RequestStatus} from "../../contracts/types/Request.sol";
import {Check} from "./support/Check.sol";
import {Handler} from "./support/Handler.sol";

/// @title InvariantsTest
/// @notice What holds of a decision contract after anything that anybody did; see `docs/invariants.md`.
/// @dev To run this file alone, name `tests/contracts/support/Handler.sol` beside it: the runner has to know the
/// handler.
contract InvariantsTest is Check {
    IDecisionContract private oracle;
    Handler private handler;

    function setUp() external {
        oracle = IDecisionContract(deploy("contracts/DecisionContract.sol:DecisionContract", ""));
        address[] memory policies = new address[](3);
        for (uint256 i = 0; i < 3; ++i) {
            policies[i] = deploy("contracts/mocks/FixedPolicy.sol:FixedPolicy", abi.encode(i + 1));
        }
        handler = new Handler(
            oracle,
            policies,
            [
                deploy("contracts/mocks/RevertingConsumer.sol:RevertingConsumer", abi.encode(oracle)),
                deploy("contracts/mocks/GasConsumer.sol:GasConsumer", abi.encode(0))
            ]
        );
    }

    /// @dev Only the handler acts, so that every act is in the second books.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    /// @dev Rule 4: open escrow + credits = in - out, and all of it is there.
    function invariant_MoneyIsConserved() external view {
        uint256 owed;
        for (uint256 i = 0; i < handler.entryCount(); ++i) {
            Handler.Entry memory entry = handler.entryAt(i);
            Request memory request = oracle.requestOf(entry.modelId, entry.subject);
            if (request.status == RequestStatus.Open) owed += uint256(request.feeGwei) * 1 gwei;
        }
        address[7] memory accounts = handler.accounts();
        for (uint256 i = 0; i < 7; ++i) owed += oracle.creditOf(accounts[i]);
        equal(owed, handler.paidIn() - handler.paidOut(), "owed");
        equal(address(oracle).balance, owed + handler.forced(), "balance");
    }

    /// @dev Rule 1: a decision never changes, and what is refunded is never decided.
    function invariant_DecisionsAreFinal() external view {
        for (uint256 i = 0; i < handler.entryCount(); ++i) {
            Handler.Entry memory entry = handler.entryAt(i);
            Decision memory decision = oracle.decisionOf(entry.modelId, entry.subject);
            if (entry.decision == 0) equal(decision.verdict, 0, "not decided");
            else equal(handler.core(decision), entry.decision, "as it was when it was made");
        }
    }

    /// @dev Rule 3: an open request is what it was when it was made, and so are the rules it will be answered under.
    function invariant_OpenRequestsAreFrozen() external view {
        for (uint256 i = 0; i < handler.entryCount(); ++i) {
            Handler.Entry memory entry = handler.entryAt(i);
            Request memory request = oracle.requestOf(entry.modelId, entry.subject);
            if (request.status != RequestStatus.Open) continue;
            equal(keccak256(abi.encode(request)), keccak256(abi.encode(entry.asked)), "as it was asked");
            if (block.timestamp > request.deadline) continue;
            Model memory model = oracle.modelOf(entry.modelId);
            equal(model.attestor, entry.attestor, "attestor");
            equal(model.policy, entry.policy, "policy");
            equal(model.trustLevel, entry.trustLevel, "trust level");
            isTrue(model.changeAt == 0 || model.changeAt >= request.deadline, "no change before its deadline");
        }
    }

    /// @dev Offer and rules repeat one field, `openUntil`; read from storage, both are what the office says.
    function invariant_OpenUntilIsKeptInStep() external view {
        for (uint256 i = 0; i < 2; ++i) {
            bytes32 modelId = handler.models(i);
            Model memory model = oracle.modelOf(modelId);
            uint256 want =
                model.paused
                    ? 0
                    : model.changeAt == 0
                        ? type(uint32).max
                        : model.changeAt;
            bytes32 offer = keccak256(abi.encode(modelId, uint256(2)));
            equal((uint256(vm.load(address(oracle), offer)) >> 192) & type(uint40).max, want, "offer");
            for (uint256 j = 0; j < 3; ++j) {
                address attestor = handler.attestors(j);
                bytes32 rules = keccak256(abi.encode(attestor, keccak256(abi.encode(modelId, uint256(3)))));
                uint256 word = uint256(vm.load(address(oracle), rules));
                if (attestor == model.attestor) equal((word >> 192) & type(uint40).max, want, "rules");
                else equal(word, 0, "nobody but the attestor has rules");
            }
        }
    }
}
