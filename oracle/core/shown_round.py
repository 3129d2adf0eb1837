"""The round of sealed votes behind a decision, as a receipt shows it: enough to count it again.

Seals bind the committee's attestor and chain, the round and each member, so nothing in it can be
another round's; what the windows and the tolerance are, and that these are all seals, the chain
tells.
"""

from __future__ import annotations

from dataclasses import dataclass

from oracle.core.errors import VerificationError
from oracle.core.prediction import Prediction
from oracle.core.quorum import Committee
from oracle.core.sealed import Opening, RoundKey, member_of, seal_of
from oracle.core.sealed_round import Round
from oracle.core.tally import Vote, tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A block.

    Attributes:
        timestamp: its Unix time, seconds.
    """

    block_number: int
    timestamp: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownVote:
    """A sealed vote.

    Attributes:
        opening: None where it was not revealed.
        void: its opening got out while votes were being sealed.
    """

    seal: bytes
    opening: Opening | None = None
    void: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownRound:
    """A round that decided.

    Attributes:
        commit_window, reveal_window: seconds.
        tolerance: of numbers, units of the last decimal; None for labels.
        opened: the block of the first seal.
        counted: the block of the tally.
        votes: in the order of their seals.
    """

    commit_window: int
    reveal_window: int
    tolerance: int | None
    opened: Moment
    counted: Moment
    votes: tuple[ShownVote, ...]

    @property
    def seal_until(self) -> int:
        """The last second in which a vote can be sealed."""
        return self.opened.timestamp + self.commit_window


def show_round(found: Round) -> ShownRound:
    """A closed round, as a receipt shows it."""
    assert found.sealed
    assert found.closed is not None
    terms, first, last = found.committee.terms, found.sealed[0], found.closed
    opened = {member: each.opening for member, each in found.revealed.items()}
    return ShownRound(
        commit_window=terms.commit_window,
        reveal_window=terms.reveal_window,
        tolerance=terms.tolerance,
        opened=Moment(block_number=first.block_number, timestamp=first.at),
        counted=Moment(block_number=last.block_number, timestamp=last.at),
        votes=tuple(
            ShownVote(seal=seal, opening=opened.get(member), void=member in found.leaked)
            for seal, member in zip(found.seals, found.spoken, strict=True)
        ),
    )


def opened_votes(shown: ShownRound, committee: Committee, key: RoundKey) -> tuple[Vote, ...]:
    """The revealed votes, each held to its seal.

    Raises:
        VerificationError: a seal or an opening that this round can not have.
    """
    spoken: set[int] = set()
    found = []
    for vote in shown.votes:
        index = member_of(vote.seal)
        if index >= len(committee.members) or index in spoken:
            raise VerificationError(
                f"the seal 0x{vote.seal.hex()} is of member {index}, who is none or has sealed",
                remedy="do not rely on this receipt",
            )
        spoken.add(index)
        if vote.opening is None:
            continue
        member = committee.members[index]
        if seal_of(committee, key, member, vote.opening) != vote.seal:
            raise VerificationError(
                f"the vote of {member} is not the one that it sealed",
                remedy="somebody changed it: do not rely on this receipt",
            )
        found.append(Vote(member=index, opening=vote.opening))
    return tuple(found)


def count_again(
    shown: ShownRound, committee: Committee, key: RoundKey
) -> tuple[Prediction, tuple[str, ...]]:
    """The prediction that the round's votes make, and the members who agree with it.

    Raises:
        VerificationError: no attestor counts this round, or its votes decide nothing.
    """
    votes = opened_votes(shown, committee, key)
    now = shown.counted.timestamp
    if now < shown.opened.timestamp:
        raise _too_early(f"counted at {now}, before it was opened")
    if len(shown.votes) < len(committee.members) and now <= shown.seal_until:
        raise _too_early(f"counted at {now}, while votes could be sealed up to {shown.seal_until}")
    reveal_until = shown.seal_until + shown.reveal_window
    secret = sum(vote.opening is None and not vote.void for vote in shown.votes)
    if secret and now <= reveal_until:
        raise _too_early(f"counted at {now}, while votes could be revealed up to {reveal_until}")
    outcome = tally(votes, committee.threshold, shown.tolerance)
    if outcome is None:
        raise VerificationError(
            f"{len(votes)} revealed votes decide nothing: {committee.threshold} have to agree",
            remedy="do not rely on this receipt",
        )
    prediction = Prediction(
        model_id=key.model_id,
        subject=key.subject,
        input_hash=outcome.opening.input_hash,
        output_hash=outcome.opening.output_hash,
        value=outcome.opening.value,
        confidence=outcome.opening.confidence,
        predicted_at=min(now, shown.seal_until),
    )
    return prediction, tuple(committee.members[index] for index in outcome.agreed)


def _too_early(what: str) -> VerificationError:
    return VerificationError(
        f"the round was {what}", remedy="no contract counts so: do not rely on this receipt"
    )
