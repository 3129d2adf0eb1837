"""A committee member's memory: what it voted for, and what its peers said."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from oracle.core.peer import Opinion, Proposal, proposal_from_json, proposal_to_json
from oracle.journal.schema import opinions, votes


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """A recorded vote.

    Attributes:
        digest: what was signed, 32 bytes.
        signature: compact (EIP-2098), 64 bytes.
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


def cast(db: Connection, proposal: Proposal, digest: bytes, signature: bytes) -> Vote:
    """Record a vote, and give the one that stands: an earlier one is never replaced."""
    said = proposal.prediction
    earlier = find_vote(db, said.model_id, said.subject)
    if earlier is not None:
        return earlier
    db.execute(
        sa.insert(votes).values(
            model_id=said.model_id,
            subject=said.subject,
            digest=digest,
            signature=signature,
            proposal=proposal_to_json(proposal),
        )
    )
    return Vote(digest=digest, signature=signature, proposal=proposal)


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
    """Remember a verified opinion.

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
    if said.struct_hash() not in known:
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
