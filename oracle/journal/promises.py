"""Predictions that were promised to be anchored, and the batches that they are anchored in.

A promise is recorded before the caller hears of it. Its index is given when its batch closes, in
one change with the batch and the transaction that anchors it, and taken back only where that
transaction can no longer append the batch. Leaves are not kept: they follow from the predictions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from oracle.core.anchor import Batch
from oracle.core.prediction import Prediction
from oracle.core.transaction import TxState
from oracle.journal.predictions import columns_of, prediction_of
from oracle.journal.schema import metadata, transactions

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

promises = sa.Table(
    "promises",
    metadata,
    sa.Column("id", _ID, primary_key=True),
    sa.Column("receipt_id", sa.LargeBinary(32), nullable=False, unique=True),
    sa.Column("model_id", sa.LargeBinary(32), nullable=False),
    sa.Column("subject", sa.LargeBinary(32), nullable=False, index=True),
    sa.Column("input_hash", sa.LargeBinary(32), nullable=False),
    sa.Column("output_hash", sa.LargeBinary(32), nullable=False),
    sa.Column("value", sa.String(40), nullable=False),
    sa.Column("confidence", sa.Integer, nullable=False),
    sa.Column("predicted_at", sa.BigInteger, nullable=False),
    sa.Column("input", sa.LargeBinary, nullable=False),
    sa.Column("outputs", sa.LargeBinary, nullable=False),
    sa.Column("runtime", sa.Text, nullable=False),
    sa.Column("log", sa.String(42), nullable=False),
    sa.Column("anchor_by", sa.BigInteger, nullable=False),
    sa.Column("signature", sa.LargeBinary(64), nullable=False),
    sa.Column("accepted_at", sa.BigInteger, nullable=False),
    sa.Column("idempotency_key", sa.String(255), unique=True),
    sa.Column("body_hash", sa.LargeBinary(32), nullable=False),
    sa.Column("batch_id", sa.LargeBinary(32), index=True),
    sa.Column("position", sa.BigInteger),
)
"""Every prediction that was promised; ``batch_id`` and ``position`` once its batch is closed."""

batches = sa.Table(
    "batches",
    metadata,
    sa.Column("batch_id", sa.LargeBinary(32), primary_key=True),
    sa.Column("log", sa.String(42), nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("first_index", sa.BigInteger, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("root", sa.LargeBinary(32), nullable=False),
    sa.Column("previous", sa.LargeBinary(32), nullable=False),
    sa.Column("transaction_key", sa.String(80), nullable=False),
)
"""Closed batches of this node."""

_MINED = sa.select(transactions.c.key).where(
    transactions.c.state.in_([TxState.MINED, TxState.FINAL]), transactions.c.succeeded
)
_OPEN = sa.or_(promises.c.batch_id.is_(None), batches.c.transaction_key.not_in(_MINED))
"""Promised and in no mined batch yet; over promises with their batches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promised:
    """A promised prediction with all that its receipt needs.

    Attributes:
        receipt_id: names the receipt, 32 bytes.
        outputs: the rounded outputs in the ``tensors`` encoding.
        runtime: canonical JSON of what ran the model.
        accepted_at: Unix seconds of this machine.
        body_hash: of what the idempotency key was used for.
        batch_id, position: its batch and the place in it; None until that is closed.
    """

    receipt_id: bytes
    prediction: Prediction
    input: bytes
    outputs: bytes
    runtime: str
    log: str
    anchor_by: int
    signature: bytes = field(repr=False)
    accepted_at: int
    body_hash: bytes
    idempotency_key: str | None = None
    batch_id: bytes | None = None
    position: int | None = None


def add(db: Connection, promised: Promised) -> None:
    """Record a promise."""
    db.execute(
        sa.insert(promises).values(
            **columns_of(promised.prediction),
            receipt_id=promised.receipt_id,
            input=promised.input,
            outputs=promised.outputs,
            runtime=promised.runtime,
            log=promised.log,
            anchor_by=promised.anchor_by,
            signature=promised.signature,
            accepted_at=promised.accepted_at,
            idempotency_key=promised.idempotency_key,
            body_hash=promised.body_hash,
        )
    )


def add_once(db: Connection, promised: Promised) -> None:
    """Record a promise, unless the very same prediction is promised already."""
    if said(db, promised.prediction) is None:
        add(db, promised)


def said(db: Connection, prediction: Prediction) -> Promised | None:
    """The promise of exactly this prediction."""
    found = about(db, prediction.subject, prediction.model_id)
    return next((each for each in found if each.prediction == prediction), None)


def find(db: Connection, receipt_id: bytes) -> Promised | None:
    """The promise with this id."""
    return _first(db, promises.c.receipt_id == receipt_id)


def find_idempotent(db: Connection, key: str) -> Promised | None:
    """What an idempotency key was used for."""
    return _first(db, promises.c.idempotency_key == key)


def about(db: Connection, subject: bytes, model_id: bytes | None = None) -> list[Promised]:
    """The promises about a subject, oldest first."""
    query = sa.select(promises).where(promises.c.subject == subject).order_by(promises.c.id)
    if model_id is not None:
        query = query.where(promises.c.model_id == model_id)
    return [_promised(row) for row in db.execute(query)]


def models_of(db: Connection, word: bytes) -> set[bytes]:
    """The models of the promises about a subject, or of the one with this receipt's id."""
    query = sa.select(promises.c.model_id).where(
        sa.or_(promises.c.subject == word, promises.c.receipt_id == word)
    )
    return set(db.execute(query.distinct()).scalars())


