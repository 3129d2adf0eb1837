"""Sealed votes in the journal: what the attestors told, and what this member sealed.

Rounds follow the chain and are rewound with it. A member's own vote is its word: recorded before
its seal leaves, never replaced and never deleted. Salts are not recorded: they follow from the key.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from oracle.core.prediction import Prediction
from oracle.core.sealed import Opening, RoundKey
from oracle.core.sealed_round import Closed, Leaked, Revealed, RoundEvent, Sealed
from oracle.journal.predictions import prediction_of
from oracle.journal.schema import metadata

round_events = sa.Table(
    "round_events",
    metadata,
    sa.Column("block_number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("log_index", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("tx_hash", sa.LargeBinary(32), nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("attestor", sa.String(42), nullable=False),
    sa.Column("model_id", sa.LargeBinary(32), nullable=False),
    sa.Column("subject", sa.LargeBinary(32), nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.String(9), nullable=False),
    sa.Column("member", sa.String(42)),
    sa.Column("seal", sa.LargeBinary(32)),
    sa.Column("input_hash", sa.LargeBinary(32)),
    sa.Column("output_hash", sa.LargeBinary(32)),
    sa.Column("value", sa.String(40)),
    sa.Column("confidence", sa.BigInteger),
    sa.Column("salt", sa.LargeBinary(32)),
    sa.Column("predicted_at", sa.BigInteger),
    sa.Column("reporter", sa.String(42)),
    sa.Column("reward", sa.String(40)),
    sa.Column("agreed", sa.BigInteger),
    sa.Column("lost", sa.BigInteger),
    sa.Index(None, "attestor", "model_id", "subject"),
)
"""What the followed attestors told of their rounds, an event a row."""

followed = sa.Table(
    "followed_attestors",
    metadata,
    sa.Column("attestor", sa.String(42), primary_key=True),
    sa.Column("since_block", sa.BigInteger, nullable=False),
)
"""Attestors whose events are complete up to the followed head, and the block at which they came to
be followed: what was before it was read as history."""

own_votes = sa.Table(
    "own_votes",
    metadata,
    sa.Column("attestor", sa.String(42), primary_key=True),
    sa.Column("model_id", sa.LargeBinary(32), primary_key=True),
    sa.Column("subject", sa.LargeBinary(32), primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("input_hash", sa.LargeBinary(32), nullable=False),
    sa.Column("output_hash", sa.LargeBinary(32), nullable=False),
    sa.Column("value", sa.String(40), nullable=False),
    sa.Column("confidence", sa.Integer, nullable=False),
)
"""What this member sealed in each round."""


def add_events(db: Connection, attestor: str, events: Iterable[RoundEvent]) -> None:
    """Record what an attestor told; again the same event changes nothing."""
    for event in events:
        here = sa.and_(
            round_events.c.block_number == event.block_number,
            round_events.c.log_index == event.log_index,
        )
        db.execute(sa.delete(round_events).where(here))
        db.execute(sa.insert(round_events).values(attestor=attestor, **_columns(event)))


def rewind(db: Connection, to: int) -> None:
    """Forget what was told in blocks above ``to``."""
    db.execute(sa.delete(round_events).where(round_events.c.block_number > to))


def follow(db: Connection, attestor: str, since_block: int) -> None:
    """Record that an attestor's events are complete from now on."""
    if attestor not in followed_attestors(db):
        db.execute(sa.insert(followed).values(attestor=attestor, since_block=since_block))


def followed_attestors(db: Connection) -> set[str]:
    """The attestors whose events are complete."""
    return set(db.execute(sa.select(followed.c.attestor)).scalars())


def events_about(
    db: Connection, attestor: str, model_id: bytes, subject: bytes
) -> list[RoundEvent]:
    """What an attestor told of a subject's rounds, in the order of the chain."""
    rows = db.execute(
        sa.select(round_events)
        .where(
            round_events.c.attestor == attestor,
            round_events.c.model_id == model_id,
            round_events.c.subject == subject,
        )
        .order_by(round_events.c.block_number, round_events.c.log_index)
    )
    return [_event(row) for row in rows]


def open_subjects(db: Connection, attestor: str) -> list[tuple[bytes, bytes]]:
    """Model and subject of each round that was opened and is not closed, the oldest first."""
    same = [
        round_events.c.attestor,
        round_events.c.model_id,
        round_events.c.subject,
        round_events.c.number,
    ]
    closed = sa.func.max(sa.case((round_events.c.kind == "closed", 1), else_=0))
    rows = db.execute(
        sa.select(round_events.c.model_id, round_events.c.subject)
        .where(round_events.c.attestor == attestor)
        .group_by(*same)
        .having(closed == 0)
        .order_by(sa.func.min(round_events.c.block_number))
    )
    return [(row.model_id, row.subject) for row in rows]


