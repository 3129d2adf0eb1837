// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDecisionContract} from "../../contracts/interfaces/IDecisionContract.sol";
import {IModelRegistry} from "../../contracts/interfaces/IModelRegistry.sol";
import {Prediction} from "../../contracts/types/Prediction.sol";
import {RequestStatus} from "../../contracts/types/Request.sol";
import {Stage} from "./support/Stage.sol";

interface ISignedAttestor {
    function claim(address oracle, address payable to) external;
    function digestOf(Prediction calldata prediction) external view returns (bytes32);
    function verify(Prediction calldata prediction, bytes calldata evidence) external view returns (bool);
}

/// @title RelayDecisionTest
/// @notice Decisions that an attestor contract vouches for, here by one EIP-712 signature.
contract RelayDecisionTest is Stage {
    bytes32 private constant SIGNED = keccak256("signed model");
    uint256 private constant ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;

    ISignedAttestor private attestor;

    function setUp() public override {
        super.setUp();
        attestor = signedAttestor(vm.addr(SIGNER_KEY));
        register(SIGNED, config(address(attestor)));
    }

    function testFuzz_relay_TakesTheSignersWord_FromAnyone(address relayer, bytes memory input) external {
        bytes32 id = askSigned(input);
        Prediction memory p = about(id, input);
        bytes memory evidence = sign(SIGNER_KEY, attestor.digestOf(p));

        vm.prank(relayer);
        oracle.relayDecision(p, evidence);

        equal(uint256(oracle.requestOf(SIGNED, id).status), uint256(RequestStatus.Decided), "status");
        equal(oracle.creditOf(address(attestor)), FEE, "the attestor earns");
        if (relayer != address(attestor)) equal(oracle.creditOf(relayer), 0, "the relayer does not");
    }

    function testFuzz_relay_RevertsIf_AnyFieldDiffers(uint256 field, uint256 change) external {
        Prediction memory p = about(keccak256("loan"), INPUT);
        bytes memory evidence = sign(SIGNER_KEY, attestor.digestOf(p));
        field = bound(field, 0, 5);
        if (field == 0) p.subject ^= bytes32(bound(change, 1, type(uint224).max));
        if (field == 1) p.inputHash ^= bytes32(bound(change, 1, type(uint256).max));
        if (field == 2) p.outputHash ^= bytes32(bound(change, 1, type(uint256).max));
        if (field == 3) p.value ^= int128(int256(bound(change, 1, uint128(type(int128).max))));
        if (field == 4) p.confidence ^= uint32(bound(change, 1, type(uint16).max));
        if (field == 5) p.predictedAt ^= uint40(bound(change, 1, type(uint40).max));
        refuses(p, evidence);
    }

    /// @dev A signature for one model does not serve another with the same attestor.
    function test_relay_RevertsIf_ModelDiffers() external {
        bytes32 other = keccak256("other signed model");
        register(other, config(address(attestor)));
        Prediction memory p = about(keccak256("loan"), INPUT);
        bytes memory evidence = sign(SIGNER_KEY, attestor.digestOf(p));
        p.modelId = other;
        refuses(p, evidence);
    }

    function testFuzz_relay_RevertsIf_SignerDiffers(uint256 key) external {
        key = bound(key, 1, ORDER - 1);
        vm.assume(key != SIGNER_KEY);
        Prediction memory p = about(keccak256("loan"), INPUT);
        refuses(p, sign(key, attestor.digestOf(p)));
    }

    /// @dev FAULTS 2: neither another chain nor another attestor takes the signature.
    function testFuzz_relay_RevertsIf_ChainOrAttestorDiffers(uint64 chain) external {
        vm.assume(chain != block.chainid && chain != 0);
        Prediction memory p = about(keccak256("loan"), INPUT);
        bytes memory evidence = sign(SIGNER_KEY, attestor.digestOf(p));

        ISignedAttestor twin = signedAttestor(vm.addr(SIGNER_KEY));
        isTrue(attestor.verify(p, evidence), "valid here");
        isTrue(!twin.verify(p, evidence), "not at a twin");
        vm.chainId(chain);
        refuses(p, evidence);
    }

    /// @dev FAULTS 5: a signer of zero must not be what a broken signature recovers to.
    function testFuzz_relay_RevertsIf_SignerIsZero(bytes memory evidence, uint8 v) external {
        ISignedAttestor zero = signedAttestor(address(0));
        Prediction memory p = about(keccak256("loan"), INPUT);
        isTrue(!zero.verify(p, evidence), "noise");
        isTrue(!zero.verify(p, abi.encodePacked(bytes32(0), bytes32(0), v)), "zero signature");
    }

    /// @dev FAULTS 6.
    function testFuzz_relay_RevertsIf_SignatureMalleable(uint8 v) external {
        Prediction memory p = about(keccak256("loan"), INPUT);
        (uint8 good, bytes32 r, bytes32 s) = vm.sign(SIGNER_KEY, attestor.digestOf(p));
        refuses(p, abi.encodePacked(r, bytes32(ORDER - uint256(s)), good == 27 ? uint8(28) : uint8(27)));
        vm.assume(v != good);
        refuses(p, abi.encodePacked(r, s, v));
    }

    function testFuzz_relay_RevertsIf_EvidenceIsNoise(bytes memory evidence) external {
        refuses(about(keccak256("loan"), INPUT), evidence);
    }

    /// @dev EIP-1271: a smart wallet signs as well as a key.
    function test_relay_TakesAWalletsWord() external {
        address wallet = deploy("contracts/mocks/SignerWallet.sol:SignerWallet", abi.encode(vm.addr(SIGNER_KEY)));
        ISignedAttestor walleted = signedAttestor(wallet);
        bytes32 modelId = keccak256("wallet model");
        register(modelId, config(address(walleted)));
        Prediction memory p = about(keccak256("loan"), INPUT);
        p.modelId = modelId;
        bytes memory wrong = sign(SIGNER_KEY + 1, walleted.digestOf(p));
        vm.expectRevert(notVouched(address(walleted), p));
        oracle.relayDecision(p, wrong);

        oracle.relayDecision(p, sign(SIGNER_KEY, walleted.digestOf(p)));
        equal(oracle.decisionOf(modelId, p.subject).verdict, 2, "verdict");
    }

    function test_relay_RevertsIf_AttestorIsAnAddress() external {
        bytes memory fault = abi.encodeWithSelector(IDecisionContract.AttestorTakesNoEvidence.selector, operator);
        vm.expectRevert(fault);
        oracle.relayDecision(predict(keccak256("loan"), INPUT), "");
    }

    /// @dev A contract that answers 1 to anything never said that it is an attestor.
    function test_relay_RevertsIf_AttestorIsNoAttestor() external {
        address careless = deploy("contracts/mocks/OpenFallback.sol:OpenFallback", "");
        register(keccak256("careless"), config(careless));
        Prediction memory p = about(keccak256("loan"), INPUT);
        p.modelId = keccak256("careless");
        vm.expectRevert(abi.encodeWithSelector(IDecisionContract.AttestorTakesNoEvidence.selector, careless));
        oracle.relayDecision(p, "");
    }

    function testFuzz_relay_RevertsIf_ModelUnknown(bytes32 modelId) external {
        vm.assume(modelId != MODEL && modelId != SIGNED);
        Prediction memory p = about(keccak256("loan"), INPUT);
        p.modelId = modelId;
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.UnknownModel.selector, modelId));
        oracle.relayDecision(p, "");
    }

    function test_relay_RevertsIf_Decided() external {
        Prediction memory p = about(keccak256("loan"), INPUT);
        bytes memory evidence = sign(SIGNER_KEY, attestor.digestOf(p));
        oracle.relayDecision(p, evidence);
        vm.expectRevert(abi.encodeWithSelector(IDecisionContract.AlreadyDecided.selector, SIGNED, p.subject));
        oracle.relayDecision(p, evidence);
    }

    function test_claim_PaysTheAttestorsOwner() external {
        Prediction memory p = about(askSigned(INPUT), INPUT);
        oracle.relayDecision(p, sign(SIGNER_KEY, attestor.digestOf(p)));

        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSignature("OwnableUnauthorizedAccount(address)", stranger));
        attestor.claim(address(oracle), payable(stranger));

        vm.prank(owner);
        attestor.claim(address(oracle), payable(address(0xBEEF)));
        equal(address(0xBEEF).balance, FEE, "paid");
        equal(oracle.creditOf(address(attestor)), 0, "credit");
    }

    function signedAttestor(address signer) private returns (ISignedAttestor) {
        return ISignedAttestor(deploy("contracts/mocks/SignedAttestor.sol:SignedAttestor", abi.encode(signer, owner)));
    }

    function askSigned(bytes memory input) private returns (bytes32) {
        vm.prank(requester);
        return oracle.requestDecision{value: FEE}(SIGNED, input, 0, soon());
    }

    function about(bytes32 subject, bytes memory input) private view returns (Prediction memory p) {
        p = predict(subject, input);
        p.modelId = SIGNED;
    }

    function refuses(Prediction memory p, bytes memory evidence) private {
        vm.expectRevert(notVouched(address(attestor), p));
        oracle.relayDecision(p, evidence);
    }

    function notVouched(address who, Prediction memory p) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IDecisionContract.NotVouched.selector, who, p.modelId, p.subject);
    }
}
