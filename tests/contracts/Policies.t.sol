// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPolicy} from "../../contracts/interfaces/IPolicy.sol";
import {Verdicts} from "../../contracts/libraries/Verdicts.sol";
import {Prediction} from "../../contracts/types/Prediction.sol";
import {Check} from "./support/Check.sol";

/// @title PoliciesTest
/// @notice Both policies against the sentence that defines them, over their whole ranges.
contract PoliciesTest is Check {
    string private constant THRESHOLD = "contracts/policies/ThresholdPolicy.sol:ThresholdPolicy";
    string private constant CLASS = "contracts/policies/ClassPolicy.sol:ClassPolicy";

    function testFuzz_threshold_CutsWhereItSays(
        int128 threshold,
        uint128 band,
        bool above,
        uint32 least,
        int128 value,
        uint32 confidence
    ) external {
        IPolicy policy = threshold_(threshold, band, above, least);
        int256 distance = int256(value) - threshold;
        uint8 want = Verdicts.REVIEW;
        if (confidence >= least) {
            if (distance >= int256(uint256(band))) want = above ? Verdicts.ACCEPT : Verdicts.REJECT;
            else if (distance < -int256(uint256(band))) want = above ? Verdicts.REJECT : Verdicts.ACCEPT;
        }
        equal(policy.decide(prediction(value, confidence)), want, "verdict");
    }

    /// @dev The edges, one unit to either side of them.
    function testFuzz_threshold_AtItsEdges(int64 threshold, uint64 band, bool above) external {
        IPolicy policy = threshold_(threshold, band, above, 0);
        (uint8 high, uint8 low) = above ? (Verdicts.ACCEPT, Verdicts.REJECT) : (Verdicts.REJECT, Verdicts.ACCEPT);
        int128 top = int128(threshold) + int128(uint128(band));
        int128 bottom = int128(threshold) - int128(uint128(band));
        equal(policy.decide(prediction(top, 0)), high, "at the upper edge");
        equal(policy.decide(prediction(top - 1, 0)), band == 0 ? low : Verdicts.REVIEW, "below the upper edge");
        equal(policy.decide(prediction(bottom, 0)), band == 0 ? high : Verdicts.REVIEW, "at the lower edge");
        equal(policy.decide(prediction(bottom - 1, 0)), low, "below the lower edge");
    }

    /// @dev Threshold and band at the ends of their types must not wrap.
    function test_threshold_AtTheEndsOfItsTypes() external {
        IPolicy policy = threshold_(type(int128).max, type(uint128).max, true, 0);
        equal(policy.decide(prediction(type(int128).max, 0)), Verdicts.REVIEW, "no value is that high");
        policy = threshold_(type(int128).min, type(uint128).max, true, 0);
        equal(policy.decide(prediction(type(int128).min, 0)), Verdicts.REVIEW, "no value is that low");
        equal(policy.decide(prediction(type(int128).max, 0)), Verdicts.ACCEPT, "exactly as high as asked");
    }

    function testFuzz_class_GivesEachLabelItsVerdict(
        uint256 seed,
        uint8 labels,
        int128 value,
        uint32 least,
        uint32 confidence
    ) external {
        labels = uint8(bound(labels, 1, 32));
        bytes32 verdicts = verdictsFrom(seed, labels);
        IPolicy policy = IPolicy(deploy(CLASS, abi.encode(verdicts, labels, least)));
        if (value < 0 || value >= int128(uint128(labels))) {
            vm.expectRevert(abi.encodeWithSignature("UnknownLabel(int128,uint8)", value, labels));
            policy.decide(prediction(value, confidence));
            value = int128(uint128(bound(uint128(value), 0, labels - 1)));
        }
        uint8 want = confidence < least ? Verdicts.REVIEW : uint8(verdicts[uint128(value)]);
        equal(policy.decide(prediction(value, confidence)), want, "verdict");
    }

    function testFuzz_class_RevertsIf_VerdictMissing(uint256 seed, uint8 labels, uint8 label, uint8 verdict) external {
        labels = uint8(bound(labels, 1, 32));
        label = uint8(bound(label, 0, labels - 1));
        vm.assume(verdict == 0 || verdict > 3);
        bytes32 verdicts = withByte(verdictsFrom(seed, labels), label, verdict);
        deployReverts(
            abi.encode(verdicts, labels, 0),
            abi.encodeWithSignature("LabelVerdictUnknown(uint256,uint8)", label, verdict)
        );
    }

    function testFuzz_class_RevertsIf_VerdictWithoutLabel(
        uint256 seed,
        uint8 labels,
        uint8 label,
        uint8 verdict
    ) external {
        labels = uint8(bound(labels, 1, 31));
        label = uint8(bound(label, labels, 31));
        verdict = uint8(bound(verdict, 1, 255));
        bytes32 verdicts = withByte(verdictsFrom(seed, labels), label, verdict);
        deployReverts(
            abi.encode(verdicts, labels, 0),
            abi.encodeWithSignature("LabelVerdictUnknown(uint256,uint8)", label, verdict)
        );
    }

    function testFuzz_class_RevertsIf_LabelCountOutOfRange(uint8 labels) external {
        vm.assume(labels == 0 || labels > 32);
        deployReverts(
            abi.encode(bytes32(0), labels, 0),
            abi.encodeWithSignature("LabelCountOutOfRange(uint8)", labels)
        );
    }

    function test_policies_SayWhatTheyAre() external {
        address[2] memory policies = [
            address(threshold_(0, 0, true, 0)),
            deploy(CLASS, abi.encode(verdictsFrom(0, 2), 2, 0))
        ];
        for (uint256 i = 0; i < 2; ++i) {
            isTrue(IPolicy(policies[i]).supportsInterface(type(IPolicy).interfaceId), "policy");
            isTrue(IPolicy(policies[i]).supportsInterface(0x01ffc9a7), "ERC-165");
            isTrue(!IPolicy(policies[i]).supportsInterface(0xffffffff), "not everything");
        }
    }

    function threshold_(int128 threshold, uint128 band, bool above, uint32 least) private returns (IPolicy) {
        return IPolicy(deploy(THRESHOLD, abi.encode(threshold, band, above, least)));
    }

    function deployReverts(bytes memory arguments, bytes memory fault) private {
        bytes memory code = bytes.concat(vm.getCode(CLASS), arguments);
        vm.expectRevert(fault);
        assembly ("memory-safe") {
            pop(create(0, add(code, 0x20), mload(code)))
        }
    }

    function verdictsFrom(uint256 seed, uint8 labels) private pure returns (bytes32 verdicts) {
        for (uint256 i = 0; i < labels; ++i) {
            verdicts |= bytes32(bytes1(uint8(1 + (((seed >> (i * 8)) & 0xff) % 3)))) >> (i * 8);
        }
    }

    function withByte(bytes32 word, uint8 index, uint8 value) private pure returns (bytes32) {
        return
            (word & ~(bytes32(bytes1(0xff)) >> (uint256(index) * 8))) |
            (bytes32(bytes1(value)) >> (uint256(index) * 8));
    }

    function prediction(int128 value, uint32 confidence) private pure returns (Prediction memory) {
        return Prediction(bytes32("m"), bytes32("s"), bytes32("i"), bytes32("o"), value, confidence, 1);
    }
}
