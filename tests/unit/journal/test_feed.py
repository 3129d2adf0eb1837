"""The feed: requests and decisions as one list, and what changed since a position."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from sqlalchemy.engine import Connection

from oracle.core.lifecycle import State
from oracle.core.policy import Verdict
from oracle.journal import Journal, chain_view, requests
from oracle.journal.chain_view import DecisionRecord
from oracle.journal.feed import Filter, Line, Page, Position, changed_since, newest
from tests.support.journals import IDENTITY, MODEL, prediction_about, request_about

EVERYTHING = Filter()


@pytest.fixture
async def journal(journal_url: str) -> AsyncIterator[Journal]:
    async with await Journal(journal_url).open(IDENTITY) as opened:
        yield opened


def decision_about(subject: int, **changes: object) -> DecisionRecord:
    return replace(
        DecisionRecord(
            prediction=prediction_about(subject),
            verdict=Verdict.ACCEPT,
            trust_level=1,
            block_number=subject,
            block_hash=bytes([subject]) * 32,
            log_index=0,
            tx_hash=b"t" * 32,
            decided_at=subject,
        ),
        **changes,
    )


def asked(db: Connection, *subjects: int, **changes: object) -> None:
    for subject in subjects:
        requests.save(db, request_about(subject, **changes), at=float(subject))


def decided(db: Connection, *subjects: int, **changes: object) -> None:
    for subject in subjects:
        chain_view.add_decision(db, decision_about(subject, **changes))


def numbers(lines: list[Line]) -> list[int]:
    return [int.from_bytes(line.subject, "big") for line in lines]


async def test_newest__decisions_nobody_asked_for__stand_among_the_requests(journal: Journal):
    def fill(db: Connection) -> None:
        asked(db, 1, 3, 5)
        decided(db, 2, 3, 4)

    await journal.write(fill)
    lines, following = await journal.read(lambda db: newest(db, EVERYTHING, limit=10))

    assert numbers(lines) == [5, 4, 3, 2, 1]
    assert following is None
    assert [line.request is not None for line in lines] == [True, False, True, False, True]
    assert [line.decision is not None for line in lines] == [False, True, True, True, False]


@pytest.mark.parametrize("limit", [1, 2, 3, 4])
async def test_newest__in_pages__has_every_line_once(journal: Journal, limit: int):
    def fill(db: Connection) -> None:
        asked(db, 1, 3, 5, 6)
        decided(db, 2, 3, 4, 7, 8)

    await journal.write(fill)
    found: list[int] = []
    before: Page | None = Page()
    while before is not None:
        at = before
        lines, before = await journal.read(
            lambda db, at=at: newest(db, EVERYTHING, limit=limit, before=at)
        )
        assert len(lines) <= limit
        found += numbers(lines)

    assert found == [8, 7, 6, 5, 4, 3, 2, 1]


async def test_newest__clock_set_back_between_requests__has_every_line_once(journal: Journal):
    def fill(db: Connection) -> None:
        for subject, at in ((1, 10.0), (2, 3.0), (3, 12.0)):
            requests.save(db, request_about(subject), at=at)

    await journal.write(fill)
    first, following = await journal.read(lambda db: newest(db, EVERYTHING, limit=1))
    rest, _ = await journal.read(lambda db: newest(db, EVERYTHING, limit=9, before=following))

    assert numbers(first + rest) == [3, 2, 1]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Filter(verdict=Verdict.REJECT), [4, 3]),
        (Filter(verdict=Verdict.REVIEW), []),
        (Filter(state=State.FINAL), [4, 2]),
        (Filter(state=State.SEEN), [3, 1]),
        (Filter(model_id=b"x" * 32), []),
        (Filter(model_id=MODEL), [4, 3, 2, 1]),
        (Filter(subjects=(bytes(31) + b"\2", bytes(31) + b"\3")), [3, 2]),
    ],
)
async def test_newest__filtered__leaves_the_others_out(
    journal: Journal, wanted: Filter, expected: list[int]
):
    def fill(db: Connection) -> None:
        asked(db, 1, 3)
        decided(db, 2)
        decided(db, 3, 4, verdict=Verdict.REJECT)

    await journal.write(fill)
    lines, _ = await journal.read(lambda db: newest(db, wanted, limit=10))

    assert numbers(lines) == expected


async def test_changed_since__new_stage_and_new_decision__are_told_once(journal: Journal):
    await journal.write(lambda db: asked(db, 1, 2))
    behind = await journal.read(Position.at_end)
    assert await journal.read(lambda db: changed_since(db, behind, limit=9)) == ([], behind)

    def move(db: Connection) -> None:
        asked(db, 2, state=State.CONFIRMED)
        decided(db, 1, 7)

    await journal.write(move)
    lines, after = await journal.read(lambda db: changed_since(db, behind, limit=9))

    assert numbers(lines) == [2, 1, 7]
    assert await journal.read(lambda db: changed_since(db, after, limit=9)) == ([], after)


async def test_changed_since__more_than_the_limit__is_told_in_parts(journal: Journal):
    await journal.write(lambda db: (asked(db, 1, 2, 3), decided(db, 4, 5, 6)))
    found: list[int] = []
    at = Position()
    while True:
        lines, at = await journal.read(lambda db, at=at: changed_since(db, at, limit=2))
        if not lines:
            break
        found += numbers(lines)

    assert sorted(found) == [1, 2, 3, 4, 5, 6]


async def test_position__block_replaced__does_not_hold(journal: Journal):
    await journal.write(lambda db: decided(db, 5))
    behind = await journal.read(Position.at_end)
    assert await journal.read(behind.holds)

    await journal.write(lambda db: chain_view.rewind(db, 4))
    assert not await journal.read(behind.holds)

    await journal.write(lambda db: decided(db, 5, block_hash=b"other" + bytes(27)))
    assert not await journal.read(behind.holds)


async def test_position__of_another_journal__does_not_hold(journal: Journal):
    await journal.write(lambda db: asked(db, 1))
    assert not await journal.read(Position(entry=99).holds)
    assert await journal.read(Position().holds)