def newest(
    db: Connection,
    *,
    limit: int,
    before: int | None = None,
    model_id: bytes | None = None,
    anchored: bool | None = None,
) -> tuple[list[Promised], int | None]:
    """The latest promises, newest first, and where the next page begins; None on the last one.

    Args:
        anchored: only those whose batch is mined, or only those where it is not.
    """
    query = sa.select(promises).order_by(promises.c.id.desc()).limit(limit + 1)
    if before is not None:
        query = query.where(promises.c.id < before)
    if model_id is not None:
        query = query.where(promises.c.model_id == model_id)
    if anchored is not None:
        query = query.outerjoin(batches, batches.c.batch_id == promises.c.batch_id)
        query = query.where(~_OPEN if anchored else _OPEN)
    rows = db.execute(query).all()
    page = rows[:limit]
    return [_promised(row) for row in page], page[-1].id if len(rows) > limit else None


def waiting(db: Connection, limit: int) -> list[Promised]:
    """Promises in no batch yet, in the order in which they were made."""
    query = (
        sa.select(promises)
        .where(promises.c.batch_id.is_(None))
        .order_by(promises.c.id)
        .limit(limit)
    )
    return [_promised(row) for row in db.execute(query)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What is in no batch yet.

    Attributes:
        count: how many.
        oldest: Unix seconds of the oldest one's acceptance; None where there is none.
        urgent: when the first of them has used up a quarter of its time; None as well.
    """

    count: int
    oldest: int | None
    urgent: int | None


def count_waiting(db: Connection) -> Waiting:
    """How many are in no batch yet, and how long they can wait."""
    accepted, by = promises.c.accepted_at, promises.c.anchor_by
    query = sa.select(
        sa.func.count(), sa.func.min(accepted), sa.func.min(accepted + (by - accepted) // 4)
    ).where(promises.c.batch_id.is_(None))
    row = db.execute(query).one()
    return Waiting(count=int(row[0]), oldest=row[1], urgent=row[2])


def close(
    db: Connection, batch: Batch, batch_id: bytes, log: str, key: str, members: Sequence[Promised]
) -> None:
    """Record a batch of these promises, in this order, and the key of its transaction."""
    db.execute(
        sa.insert(batches).values(
            batch_id=batch_id,
            log=log,
            number=batch.number,
            first_index=batch.first_index,
            size=batch.count,
            root=batch.root,
            previous=batch.previous,
            transaction_key=key,
        )
    )
    db.execute(
        sa.update(promises)
        .where(promises.c.receipt_id == sa.bindparam("of"))
        .values(batch_id=batch_id, position=sa.bindparam("at")),
        [{"of": each.receipt_id, "at": place} for place, each in enumerate(members)],
    )


def reopen(db: Connection, batch_id: bytes) -> int:
    """Take a batch back that can not be appended any more; its promises wait for another.

    Returns:
        How many they are.
    """
    freed = db.execute(
        sa.update(promises)
        .where(promises.c.batch_id == batch_id)
        .values(batch_id=None, position=None)
    )
    db.execute(sa.delete(batches).where(batches.c.batch_id == batch_id))
    return freed.rowcount


def members_of(db: Connection, batch_id: bytes) -> list[Promised]:
    """The promises in a batch, by position."""
    query = sa.select(promises).where(promises.c.batch_id == batch_id).order_by(promises.c.position)
    return [_promised(row) for row in db.execute(query)]


def batch_of(db: Connection, batch_id: bytes) -> tuple[Batch, str] | None:
    """A closed batch and the key of its transaction."""
    row = db.execute(sa.select(batches).where(batches.c.batch_id == batch_id)).first()
    return None if row is None else (_batch(row), row.transaction_key)


def last_batch(db: Connection, log: str) -> tuple[Batch, bytes, str] | None:
    """The log's highest batch of this node, its id and the key of its transaction."""
    row = db.execute(
        sa.select(batches).where(batches.c.log == log).order_by(batches.c.number.desc()).limit(1)
    ).first()
    return None if row is None else (_batch(row), row.batch_id, row.transaction_key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is promised and not yet anchored.

    Attributes:
        pending: how many.
        oldest: Unix seconds of the oldest one's acceptance; None where there is none.
        overdue: how many of them are past their deadline.
    """

    pending: int
    oldest: int | None
    overdue: int


def standing(db: Connection, now: int) -> Standing:
    """What is promised and not yet in a mined batch, at this time, Unix seconds."""
    open_ = (
        sa.select(promises.c.accepted_at, promises.c.anchor_by)
        .outerjoin(batches, batches.c.batch_id == promises.c.batch_id)
        .where(_OPEN)
        .subquery()
    )
    late = sa.func.sum(sa.case((open_.c.anchor_by < now, 1), else_=0))
    row = db.execute(sa.select(sa.func.count(), sa.func.min(open_.c.accepted_at), late)).one()
    return Standing(pending=int(row[0]), oldest=row[1], overdue=int(row[2] or 0))


def _first(db: Connection, where: sa.ColumnElement[bool]) -> Promised | None:
    row = db.execute(sa.select(promises).where(where)).first()
    return None if row is None else _promised(row)


def _batch(row: Row[Any]) -> Batch:
    return Batch(
        number=row.number,
        first_index=row.first_index,
        count=row.size,
        root=row.root,
        previous=row.previous,
    )


def _promised(row: Row[Any]) -> Promised:
    return Promised(
        receipt_id=row.receipt_id,
        prediction=prediction_of(row),
        input=row.input,
        outputs=row.outputs,
        runtime=row.runtime,
        log=row.log,
        anchor_by=row.anchor_by,
        signature=row.signature,
        accepted_at=row.accepted_at,
        body_hash=row.body_hash,
        idempotency_key=row.idempotency_key,
        batch_id=row.batch_id,
        position=row.position,
    )
