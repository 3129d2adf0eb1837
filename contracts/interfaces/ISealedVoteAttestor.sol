// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Prediction} from "../types/Prediction.sol";
import {Opening, Round, RoundKey, VoteTerms} from "../types/SealedVote.sol";
import {ICommittee} from "./ICommittee.sol";

/// @title ISealedVoteAttestor
/// @notice Vouches for what a committee voted, each member with a bond and without knowing the others' votes. Votes
/// are first sealed, as salted hashes that bind chain, contract, model, subject, round and operator, then opened, then
/// counted. A vote that is sealed and not opened in time, or given away too early, costs its bond; a tie, or too few
/// who agree, decides nothing. docs/sealed-vote.md has the state machine.
/// @dev A round's number counts the rounds about one subject, from 0; the next one can be opened once the last one has
/// ended undecided. Evidence is `abi.encode(round)`, the number of a round that decided.
///
/// Who opens or counts votes brings along all seals of the round, in the order of their `VoteSealed`.
///
/// WARNING: to seal a vote early in a request's life is up to the members: a round that ends after the request's
/// deadline (`IDecisionContract.requestOf`) decides nothing there.
interface ISealedVoteAttestor is ICommittee {
    /// @notice A vote was sealed; the seal's last byte is the member's index. The first one opens the round.
    event VoteSealed(bytes32 indexed modelId, bytes32 indexed subject, uint256 round, bytes32 seal);
    /// @notice A sealed vote was opened.
    event VoteRevealed(
        bytes32 indexed modelId,
        bytes32 indexed subject,
        address indexed operator,
        uint256 round,
        Opening opening
    );
    /// @notice A vote was given away while votes were being sealed: it is void, and the reporter gets `reward`, in wei.
    event VoteLeaked(
        bytes32 indexed modelId,
        bytes32 indexed subject,
        address indexed operator,
        uint256 round,
        address reporter,
        uint256 reward
    );
    /// @notice The members agreed: `prediction` is what this attestor vouches for from now on. The bonds of `lost` are
    /// lost.
    event RoundDecided(
        bytes32 indexed modelId,
        bytes32 indexed subject,
        uint256 round,
        Prediction prediction,
        uint32 agreed,
        uint32 lost
    );
    /// @notice Too few agreed, and nothing is decided. The bonds of `lost` are lost.
    event RoundUndecided(bytes32 indexed modelId, bytes32 indexed subject, uint256 round, uint32 lost);
    /// @notice The fee for a decision was put into the pot of those who agreed with it.
    event FeeShared(bytes32 indexed modelId, bytes32 indexed subject, uint256 round, uint256 amount);
    /// @notice A pot was split: each member in `agreed` was credited `share`, in wei.
    event PotSplit(bytes32 indexed modelId, bytes32 indexed subject, uint256 round, uint32 agreed, uint256 share);

    /// @notice A window must be at least one second long.
    error WindowZero();
    /// @notice Labels are equal or not; they take no tolerance.
    error ToleranceOfLabels(uint128 tolerance);
    /// @notice The value sent with a seal is not the bond.
    error NotTheBond(uint256 sent, uint256 bond);
    /// @notice The caller is not the member that the seal names.
    error NotMember(address caller, uint256 index);
    /// @notice A round can be opened only when the one before it has ended undecided.
    error RoundNotDue(RoundKey key);
    /// @notice No votes are sealed, opened or counted in this round: it is closed, or was never opened.
    error RoundNotOpen(RoundKey key);
    /// @notice The round did not decide, or not yet.
    error RoundNotDecided(RoundKey key);
    /// @notice The member has sealed its vote of this round already.
    error AlreadySealed(address operator);
    /// @notice The vote is opened already, or void.
    error AlreadyOpened(address operator);
    /// @notice Votes are still being sealed.
    error SealingNotOver(uint256 sealUntil);
    /// @notice No more votes are sealed.
    error SealingOver(uint256 sealUntil);
    /// @notice Too few votes were sealed for any outcome, so none is opened and every bond returns.
    error TooFewSealed(uint256 count, uint256 threshold);
    /// @notice Votes are still being revealed.
    error RevealingNotOver(uint256 revealUntil);
    /// @notice No more votes are revealed.
    error RevealingOver(uint256 revealUntil);
    /// @notice These are not all seals of the round in their order.
    error WrongSeals(uint160 got, uint160 want);
    /// @notice None of the round's seals is the seal of this vote.
    error WrongOpening(address operator, bytes32 seal);
    /// @notice A tally takes each revealed vote once, in the order of their seals, and no other.
    error WrongVoteCount(uint256 got, uint256 want);
    /// @notice The confidence is above a million parts per million, so that no decision could be made of this vote.
    error ConfidenceTooHigh(uint32 confidence);
    /// @notice The round's pot holds too little to split.
    error PotEmpty(uint256 pot);

