"""Requests in the journal: read, saved with a timeline entry, listed in the order of answering."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from oracle.core.lifecycle import Origin, Request, State
from oracle.journal.predictions import prediction_of
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


Key = tuple[bytes, bytes]
"""Model and subject."""

_Words = TypeVar("_Words")

PART = 500
"""Subjects, or rows, in one statement."""

_HERE = sa.and_(
    requests.c.model_id == sa.bindparam("of_model"), requests.c.subject == sa.bindparam("about")
)
_THESE = sa.and_(
    requests.c.model_id == sa.bindparam("of_model"),
    requests.c.subject.in_(sa.bindparam("about", expanding=True)),
)
# Built once: to build a statement of two dozen columns takes longer than to run it.
_FIND = sa.select(requests).where(_HERE)
_FIND_ALL = sa.select(requests).where(_THESE)
_STATES = sa.select(
    requests.c.id,
    requests.c.model_id,
    requests.c.subject,
    requests.c.state,
    requests.c.block_hash,
    requests.c.tries,
).where(_THESE)
_INSERT = sa.insert(requests)
_UPDATE = sa.update(requests).where(requests.c.id == sa.bindparam("row"))
_ROWS: sa.BindParameter[Any] = sa.bindparam("rows", expanding=True)
_MOVES = ("state", "tries", "not_before", "reason")
_MOVE = (
    sa.update(requests)
    .where(requests.c.id.in_(_ROWS))
    .values({name: sa.bindparam("to_" + name) for name in _MOVES})
)
_TOLD = ("at", "state", "note")
_TELL = sa.insert(timeline).from_select(
    ["request_id", *_TOLD],
    sa.select(requests.c.id, *(sa.bindparam(name, type_=timeline.c[name].type) for name in _TOLD))
    .where(requests.c.id.in_(_ROWS))
    .order_by(requests.c.id),
)


def save(db: Connection, request: Request, *, at: float, note: str = "") -> None:
    """Insert or update a request; its timeline gets an entry where the state or the reason is new.

    Args:
        at: Unix seconds for the timeline.
        note: what the entry says; the request's reason where empty.
    """
    save_all(db, [(request, note)], at=at)


def save_all(
    db: Connection, changed: Sequence[tuple[Request, str]], *, at: float, moved: bool = False
) -> None:
    """``save`` for several requests, each with its note, in as many statements as for one.

    Args:
        changed: no subject of a model more than once.
        moved: of those that are known, only the state and what was tried is new, and one of the
            two is.
    """
    keys = [(request.model_id, request.subject) for request, _ in changed]
    ids = {key: r.id for (r, _), key in zip(changed, keys, strict=True) if moved and r.id}
    before = {
        (row.model_id, row.subject): row
        for row in _rows_of(db, _STATES, [key for key in keys if key not in ids])
    }
    ids |= {key: row.id for key, row in before.items()}
    known = [(r, key) for (r, _), key in zip(changed, keys, strict=True) if key in ids]
    fresh = {key: r for (r, _), key in zip(changed, keys, strict=True) if key not in ids}
    if fresh:
        db.execute(_INSERT, [_columns(request) for request in fresh.values()])
        ids |= {(row.model_id, row.subject): row.id for row in _rows_of(db, _STATES, fresh)}
    if moved:
        alike = _alike((ids[key], (r.state, r.tries, r.not_before, r.reason)) for r, key in known)
        for to, rows in alike:
            named = {"to_" + name: value for name, value in zip(_MOVES, to, strict=True)}
            db.execute(_MOVE, {"rows": rows, **named})
    elif known:
        db.execute(_UPDATE, [{"row": ids[key], **_columns(request)} for request, key in known])
    told = _alike(
        (ids[key], (r.state, note or r.reason))
        for (r, note), key in zip(changed, keys, strict=True)
        if note or key not in before or before[key].state != r.state
    )
    for (state, said), rows in told:
        db.execute(_TELL, {"rows": rows, "at": at, "state": state, "note": said})


def find(db: Connection, model_id: bytes, subject: bytes) -> Request | None:
    """The request about this subject, if there is one."""
    row = db.execute(_FIND, {"of_model": model_id, "about": subject}).first()
    return None if row is None else _request(row)


def find_all(db: Connection, keys: Iterable[Key]) -> dict[Key, Request]:
    """The requests about these subjects, as far as there are any."""
    return {(row.model_id, row.subject): _request(row) for row in _rows_of(db, _FIND_ALL, keys)}


def again(db: Connection, known: Iterable[Request]) -> dict[Key, Request]:
    """Requests that were read before, as they are now.

    One is read whole only where its state, its block or its tries changed: nothing else of it
    changes by itself but a pause that ends earlier.
    """
    before = {(request.model_id, request.subject): request for request in known}
    same = {}
    for row in _rows_of(db, _STATES, before):
        was = before[row.model_id, row.subject]
        if (row.state, row.block_hash, row.tries) == (was.state, was.block_hash, was.tries):
            same[row.model_id, row.subject] = was
    return same | find_all(db, [key for key in before if key not in same])


def states(db: Connection, keys: Iterable[Key]) -> dict[Key, State]:
    """The states of the requests about these subjects, as far as there are any."""
    return {(r.model_id, r.subject): State(r.state) for r in _rows_of(db, _STATES, keys)}


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


def decided_by(db: Connection, above: int, deep: int) -> list[tuple[Request, int, bytes]]:
    """Requests not yet FINAL whose decision is in a block after ``above``, up to ``deep``; each
    with the number of that block and the hash of the transaction.
    """
    block, tx_hash = decisions.c.block_number.label("decided_in"), decisions.c.tx_hash.label("by")
    query = (
        sa.select(requests, block, tx_hash)
        .join(
            decisions,
            sa.and_(
                decisions.c.model_id == requests.c.model_id,
                decisions.c.subject == requests.c.subject,
            ),
        )
        .where(
            requests.c.state != State.FINAL,
            decisions.c.block_number > above,
            decisions.c.block_number <= deep,
        )
        .order_by(decisions.c.block_number, decisions.c.log_index)
    )
    return [(_request(row), row.decided_in, row.by) for row in db.execute(query)]


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


def _alike(rows: Iterable[tuple[int, _Words]]) -> Iterator[tuple[_Words, list[int]]]:
    """Rows by what is to be written about them: one statement does it for all that are alike."""
    by_words: dict[_Words, list[int]] = {}
    for row, words in rows:
        by_words.setdefault(words, []).append(row)
    for words, found in by_words.items():
        for start in range(0, len(found), PART):
            yield words, found[start : start + PART]


def by_model(keys: Iterable[Key]) -> Iterator[tuple[bytes, list[bytes]]]:
    """Each model and its subjects, as many as one statement takes."""
    found: dict[bytes, list[bytes]] = {}
    for model_id, subject in keys:
        found.setdefault(model_id, []).append(subject)
    for model_id, subjects in found.items():
        for start in range(0, len(subjects), PART):
            yield model_id, subjects[start : start + PART]


def _rows_of(db: Connection, query: sa.Select[Any], keys: Iterable[Key]) -> Iterator[Row[Any]]:
    for model_id, subjects in by_model(keys):
        yield from db.execute(query, {"of_model": model_id, "about": subjects}).all()


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
    said = None if row.predicted_at is None else prediction_of(row)
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
        id=row.id,
    )
