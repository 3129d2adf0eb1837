// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAnchorLog} from "../../contracts/interfaces/IAnchorLog.sol";
import {IDecisionContract} from "../../contracts/interfaces/IDecisionContract.sol";
import {IDecisionGateway} from "../../contracts/interfaces/IDecisionGateway.sol";
import {IQuorumAttestor} from "../../contracts/interfaces/IQuorumAttestor.sol";
import {Prediction} from "../../contracts/types/Prediction.sol";
import {Reading} from "../../contracts/types/Reading.sol";
import {CommitteeStage} from "./support/CommitteeStage.sol";

/// @title GatewayAttestorsTest
/// @notice A gateway takes what the model's attestor contract takes: a quorum's signatures, or an anchored proof.
contract GatewayAttestorsTest is CommitteeStage {
    bytes32 private constant SHARED = keccak256("a committee's model");
    bytes32 private constant LOGGED = keccak256("a model whose predictions are anchored");
    bytes32 private constant SUBJECT = keccak256("parcel 7");

    IDecisionGateway private gateway;
    IQuorumAttestor private quorum;
    IAnchorLog private log;

    function setUp() public override {
        super.setUp();
        bytes memory terms = abi.encode(oracle);
        gateway = IDecisionGateway(deploy("contracts/gateway/DecisionGateway.sol:DecisionGateway", terms));
        quorum = quorumOf(membersOf(4), 3);
        register(SHARED, config(address(quorum)));
        log = IAnchorLog(deploy("contracts/attestors/AnchorLog.sol:AnchorLog", abi.encode(operator, operator)));
        register(LOGGED, config(address(log)));
    }

    function testFuzz_quorum_AnyThreeOfFourAreTaken(uint256 seed) external view {
        Prediction memory p = about(SHARED);
        bytes memory evidence = signedBy(someOf(4, 3, seed), quorum.digestOf(p));
        Reading memory reading = found(p, evidence);
        equal(int256(reading.value), p.value, "value");
        equal(reading.trustLevel, 2, "a quorum");
    }

    function testFuzz_quorum_TooFewAreRefused(uint256 seed, uint256 size) external {
        Prediction memory p = about(SHARED);
        uint32 signers = someOf(4, bound(size, 0, 2), seed);
        refused(p, signedBy(signers, quorum.digestOf(p)), address(quorum));
    }

    function testFuzz_quorum_RefusesAnotherValue(int128 value) external {
        Prediction memory p = about(SHARED);
        vm.assume(value != p.value);
        bytes memory evidence = signedBy(first(3), quorum.digestOf(p));
        p.value = value;
        refused(p, evidence, address(quorum));
    }

    /// @dev What members sign for the gateway's domain is nothing to the attestor.
    function test_quorum_RefusesSignaturesForTheGateway() external {
        Prediction memory p = about(SHARED);
        refused(p, signedBy(first(3), gateway.digestOf(p)), address(quorum));
    }

    function testFuzz_anchored_IsTaken_AndNothingElse(bytes32 sibling, int128 value) external {
        Prediction memory p = about(LOGGED);
        bytes memory evidence = anchored(p, sibling);
        Reading memory reading = found(p, evidence);
        equal(int256(reading.value), p.value, "value");
        equal(reading.trustLevel, 1, "who anchors is one signer");
        vm.assume(value != p.value);
        p.value = value;
        refused(p, evidence, address(log));
    }

    function test_anchored_RefusesWhatWasNotAnchoredYet() external {
        Prediction memory p = about(LOGGED);
        bytes memory evidence = abi.encodePacked(uint64(0), uint64(0), uint32(1), uint32(0), bytes32(0));
        refused(p, evidence, address(log));
    }

    function anchored(Prediction memory p, bytes32 sibling) private returns (bytes memory) {
        bytes32 leaf = log.leafOf(0, p);
        bytes32 root = leaf < sibling ? keccak256(abi.encode(leaf, sibling)) : keccak256(abi.encode(sibling, leaf));
        vm.prank(operator);
        log.anchor(0, 0, uint256(2) << 64, root);
        return abi.encodePacked(uint64(0), uint64(0), uint32(2), uint32(0), bytes32(0), sibling);
    }

    function about(bytes32 model) private view returns (Prediction memory p) {
        p = predict(SUBJECT, INPUT);
        p.modelId = model;
    }

    function found(Prediction memory p, bytes memory evidence) private view returns (Reading memory) {
        return gateway.findCallback(abi.encode(p, evidence), abi.encode(p.modelId, SUBJECT, uint32(0)));
    }

    function refused(Prediction memory p, bytes memory evidence, address attestor) private {
        bytes4 fault = IDecisionContract.NotVouched.selector;
        vm.expectRevert(abi.encodeWithSelector(fault, attestor, p.modelId, SUBJECT));
        found(p, evidence);
    }
}
