"""Requests in the journal: read, saved with a timeline entry, listed in the order of answering."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from oracle.core.lifecycle import Origin, Request, State
from oracle.core.prediction import Prediction
from oracle.journal.chain_view import DecisionRecord, find_decision
from oracle.journal.schema import decisions, idempotency, requests, timeline


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a request's timeline.

    Attributes:
        at: Unix seconds, with fractions.
    """

    at: float
    state: State
    note: str


_HERE = sa.and_(
    requests.c.model_id == sa.bindparam("of_model"), requests.c.subject == sa.bindparam("about")
)
# Built once: to build a statement of two dozen columns takes longer than to run it.
_FIND = sa.select(requests).where(_HERE)
_STATE = sa.select(requests.c.id, requests.c.state).where(_HERE)
_INSERT = sa.insert(requests).returning(requests.c.id)
_UPDATE = sa.update(requests).where(requests.c.id == sa.bindparam("row"))
_TELL = sa.insert(timeline)


def save(db: Connection, request: Request, *, at: float, note: str = "") -> None:
    """Insert or update a request; its timeline gets an entry where the state or the reason is new.

    Args:
        at: Unix seconds for the timeline.
        note: what the entry says; the request's reason where empty.
    """
    key = {"of_model": request.model_id, "about": request.subject}
    before = db.execute(_STATE, key).first()
    if before is None:
        row_id = db.execute(_INSERT, _columns(request)).scalar_one()
    else:
        row_id = before.id
        db.execute(_UPDATE, {"row": row_id, **_columns(request)})
    if before is None or before.state != request.state or note:
        entry = {"request_id": row_id, "at": at, "state": request.state}
        db.execute(_TELL, {**entry, "note": note or request.reason})


def find(db: Connection, model_id: bytes, subject: bytes) -> Request | None:
    """The request about this subject, if there is one."""
    row = db.execute(_FIND, {"of_model": model_id, "about": subject}).first()
    return None if row is None else _request(row)


def by_subject(db: Connection, subject: bytes) -> list[Request]:
    """The requests about this subject, of whatever model."""
    rows = db.execute(
        sa.select(requests).where(requests.c.subject == subject).order_by(requests.c.id)
    )
    return [_request(row) for row in rows]


def in_states(
    db: Connection,
    states: Iterable[State],
    *,
    ready_at: int | None = None,
    above_block: int | None = None,
    of: Sequence[bytes] | None = None,
    but_of: Sequence[bytes] = (),
    limit: int = 1000,
) -> list[Request]:
    """Requests in these states, in the order in which they are answered.

    Args:
        ready_at: leave out those whose ``not_before`` is later, Unix seconds.
        above_block: only those whose event is in a later block.
        of, but_of: only those of, or not of, these models.
    """
    query = sa.select(requests).where(requests.c.state.in_(list(states)))
    if ready_at is not None:
        query = query.where(requests.c.not_before <= ready_at)
    if above_block is not None:
        query = query.where(requests.c.block_number > above_block)
    if of is not None:
        query = query.where(requests.c.model_id.in_(of))
    if but_of:
        query = query.where(requests.c.model_id.not_in(but_of))
    order = (requests.c.block_number, requests.c.log_index, requests.c.id)
    return [_request(row) for row in db.execute(query.order_by(*order).limit(limit))]


def overdue(db: Connection, states: Iterable[State], timestamp: int) -> list[Request]:
    """Requests in these states whose deadline is before the block's timestamp, Unix seconds."""
    query = sa.select(requests).where(
        requests.c.state.in_(list(states)), requests.c.deadline < timestamp
    )
    return [_request(row) for row in db.execute(query)]


def decided_by(db: Connection, deep: int) -> list[tuple[Request, DecisionRecord]]:
    """Requests not yet FINAL whose decision is in block ``deep`` or before it."""
    query = (
        sa.select(requests)
        .join(
            decisions,
            sa.and_(
                decisions.c.model_id == requests.c.model_id,
                decisions.c.subject == requests.c.subject,
            ),
        )
        .where(requests.c.state != State.FINAL, decisions.c.block_number <= deep)
        .order_by(decisions.c.block_number, decisions.c.log_index)
    )
    found = []
    for row in db.execute(query).all():
        record = find_decision(db, row.model_id, row.subject)
        assert record is not None
        found.append((_request(row), record))
    return found


