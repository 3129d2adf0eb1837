// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IModelRegistry} from "../../contracts/interfaces/IModelRegistry.sol";
import {Model, ModelChange, ModelConfig} from "../../contracts/types/Model.sol";
import {Stage} from "./support/Stage.sol";

interface ILevel {
    function setTrustLevel(uint8 trustLevel) external;
}

/// @title ModelRegistryTest
/// @notice Who may say what about a model, and what holds from when.
contract ModelRegistryTest is Stage {
    bytes32 private constant NEW = keccak256("new model");

    // Registration

    function testFuzz_register_MakesTheCallerOwner(
        bytes32 modelId,
        address caller,
        address attestor,
        uint32 feeGwei,
        uint32 maxAge
    ) external {
        vm.assume(modelId != MODEL && modelId != 0 && caller != address(0));
        vm.assume(attestor != address(0) && attestor.code.length == 0 && uint160(attestor) > 0xffff);
        ModelConfig memory rules = ModelConfig({attestor: attestor, policy: policy, feeGwei: feeGwei, maxAge: maxAge});
        vm.expectEmit(true, true, true, true, address(oracle));
        emit IModelRegistry.ModelRegistered(modelId, caller, rules, 1, "ipfs://card");
        vm.prank(caller);
        oracle.registerModel(modelId, rules, "ipfs://card");
        modelIs(modelId, rules, 1, false, caller, 0);
    }

    function test_register_RevertsIf_Registered() external {
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelExists.selector, MODEL, owner));
        oracle.registerModel(MODEL, config(stranger), "");
    }

    function test_register_RevertsIf_IdZero() external {
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelIdZero.selector));
        oracle.registerModel(0, config(operator), "");
    }

    function test_register_RevertsIf_AttestorZero() external {
        refuses(config(address(0)), abi.encodeWithSelector(IModelRegistry.AttestorZero.selector));
    }

    function testFuzz_register_RevertsIf_NotPolicy(address noPolicy) external {
        vm.assume(noPolicy != policy);
        ModelConfig memory rules = config(operator);
        rules.policy = noPolicy;
        refuses(rules, abi.encodeWithSelector(IModelRegistry.NotPolicy.selector, noPolicy));
        rules.policy = fixedAttestor(true, 1);
        refuses(rules, abi.encodeWithSelector(IModelRegistry.NotPolicy.selector, rules.policy));
    }

    function testFuzz_register_AsksAnAttestorForItsLevel(uint8 level) external {
        address attestor = fixedAttestor(true, level);
        if (level == 0) {
            refuses(config(attestor), abi.encodeWithSelector(IModelRegistry.TrustLevelZero.selector, attestor));
            return;
        }
        register(NEW, config(attestor));
        modelIs(NEW, config(attestor), level, true, owner, 0);
        ILevel(attestor).setTrustLevel(level ^ 1);
        equal(oracle.modelOf(NEW).trustLevel, level, "the level is what it was when it was read");
    }

    /// @dev Attestor and policy the wrong way round are refused; a contract that is no attestor counts as an address.
    function test_register_TakesAnyContractAsAnAddress() external {
        address wallet = deploy("contracts/mocks/SignerWallet.sol:SignerWallet", abi.encode(operator));
        register(NEW, config(wallet));
        modelIs(NEW, config(wallet), 1, false, owner, 0);
    }

    // Changes

    function testFuzz_change_AppliesAfterTheDelay(
        uint32 feeGwei,
        uint32 maxAge,
        uint256 late,
        address anyone
    ) external {
        address attestor = fixedAttestor(true, 2);
        ModelConfig memory rules = ModelConfig({
            attestor: attestor,
            policy: fixedPolicy(3),
            feeGwei: feeGwei,
            maxAge: maxAge
        });
        uint40 changeAt = uint40(now_() + 2 days);
        vm.expectEmit(true, true, true, true, address(oracle));
        emit IModelRegistry.ModelChangeProposed(MODEL, rules, 2, changeAt);
        propose(rules);
        modelIs(MODEL, config(operator), 1, false, owner, changeAt);
        changeIs(rules, 2, true);

        vm.warp(bound(late, uint256(changeAt) + 1, uint256(changeAt) + 3650 days));
        vm.expectEmit(true, true, true, true, address(oracle));
        emit IModelRegistry.ModelChangeApplied(MODEL, rules, 2);
        vm.prank(anyone);
        oracle.applyModelChange(MODEL);
        modelIs(MODEL, rules, 2, true, owner, 0);
        changeIs(ModelConfig(address(0), address(0), 0, 0), 0, false);

        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.NoPendingChange.selector, MODEL));
        oracle.applyModelChange(MODEL);
    }

    function testFuzz_change_RevertsIf_NotDue(uint256 early) external {
        propose(config(stranger));
        uint40 changeAt = uint40(now_() + 2 days);
        vm.warp(bound(early, now_(), changeAt));
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ChangeNotDue.selector, MODEL, changeAt));
        oracle.applyModelChange(MODEL);
        vm.warp(changeAt);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ChangeNotDue.selector, MODEL, changeAt));
        oracle.applyModelChange(MODEL);
    }

    function test_change_Cancelled_IsGone() external {
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.NoPendingChange.selector, MODEL));
        oracle.cancelModelChange(MODEL);

        propose(config(stranger));
        vm.expectEmit(true, true, true, true, address(oracle));
        emit IModelRegistry.ModelChangeCancelled(MODEL);
        vm.prank(owner);
        oracle.cancelModelChange(MODEL);
        modelIs(MODEL, config(operator), 1, false, owner, 0);
        changeIs(ModelConfig(address(0), address(0), 0, 0), 0, false);

        vm.warp(now_() + 30 days);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.NoPendingChange.selector, MODEL));
        oracle.applyModelChange(MODEL);
        ask(INPUT, 0);
    }

    /// @dev A second proposal starts the delay anew: nobody can be surprised by what was proposed a moment ago.
    function testFuzz_change_ProposedAgain_WaitsAgain(uint256 wait) external {
        propose(config(stranger));
        vm.warp(now_() + bound(wait, 1, 10 days));
        propose(config(requester));
        uint40 changeAt = uint40(now_() + 2 days);
        modelIs(MODEL, config(operator), 1, false, owner, changeAt);
        changeIs(config(requester), 1, false);
        vm.warp(changeAt);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ChangeNotDue.selector, MODEL, changeAt));
        oracle.applyModelChange(MODEL);
    }

    /// @dev After the attestor changed, the old one may no longer decide, and the new one may.
    function test_change_OfAttestor_MovesTheRight() external {
        propose(config(stranger));
        vm.warp(now_() + 2 days + 1);
        oracle.applyModelChange(MODEL);
        bytes32 loan = keccak256("loan");
        answerReverts(
            predict(loan, INPUT),
            abi.encodeWithSignature("NotAttestor(address,address)", operator, stranger)
        );
        vm.prank(stranger);
        oracle.makeDecision(predict(loan, INPUT));

        propose(config(operator));
        vm.warp(now_() + 2 days + 1);
        oracle.applyModelChange(MODEL);
        answer(predict(keccak256("loan 2"), INPUT));
    }

    function test_change_KeepsThePause() external {
        vm.prank(owner);
        oracle.pauseModel(MODEL);
        propose(config(stranger));
        isTrue(oracle.modelOf(MODEL).paused, "paused while pending");
        vm.warp(now_() + 2 days + 1);
        oracle.applyModelChange(MODEL);
        isTrue(oracle.modelOf(MODEL).paused, "paused after");
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelIsPaused.selector, MODEL));
        oracle.requestDecision{value: FEE}(MODEL, INPUT, 0, soon());
    }

    function test_pause_KeepsThePendingChange() external {
        propose(config(stranger));
        uint40 changeAt = uint40(now_() + 2 days);
        vm.prank(owner);
        oracle.pauseModel(MODEL);
        equal(oracle.modelOf(MODEL).changeAt, changeAt, "pending while paused");
        vm.prank(owner);
        oracle.unpauseModel(MODEL);
        modelIs(MODEL, config(operator), 1, false, owner, changeAt);
        vm.warp(changeAt + 1);
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelChangeDue.selector, MODEL, changeAt));
        oracle.requestDecision{value: FEE}(MODEL, INPUT, 0, soon());
    }

    // Pause

    function test_pause_SaysSoOnce() external {
        vm.expectEmit(true, true, true, true, address(oracle));
        emit IModelRegistry.ModelPaused(MODEL);
        vm.prank(owner);
        oracle.pauseModel(MODEL);
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.PauseUnchanged.selector, MODEL, true));
        oracle.pauseModel(MODEL);

        vm.expectEmit(true, true, true, true, address(oracle));
        emit IModelRegistry.ModelUnpaused(MODEL);
        vm.prank(owner);
        oracle.unpauseModel(MODEL);
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.PauseUnchanged.selector, MODEL, false));
        oracle.unpauseModel(MODEL);
    }

    // Ownership

    function test_ownership_MovesInTwoSteps() external {
        vm.expectEmit(true, true, true, true, address(oracle));
        emit IModelRegistry.ModelOwnershipTransferStarted(MODEL, owner, stranger);
        vm.prank(owner);
        oracle.transferModelOwnership(MODEL, stranger);
        equal(oracle.modelOf(MODEL).owner, owner, "not yet");
        equal(oracle.modelOf(MODEL).pendingOwner, stranger, "offered");

        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.NotPendingOwner.selector, requester, stranger));
        oracle.acceptModelOwnership(MODEL);

        vm.expectEmit(true, true, true, true, address(oracle));
        emit IModelRegistry.ModelOwnershipTransferred(MODEL, owner, stranger);
        vm.prank(stranger);
        oracle.acceptModelOwnership(MODEL);
        modelIs(MODEL, config(operator), 1, false, stranger, 0);

        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.NotModelOwner.selector, owner, stranger));
        oracle.pauseModel(MODEL);
    }

    function test_ownership_OfferTakenBack() external {
        vm.prank(owner);
        oracle.transferModelOwnership(MODEL, stranger);
        vm.prank(owner);
        oracle.transferModelOwnership(MODEL, address(0));
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.NotPendingOwner.selector, stranger, address(0)));
        oracle.acceptModelOwnership(MODEL);
    }

    function testFuzz_owner_RevertsIf_NotOwner(address caller, uint256 verb) external {
        vm.assume(caller != owner);
        bytes[5] memory verbs = [
            abi.encodeCall(IModelRegistry.proposeModelChange, (MODEL, config(caller))),
            abi.encodeCall(IModelRegistry.cancelModelChange, (MODEL)),
            abi.encodeCall(IModelRegistry.pauseModel, (MODEL)),
            abi.encodeCall(IModelRegistry.unpauseModel, (MODEL)),
            abi.encodeCall(IModelRegistry.transferModelOwnership, (MODEL, caller))
        ];
        vm.prank(caller);
        (bool success, bytes memory fault) = address(oracle).call(verbs[bound(verb, 0, 4)]);
        isTrue(!success, "refused");
        bytes memory want = abi.encodeWithSelector(IModelRegistry.NotModelOwner.selector, caller, owner);
        equal(keccak256(fault), keccak256(want), "fault");
    }

    function testFuzz_model_RevertsIf_Unknown(bytes32 modelId, uint256 verb) external {
        vm.assume(modelId != MODEL);
        bytes[7] memory verbs = [
            abi.encodeCall(IModelRegistry.proposeModelChange, (modelId, config(operator))),
            abi.encodeCall(IModelRegistry.cancelModelChange, (modelId)),
            abi.encodeCall(IModelRegistry.applyModelChange, (modelId)),
            abi.encodeCall(IModelRegistry.pauseModel, (modelId)),
            abi.encodeCall(IModelRegistry.unpauseModel, (modelId)),
            abi.encodeCall(IModelRegistry.transferModelOwnership, (modelId, stranger)),
            abi.encodeCall(IModelRegistry.acceptModelOwnership, (modelId))
        ];
        (bool success, bytes memory fault) = address(oracle).call(verbs[bound(verb, 0, 6)]);
        isTrue(!success, "refused");
        bytes memory want = abi.encodeWithSelector(IModelRegistry.UnknownModel.selector, modelId);
        equal(keccak256(fault), keccak256(want), "fault");
    }

    function refuses(ModelConfig memory rules, bytes memory fault) private {
        vm.expectRevert(fault);
        oracle.registerModel(NEW, rules, "");
        vm.prank(owner);
        vm.expectRevert(fault);
        oracle.proposeModelChange(MODEL, rules);
    }

    function modelIs(
        bytes32 modelId,
        ModelConfig memory rules,
        uint8 trustLevel,
        bool verifies,
        address modelOwner,
        uint40 changeAt
    ) private view {
        Model memory want = Model({
            attestor: rules.attestor,
            feeGwei: rules.feeGwei,
            changeAt: changeAt,
            trustLevel: trustLevel,
            paused: false,
            verifies: verifies,
            sharesFees: false,
            policy: rules.policy,
            maxAge: rules.maxAge,
            owner: modelOwner,
            pendingOwner: address(0)
        });
        equal(keccak256(abi.encode(oracle.modelOf(modelId))), keccak256(abi.encode(want)), "model");
    }

    function changeIs(ModelConfig memory rules, uint8 trustLevel, bool verifies) private view {
        ModelChange memory want = ModelChange({
            config: rules,
            trustLevel: trustLevel,
            verifies: verifies,
            sharesFees: false
        });
        equal(keccak256(abi.encode(oracle.modelChangeOf(MODEL))), keccak256(abi.encode(want)), "change");
    }
}
