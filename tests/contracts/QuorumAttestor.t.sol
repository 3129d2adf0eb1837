// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IQuorumAttestor} from "../../contracts/interfaces/IQuorumAttestor.sol";
import {Decision} from "../../contracts/types/Decision.sol";
import {Prediction} from "../../contracts/types/Prediction.sol";
import {CommitteeStage} from "./support/CommitteeStage.sol";

/// @title QuorumAttestorTest
/// @notice Who is taken for a quorum: exactly k distinct members, each by its own signature over exactly this
/// prediction here, in the one encoding there is. Each refusal changes one thing of evidence that is taken without it.
contract QuorumAttestorTest is CommitteeStage {
    bytes32 private constant QUORUM = keccak256("quorum model");
    uint256 private constant N = 7;
    uint8 private constant K = 4;

    IQuorumAttestor private attestor;

    function setUp() public override {
        super.setUp();
        attestor = quorumOf(membersOf(N), K);
        register(QUORUM, config(address(attestor)));
    }

    // What is taken

    function testFuzz_verify_TakesAnyKOfN(uint256 count, uint256 least, uint256 seed) external {
        count = bound(count, 1, 31);
        least = bound(least, 1, count);
        IQuorumAttestor any = quorumOf(membersOf(count), uint8(least));
        Prediction memory p = about(keccak256("loan"));
        isTrue(any.verify(p, signedBy(someOf(count, least, seed), any.digestOf(p))), "taken");
    }

    function test_relay_Decides_WithLevelQuorum() external {
        Prediction memory p = about(keccak256("loan"));
        oracle.relayDecision(p, evidenceFor(p));
        Decision memory decision = oracle.decisionOf(QUORUM, p.subject);
        equal(decision.verdict, 2, "verdict");
        equal(decision.trustLevel, 2, "level");
    }

    // How many

    function testFuzz_verify_TakesExactlyK(uint256 seed) external view {
        Prediction memory p = about(keccak256("loan"));
        bytes32 digest = attestor.digestOf(p);
        for (uint256 size = 0; size <= N; ++size) {
            bool taken = attestor.verify(p, signedBy(someOf(N, size, seed), digest));
            isTrue(taken == (size == K), "exactly k");
        }
    }

    /// @dev FAULTS 4: one member's signature in two members' places.
    function testFuzz_verify_RefusesADuplicate(uint256 which) external view {
        Prediction memory p = about(keccak256("loan"));
        bytes memory evidence = evidenceFor(p);
        which = bound(which, 1, K - 1);
        refuses(p, splice(evidence, 8 + 64 * which, compact(keyOf(0), attestor.digestOf(p))));
    }

    function testFuzz_verify_RefusesAStranger(uint256 which, uint256 key) external view {
        key = bound(key, 1, ORDER - 1);
        which = bound(which, 0, K - 1);
        vm.assume(key != keyOf(which));
        Prediction memory p = about(keccak256("loan"));
        refuses(p, splice(evidenceFor(p), 8 + 64 * which, compact(key, attestor.digestOf(p))));
    }

    /// @dev The same signatures, in another order than their members'.
    function test_verify_RefusesAnotherOrder() external view {
        Prediction memory p = about(keccak256("loan"));
        bytes32 digest = attestor.digestOf(p);
        bytes memory evidence = splice(evidenceFor(p), 8, compact(keyOf(1), digest));
        refuses(p, splice(evidence, 72, compact(keyOf(0), digest)));
    }

    /// @dev A bit that stands for nobody, be it the next one or the last of the word.
    function testFuzz_verify_RefusesAnUnknownBit(uint256 bit) external view {
        bit = bound(bit, N, 31);
        Prediction memory p = about(keccak256("loan"));
        bytes32 digest = attestor.digestOf(p);
        refuses(p, signedBy(first(K - 1) | uint32(1 << bit), digest));
        refuses(p, splice(evidenceFor(p), 0, abi.encodePacked(first(K) | uint32(1 << bit))));
    }

    // What was signed

    function testFuzz_verify_RefusesAnotherPrediction(uint256 field, uint256 change) external view {
        Prediction memory p = about(keccak256("loan"));
        bytes memory evidence = evidenceFor(p);
        field = bound(field, 0, 6);
        if (field == 0) p.modelId ^= bytes32(bound(change, 1, type(uint256).max));
        if (field == 1) p.subject ^= bytes32(bound(change, 1, type(uint256).max));
        if (field == 2) p.inputHash ^= bytes32(bound(change, 1, type(uint256).max));
        if (field == 3) p.outputHash ^= bytes32(bound(change, 1, type(uint256).max));
        if (field == 4) p.value ^= int128(int256(bound(change, 1, uint128(type(int128).max))));
        if (field == 5) p.confidence ^= uint32(bound(change, 1, type(uint32).max));
        if (field == 6) p.predictedAt ^= uint40(bound(change, 1, type(uint40).max));
        isTrue(!attestor.verify(p, evidence), "refused");
    }

    /// @dev FAULTS 2 and 3: neither another chain, nor another attestor of the same members, nor that of other members.
    function testFuzz_verify_RefusesAReplay(uint64 chain) external {
        vm.assume(chain != block.chainid && chain != 0);
        Prediction memory p = about(keccak256("loan"));
        bytes memory evidence = evidenceFor(p);
        isTrue(!quorumOf(membersOf(N), K).verify(p, evidence), "not at a twin");
        isTrue(!quorumOf(membersOf(N + 1), K).verify(p, evidence), "not after a change of members");
        vm.chainId(chain);
        isTrue(!attestor.verify(p, evidence), "not on another chain");
    }

    // How it is encoded

    /// @dev FAULTS 6: the other root of the same signature.
    function testFuzz_verify_RefusesHighS(uint256 which) external view {
        which = bound(which, 0, K - 1);
        Prediction memory p = about(keccak256("loan"));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(keyOf(which), attestor.digestOf(p));
        uint256 other = (ORDER - uint256(s)) | (uint256(28 - v) << 255);
        refuses(p, splice(evidenceFor(p), 8 + 64 * which, abi.encodePacked(r, other)));
    }

    /// @dev FAULTS 6: the compact form has one bit for v, and the wrong one recovers somebody else.
    function testFuzz_verify_RefusesTheWrongParity(uint256 which) external view {
        which = bound(which, 0, K - 1);
        Prediction memory p = about(keccak256("loan"));
        bytes memory evidence = evidenceFor(p);
        uint256 offset = 8 + 64 * which + 32;
        evidence[offset] = evidence[offset] ^ 0x80;
        refuses(p, evidence);
    }

    /// @dev FAULTS 5: what ecrecover cannot recover is nobody's.
    function testFuzz_verify_RefusesNoise(bytes memory noise, uint256 which) external view {
        Prediction memory p = about(keccak256("loan"));
        isTrue(!attestor.verify(p, noise), "noise");
        isTrue(!attestor.verify(p, bytes.concat(bytes8(abi.encodePacked(first(K), uint32(0))), noise)), "noisy");
        refuses(p, splice(evidenceFor(p), 8 + 64 * bound(which, 0, K - 1), new bytes(64)));
    }

    /// @dev FAULTS 8: nothing may follow, nothing may be missing, and nothing is read from beyond the end.
    function testFuzz_verify_RefusesAnotherLength(bytes memory more, uint256 less) external view {
        Prediction memory p = about(keccak256("loan"));
        bytes memory evidence = evidenceFor(p);
        if (more.length != 0) refuses(p, bytes.concat(evidence, more));
        less = bound(less, 0, evidence.length - 1);
        bytes memory shorter = new bytes(less);
        for (uint256 i = 0; i < less; ++i) shorter[i] = evidence[i];
        refuses(p, shorter);
    }

    /// @dev FAULTS 8: the missing bytes stand in the calldata behind evidence that says it is shorter.
    function testFuzz_verify_RefusesEvidenceThatGoesOnBehindItsEnd(uint256 less) external view {
        Prediction memory p = about(keccak256("loan"));
        bytes memory evidence = evidenceFor(p);
        bytes memory message = abi.encodeCall(attestor.verify, (p, evidence));
        uint256 offset = 4 + 8 * 32 + 31;
        isTrue(uint8(message[offset - 1]) * 256 + uint8(message[offset]) == evidence.length, "the length stands here");
        uint256 told = bound(less, 0, evidence.length - 1);
        (message[offset - 1], message[offset]) = (bytes1(uint8(told >> 8)), bytes1(uint8(told)));
        (bool success, bytes memory answered) = address(attestor).staticcall(message);
        isTrue(success && !abi.decode(answered, (bool)), "refused");
    }

    /// @dev Whoever signs as a wallet must be a signer.
    function testFuzz_verify_RefusesWalletsThatDidNotSign(uint32 wallets) external view {
        vm.assume(wallets & ~first(K) != 0);
        Prediction memory p = about(keccak256("loan"));
        refuses(p, splice(evidenceFor(p), 4, abi.encodePacked(wallets)));
    }

    // How it says who it is

    function test_domain_IsTheOneEveryoneSigns() external view {
        Prediction memory p = about(keccak256("loan"));
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Decision Oracle"),
                keccak256("1"),
                block.chainid,
                attestor
            )
        );
        bytes32 typeHash = keccak256(
            "Prediction(bytes32 modelId,bytes32 subject,bytes32 inputHash,bytes32 outputHash,"
            "int128 value,uint32 confidence,uint40 predictedAt)"
        );
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", domain, keccak256(abi.encode(typeHash, p))));
        equal(attestor.digestOf(p), digest, "digest");
    }

    function refuses(Prediction memory p, bytes memory evidence) private view {
        isTrue(attestor.verify(p, evidenceFor(p)), "taken as it was");
        isTrue(!attestor.verify(p, evidence), "refused");
    }

    function evidenceFor(Prediction memory p) private view returns (bytes memory) {
        return signedBy(first(K), attestor.digestOf(p));
    }

    function about(bytes32 subject) private view returns (Prediction memory p) {
        p = predict(subject, INPUT);
        p.modelId = QUORUM;
    }

    /// @notice The same bytes with some of them replaced.
    function splice(bytes memory whole, uint256 offset, bytes memory part) private pure returns (bytes memory) {
        for (uint256 i = 0; i < part.length; ++i) whole[offset + i] = part[i];
        return whole;
    }
}
