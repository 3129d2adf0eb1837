"""One round of sealed votes, folded from what its attestor's events told.

The stages, their bounds and what ends them are those of ``SealedVoteAttestor`` (the table in
docs/sealed-vote.md); time is always the chain's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from oracle.core.prediction import Prediction
from oracle.core.sealed import Opening, RoundKey, SealedCommittee, member_of, members_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Where an event is on the chain.

    Attributes:
        at: its block's Unix time, seconds.
    """

    key: RoundKey
    block_number: int
    log_index: int
    tx_hash: bytes
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed(Told):
    """``VoteSealed``."""

    seal: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Revealed(Told):
    """``VoteRevealed``."""

    member: str
    opening: Opening


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaked(Told):
    """``VoteLeaked``.

    Attributes:
        reward: wei, half of the bond.
    """

    member: str
    reporter: str
    reward: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed(Told):
    """``RoundDecided``, or ``RoundUndecided`` where there is no prediction.

    Attributes:
        agreed, lost: sets of members, as bitmaps.
    """

    prediction: Prediction | None
    agreed: int
    lost: int


RoundEvent = Sealed | Revealed | Leaked | Closed


class Stage(StrEnum):
    """Where a round stands."""

    NONE = "none"
    SEALING = "sealing"
    REVEALING = "revealing"
    DUE = "due"
    DECIDED = "decided"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """A round as the chain tells it.

    Attributes:
        sealed: in the order of the chain, void ones included.
        revealed, leaked: by member.
    """

    committee: SealedCommittee
    key: RoundKey
    sealed: tuple[Sealed, ...] = ()
    revealed: Mapping[str, Revealed] = field(default_factory=dict)
    leaked: Mapping[str, Leaked] = field(default_factory=dict)
    closed: Closed | None = None

    @property
    def seals(self) -> tuple[bytes, ...]:
        """All seals in their order: what a reveal and a tally bring along."""
        return tuple(each.seal for each in self.sealed)

    @property
    def openings(self) -> tuple[Opening, ...]:
        """The revealed votes in the order of their seals: what a tally brings along."""
        members = self.committee.members
        named = (members[member_of(seal)] for seal in self.seals)
        return tuple(self.revealed[m].opening for m in named if m in self.revealed)

    @property
    def spoken(self) -> tuple[str, ...]:
        """Who sealed a vote, be it void by now, in the order of the chain."""
        return tuple(self.committee.members[member_of(seal)] for seal in self.seals)

    @property
    def counting(self) -> tuple[str, ...]:
        """Whose sealed vote counts, in the order of the chain."""
        return tuple(member for member in self.spoken if member not in self.leaked)

    @property
    def agreed(self) -> tuple[str, ...]:
        """Who agreed with the outcome."""
        return members_in(self.closed.agreed if self.closed else 0, self.committee)

    @property
    def lost(self) -> tuple[str, ...]:
        """Whose bond was lost for a vote that was not revealed."""
        return members_in(self.closed.lost if self.closed else 0, self.committee)

    @property
    def opened_at(self) -> int | None:
        """Time of the first seal."""
        return self.sealed[0].at if self.sealed else None

    @property
    def seal_until(self) -> int:
        """The last second in which a vote can be sealed; 0 before the first one was."""
        return 0 if self.opened_at is None else self.opened_at + self.committee.terms.commit_window

    @property
    def reveal_until(self) -> int:
        """The last second in which a vote can be revealed; 0 before the first one was sealed."""
        window = self.committee.terms.reveal_window
        return 0 if self.opened_at is None else self.seal_until + window

    def seal_of(self, member: str) -> bytes | None:
        """The seal of a member, void or not."""
        return next(
            (
                each.seal
                for each, who in zip(self.sealed, self.spoken, strict=True)
                if who == member
            ),
            None,
        )

    def is_sealing_over(self, now: int) -> bool:
        """Whether nobody can seal any more."""
        if not self.sealed:
            return False
        return now > self.seal_until or len(self.sealed) == len(self.committee.members)

    def stage(self, now: int) -> Stage:
        """Where it stands at a time."""
        if self.closed is not None:
            return Stage.UNDECIDED if self.closed.prediction is None else Stage.DECIDED
        if not self.sealed:
            return Stage.NONE
        if now > self.reveal_until:
            return Stage.DUE
        if not self.is_sealing_over(now):
            return Stage.SEALING
        enough = len(self.counting) >= self.committee.threshold
        if enough and any(member not in self.revealed for member in self.counting):
            return Stage.REVEALING
        return Stage.DUE

    def due_since(self) -> int:
        """The time from which on it can be counted, if nothing more is told of it."""
        everybody = len(self.sealed) == len(self.committee.members)
        voids = [each.at for each in self.leaked.values()]
        over = max([self.sealed[-1].at, *voids]) if everybody else self.seal_until + 1
        if len(self.counting) < self.committee.threshold:
            return over
        if all(member in self.revealed for member in self.counting):
            return max([over, *(each.at for each in self.revealed.values())])
        return self.reveal_until + 1

    def as_of(self, block: int) -> Round:
        """The round as it stood after a block."""
        events: list[RoundEvent] = [*self.sealed, *self.revealed.values(), *self.leaked.values()]
        events += [self.closed] if self.closed else []
        return round_of(self.committee, self.key, [e for e in events if e.block_number <= block])


def round_of(committee: SealedCommittee, key: RoundKey, events: Iterable[RoundEvent]) -> Round:
    """The round that its events make, in whatever order they come.

    A seal whose last byte names no member is none of this committee's, and is left out.
    """
    found = Round(committee=committee, key=key)
    size = len(committee.members)
    for event in sorted(events, key=lambda e: (e.block_number, e.log_index)):
        match event:
            case Sealed(seal=seal) if member_of(seal) < size:
                found = replace(found, sealed=(*found.sealed, event))
            case Revealed(member=member):
                found = replace(found, revealed={**found.revealed, member: event})
            case Leaked(member=member):
                found = replace(found, leaked={**found.leaked, member: event})
            case Closed():
                found = replace(found, closed=event)
    return found


def rounds_of(
    committee: SealedCommittee,
    model_id: bytes,
    subject: bytes,
    events: Iterable[RoundEvent],
    *,
    first: int = 0,
) -> list[Round]:
    """All rounds about a subject by number, or those from the ``first`` on; the last one is that
    which votes belong to now.
    """
    by_number: dict[int, list[RoundEvent]] = {}
    for event in events:
        by_number.setdefault(event.key.number, []).append(event)
    found = []
    number = first
    while True:
        key = RoundKey(model_id=model_id, subject=subject, number=number)
        found.append(round_of(committee, key, by_number.get(number, ())))
        closed = found[-1].closed
        if closed is None or closed.prediction is not None:
            return found
        number += 1
