"""How a member of a sealed committee stands: a pure reading of its latest rounds.

``/readyz``, ``oracle doctor`` and the metrics tell the same story from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.engine import Connection

from oracle.core.sealed import SealedCommittee
from oracle.core.sealed_round import Round, rounds_of
from oracle.journal import rounds
from oracle.node.committee.standing import FEW, RECENT
from oracle.node.parts import Parts


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteRecord:
    """One member's part in the latest closed rounds.

    Attributes:
        sealed, revealed: how many votes.
        agreed, apart: revealed ones in rounds that decided, with the outcome or not.
        lost: bonds lost, for votes that were not revealed or were given away.
    """

    member: str
    sealed: int
    revealed: int
    agreed: int
    apart: int
    lost: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VotingStanding:
    """The members' parts in the latest closed rounds about one model.

    Attributes:
        closed, decided: how many rounds, and how many of them decided.
        own: this member's part.
        peers: the others', in the contract's order.
    """

    model_id: bytes
    committee: SealedCommittee
    closed: int
    decided: int
    own: VoteRecord
    peers: tuple[VoteRecord, ...]

    @property
    def agreement(self) -> float | None:
        """Share of this member's counted votes that agree, 0 to 1; None where none was counted."""
        counted = self.own.agreed + self.own.apart
        return self.own.agreed / counted if counted else None

    @property
    def share(self) -> float | None:
        """Share of rounds in which this member revealed a vote; None where none is closed."""
        return self.own.revealed / self.closed if self.closed else None

    @property
    def sound(self) -> bool:
        """Whether it agrees with most outcomes; a few do not tell."""
        own = self.own
        return own.agreed + own.apart < FEW or own.agreed > own.apart

    def words(self) -> str:
        """All of it in one line."""
        own, size = self.own, len(self.committee.members)
        found = [f"votes in {self.committee.threshold} of {size}"]
        if not self.closed:
            return f"{found[0]}; no round yet"
        found.append(
            f"revealed {own.revealed} votes in the latest {self.closed} rounds, of which "
            f"{self.decided} decided; agrees with {own.agreed} of {own.agreed + own.apart}"
        )
        if own.lost:
            found.append(f"lost {own.lost} bonds")
        for peer in self.peers:
            amiss = [
                f"{count} {what}"
                for count, what in (
                    (self.closed - peer.sealed, "without a vote"),
                    (peer.lost, "bonds lost"),
                    (peer.apart, "apart"),
                )
                if count
            ]
            if amiss:
                found.append(f"{peer.member}: {', '.join(amiss)}")
        return "; ".join(found)


def voting_standing(
    committee: SealedCommittee, operator: str, model_id: bytes, closed: Sequence[Round]
) -> VotingStanding:
    """The standing that these closed rounds give."""
    records = [_record(member, closed) for member in committee.members]
    return VotingStanding(
        model_id=model_id,
        committee=committee,
        closed=len(closed),
        decided=sum(bool(each.agreed) for each in closed),
        own=next(record for record in records if record.member == operator),
        peers=tuple(record for record in records if record.member != operator),
    )


def _record(member: str, closed: Sequence[Round]) -> VoteRecord:
    counted = [each for each in closed if each.agreed and member in each.revealed]
    agreed = sum(member in each.agreed for each in counted)
    return VoteRecord(
        member=member,
        sealed=sum(member in each.spoken for each in closed),
        revealed=sum(member in each.revealed for each in closed),
        agreed=agreed,
        apart=len(counted) - agreed,
        lost=sum(member in each.lost or member in each.leaked for each in closed),
    )


async def voting_standings(parts: Parts) -> list[VotingStanding]:
    """The standing of this node in each of its sealed committees.

    Raises:
        JournalError: the journal can not be read.
    """

    def read(db: Connection) -> list[VotingStanding]:
        return [
            voting_standing(committee, parts.operator, model_id, _latest(db, committee, model_id))
            for model_id, committee in parts.roles.sealed().items()
        ]

    return await parts.journal.read(read)


def _latest(db: Connection, committee: SealedCommittee, model_id: bytes) -> list[Round]:
    subjects = rounds.recent_closed(db, [committee.attestor], model_id, RECENT)
    found = [
        each
        for subject in subjects
        for each in rounds_of(
            committee,
            model_id,
            subject,
            rounds.events_about(db, committee.attestor, model_id, subject),
        )
        if each.closed is not None
    ]
    return found[:RECENT]


async def rounds_of_subject(parts: Parts, model_id: bytes, subject: bytes) -> list[Round]:
    """The rounds about a subject that this node followed; none where it does not vote.

    Raises:
        JournalError: the journal can not be read.
    """
    committee = parts.roles.sealed().get(model_id)
    if committee is None:
        return []
    events = await parts.journal.read(
        lambda db: rounds.events_about(db, committee.attestor, model_id, subject)
    )
    found = rounds_of(committee, model_id, subject, events)
    return [each for each in found if each.sealed]
