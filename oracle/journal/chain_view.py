"""What the chain told: the followed tail and the decisions in it, rewound where it was."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from oracle.core.prediction import Prediction
from oracle.journal.predictions import columns_of, prediction_of
from oracle.journal.requests import Key, by_model
from oracle.journal.schema import blocks, decisions


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRecord:
    """A decision as its event told it, and where.

    Attributes:
        decided_at: the block's Unix time, seconds.
    """

    prediction: Prediction
    verdict: int
    trust_level: int
    block_number: int
    block_hash: bytes
    log_index: int
    tx_hash: bytes
    decided_at: int
    callback_failed: bool = False


_ADD = sa.insert(blocks)
_HASHES = sa.select(blocks.c.number, blocks.c.hash).where(
    blocks.c.number.in_(sa.bindparam("at", expanding=True))
)


def add_block(db: Connection, number: int, block_hash: bytes, timestamp: int) -> None:
    """Append a block to the tail."""
    add_blocks(db, [(number, block_hash, timestamp)])


def add_blocks(db: Connection, row: Sequence[tuple[int, bytes, int]]) -> None:
    """Append blocks to the tail: number, hash and Unix time of each."""
    names = ("number", "hash", "timestamp")
    db.execute(_ADD, [dict(zip(names, block, strict=True)) for block in row])


def tail(db: Connection) -> list[tuple[int, bytes]]:
    """Number and hash of the followed blocks that are kept, oldest first."""
    rows = db.execute(sa.select(blocks.c.number, blocks.c.hash).order_by(blocks.c.number))
    return [(row.number, row.hash) for row in rows]


def head(db: Connection) -> tuple[int, int] | None:
    """Number and timestamp of the last followed block."""
    row = db.execute(
        sa.select(blocks.c.number, blocks.c.timestamp).order_by(blocks.c.number.desc()).limit(1)
    ).first()
    return None if row is None else (row.number, row.timestamp)


def hash_at(db: Connection, number: int) -> bytes | None:
    """The followed block's hash at this height; None where it is not kept."""
    return db.execute(sa.select(blocks.c.hash).where(blocks.c.number == number)).scalar()


def hashes_at(db: Connection, numbers: Collection[int]) -> dict[int, bytes]:
    """The followed blocks' hashes at these heights, of those that are kept."""
    rows = db.execute(_HASHES, {"at": list(numbers)})
    return {row.number: row.hash for row in rows}


def timestamp_at(db: Connection, number: int) -> int | None:
    """The followed block's Unix time; None where the block is not kept."""
    return db.execute(sa.select(blocks.c.timestamp).where(blocks.c.number == number)).scalar()


def prune(db: Connection, below: int) -> None:
    """Forget blocks that no reorganisation may reach."""
    db.execute(sa.delete(blocks).where(blocks.c.number < below))


def rewind(db: Connection, to: int) -> None:
    """Forget the blocks above ``to`` and the decisions in them."""
    db.execute(sa.delete(blocks).where(blocks.c.number > to))
    db.execute(sa.delete(decisions).where(decisions.c.block_number > to))


_DECIDE = sa.insert(decisions)
_HERE = sa.and_(
    decisions.c.model_id == sa.bindparam("of_model"), decisions.c.subject == sa.bindparam("about")
)
_FIND = sa.select(decisions).where(_HERE)
_FORGET = sa.delete(decisions).where(
    decisions.c.model_id == sa.bindparam("of_model"),
    decisions.c.subject.in_(sa.bindparam("about", expanding=True)),
)


def add_decision(db: Connection, record: DecisionRecord) -> None:
    """Record a decision; again the same one changes nothing."""
    add_decisions(db, [record])


def add_decisions(db: Connection, records: Sequence[DecisionRecord]) -> None:
    """Record decisions; a later one about a subject takes the place of an earlier one."""
    by_key = {(each.prediction.model_id, each.prediction.subject): each for each in records}
    if not by_key:
        return
    for model_id, subjects in by_model(by_key):
        db.execute(_FORGET, {"of_model": model_id, "about": subjects})
    db.execute(_DECIDE, [_columns(each) for each in by_key.values()])


def mark_callback(db: Connection, model_id: bytes, subject: bytes, *, failed: bool) -> None:
    """Record how the decision's callback ended."""
    db.execute(sa.update(decisions).where(_is(model_id, subject)).values(callback_failed=failed))


def find_decision(db: Connection, model_id: bytes, subject: bytes) -> DecisionRecord | None:
    """The decision about this subject, if the followed chain has one."""
    row = db.execute(_FIND, {"of_model": model_id, "about": subject}).first()
    return None if row is None else _record(row)


def decided_in(db: Connection, number: int, tx_hash: bytes) -> set[Key]:
    """What a transaction in this block decided."""
    query = sa.select(decisions.c.model_id, decisions.c.subject)
    here = sa.and_(decisions.c.block_number == number, decisions.c.tx_hash == tx_hash)
    rows = db.execute(query.where(here))
    return {(row.model_id, row.subject) for row in rows}


def decisions_between(db: Connection, low: int, high: int) -> list[DecisionRecord]:
    """The decisions in blocks ``low`` … ``high``, both included, in the chain's order."""
    rows = db.execute(
        sa.select(decisions)
        .where(decisions.c.block_number.between(low, high))
        .order_by(decisions.c.block_number, decisions.c.log_index)
    )
    return [_record(row) for row in rows]


def latest_decisions(db: Connection, model_id: bytes, limit: int) -> list[DecisionRecord]:
    """A model's latest decisions, newest first."""
    rows = db.execute(
        sa.select(decisions)
        .where(decisions.c.model_id == model_id)
        .order_by(decisions.c.block_number.desc(), decisions.c.log_index.desc())
        .limit(limit)
    )
    return [_record(row) for row in rows]


def verdict_counts(db: Connection, model_id: bytes) -> dict[int, int]:
    """How often a model decided which way."""
    rows = db.execute(
        sa.select(decisions.c.verdict, sa.func.count().label("total"))
        .where(decisions.c.model_id == model_id)
        .group_by(decisions.c.verdict)
    ).all()
    return {row.verdict: row.total for row in rows}


def _is(model_id: bytes, subject: bytes) -> sa.ColumnElement[bool]:
    return sa.and_(decisions.c.model_id == model_id, decisions.c.subject == subject)


def _columns(record: DecisionRecord) -> dict[str, Any]:
    return {
        **columns_of(record.prediction),
        "block_number": record.block_number,
        "block_hash": record.block_hash,
        "log_index": record.log_index,
        "tx_hash": record.tx_hash,
        "decided_at": record.decided_at,
        "verdict": record.verdict,
        "trust_level": record.trust_level,
        "callback_failed": record.callback_failed,
    }


def _record(row: Row[Any]) -> DecisionRecord:
    return DecisionRecord(
        prediction=prediction_of(row),
        verdict=row.verdict,
        trust_level=row.trust_level,
        block_number=row.block_number,
        block_hash=row.block_hash,
        log_index=row.log_index,
        tx_hash=row.tx_hash,
        decided_at=row.decided_at,
        callback_failed=row.callback_failed,
    )
