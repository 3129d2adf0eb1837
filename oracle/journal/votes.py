"""A committee member's memory: what it voted for, and what its peers said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from oracle.core.peer import Opinion, Proposal, proposal_from_json, proposal_to_json
from oracle.core.prediction import Prediction
from oracle.journal.predictions import prediction_of
from oracle.journal.schema import decisions, opinions, requests, votes

MOST_VARIANTS = 4
"""Most opinions kept of one member about one block's request."""

UNSIGNED = b""
"""In place of the signature of a vote that stands and that no signer has signed yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """A recorded vote.

    Attributes:
        digest: what is signed, 32 bytes.
        signature: compact (EIP-2098), 64 bytes; ``UNSIGNED`` until the signer has answered.
        proposal: the proposal it was for, to show to the next collector.
    """

    digest: bytes
    signature: bytes
    proposal: Proposal


@dataclass(frozen=True, slots=True, kw_only=True)
class Equivocation:
    """Two signed opinions of one member about one subject.

    Attributes:
        said: value and signature of each.
    """

    member: str
    model_id: bytes
    subject: bytes
    said: tuple[tuple[int, bytes], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One decision of a committee, and this member's part in it.

    Attributes:
        decided: what is on chain.
        own: what this member computed; None where it did not.
        reason: why it refused or did not compute, as recorded; often empty.
        vote: what it voted for; None where it did not vote.
        heard: the value in each opinion that was heard, by member; the last one where a member
            said several.
    """

    decided: Prediction
    own: Prediction | None
    reason: str
    vote: Prediction | None
    heard: Mapping[str, int]


def cast(db: Connection, proposal: Proposal, digest: bytes, *, read: bool = False) -> Vote:
    """Record what is voted for, and give the vote that stands: an earlier one is never replaced.

    Args:
        read: it is about a gasless read, and may be forgotten (:mod:`oracle.journal.reads`).
    """
    said = proposal.prediction
    earlier = find_vote(db, said.model_id, said.subject)
    if earlier is not None:
        return earlier
    db.execute(
        sa.insert(votes).values(
            model_id=said.model_id,
            subject=said.subject,
            digest=digest,
            signature=UNSIGNED,
            proposal=proposal_to_json(proposal),
            read_at=said.predicted_at if read else None,
        )
    )
    return Vote(digest=digest, signature=UNSIGNED, proposal=proposal)


def sign(db: Connection, signed: Sequence[tuple[Prediction, bytes]]) -> None:
    """Record the signatures under votes that stand without one.

    Args:
        signed: what each is about, and its signature.
    """
    for about, signature in signed:
        db.execute(
            sa.update(votes)
            .where(
                votes.c.model_id == about.model_id,
                votes.c.subject == about.subject,
                votes.c.signature == UNSIGNED,
            )
            .values(signature=signature)
        )


def find_vote(db: Connection, model_id: bytes, subject: bytes) -> Vote | None:
    """The vote about this subject, if there is one."""
    row = db.execute(
        sa.select(votes).where(votes.c.model_id == model_id, votes.c.subject == subject)
    ).first()
    if row is None:
        return None
    return Vote(
        digest=row.digest, signature=row.signature, proposal=proposal_from_json(row.proposal)
    )


def hear(db: Connection, opinion: Opinion, at: int) -> bool:
    """Remember a verified opinion; of a member that says ever more about one request, the first
    ``MOST_VARIANTS`` only, which are proof enough.

    Returns:
        Whether it contradicts what the same member said before about the same block's request.
    """
    said = opinion.prediction
    here = sa.and_(
        opinions.c.model_id == said.model_id,
        opinions.c.subject == said.subject,
        opinions.c.member == opinion.member,
        opinions.c.predicted_at == said.predicted_at,
    )
    known = set(db.execute(sa.select(opinions.c.struct_hash).where(here)).scalars())
    if said.struct_hash() not in known and len(known) < MOST_VARIANTS:
        db.execute(
            sa.insert(opinions).values(
                model_id=said.model_id,
                subject=said.subject,
                member=opinion.member,
                struct_hash=said.struct_hash(),
                value=str(said.value),
                predicted_at=said.predicted_at,
                signature=opinion.signature,
                at=at,
            )
        )
    return bool(known - {said.struct_hash()})


def recent_cases(db: Connection, model_id: bytes, limit: int) -> list[Case]:
    """The latest decisions about this model, newest first, with this member's part in each."""
    rows = db.execute(
        sa.select(decisions, requests.c.reason, votes.c.proposal)
        .outerjoin(requests, _about_same(requests))
        .outerjoin(votes, _about_same(votes))
        .where(decisions.c.model_id == model_id)
        .order_by(decisions.c.block_number.desc(), decisions.c.log_index.desc())
        .limit(limit)
    ).all()
    subjects = [row.subject for row in rows]
    mine = db.execute(
        sa.select(requests).where(
            requests.c.model_id == model_id,
            requests.c.subject.in_(subjects),
            requests.c.output_hash.is_not(None),
        )
    )
    own = {row.subject: prediction_of(row) for row in mine}
    heard: dict[bytes, dict[str, int]] = {}
    for row in db.execute(
        sa.select(opinions)
        .where(opinions.c.model_id == model_id, opinions.c.subject.in_(subjects))
        .order_by(opinions.c.predicted_at, opinions.c.at)
    ):
        heard.setdefault(row.subject, {})[row.member] = int(row.value)
    return [
        Case(
            decided=prediction_of(row),
            own=own.get(row.subject),
            reason=row.reason or "",
            vote=proposal_from_json(row.proposal).prediction if row.proposal else None,
            heard=heard.get(row.subject, {}),
        )
        for row in rows
    ]


def _about_same(table: sa.Table) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.model_id == decisions.c.model_id, table.c.subject == decisions.c.subject)


def equivocations(db: Connection) -> list[Equivocation]:
    """Every contradiction heard, with both signatures."""
    keys = (
        opinions.c.model_id,
        opinions.c.subject,
        opinions.c.member,
        opinions.c.predicted_at,
    )
    twice = sa.select(*keys).group_by(*keys).having(sa.func.count() > 1)
    found = []
    for model_id, subject, member, predicted_at in db.execute(twice).all():
        rows = db.execute(
            sa.select(opinions.c.value, opinions.c.signature).where(
                opinions.c.model_id == model_id,
                opinions.c.subject == subject,
                opinions.c.member == member,
                opinions.c.predicted_at == predicted_at,
            )
        )
        found.append(
            Equivocation(
                member=member,
                model_id=model_id,
                subject=subject,
                said=tuple((int(row.value), row.signature) for row in rows),
            )
        )
    return found
