// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice When two votes say the same: labels when they are equal, numbers when they are close enough to the median.
enum AnswerKind {
    Label,
    Number
}

/// @notice Where a round stands; docs/sealed-vote.md has the whole state machine.
enum RoundStatus {
    None,
    Open,
    Decided,
    Undecided
}

/// @notice The terms of all rounds of one attestor.
/// @param commitWindow Seconds for sealing votes, from the first one on.
/// @param revealWindow Seconds for opening them, after that.
/// @param bond What each sealed vote puts at stake, in wei.
/// @param kind When two votes say the same.
/// @param tolerance How far a number may be from the median, in units of its last decimal; 0 for labels.
struct VoteTerms {
    uint32 commitWindow;
    uint32 revealWindow;
    uint96 bond;
    AnswerKind kind;
    uint128 tolerance;
}

/// @notice Which round is meant.
/// @param modelId The model.
/// @param subject What the votes are about.
/// @param number Counts the rounds about this subject, from 0.
struct RoundKey {
    bytes32 modelId;
    bytes32 subject;
    uint256 number;
}

/// @notice What opens a sealed vote: what the member's model said, and the salt that hid it.
/// @param inputHash See `Prediction`.
/// @param outputHash See `Prediction`.
/// @param value See `Prediction`.
/// @param confidence See `Prediction`.
/// @param salt 32 bytes that nobody can guess.
struct Opening {
    bytes32 inputHash;
    bytes32 outputHash;
    int128 value;
    uint32 confidence;
    bytes32 salt;
}

/// @notice One round of votes, as `ISealedVoteAttestor.roundOf` shows it. A member that is in `opened` but not in
/// `sealed_` gave its vote away while votes were still being sealed.
/// @param status Where it stands.
/// @param openedAt When the first vote was sealed.
/// @param sealUntil The last second in which a vote can be sealed.
/// @param revealUntil The last second in which a vote can be revealed.
/// @param sealed_ The members whose sealed votes count.
/// @param opened The members whose votes were opened.
/// @param agreed The members who agreed with the outcome; empty unless it is decided.
/// @param pot The fee, in wei, that is not yet split among them.
struct Round {
    RoundStatus status;
    uint40 openedAt;
    uint40 sealUntil;
    uint40 revealUntil;
    uint32 sealed_;
    uint32 opened;
    uint32 agreed;
    uint96 pot;
}
