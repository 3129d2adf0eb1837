// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDecisionContract} from "../../contracts/interfaces/IDecisionContract.sol";
import {IModelRegistry} from "../../contracts/interfaces/IModelRegistry.sol";
import {Decision} from "../../contracts/types/Decision.sol";
import {ModelConfig} from "../../contracts/types/Model.sol";
import {Prediction} from "../../contracts/types/Prediction.sol";
import {Stage} from "./support/Stage.sol";

/// @title FrozenRulesTest
/// @notice Rules 3 and 8: an open request is answered under the rules it was made under, whatever the owner does.
contract FrozenRulesTest is Stage {
    /// @dev Whenever the request is made, whatever is proposed, and whenever the answer comes in time.
    function testFuzz_openRequest_KeepsItsRules(uint256 asked, uint256 answered, uint256 wait, bool before) external {
        if (before) proposeAll();
        vm.warp(now_() + bound(asked, 0, 2 days - 1));
        uint256 changeAt = oracle.modelOf(MODEL).changeAt;
        uint40 deadline = uint40(now_() + bound(wait, 1, (before ? changeAt - now_() : 2 days)));
        vm.prank(requester);
        bytes32 id = oracle.requestDecision{value: FEE}(MODEL, INPUT, 0, deadline);
        if (!before) proposeAll();
        vm.prank(owner);
        oracle.pauseModel(MODEL);
        vm.prank(owner);
        oracle.transferModelOwnership(MODEL, stranger);

        vm.warp(bound(answered, now_(), deadline));
        vm.expectRevert(
            abi.encodeWithSelector(IModelRegistry.ChangeNotDue.selector, MODEL, oracle.modelOf(MODEL).changeAt)
        );
        oracle.applyModelChange(MODEL);
        Prediction memory p = predict(id, INPUT);
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IDecisionContract.NotAttestor.selector, stranger, operator));
        oracle.makeDecision(p);
        answer(p);

        Decision memory decision = oracle.decisionOf(MODEL, id);
        equal(decision.verdict, 2, "the old policy's verdict");
        equal(decision.trustLevel, 1, "the old attestor's level");
        equal(oracle.creditOf(operator), FEE, "the old fee, to the old attestor");
    }

    /// @dev FAULTS 27: what was offered is what is escrowed and paid, whatever the model's fee has become.
    function testFuzz_fee_IsWhatWasOffered(uint32 offered, uint32 changed) external {
        offered = uint32(bound(offered, FEE_GWEI, type(uint32).max));
        vm.deal(requester, uint256(offered) * 1 gwei);
        vm.prank(requester);
        bytes32 id = oracle.requestDecision{value: uint256(offered) * 1 gwei}(MODEL, INPUT, 0, soon());
        ModelConfig memory rules = config(operator);
        rules.feeGwei = changed;
        propose(rules);
        answer(predict(id, INPUT));
        equal(oracle.creditOf(operator), uint256(offered) * 1 gwei, "credit");
    }

    /// @dev Once due, nothing new happens under the old rules, and from then on all of it under the new ones.
    function testFuzz_dueChange_StopsTheOldRules(uint256 late) external {
        ModelConfig memory rules = config(operator);
        rules.policy = fixedPolicy(1);
        propose(rules);
        uint256 changeAt = now_() + 2 days;
        vm.warp(changeAt);
        answer(predict(keccak256("last of the old"), INPUT));
        equal(oracle.decisionOf(MODEL, keccak256("last of the old")).verdict, 2, "old policy");

        vm.warp(changeAt + 1);
        Prediction memory p = predict(keccak256("first of the new"), INPUT);
        answerReverts(p, abi.encodeWithSelector(IModelRegistry.ModelChangeDue.selector, MODEL, changeAt));
        vm.warp(bound(late, changeAt + 1, changeAt + 365 days));
        p.predictedAt = uint40(block.timestamp);
        answerReverts(p, abi.encodeWithSelector(IModelRegistry.ModelChangeDue.selector, MODEL, changeAt));
        oracle.applyModelChange(MODEL);
        answer(p);
        equal(oracle.decisionOf(MODEL, p.subject).verdict, 1, "new policy");
    }

    /// @dev Rule 8: the decision stays as it is when the model's rules have changed.
    function test_decision_OutlivesTheRules() external {
        answer(predict(keccak256("loan"), INPUT));
        Decision memory before = oracle.decisionOf(MODEL, keccak256("loan"));
        proposeAll();
        vm.warp(now_() + 2 days + 1);
        oracle.applyModelChange(MODEL);
        same(oracle.decisionOf(MODEL, keccak256("loan")), before);
        Prediction memory p = predict(keccak256("loan"), INPUT);
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IDecisionContract.AlreadyDecided.selector, MODEL, p.subject));
        oracle.makeDecision(p);
    }

    function proposeAll() private {
        propose(ModelConfig({attestor: stranger, policy: fixedPolicy(1), feeGwei: FEE_GWEI * 9, maxAge: 1}));
    }
}