    /// @notice Seals the caller's vote; the first one opens the round. Send exactly the bond along.
    /// @param key The round.
    /// @param seal The sealed vote, as `sealOf` says.
    function commit(RoundKey calldata key, bytes32 seal) external payable;

    /// @notice Opens a sealed vote once sealing is over: its time has passed, or every member has sealed. Anyone may
    /// who holds the opening.
    /// @param key The round.
    /// @param member The index of the member whose vote it is.
    /// @param opening What the seal hides.
    /// @param seals All seals of the round, in their order.
    function reveal(RoundKey calldata key, uint256 member, Opening calldata opening, bytes32[] calldata seals) external;

    /// @notice Opens a vote whose opening got out while votes are still being sealed: the vote is void, the bond is
    /// lost, and half of it is the caller's. Half, so that nobody takes a vote back for free by reporting itself.
    /// @param key The round.
    /// @param member The index of the member whose vote it is.
    /// @param opening What the seal hides.
    /// @param seals All seals of the round up to now, in their order.
    function reportLeak(
        RoundKey calldata key,
        uint256 member,
        Opening calldata opening,
        bytes32[] calldata seals
    ) external;

    /// @notice Counts the votes and closes the round, once every sealed vote is open, or the time for that has passed.
    /// Anyone may. Where fewer than the threshold were opened, `openings` and `seals` are not looked at.
    /// @param key The round.
    /// @param openings All revealed votes, in the order of their seals (`VoteRevealed`).
    /// @param seals All seals of the round, in their order.
    function tally(RoundKey calldata key, Opening[] calldata openings, bytes32[] calldata seals) external;

    /// @notice Splits the fee of a decision equally among those who agreed with it; what cannot be split stays. Anyone
    /// may.
    /// @param key The round.
    function claim(RoundKey calldata key) external;

    /// @notice A round.
    /// @param key Which.
    /// @return found The round; all zero if it was never opened.
    function roundOf(RoundKey calldata key) external view returns (Round memory found);

    /// @notice The number of the round that votes belong to now: the first that has not ended undecided.
    /// @param modelId The model.
    /// @param subject What the votes are about.
    /// @return round Its number.
    function currentRound(bytes32 modelId, bytes32 subject) external view returns (uint256 round);

    /// @notice The seal of a vote: 31 bytes of keccak256(abi.encode(chain id, this contract, round key, operator,
    /// opening)), and the member's index as the last byte.
    /// @dev WARNING: who asks another party's endpoint for this shows it the vote.
    /// @param key The round.
    /// @param member The member's index.
    /// @param opening The vote and its salt.
    /// @return seal The seal.
    function sealOf(
        RoundKey calldata key,
        uint256 member,
        Opening calldata opening
    ) external view returns (bytes32 seal);

    /// @notice The terms of every round.
    /// @return fixed_ Windows, bond, and when two votes say the same.
    function terms() external view returns (VoteTerms memory fixed_);
}
