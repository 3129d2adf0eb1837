"""Decisions as people follow them: the latest ones, and what changed since a position.

A line is a request with its decision, or a decision that another transaction made about a subject
that this node was never asked about. What changed is read off two things that only grow: the
timeline's row numbers, and the decisions' places on the chain; a reorganisation cuts the second
one, so a position names the block that it stands on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from heapq import merge
from typing import Self, TypeAlias

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from oracle.core.lifecycle import Request, State
from oracle.journal import requests as asked
from oracle.journal.chain_view import DecisionRecord, find_decision
from oracle.journal.schema import decisions, requests, timeline

_UNASKED = ~sa.exists().where(
    requests.c.model_id == decisions.c.model_id, requests.c.subject == decisions.c.subject
)
_BIGGEST = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A request, a decision, or both.

    Attributes:
        at: when the node first knew of the request, or the decision's block's time; Unix seconds.
    """

    model_id: bytes
    subject: bytes
    request: Request | None
    decision: DecisionRecord | None
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which lines are wanted.

    Attributes:
        subjects: the first and the last one.
    """

    model_id: bytes | None = None
    state: State | None = None
    verdict: int | None = None
    subjects: tuple[bytes, bytes] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Where a page of the list ends: the oldest request on it, and the oldest unasked decision."""

    request: int = _BIGGEST
    block: int = _BIGGEST
    log: int = _BIGGEST


_Placed: TypeAlias = tuple[Line, dict[str, int]]
"""A line, and what becomes of the page's end behind it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """How far somebody has followed.

    Attributes:
        entry: the last timeline row.
        block, log, block_hash: place of the last decision; zero and empty before the first.
    """

    entry: int = 0
    block: int = 0
    log: int = 0
    block_hash: bytes = b""

    @classmethod
    def at_end(cls, db: Connection) -> Self:
        """The position behind everything that is recorded."""
        entry = db.execute(sa.select(sa.func.max(timeline.c.id))).scalar() or 0
        row = db.execute(
            sa.select(decisions.c.block_number, decisions.c.log_index, decisions.c.block_hash)
            .order_by(decisions.c.block_number.desc(), decisions.c.log_index.desc())
            .limit(1)
        ).first()
        if row is None:
            return cls(entry=entry)
        return cls(
            entry=entry, block=row.block_number, log=row.log_index, block_hash=row.block_hash
        )

    def holds(self, db: Connection) -> bool:
        """Whether the journal still knows what was followed up to here."""
        end = db.execute(sa.select(sa.func.max(timeline.c.id))).scalar() or 0
        if self.entry > end:
            return False
        if not self.block_hash:
            return True
        found = db.execute(
            sa.select(decisions.c.block_hash).where(
                decisions.c.block_number == self.block, decisions.c.log_index == self.log
            )
        ).scalar()
        return found is not None and found.startswith(self.block_hash)


def newest(
    db: Connection, wanted: Filter, *, limit: int, before: Page | None = None
) -> tuple[list[Line], Page | None]:
    """The latest lines, newest first, and where the next page begins; None on the last one."""
    before = before or Page()
    sources = (_asked(db, wanted, limit + 1, before), _unasked(db, wanted, limit + 1, before))
    both = list(merge(*sources, key=lambda each: each[0].at, reverse=True))
    end = before
    for _line, place in both[:limit]:
        end = replace(end, **place)
    return [line for line, _place in both[:limit]], end if len(both) > limit else None


def changed_since(db: Connection, position: Position, *, limit: int) -> tuple[list[Line], Position]:
    """Lines with a new stage or a new decision, in that order, and the position behind them.

    Args:
        limit: most new stages, and most new decisions; more wait for the next call.
    """
    stages = db.execute(
        sa.select(timeline.c.id, requests.c.model_id, requests.c.subject)
        .join(requests, requests.c.id == timeline.c.request_id)
        .where(timeline.c.id > position.entry)
        .order_by(timeline.c.id)
        .limit(limit)
    ).all()
    made = db.execute(
        sa.select(decisions)
        .where(_after(position.block, position.log) if position.block_hash else sa.true())
        .order_by(decisions.c.block_number, decisions.c.log_index)
        .limit(limit)
    ).all()
    keys = dict.fromkeys((row.model_id, row.subject) for row in [*stages, *made])
    end = Position(
        entry=stages[-1].id if stages else position.entry,
        block=made[-1].block_number if made else position.block,
        log=made[-1].log_index if made else position.log,
        block_hash=made[-1].block_hash if made else position.block_hash,
    )
    return [line_of(db, *key) for key in keys], end


def line_of(db: Connection, model_id: bytes, subject: bytes) -> Line:
    """What is known about one subject, which is known."""
    request = asked.find(db, model_id, subject)
    record = find_decision(db, model_id, subject)
    story = asked.story(db, model_id, subject) if request else []
    assert request is not None or record is not None
    at = story[0].at if story else float(record.decided_at if record else 0)
    return Line(model_id=model_id, subject=subject, request=request, decision=record, at=at)


def _asked(db: Connection, wanted: Filter, limit: int, before: Page) -> Iterator[_Placed]:
    query = sa.select(requests.c.id, requests.c.model_id, requests.c.subject)
    query = query.where(requests.c.id < before.request)
    if wanted.state is not None:
        query = query.where(requests.c.state == wanted.state)
    if wanted.verdict is not None:
        query = query.join(
            decisions,
            sa.and_(
                decisions.c.model_id == requests.c.model_id,
                decisions.c.subject == requests.c.subject,
                decisions.c.verdict == wanted.verdict,
            ),
        )
    query = query.where(*_about(requests, wanted))
    for row in db.execute(query.order_by(requests.c.id.desc()).limit(limit)).all():
        yield line_of(db, row.model_id, row.subject), {"request": row.id}


def _unasked(db: Connection, wanted: Filter, limit: int, before: Page) -> Iterator[_Placed]:
    if wanted.state not in (None, State.FINAL):
        return
    query = sa.select(decisions).where(_UNASKED, _before(before.block, before.log))
    if wanted.verdict is not None:
        query = query.where(decisions.c.verdict == wanted.verdict)
    query = query.where(*_about(decisions, wanted))
    order = (decisions.c.block_number.desc(), decisions.c.log_index.desc())
    for row in db.execute(query.order_by(*order).limit(limit)).all():
        place = {"block": row.block_number, "log": row.log_index}
        yield line_of(db, row.model_id, row.subject), place


def _about(table: sa.Table, wanted: Filter) -> list[sa.ColumnElement[bool]]:
    found = []
    if wanted.model_id is not None:
        found.append(table.c.model_id == wanted.model_id)
    if wanted.subjects is not None:
        found.append(table.c.subject.between(*wanted.subjects))
    return found


def _after(block: int, log: int) -> sa.ColumnElement[bool]:
    table, place = decisions.c, _wide(log)
    return sa.or_(
        table.block_number > block, sa.and_(table.block_number == block, table.log_index > place)
    )


def _before(block: int, log: int) -> sa.ColumnElement[bool]:
    table, place = decisions.c, _wide(log)
    return sa.or_(
        table.block_number < block, sa.and_(table.block_number == block, table.log_index < place)
    )


def _wide(number: int) -> sa.ColumnElement[int]:
    """A number that is compared with a column of fewer bits: PostgreSQL would refuse it there."""
    return sa.literal(number, sa.BigInteger)
