// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISealedVoteAttestor} from "../../../contracts/interfaces/ISealedVoteAttestor.sol";
import {Prediction} from "../../../contracts/types/Prediction.sol";
import {AnswerKind, Opening, RoundKey, RoundStatus, VoteTerms} from "../../../contracts/types/SealedVote.sol";
import {CommitteeStage} from "./CommitteeStage.sol";

/// @title SealedStage
/// @notice A committee of three of five that votes sealed, one round of it, and steps to act on that.
abstract contract SealedStage is CommitteeStage {
    bytes32 internal constant SEALED = keccak256("sealed model");
    uint256 internal constant N = 5;
    uint8 internal constant K = 3;
    uint32 internal constant COMMIT = 10 minutes;
    uint32 internal constant REVEAL = 5 minutes;
    uint96 internal constant BOND = 1 ether;
    uint128 internal constant TOLERANCE = 2;

    ISealedVoteAttestor internal attestor;
    RoundKey internal key;
    /// @notice What was sealed in the round, in its order.
    bytes32[] internal seals;

    function setUp() public virtual override {
        super.setUp();
        attestor = sealedOf(membersOf(N), K, terms(AnswerKind.Number));
        register(SEALED, config(address(attestor)));
        key = RoundKey({modelId: SEALED, subject: keccak256("forecast"), number: 0});
        for (uint256 i = 0; i < N; ++i) vm.deal(memberOf(i), 1000 * BOND);
    }

    function sealedOf(
        address[] memory members,
        uint8 threshold,
        VoteTerms memory terms_
    ) internal returns (ISealedVoteAttestor) {
        return
            ISealedVoteAttestor(
                deploy(
                    "contracts/attestors/SealedVoteAttestor.sol:SealedVoteAttestor",
                    abi.encode(oracle, members, threshold, terms_)
                )
            );
    }

    function terms(AnswerKind kind) internal pure returns (VoteTerms memory) {
        return
            VoteTerms({
                commitWindow: COMMIT,
                revealWindow: REVEAL,
                bond: BOND,
                kind: kind,
                tolerance: kind == AnswerKind.Number ? TOLERANCE : 0
            });
    }

    // Votes

    function vote(uint256 member, int128 value) internal pure returns (Opening memory) {
        return
            Opening({
                inputHash: keccak256(INPUT),
                outputHash: keccak256(abi.encode("outputs", value)),
                value: value,
                confidence: 900_000,
                salt: keccak256(abi.encode("salt", member))
            });
    }

    function commit(uint256 member, Opening memory opening) internal {
        bytes32 seal = attestor.sealOf(key, member, opening);
        vm.prank(memberOf(member));
        attestor.commit{value: BOND}(key, seal);
        seals.push(seal);
    }

    function commit(uint256 member, int128 value) internal {
        commit(member, vote(member, value));
    }

    /// @notice Members 0 to `count - 1` say the same.
    function commitFirst(uint256 count, int128 value) internal {
        for (uint256 i = 0; i < count; ++i) commit(i, value);
    }

    function commitReverts(uint256 member, bytes memory fault) internal {
        bytes32 seal = attestor.sealOf(key, member, vote(member, 0));
        vm.prank(memberOf(member));
        vm.expectRevert(fault);
        attestor.commit{value: BOND}(key, seal);
    }

    function reveal(uint256 member, int128 value) internal {
        attestor.reveal(key, member, vote(member, value), seals);
    }

    function revealFirst(uint256 count, int128 value) internal {
        for (uint256 i = 0; i < count; ++i) reveal(i, value);
    }

    function revealReverts(uint256 member, Opening memory opening, bytes memory fault) internal {
        vm.expectRevert(fault);
        attestor.reveal(key, member, opening, seals);
    }

    /// @notice Counts the votes of members 0 to `values.length - 1`, in the order in which they sealed.
    function tally(int128[] memory values) internal {
        Opening[] memory openings = new Opening[](values.length);
        for (uint256 i = 0; i < values.length; ++i) openings[i] = vote(i, values[i]);
        attestor.tally(key, openings, seals);
    }

    /// @notice Counts the votes of members 0 to `count - 1`, who all said the same.
    function tallyFirst(uint256 count, int128 value) internal {
        int128[] memory values = new int128[](count);
        for (uint256 i = 0; i < count; ++i) values[i] = value;
        tally(values);
    }

    // Time

    function afterSealing() internal {
        vm.warp(attestor.roundOf(key).sealUntil + 1);
    }

    function afterRevealing() internal {
        vm.warp(attestor.roundOf(key).revealUntil + 1);
    }

    // Outcomes

    function outcome(int128 value, uint256 predictedAt) internal view returns (Prediction memory) {
        Opening memory opening = vote(0, value);
        return
            Prediction({
                modelId: key.modelId,
                subject: key.subject,
                inputHash: opening.inputHash,
                outputHash: opening.outputHash,
                value: value,
                confidence: opening.confidence,
                predictedAt: uint40(predictedAt)
            });
    }

    function evidence() internal view returns (bytes memory) {
        return abi.encode(key.number);
    }

    function statusIs(RoundStatus want) internal view {
        equal(uint256(attestor.roundOf(key).status), uint256(want), "round");
    }

    function creditIs(uint256 member, uint256 want) internal view {
        equal(attestor.creditOf(memberOf(member)), want, "credit");
    }

    function refusal(bytes4 selector) internal view returns (bytes memory) {
        return abi.encodeWithSelector(selector, key);
    }

    function refusal(bytes4 selector, uint256 detail) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(selector, detail);
    }

    function refusal(bytes4 selector, address detail) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(selector, detail);
    }
}
