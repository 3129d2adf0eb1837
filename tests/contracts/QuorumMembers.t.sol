// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

import {IAttestor} from "../../contracts/interfaces/IAttestor.sol";
import {ICommittee} from "../../contracts/interfaces/ICommittee.sol";
import {IDecisionContract} from "../../contracts/interfaces/IDecisionContract.sol";
import {IFeeSharer} from "../../contracts/interfaces/IFeeSharer.sol";
import {IQuorumAttestor} from "../../contracts/interfaces/IQuorumAttestor.sol";
import {Prediction} from "../../contracts/types/Prediction.sol";
import {CommitteeStage} from "./support/CommitteeStage.sol";

/// @title QuorumMembersTest
/// @notice Who the members are, what a committee cannot be, and members that are contracts (EIP-1271).
contract QuorumMembersTest is CommitteeStage {
    string private constant ARTIFACT = "contracts/attestors/QuorumAttestor.sol:QuorumAttestor";

    // Who they are

    function testFuzz_members_AreThoseOfTheDeployment(uint256 count, uint256 threshold) external {
        count = bound(count, 1, 31);
        threshold = bound(threshold, 1, count);
        address[] memory list = membersOf(count);
        IQuorumAttestor attestor = quorumOf(list, uint8(threshold));
        equal(attestor.memberCount(), count, "count");
        equal(attestor.threshold(), threshold, "threshold");
        equal(attestor.trustLevel(), 2, "level");
        equal(address(attestor.decisionContract()), address(oracle), "decision contract");
        equal(keccak256(abi.encode(attestor.members())), keccak256(abi.encode(list)), "members");
        for (uint256 i = 0; i < count; ++i) equal(attestor.memberAt(i), list[i], "member");
    }

    function testFuzz_memberAt_RevertsIf_NoSuchMember(uint256 count, uint256 index) external {
        count = bound(count, 1, 31);
        index = bound(index, count, type(uint256).max);
        IQuorumAttestor attestor = quorumOf(membersOf(count), 1);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.NoSuchMember.selector, index, count));
        attestor.memberAt(index);
    }

    function test_interfaces() external {
        IQuorumAttestor attestor = quorumOf(membersOf(4), 3);
        isTrue(attestor.supportsInterface(type(IERC165).interfaceId), "ERC-165");
        isTrue(attestor.supportsInterface(type(IAttestor).interfaceId), "attestor");
        isTrue(attestor.supportsInterface(type(IFeeSharer).interfaceId), "fee sharer");
        isTrue(!attestor.supportsInterface(0xffffffff), "not everything");
    }

    // What a committee cannot be

    function testFuzz_deploy_RevertsIf_TooFewOrTooMany(uint256 count) external {
        count = bound(count, 31, 40);
        if (count == 31) count = 0;
        deployReverts(
            membersOf(count),
            1,
            abi.encodeWithSelector(ICommittee.MemberCountOutOfRange.selector, count, 31)
        );
    }

    function testFuzz_deploy_RevertsIf_AMemberIsZero(uint256 index) external {
        index = bound(index, 0, 8);
        address[] memory list = membersOf(9);
        list[index] = address(0);
        deployReverts(list, 1, abi.encodeWithSelector(ICommittee.MemberZero.selector, index));
    }

    function testFuzz_deploy_RevertsIf_AMemberIsNamedTwice(uint256 one, uint256 other) external {
        one = bound(one, 0, 7);
        other = bound(other, one + 1, 8);
        address[] memory list = membersOf(9);
        list[other] = list[one];
        deployReverts(list, 1, abi.encodeWithSelector(ICommittee.MemberTwice.selector, list[one], one, other));
    }

    function test_deploy_RevertsIf_ThresholdIsZero() external {
        deployReverts(membersOf(4), 0, abi.encodeWithSelector(ICommittee.ThresholdOutOfRange.selector, 0, 4));
    }

    function testFuzz_deploy_RevertsIf_ThresholdOutOfRange(uint256 count, uint8 threshold) external {
        count = bound(count, 1, 31);
        threshold = uint8(bound(threshold, count + 1, type(uint8).max));
        bytes memory fault = abi.encodeWithSelector(ICommittee.ThresholdOutOfRange.selector, threshold, count);
        deployReverts(membersOf(count), threshold, fault);
    }

    function test_deploy_RevertsIf_DecisionContractIsZero() external {
        oracle = IDecisionContract(address(0));
        deployReverts(membersOf(4), 3, abi.encodeWithSelector(ICommittee.DecisionContractZero.selector));
    }

    // Members that are contracts

    function test_verify_TakesAWalletsWord() external {
        (IQuorumAttestor attestor, ) = withWallet(signerWallet());
        Prediction memory p = predict(keccak256("loan"), INPUT);
        isTrue(attestor.verify(p, withSignature(attestor, p, sign(SIGNER_KEY, attestor.digestOf(p)))), "taken");
    }

    function testFuzz_verify_RefusesAWalletsWord_IfItsOwnerDidNotSign(uint256 key) external {
        key = bound(key, 1, ORDER - 1);
        vm.assume(key != SIGNER_KEY);
        (IQuorumAttestor attestor, ) = withWallet(signerWallet());
        Prediction memory p = predict(keccak256("loan"), INPUT);
        isTrue(!attestor.verify(p, withSignature(attestor, p, sign(key, attestor.digestOf(p)))), "refused");
    }

    /// @dev One that refuses, reverts, says nothing, says something else, or runs out of gas.
    function testFuzz_verify_RefusesAFaultyWallet(uint8 fault, bytes memory signature) external {
        vm.assume(signature.length <= type(uint16).max);
        address wallet = deploy("contracts/mocks/FaultyWallet.sol:FaultyWallet", abi.encode(fault % 5));
        (IQuorumAttestor attestor, ) = withWallet(wallet);
        Prediction memory p = predict(keccak256("loan"), INPUT);
        isTrue(!attestor.verify{gas: 3_000_000}(p, withSignature(attestor, p, signature)), "refused");
    }

    /// @dev An account without code answers every call, with nothing.
    function testFuzz_verify_RefusesAWalletWithoutCode(bytes memory signature) external {
        vm.assume(signature.length <= type(uint16).max);
        (IQuorumAttestor attestor, ) = withWallet(memberOf(1));
        Prediction memory p = predict(keccak256("loan"), INPUT);
        isTrue(!attestor.verify(p, withSignature(attestor, p, signature)), "refused");
        isTrue(attestor.verify(p, signedBy(first(3), attestor.digestOf(p))), "its key is taken");
    }

    /// @dev A wallet cannot sign as a key, though its owner's key be right.
    function test_verify_RefusesAWalletAsAKey() external {
        (IQuorumAttestor attestor, ) = withWallet(signerWallet());
        Prediction memory p = predict(keccak256("loan"), INPUT);
        bytes32 digest = attestor.digestOf(p);
        bytes memory evidence = abi.encodePacked(
            first(3),
            uint32(0),
            compact(keyOf(0), digest),
            compact(SIGNER_KEY, digest),
            compact(keyOf(2), digest)
        );
        isTrue(!attestor.verify(p, evidence), "refused");
    }

    /// @dev FAULTS 8: a length that leaves bytes over, or points beyond the end.
    function testFuzz_verify_RefusesAWalletsSignatureOfAnotherLength(uint16 length) external {
        vm.assume(length != 65);
        (IQuorumAttestor attestor, ) = withWallet(signerWallet());
        Prediction memory p = predict(keccak256("loan"), INPUT);
        bytes32 digest = attestor.digestOf(p);
        bytes memory evidence = abi.encodePacked(
            first(3),
            uint32(2),
            compact(keyOf(0), digest),
            length,
            sign(SIGNER_KEY, digest),
            compact(keyOf(2), digest)
        );
        isTrue(!attestor.verify(p, evidence), "refused");
    }

    /// @dev The evidence ends within a wallet's length, or within its signature.
    function testFuzz_verify_RefusesAWalletsSignatureCutOff(uint256 length) external {
        address[] memory list = new address[](1);
        list[0] = signerWallet();
        IQuorumAttestor attestor = quorumOf(list, 1);
        Prediction memory p = predict(keccak256("loan"), INPUT);
        bytes memory evidence = abi.encodePacked(
            uint32(1),
            uint32(1),
            uint16(65),
            sign(SIGNER_KEY, attestor.digestOf(p))
        );
        isTrue(attestor.verify(p, evidence), "taken");
        bytes memory shorter = new bytes(bound(length, 0, evidence.length - 1));
        for (uint256 i = 0; i < shorter.length; ++i) shorter[i] = evidence[i];
        isTrue(!attestor.verify(p, shorter), "refused");
    }

    function signerWallet() private returns (address) {
        return deploy("contracts/mocks/SignerWallet.sol:SignerWallet", abi.encode(vm.addr(SIGNER_KEY)));
    }

    /// @notice Three of four, member 1 being the wallet.
    function withWallet(address wallet) private returns (IQuorumAttestor attestor, address[] memory list) {
        list = membersOf(4);
        list[1] = wallet;
        attestor = quorumOf(list, 3);
    }

    function withSignature(
        IQuorumAttestor attestor,
        Prediction memory p,
        bytes memory signature
    ) private view returns (bytes memory) {
        bytes32 digest = attestor.digestOf(p);
        return
            abi.encodePacked(
                first(3),
                uint32(2),
                compact(keyOf(0), digest),
                uint16(signature.length),
                signature,
                compact(keyOf(2), digest)
            );
    }

    function deployReverts(address[] memory list, uint8 threshold, bytes memory fault) private {
        bytes memory code = bytes.concat(vm.getCode(ARTIFACT), abi.encode(oracle, list, threshold));
        address made;
        vm.expectRevert(fault);
        assembly ("memory-safe") {
            made := create(0, add(code, 0x20), mload(code))
        }
    }
}
