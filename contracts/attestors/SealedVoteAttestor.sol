// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IAttestor} from "../interfaces/IAttestor.sol";
import {IDecisionContract} from "../interfaces/IDecisionContract.sol";
import {IFeeSharer} from "../interfaces/IFeeSharer.sol";
import {ISealedVoteAttestor} from "../interfaces/ISealedVoteAttestor.sol";
import {MemberSet} from "../libraries/MemberSet.sol";
import {RoundSlot} from "../libraries/RoundSlot.sol";
import {SealLib} from "../libraries/SealLib.sol";
import {TallyLib} from "../libraries/TallyLib.sol";
import {Prediction} from "../types/Prediction.sol";
import {AnswerKind, Opening, Round, RoundKey, RoundStatus, VoteTerms} from "../types/SealedVote.sol";
import {Committee} from "./Committee.sol";

/// @title SealedVoteAttestor
/// @notice See `ISealedVoteAttestor`.
/// @dev Money: the bonds of sealed votes in open rounds, pots and credits are what this contract owes. A bond that is
/// lost stays here for good: nobody gains by keeping another member from revealing its vote
/// (docs/adr/0010-a-round-is-one-slot-and-lost-bonds-are-burnt.md).
contract SealedVoteAttestor is Committee, ISealedVoteAttestor {
    using MemberSet for uint32;
    using RoundSlot for uint256;
    using SealLib for Opening;
    using SealLib for bytes32;
    using SealLib for uint160;

    /// @dev A word packed by `RoundSlot`; a struct so that it can be passed by reference.
    struct Slot {
        uint256 word;
    }

    uint256 private constant EVIDENCE_LENGTH = 32;
    uint32 private constant PARTS_PER_MILLION = 1_000_000;

    uint256 private immutable _commitWindow;
    uint256 private immutable _revealWindow;
    uint256 private immutable _bond;
    AnswerKind private immutable _kind;
    uint128 private immutable _tolerance;

    mapping(bytes32 roundId => Slot slot) private _rounds;
    mapping(bytes32 roundId => bytes32 predictionHash) private _outcomes;

    /// @notice Fixes all terms.
    /// @param decisionContract_ See `ICommittee.decisionContract`.
    /// @param members_ See `ICommittee.members`; up to 31 distinct addresses.
    /// @param threshold_ See `ICommittee.threshold`.
    /// @param terms_ See `VoteTerms`.
    constructor(
        IDecisionContract decisionContract_,
        address[] memory members_,
        uint8 threshold_,
        VoteTerms memory terms_
    ) Committee(decisionContract_, members_, threshold_) {
        require(terms_.commitWindow != 0 && terms_.revealWindow != 0, WindowZero());
        require(terms_.kind == AnswerKind.Number || terms_.tolerance == 0, ToleranceOfLabels(terms_.tolerance));
        _commitWindow = terms_.commitWindow;
        _revealWindow = terms_.revealWindow;
        _bond = terms_.bond;
        _kind = terms_.kind;
        _tolerance = terms_.tolerance;
    }

    /// @inheritdoc ISealedVoteAttestor
    function commit(RoundKey calldata key, bytes32 seal) external payable {
        require(msg.value == _bond, NotTheBond(msg.value, _bond));
        uint256 member = seal.memberOf();
        require(member < memberCount && msg.sender == _memberAt(member), NotMember(msg.sender, member));
        bytes32 roundId = _idOf(key);
        Slot storage slot = _rounds[roundId];
        uint256 word = slot.word;
        if (word == 0) {
            if (key.number != 0) _requireDue(key);
            word = RoundSlot.open(uint160(uint256(roundId)), block.timestamp);
        } else {
            require(word.statusOf() == RoundStatus.Open, RoundNotOpen(key));
            require(!word.spokenOf().has(member), AlreadySealed(msg.sender));
            require(block.timestamp <= _sealUntil(word), SealingOver(_sealUntil(word)));
        }

        slot.word = word.withSeal(member, word.chainOf().link(seal));
        emit VoteSealed(key.modelId, key.subject, key.number, seal);
    }

    /// @inheritdoc ISealedVoteAttestor
    function reveal(
        RoundKey calldata key,
        uint256 member,
        Opening calldata opening,
        bytes32[] calldata seals
    ) external {
        (Slot storage slot, uint256 word) = _requireOpen(key);
        require(_isSealingOver(word), SealingNotOver(_sealUntil(word)));
        require(block.timestamp <= _revealUntil(word), RevealingOver(_revealUntil(word)));
        uint256 count = word.sealedOf().count();
        require(count >= threshold, TooFewSealed(count, threshold));
        require(opening.confidence <= PARTS_PER_MILLION, ConfidenceTooHigh(opening.confidence));
        address operator = _requireSealed(word, key, member, opening, seals);

        slot.word = word.withOpened(member);
        emit VoteRevealed(key.modelId, key.subject, operator, key.number, opening);
    }

    /// @inheritdoc ISealedVoteAttestor
    function reportLeak(
        RoundKey calldata key,
        uint256 member,
        Opening calldata opening,
        bytes32[] calldata seals
    ) external {
        (Slot storage slot, uint256 word) = _requireOpen(key);
        require(!_isSealingOver(word), SealingOver(_sealUntil(word)));
        address operator = _requireSealed(word, key, member, opening, seals);

        uint256 reward = _bond / 2;
        slot.word = word.withLeaked(member);
        _credit(msg.sender, reward);
        emit VoteLeaked(key.modelId, key.subject, operator, key.number, msg.sender, reward);
    }

    /// @inheritdoc ISealedVoteAttestor
    function tally(RoundKey calldata key, Opening[] calldata openings, bytes32[] calldata seals) external {
        (Slot storage slot, uint256 word) = _requireOpen(key);
        require(_isRevealingOver(word), RevealingNotOver(_revealUntil(word)));
        uint32 revealed = word.sealedOf() & word.openedOf();
        Opening memory outcome;
        uint32 agreed;
        if (revealed.count() >= threshold) {
            TallyLib.Vote[] memory votes = _votesOf(word, key, revealed, openings, seals);
            (outcome, agreed) = TallyLib.tally(votes, threshold, _kind, _tolerance);
        }
        // Where nothing could be opened, nobody failed to.
        uint32 lost = word.sealedOf().count() < threshold ? 0 : word.sealedOf() & ~revealed;

        _creditEach(word.sealedOf() & ~lost, _bond);
        if (agreed == 0) _closeUndecided(key, slot, word, lost);
        else _closeDecided(key, word, lost, outcome, agreed);
    }

    /// @inheritdoc ISealedVoteAttestor
    function claim(RoundKey calldata key) external {
        Slot storage slot = _rounds[_idOf(key)];
        uint256 word = slot.word;
        require(word.statusOf() == RoundStatus.Decided, RoundNotDecided(key));
        uint32 agreed = word.agreedOf();
        uint256 share = word.potOf() / agreed.count();
        require(share != 0, PotEmpty(word.potOf()));

        slot.word = word.withPot(word.potOf() % agreed.count());
        _creditEach(agreed, share);
        emit PotSplit(key.modelId, key.subject, key.number, agreed, share);

        _collect();
    }

    /// @inheritdoc IFeeSharer
    function shareFee(
        Prediction calldata prediction,
        bytes calldata evidence,
        uint256 amount
    ) external onlyDecisionContract {
        (bytes32 modelId, bytes32 subject) = (prediction.modelId, prediction.subject);
        uint256 number = uint256(bytes32(evidence));
        Slot storage slot = _rounds[SealLib.roundId(modelId, subject, number)];
        uint256 word = slot.word;
        require(word.statusOf() == RoundStatus.Decided, RoundNotDecided(RoundKey(modelId, subject, number)));
        slot.word = word.withPot(word.potOf() + amount);
        emit FeeShared(modelId, subject, number, amount);
    }

    /// @inheritdoc IAttestor
    function verify(Prediction calldata prediction, bytes calldata evidence) external view returns (bool) {
        if (evidence.length != EVIDENCE_LENGTH) return false;
        bytes32 roundId = SealLib.roundId(prediction.modelId, prediction.subject, uint256(bytes32(evidence)));
        return _outcomes[roundId] == keccak256(abi.encode(prediction));
    }

    /// @inheritdoc ISealedVoteAttestor
    function roundOf(RoundKey calldata key) external view returns (Round memory round) {
        uint256 word = _rounds[_idOf(key)].word;
        if (word == 0) return round;
        round.status = word.statusOf();
        round.openedAt = uint40(word.openedAtOf());
        round.sealUntil = uint40(_sealUntil(word));
        round.revealUntil = uint40(_revealUntil(word));
        round.sealed_ = word.sealedOf();
        round.opened = word.openedOf();
        if (round.status == RoundStatus.Decided) (round.agreed, round.pot) = (word.agreedOf(), uint96(word.potOf()));
    }

    /// @inheritdoc ISealedVoteAttestor
    function currentRound(bytes32 modelId, bytes32 subject) external view returns (uint256 number) {
        while (_rounds[SealLib.roundId(modelId, subject, number)].word.statusOf() == RoundStatus.Undecided) ++number;
    }

    /// @inheritdoc ISealedVoteAttestor
    function terms() external view returns (VoteTerms memory) {
        return
            VoteTerms({
                commitWindow: uint32(_commitWindow),
                revealWindow: uint32(_revealWindow),
                bond: uint96(_bond),
                kind: _kind,
                tolerance: _tolerance
            });
    }

    /// @inheritdoc ISealedVoteAttestor
    function sealOf(RoundKey calldata key, uint256 member, Opening calldata opening) external view returns (bytes32) {
        require(member < memberCount, NoSuchMember(member, memberCount));
        return opening.seal(key, member, _memberAt(member));
    }

    /// @inheritdoc IAttestor
    function trustLevel() external pure returns (uint8) {
        return 3;
    }

    function _closeUndecided(RoundKey calldata key, Slot storage slot, uint256 word, uint32 lost) private {
        slot.word = word.closed(RoundStatus.Undecided, 0);
        emit RoundUndecided(key.modelId, key.subject, key.number, lost);
    }

    function _closeDecided(
        RoundKey calldata key,
        uint256 word,
        uint32 lost,
        Opening memory outcome,
        uint32 agreed
    ) private {
        // Every vote was sealed by then, and a tally that comes late makes the outcome no fresher.
        uint256 predictedAt = Math.min(block.timestamp, _sealUntil(word));
        Prediction memory prediction = Prediction({
            modelId: key.modelId,
            subject: key.subject,
            inputHash: outcome.inputHash,
            outputHash: outcome.outputHash,
            value: outcome.value,
            confidence: outcome.confidence,
            predictedAt: uint40(predictedAt)
        });
        bytes32 roundId = _idOf(key);
        _rounds[roundId].word = word.closed(RoundStatus.Decided, agreed);
        _outcomes[roundId] = keccak256(abi.encode(prediction));
        emit RoundDecided(key.modelId, key.subject, key.number, prediction, agreed, lost);
    }

    /// @dev Another round about a subject is due when the one before has ended undecided.
    function _requireDue(RoundKey calldata key) private view {
        uint256 last = _rounds[SealLib.roundId(key.modelId, key.subject, key.number - 1)].word;
        require(last.statusOf() == RoundStatus.Undecided, RoundNotDue(key));
    }

    function _requireOpen(RoundKey calldata key) private view returns (Slot storage slot, uint256 word) {
        slot = _rounds[_idOf(key)];
        word = slot.word;
        require(word.statusOf() == RoundStatus.Open, RoundNotOpen(key));
    }

    /// @dev Requires that this opening is of a sealed vote of this member that is not opened yet.
    function _requireSealed(
        uint256 word,
        RoundKey calldata key,
        uint256 member,
        Opening calldata opening,
        bytes32[] calldata seals
    ) private view returns (address operator) {
        require(member < memberCount, NoSuchMember(member, memberCount));
        operator = _memberAt(member);
        require(!word.openedOf().has(member), AlreadyOpened(operator));
        bytes32 seal = opening.seal(key, member, operator);
        require(_requireSeals(word, key, seals, seal), WrongOpening(operator, seal));
    }

    /// @dev The revealed votes, each held against its seal.
    function _votesOf(
        uint256 word,
        RoundKey calldata key,
        uint32 revealed,
        Opening[] calldata openings,
        bytes32[] calldata seals
    ) private view returns (TallyLib.Vote[] memory votes) {
        _requireSeals(word, key, seals, 0);
        require(openings.length == revealed.count(), WrongVoteCount(openings.length, revealed.count()));
        votes = new TallyLib.Vote[](openings.length);
        uint256 next;
        for (uint256 i = 0; i < seals.length; ++i) {
            uint256 member = seals[i].memberOf();
            if (!revealed.has(member)) continue;
            Opening calldata opening = openings[next];
            address operator = _memberAt(member);
            require(opening.seal(key, member, operator) == seals[i], WrongOpening(operator, seals[i]));
            votes[next++] = TallyLib.Vote({member: member, opening: opening});
        }
    }

    /// @dev Every member has sealed or leaked its vote, or the time for it has passed.
    function _isSealingOver(uint256 word) private view returns (bool) {
        return block.timestamp > _sealUntil(word) || word.spokenOf().count() == memberCount;
    }

    /// @dev Nothing is left to be revealed, or the time for it has passed.
    function _isRevealingOver(uint256 word) private view returns (bool) {
        if (block.timestamp > _revealUntil(word)) return true;
        if (!_isSealingOver(word)) return false;
        uint32 sealed_ = word.sealedOf();
        return sealed_ & ~word.openedOf() == 0 || sealed_.count() < threshold;
    }

    function _sealUntil(uint256 word) private view returns (uint256) {
        return word.openedAtOf() + _commitWindow;
    }

    function _revealUntil(uint256 word) private view returns (uint256) {
        return _sealUntil(word) + _revealWindow;
    }

    /// @dev Requires that these are all seals of the round, and says whether this one is among them.
    function _requireSeals(
        uint256 word,
        RoundKey calldata key,
        bytes32[] calldata seals,
        bytes32 seal
    ) private pure returns (bool found) {
        uint160 chain = uint160(uint256(_idOf(key)));
        for (uint256 i = 0; i < seals.length; ++i) {
            bytes32 next = seals[i];
            if (next == seal) found = true;
            chain = chain.link(next);
        }
        require(chain == word.chainOf(), WrongSeals(chain, word.chainOf()));
    }

    function _idOf(RoundKey calldata key) private pure returns (bytes32) {
        return SealLib.roundId(key.modelId, key.subject, key.number);
    }
}