def next_retry(db: Connection) -> int | None:
    """When the next CONFIRMED request may be tried again, Unix seconds; None where none waits."""
    query = sa.select(sa.func.min(requests.c.not_before)).where(requests.c.state == State.CONFIRMED)
    return db.execute(query).scalar()


def counts(db: Connection) -> dict[State, int]:
    """How many requests are in each state."""
    rows = db.execute(sa.select(requests.c.state, sa.func.count()).group_by(requests.c.state)).all()
    return {State(state): count for state, count in rows}


def story(db: Connection, model_id: bytes, subject: bytes) -> list[Entry]:
    """The request's timeline, oldest first."""
    rows = db.execute(
        sa.select(timeline.c.at, timeline.c.state, timeline.c.note)
        .join(requests, requests.c.id == timeline.c.request_id)
        .where(_is(model_id, subject))
        .order_by(timeline.c.id)
    )
    return [Entry(at=row.at, state=State(row.state), note=row.note) for row in rows]


def mark_idempotent(
    db: Connection, key: str, body_hash: bytes, model_id: bytes, subject: bytes
) -> None:
    """Record that the API's key stands for this request."""
    row_id = sa.select(requests.c.id).where(_is(model_id, subject)).scalar_subquery()
    db.execute(sa.insert(idempotency).values(key=key, body_hash=body_hash, request_id=row_id))


def find_idempotent(db: Connection, key: str) -> tuple[bytes, Request] | None:
    """What the API's key was used for: the hash of that body, and the request."""
    row = db.execute(
        sa.select(idempotency.c.body_hash, requests)
        .join(requests, requests.c.id == idempotency.c.request_id)
        .where(idempotency.c.key == key)
    ).first()
    return None if row is None else (row.body_hash, _request(row))


def _is(model_id: bytes, subject: bytes) -> sa.ColumnElement[bool]:
    return sa.and_(requests.c.model_id == model_id, requests.c.subject == subject)


def _columns(request: Request) -> dict[str, Any]:
    said = request.prediction
    return {
        "model_id": request.model_id,
        "subject": request.subject,
        "origin": request.origin,
        "state": request.state,
        "input": request.input,
        "deadline": request.deadline,
        "callback_gas": request.callback_gas,
        "fee_gwei": request.fee_gwei,
        "requester": request.requester,
        "block_number": request.block_number,
        "block_hash": request.block_hash,
        "log_index": request.log_index,
        "tx_hash": request.tx_hash,
        "input_hash": said.input_hash if said else None,
        "output_hash": said.output_hash if said else None,
        "value": str(said.value) if said else None,
        "confidence": said.confidence if said else None,
        "predicted_at": said.predicted_at if said else None,
        "tries": request.tries,
        "not_before": request.not_before,
        "reason": request.reason,
    }


def _request(row: Row[Any]) -> Request:
    said = None
    if row.predicted_at is not None:
        said = Prediction(
            model_id=row.model_id,
            subject=row.subject,
            input_hash=row.input_hash,
            output_hash=row.output_hash,
            value=int(row.value),
            confidence=row.confidence,
            predicted_at=row.predicted_at,
        )
    return Request(
        model_id=row.model_id,
        subject=row.subject,
        origin=Origin(row.origin),
        state=State(row.state),
        input=row.input,
        deadline=row.deadline,
        callback_gas=row.callback_gas,
        fee_gwei=row.fee_gwei,
        requester=row.requester,
        block_number=row.block_number,
        block_hash=row.block_hash,
        log_index=row.log_index,
        tx_hash=row.tx_hash,
        prediction=said,
        tries=row.tries,
        not_before=row.not_before,
        reason=row.reason,
    )
