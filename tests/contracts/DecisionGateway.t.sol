// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDecisionContract} from "../../contracts/interfaces/IDecisionContract.sol";
import {IDecisionGateway} from "../../contracts/interfaces/IDecisionGateway.sol";
import {IDecisionLookup} from "../../contracts/interfaces/IDecisionLookup.sol";
import {IModelRegistry} from "../../contracts/interfaces/IModelRegistry.sol";
import {Decision} from "../../contracts/types/Decision.sol";
import {ModelConfig} from "../../contracts/types/Model.sol";
import {Prediction} from "../../contracts/types/Prediction.sol";
import {Reading} from "../../contracts/types/Reading.sol";
import {Stage} from "./support/Stage.sol";

/// @title DecisionGatewayTest
/// @notice Gasless reads: who says where to look, and that nothing a node answers is taken unless it is vouched for,
/// about what was asked, and fresh.
contract DecisionGatewayTest is Stage {
    bytes32 private constant SIGNED = keccak256("a model that its operator signs for");

    IDecisionGateway private gateway;

    function setUp() public override {
        super.setUp();
        gateway = IDecisionGateway(deploy("contracts/gateway/DecisionGateway.sol:DecisionGateway", abi.encode(oracle)));
        register(SIGNED, config(vm.addr(SIGNER_KEY)));
        publish(SIGNED, "https://node.example/{sender}/{data}.json");
    }

    // Where to look

    function testFuzz_ask_LooksWhereTheOwnerSaid(bytes memory input, uint32 maxAge) external {
        vm.expectRevert(lookup(input, maxAge));
        gateway.ask(SIGNED, input, maxAge);
    }

    function testFuzz_find_LooksForWhatIsNotDecided(bytes32 subject, uint32 maxAge) external {
        vm.expectRevert(
            abi.encodeWithSelector(
                IDecisionGateway.OffchainLookup.selector,
                address(gateway),
                gateway.urlsOf(SIGNED),
                abi.encodeCall(IDecisionLookup.find, (block.chainid, SIGNED, subject)),
                gateway.findCallback.selector,
                abi.encode(SIGNED, subject, maxAge)
            )
        );
        gateway.find(SIGNED, subject, maxAge);
    }

    function testFuzz_publish_RevertsIf_NotOwner(address caller) external {
        vm.assume(caller != owner);
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.NotModelOwner.selector, caller, owner));
        gateway.publish(list(SIGNED), new string[](1));
    }

    function test_publish_RevertsIf_OneModelIsUnknown() external {
        bytes32[] memory models = new bytes32[](2);
        (models[0], models[1]) = (SIGNED, keccak256("nobody's"));
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.UnknownModel.selector, models[1]));
        gateway.publish(models, new string[](1));
    }

    function test_publish_Again_TakesThePlaceOfWhatWas() external {
        publish(SIGNED, "https://other.example/ccip");
        string[] memory urls = gateway.urlsOf(SIGNED);
        equal(urls.length, 1, "one URL");
        equal(keccak256(bytes(urls[0])), keccak256("https://other.example/ccip"), "the new one");
    }

    function test_publish_OfNothing_EndsReads() external {
        vm.prank(owner);
        gateway.publish(list(SIGNED), new string[](0));
        vm.expectRevert(abi.encodeWithSelector(IDecisionGateway.NoGateway.selector, SIGNED));
        gateway.ask(SIGNED, INPUT, 0);
    }

    function test_publish_TouchesNoTrust() external {
        (Prediction memory p, bytes memory evidence) = answered(INPUT);
        publish(SIGNED, "https://liar.example");
        p.value += 1;
        refuses(p, evidence, INPUT, 0, notVouched(p));
    }

    function test_ask_RevertsIf_ModelUnknown() external {
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.UnknownModel.selector, bytes32(0)));
        gateway.ask(bytes32(0), INPUT, 0);
    }

    // What is taken

    function testFuzz_askCallback_TakesTheOperatorsWord(bytes memory input, int128 value, uint32 ppm) external view {
        Prediction memory p = about(input);
        (p.value, p.confidence) = (value, uint32(bound(ppm, 600_000, 1_000_000)));
        Reading memory reading = callBack(p, sign(SIGNER_KEY, gateway.digestOf(p)), input, 0);
        equal(int256(reading.value), value, "value");
        equal(reading.confidence, p.confidence, "confidence");
        equal(reading.asOf, p.predictedAt, "time");
        equal(
            reading.verdict,
            value >= 550
                ? 2
                : value < 450
                    ? 1
                    : 3,
            "the policy's verdict"
        );
        equal(reading.trustLevel, 1, "one signer");
    }

    function testFuzz_askCallback_RevertsIf_AnyFieldDiffers(uint256 field, uint256 change) external {
        (Prediction memory p, bytes memory evidence) = answered(INPUT);
        field = bound(field, 0, 2);
        if (field == 0) p.outputHash ^= bytes32(bound(change, 1, type(uint256).max));
        if (field == 1) p.value ^= int128(int256(bound(change, 1, uint128(type(int128).max))));
        if (field == 2) p.confidence = uint32(bound(change, 0, p.confidence - 1));
        refuses(p, evidence, INPUT, 0, notVouched(p));
    }

    function testFuzz_askCallback_RevertsIf_SignerDiffers(uint256 key) external {
        key = bound(key, 1, type(uint128).max);
        vm.assume(key != SIGNER_KEY);
        Prediction memory p = about(INPUT);
        refuses(p, sign(key, gateway.digestOf(p)), INPUT, 0, notVouched(p));
    }

    function testFuzz_askCallback_RevertsIf_EvidenceIsNoise(bytes memory evidence) external {
        Prediction memory p = about(INPUT);
        refuses(p, evidence, INPUT, 0, notVouched(p));
    }

    function test_askCallback_RevertsIf_SignedForAnotherGateway() external {
        IDecisionGateway other = IDecisionGateway(
            deploy("contracts/gateway/DecisionGateway.sol:DecisionGateway", abi.encode(oracle))
        );
        Prediction memory p = about(INPUT);
        refuses(p, sign(SIGNER_KEY, other.digestOf(p)), INPUT, 0, notVouched(p));
    }

    function testFuzz_askCallback_RevertsIf_SignedForAnotherChain(uint64 chainId) external {
        vm.assume(chainId != 0 && chainId != block.chainid);
        (Prediction memory p, bytes memory evidence) = answered(INPUT);
        vm.chainId(chainId);
        p.subject = gateway.subjectOf(SIGNED, p.inputHash, p.predictedAt);
        refuses(p, evidence, INPUT, 0, notVouched(p));
    }

    function testFuzz_askCallback_RevertsIf_InputDiffers(bytes memory input) external {
        vm.assume(keccak256(input) != keccak256(INPUT));
        (Prediction memory p, bytes memory evidence) = answered(input);
        bytes4 fault = IDecisionGateway.AnotherInput.selector;
        refuses(p, evidence, INPUT, 0, abi.encodeWithSelector(fault, keccak256(input), keccak256(INPUT)));
    }

    function testFuzz_askCallback_RevertsIf_SubjectDiffers(bytes32 subject) external {
        Prediction memory p = about(INPUT);
        bytes32 asked = p.subject;
        vm.assume(subject != asked);
        p.subject = subject;
        bytes memory evidence = sign(SIGNER_KEY, gateway.digestOf(p));
        bytes4 fault = IDecisionGateway.AnotherSubject.selector;
        refuses(p, evidence, INPUT, 0, abi.encodeWithSelector(fault, subject, asked));
    }

    function test_askCallback_RevertsIf_ModelDiffers() external {
        bytes32 other = keccak256("another model of the signer's");
        register(other, config(vm.addr(SIGNER_KEY)));
        Prediction memory p = about(INPUT);
        p.modelId = other;
        bytes memory evidence = sign(SIGNER_KEY, gateway.digestOf(p));
        refuses(p, evidence, INPUT, 0, abi.encodeWithSelector(IDecisionGateway.AnotherModel.selector, other, SIGNED));
    }

    function testFuzz_askCallback_TakesAWalletsWord(bytes memory input) external {
        address wallet = deploy("contracts/mocks/SignerWallet.sol:SignerWallet", abi.encode(vm.addr(SIGNER_KEY)));
        bytes32 model = keccak256("a wallet's model");
        register(model, config(wallet));
        Prediction memory p = about(input);
        p.modelId = model;
        p.subject = gateway.subjectOf(model, p.inputHash, p.predictedAt);
        bytes memory evidence = sign(SIGNER_KEY, gateway.digestOf(p));
        bytes memory extra = abi.encode(model, p.inputHash, uint32(0));
        equal(int256(gateway.askCallback(abi.encode(p, evidence), extra).value), p.value, "value");
    }

    /// @dev EIP-7702: an operator's address that delegates to a wallet which knows nothing of EIP-1271.
    function testFuzz_askCallback_TakesTheKeysWord_WhereItsAddressDelegates(bytes memory input) external {
        delegate(deploy("contracts/mocks/EtherRefuser.sol:EtherRefuser", ""));
        (Prediction memory p, bytes memory evidence) = answered(input);
        equal(int256(callBack(p, evidence, input, 0).value), p.value, "value");
    }

    function testFuzz_askCallback_TakesTheWordOfTheCode_WhereItsAddressDelegates(bytes memory input) external {
        delegate(deploy("contracts/mocks/SignerWallet.sol:SignerWallet", abi.encode(vm.addr(SIGNER_KEY + 1))));
        Prediction memory p = about(input);
        bytes memory evidence = sign(SIGNER_KEY + 1, gateway.digestOf(p));
        equal(int256(callBack(p, evidence, input, 0).value), p.value, "value");
        refuses(p, sign(SIGNER_KEY + 2, gateway.digestOf(p)), input, 0, notVouched(p));
    }

    /// @dev The operator's own signature makes no confidence of more than one.
    function testFuzz_askCallback_RevertsIf_ConfidenceTooHigh(uint32 confidence) external {
        Prediction memory p = about(INPUT);
        p.confidence = uint32(bound(confidence, 1_000_001, type(uint32).max));
        bytes memory evidence = sign(SIGNER_KEY, gateway.digestOf(p));
        bytes4 fault = IDecisionContract.ConfidenceTooHigh.selector;
        refuses(p, evidence, INPUT, 0, abi.encodeWithSelector(fault, p.confidence));
    }

    // Freshness

    function testFuzz_askCallback_RevertsIf_PredictedInFuture(uint40 ahead) external {
        Prediction memory p = about(INPUT);
        p.predictedAt += uint40(bound(ahead, 1, 1 days));
        bind(p, INPUT);
        bytes memory evidence = sign(SIGNER_KEY, gateway.digestOf(p));
        bytes4 fault = IDecisionContract.PredictionInFuture.selector;
        refuses(p, evidence, INPUT, 0, abi.encodeWithSelector(fault, p.predictedAt, block.timestamp));
    }

    function testFuzz_askCallback_TakesNoneOlderThanTheCallerAllows(uint32 age, uint32 maxAge) external {
        age = uint32(bound(age, 0, MAX_AGE));
        maxAge = uint32(bound(maxAge, 1, MAX_AGE));
        (Prediction memory p, bytes memory evidence) = answered(INPUT);
        vm.warp(block.timestamp + age);
        if (age <= maxAge) equal(int256(callBack(p, evidence, INPUT, maxAge).value), p.value, "taken");
        else refuses(p, evidence, INPUT, maxAge, tooOld(p, maxAge));
    }

    function testFuzz_askCallback_TakesNoneOlderThanTheRegistrationAllows(uint32 maxAge) external {
        maxAge = uint32(bound(maxAge, MAX_AGE, type(uint32).max));
        (Prediction memory p, bytes memory evidence) = answered(INPUT);
        vm.warp(block.timestamp + MAX_AGE + 1);
        refuses(p, evidence, INPUT, maxAge, tooOld(p, MAX_AGE));
        refuses(p, evidence, INPUT, 0, tooOld(p, MAX_AGE));
    }

    // The registry's word

    function test_askCallback_RevertsIf_Paused() external {
        (Prediction memory p, bytes memory evidence) = answered(INPUT);
        vm.prank(owner);
        oracle.pauseModel(SIGNED);
        refuses(p, evidence, INPUT, 0, abi.encodeWithSelector(IModelRegistry.ModelIsPaused.selector, SIGNED));
    }

    function test_askCallback_RevertsIf_ChangeDue() external {
        vm.prank(owner);
        oracle.proposeModelChange(SIGNED, config(operator));
        uint40 changeAt = uint40(block.timestamp + 2 days);
        vm.warp(changeAt);
        (Prediction memory p, bytes memory evidence) = answered(INPUT);
        callBack(p, evidence, INPUT, 0);
        vm.warp(changeAt + 1);
        bytes4 fault = IModelRegistry.ModelChangeDue.selector;
        refuses(p, evidence, INPUT, 0, abi.encodeWithSelector(fault, SIGNED, changeAt));
    }

    function test_askCallback_AfterAChange_TakesTheNewOperatorsWordOnly() external {
        vm.prank(owner);
        oracle.proposeModelChange(SIGNED, config(operator));
        vm.warp(block.timestamp + 2 days + 1);
        oracle.applyModelChange(SIGNED);
        Prediction memory p = about(INPUT);
        bytes4 fault = IDecisionContract.NotVouched.selector;
        bytes memory evidence = sign(SIGNER_KEY, gateway.digestOf(p));
        refuses(p, evidence, INPUT, 0, abi.encodeWithSelector(fault, operator, SIGNED, p.subject));
    }

    function testFuzz_askCallback_RevertsIf_PolicySaysNoVerdict(uint8 verdict) external {
        verdict = uint8(bound(verdict, 4, 255));
        ModelConfig memory rules = config(vm.addr(SIGNER_KEY));
        rules.policy = fixedPolicy(verdict);
        bytes32 model = keccak256("a careless model");
        register(model, rules);
        Prediction memory p = about(INPUT);
        p.modelId = model;
        p.subject = gateway.subjectOf(model, p.inputHash, p.predictedAt);
        bytes memory evidence = sign(SIGNER_KEY, gateway.digestOf(p));
        vm.expectRevert(abi.encodeWithSelector(IDecisionContract.UnknownVerdict.selector, rules.policy, verdict));
        gateway.askCallback(abi.encode(p, evidence), abi.encode(model, p.inputHash, uint32(0)));
    }

    // Attestor contracts

    function testFuzz_findCallback_AsksTheAttestorContract(bytes32 subject, bool vouches, uint8 level) external {
        level = uint8(bound(level, 1, 4));
        address attestor = fixedAttestor(vouches, level);
        bytes32 model = keccak256("a model behind a contract");
        register(model, config(attestor));
        Prediction memory p = predict(subject, INPUT);
        p.modelId = model;
        bytes memory extra = abi.encode(model, subject, uint32(0));
        if (!vouches) {
            vm.expectRevert(abi.encodeWithSelector(IDecisionContract.NotVouched.selector, attestor, model, subject));
        }
        Reading memory reading = gateway.findCallback(abi.encode(p, hex"1234"), extra);
        if (vouches) equal(reading.trustLevel, level, "the level that was registered");
    }

    function testFuzz_findCallback_RevertsIf_SubjectDiffers(bytes32 subject, bytes32 asked) external {
        vm.assume(subject != asked);
        Prediction memory p = about(INPUT);
        p.subject = subject;
        bytes memory response = abi.encode(p, sign(SIGNER_KEY, gateway.digestOf(p)));
        vm.expectRevert(abi.encodeWithSelector(IDecisionGateway.AnotherSubject.selector, subject, asked));
        gateway.findCallback(response, abi.encode(SIGNED, asked, uint32(0)));
    }

    // Decisions on chain

    function testFuzz_find_GivesTheDecisionOnChain(bytes32 subject, int128 value) external {
        vm.assume(bytes4(subject) != 0xD0EC1510);
        Prediction memory p = predict(subject, INPUT);
        p.value = value;
        answer(p);
        Decision memory decision = oracle.decisionOf(MODEL, subject);
        Reading memory reading = gateway.find(MODEL, subject, 0);
        equal(int256(reading.value), value, "value");
        equal(reading.confidence, decision.confidence, "confidence");
        equal(reading.asOf, decision.decidedAt, "time");
        equal(reading.verdict, decision.verdict, "verdict");
        equal(reading.trustLevel, decision.trustLevel, "level");
    }

    function testFuzz_find_TakesNoDecisionOlderThanTheCallerAllows(uint32 age, uint32 maxAge) external {
        (age, maxAge) = (uint32(bound(age, 0, 365 days)), uint32(bound(maxAge, 1, 365 days)));
        bytes32 subject = keccak256("loan");
        answer(predict(subject, INPUT));
        uint40 decidedAt = uint40(block.timestamp);
        vm.warp(block.timestamp + age);
        if (age > maxAge) {
            bytes4 fault = IDecisionGateway.DecisionTooOld.selector;
            vm.expectRevert(abi.encodeWithSelector(fault, decidedAt, maxAge, block.timestamp));
        }
        gateway.find(MODEL, subject, maxAge);
    }

    function testFuzz_subjectOf_BindsEverything_AndIsNoRequest(bytes32 model, bytes32 input, uint40 time) external {
        bytes32 subject = gateway.subjectOf(model, input, time);
        equal(uint8(subject[0]), 0, "no request's tag");
        isTrue(subject != gateway.subjectOf(~model, input, time), "model");
        isTrue(subject != gateway.subjectOf(model, ~input, time), "input");
        isTrue(subject != gateway.subjectOf(model, input, ~time), "time");
        vm.chainId(block.chainid + 1);
        isTrue(subject != gateway.subjectOf(model, input, time), "chain");
    }

    // Steps

    function publish(bytes32 model, string memory url) private {
        string[] memory urls = new string[](1);
        urls[0] = url;
        vm.prank(owner);
        gateway.publish(list(model), urls);
    }

    function list(bytes32 model) private pure returns (bytes32[] memory models) {
        models = new bytes32[](1);
        models[0] = model;
    }

    function lookup(bytes memory input, uint32 maxAge) private view returns (bytes memory) {
        return
            abi.encodeWithSelector(
                IDecisionGateway.OffchainLookup.selector,
                address(gateway),
                gateway.urlsOf(SIGNED),
                abi.encodeCall(IDecisionLookup.predict, (block.chainid, SIGNED, input, uint40(block.timestamp))),
                gateway.askCallback.selector,
                abi.encode(SIGNED, keccak256(input), maxAge)
            );
    }

    function about(bytes memory input) private view returns (Prediction memory p) {
        p = predict(0, input);
        p.modelId = SIGNED;
        bind(p, input);
    }

    function bind(Prediction memory p, bytes memory input) private view {
        p.subject = gateway.subjectOf(SIGNED, keccak256(input), p.predictedAt);
    }

    function answered(bytes memory input) private view returns (Prediction memory p, bytes memory evidence) {
        p = about(input);
        evidence = sign(SIGNER_KEY, gateway.digestOf(p));
    }

    function delegate(address code) private {
        vm.etch(vm.addr(SIGNER_KEY), abi.encodePacked(hex"ef0100", code));
    }

    function callBack(
        Prediction memory p,
        bytes memory evidence,
        bytes memory input,
        uint32 maxAge
    ) private view returns (Reading memory) {
        return gateway.askCallback(abi.encode(p, evidence), abi.encode(SIGNED, keccak256(input), maxAge));
    }

    function refuses(
        Prediction memory p,
        bytes memory evidence,
        bytes memory input,
        uint32 maxAge,
        bytes memory fault
    ) private {
        vm.expectRevert(fault);
        gateway.askCallback(abi.encode(p, evidence), abi.encode(SIGNED, keccak256(input), maxAge));
    }

    function notVouched(Prediction memory p) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IDecisionContract.NotVouched.selector, vm.addr(SIGNER_KEY), SIGNED, p.subject);
    }

    function tooOld(Prediction memory p, uint32 maxAge) private view returns (bytes memory) {
        bytes4 fault = IDecisionContract.PredictionTooOld.selector;
        return abi.encodeWithSelector(fault, p.predictedAt, maxAge, block.timestamp);
    }
}