def subjects_since(db: Connection, attestor: str, block: int) -> list[tuple[bytes, bytes]]:
    """Model and subject of each round that something was told of from that block on."""
    rows = db.execute(
        sa.select(round_events.c.model_id, round_events.c.subject)
        .where(round_events.c.attestor == attestor, round_events.c.block_number >= block)
        .distinct()
    )
    return [(row.model_id, row.subject) for row in rows]


def cast(db: Connection, attestor: str, key: RoundKey, vote: Opening) -> Opening:
    """Record what is sealed, and give what stands: an earlier vote is never replaced."""
    earlier = find_vote(db, attestor, key, salt=vote.salt)
    if earlier is not None:
        return earlier
    db.execute(
        sa.insert(own_votes).values(
            attestor=attestor,
            model_id=key.model_id,
            subject=key.subject,
            number=key.number,
            input_hash=vote.input_hash,
            output_hash=vote.output_hash,
            value=str(vote.value),
            confidence=vote.confidence,
        )
    )
    return vote


def find_vote(db: Connection, attestor: str, key: RoundKey, *, salt: bytes) -> Opening | None:
    """What this member sealed in a round, with the salt put back."""
    row = db.execute(
        sa.select(own_votes).where(
            own_votes.c.attestor == attestor,
            own_votes.c.model_id == key.model_id,
            own_votes.c.subject == key.subject,
            own_votes.c.number == key.number,
        )
    ).first()
    if row is None:
        return None
    return _opening(row, salt)


def recent_closed(
    db: Connection, attestors: Sequence[str], model_id: bytes, limit: int
) -> list[bytes]:
    """The subjects of a model's latest closed rounds, newest first."""
    rows = db.execute(
        sa.select(round_events.c.subject)
        .where(
            round_events.c.attestor.in_(attestors),
            round_events.c.model_id == model_id,
            round_events.c.kind == "closed",
        )
        .order_by(round_events.c.block_number.desc(), round_events.c.log_index.desc())
        .limit(limit)
    )
    return list(dict.fromkeys(row.subject for row in rows))


def _columns(event: RoundEvent) -> dict[str, Any]:
    place: dict[str, Any] = {
        "block_number": event.block_number,
        "log_index": event.log_index,
        "tx_hash": event.tx_hash,
        "at": event.at,
        "model_id": event.key.model_id,
        "subject": event.key.subject,
        "number": event.key.number,
    }
    match event:
        case Sealed(seal=seal):
            return {**place, "kind": "sealed", "seal": seal}
        case Revealed(member=member, opening=opening):
            said = _said(opening) | {"salt": opening.salt}
            return {**place, "kind": "revealed", "member": member, **said}
        case Leaked(member=member, reporter=reporter, reward=reward):
            told = {"member": member, "reporter": reporter, "reward": str(reward)}
            return {**place, "kind": "leaked", **told}
        case Closed(prediction=prediction, agreed=agreed, lost=lost):
            sets = {"agreed": agreed, "lost": lost}
            if prediction is None:
                return {**place, "kind": "closed", **sets}
            said = _said(prediction) | {"predicted_at": prediction.predicted_at}
            return {**place, "kind": "closed", **sets, **said}


def _said(said: Opening | Prediction) -> dict[str, Any]:
    return {
        "input_hash": said.input_hash,
        "output_hash": said.output_hash,
        "value": str(said.value),
        "confidence": said.confidence,
    }


def _opening(row: Row[Any], salt: bytes) -> Opening:
    return Opening(
        input_hash=row.input_hash,
        output_hash=row.output_hash,
        value=int(row.value),
        confidence=row.confidence,
        salt=salt,
    )


def _event(row: Row[Any]) -> RoundEvent:
    place: dict[str, Any] = {
        "key": RoundKey(model_id=row.model_id, subject=row.subject, number=row.number),
        "block_number": row.block_number,
        "log_index": row.log_index,
        "tx_hash": row.tx_hash,
        "at": row.at,
    }
    match row.kind:
        case "sealed":
            return Sealed(**place, seal=row.seal)
        case "revealed":
            return Revealed(**place, member=row.member, opening=_opening(row, row.salt))
        case "leaked":
            reward = int(row.reward)
            return Leaked(**place, member=row.member, reporter=row.reporter, reward=reward)
    prediction = None if row.predicted_at is None else prediction_of(row)
    return Closed(**place, prediction=prediction, agreed=row.agreed, lost=row.lost)
