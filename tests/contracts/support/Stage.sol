// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDecisionContract} from "../../../contracts/interfaces/IDecisionContract.sol";
import {Decision} from "../../../contracts/types/Decision.sol";
import {ModelConfig} from "../../../contracts/types/Model.sol";
import {Prediction} from "../../../contracts/types/Prediction.sol";
import {Request, RequestStatus} from "../../../contracts/types/Request.sol";
import {Check} from "./Check.sol";

/// @title Stage
/// @notice A decision contract with one model, run by `operator` under a threshold policy, and steps to act on it.
abstract contract Stage is Check {
    bytes32 internal constant MODEL = keccak256("model");
    uint32 internal constant FEE_GWEI = 1000;
    uint256 internal constant FEE = 1000 gwei;
    uint32 internal constant MAX_AGE = 1 hours;
    uint256 internal constant SIGNER_KEY = 0xA11CE;
    bytes internal constant INPUT = hex"000102030405060708090a0b0c0d0e0f";

    IDecisionContract internal oracle;
    address internal policy;
    address internal owner = address(0x1001);
    address internal operator = address(0x1002);
    address internal requester = address(0x1003);
    address internal stranger = address(0x1004);

    function setUp() public virtual {
        oracle = IDecisionContract(deploy("contracts/DecisionContract.sol:DecisionContract", ""));
        policy = thresholdPolicy(500, 50, true, 600_000);
        register(MODEL, config(operator));
        vm.deal(requester, 1000 ether);
        vm.deal(stranger, 1000 ether);
    }

    // Parties and rules

    function thresholdPolicy(int128 cut, uint128 band, bool above, uint32 least) internal returns (address) {
        return deploy("contracts/policies/ThresholdPolicy.sol:ThresholdPolicy", abi.encode(cut, band, above, least));
    }

    function fixedPolicy(uint8 verdict) internal returns (address) {
        return deploy("contracts/mocks/FixedPolicy.sol:FixedPolicy", abi.encode(verdict));
    }

    function fixedAttestor(bool vouches, uint8 trustLevel) internal returns (address) {
        return deploy("contracts/mocks/FixedAttestor.sol:FixedAttestor", abi.encode(vouches, trustLevel));
    }

    function config(address attestor) internal view returns (ModelConfig memory) {
        return ModelConfig({attestor: attestor, policy: policy, feeGwei: FEE_GWEI, maxAge: MAX_AGE});
    }

    function register(bytes32 modelId, ModelConfig memory rules) internal {
        vm.prank(owner);
        oracle.registerModel(modelId, rules, "ipfs://card");
    }

    function propose(ModelConfig memory rules) internal {
        vm.prank(owner);
        oracle.proposeModelChange(MODEL, rules);
    }

    // Requests and answers

    function now_() internal view returns (uint256) {
        return block.timestamp;
    }

    function soon() internal view returns (uint40) {
        return uint40(block.timestamp + 1 hours);
    }

    function ask(bytes memory input, uint24 callbackGas) internal returns (bytes32) {
        vm.prank(requester);
        return oracle.requestDecision{value: FEE}(MODEL, input, callbackGas, soon());
    }

    function predict(bytes32 subject, bytes memory input) internal view returns (Prediction memory) {
        return
            Prediction({
                modelId: MODEL,
                subject: subject,
                inputHash: keccak256(input),
                outputHash: keccak256("output"),
                value: 812,
                confidence: 912_345,
                predictedAt: uint40(block.timestamp)
            });
    }

    function answer(Prediction memory prediction) internal {
        vm.prank(operator);
        oracle.makeDecision(prediction);
    }

    /// @notice The operator's answer is refused with exactly this error.
    function answerReverts(Prediction memory prediction, bytes memory fault) internal {
        vm.prank(operator);
        vm.expectRevert(fault);
        oracle.makeDecision(prediction);
    }

    function statusIs(bytes32 requestId, RequestStatus want) internal view {
        equal(uint256(oracle.requestOf(MODEL, requestId).status), uint256(want), "status");
    }

    function same(Decision memory got, Decision memory want) internal pure {
        equal(keccak256(abi.encode(got)), keccak256(abi.encode(want)), "decision");
    }

    function same(Request memory got, Request memory want) internal pure {
        equal(keccak256(abi.encode(got)), keccak256(abi.encode(want)), "request");
    }

    function sign(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }
}
