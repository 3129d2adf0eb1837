"""Rounds in the journal: events as told, rewound with the chain; a vote is never replaced."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from oracle.core.sealed import Opening, RoundKey
from oracle.core.sealed_round import RoundEvent, rounds_of
from oracle.journal import Journal, rounds
from tests.support.rounds import COMMITTEE, MODEL, SUBJECT, A, B, C, Chain

ATTESTOR = COMMITTEE.attestor
KEY = RoundKey(model_id=MODEL, subject=SUBJECT, number=0)
VOTE = Opening(input_hash=b"i" * 32, output_hash=b"o" * 32, value=-5, confidence=7, salt=b"s" * 32)


@pytest.fixture
async def journal(journal_url: str) -> AsyncIterator[Journal]:
    async with await Journal(journal_url).open({}) as opened:
        yield opened


@pytest.fixture
def told() -> list[RoundEvent]:
    """A round that decided, with a leak, and one that did not."""
    chain = Chain()
    for member in (A, B, C):
        chain.seal(member, -3)
    chain.leak(B)
    chain.reveal(A, -3)
    chain.close()
    chain.seal(A, 2**100, number=1)
    chain.reveal(A, 2**100, number=1)
    chain.close(1, agreed=1, lost=6)
    return chain.events


async def record(journal: Journal, events: list[RoundEvent]) -> None:
    await journal.write(lambda db: rounds.add_events(db, ATTESTOR, events))


async def known(journal: Journal) -> list[RoundEvent]:
    return await journal.read(lambda db: rounds.events_about(db, ATTESTOR, MODEL, SUBJECT))


async def test_events__recorded__come_back_as_they_were(
    journal: Journal, told: list[RoundEvent]
) -> None:
    await record(journal, told)
    await record(journal, told[2:5])
    assert await known(journal) == told


async def test_events__rewound__are_those_of_the_blocks_left(
    journal: Journal, told: list[RoundEvent]
) -> None:
    await record(journal, told)
    await journal.write(lambda db: rounds.rewind(db, 4))
    assert await known(journal) == told[:4]
    (only,) = rounds_of(COMMITTEE, MODEL, SUBJECT, await known(journal))
    assert (only.spoken, only.closed) == ((A, B, C), None)


async def test_open_subjects__only_rounds_that_are_not_closed(
    journal: Journal, told: list[RoundEvent]
) -> None:
    async def still_open() -> list[tuple[bytes, bytes]]:
        return await journal.read(lambda db: rounds.open_subjects(db, ATTESTOR))

    await record(journal, told[:5])
    assert await still_open() == [(MODEL, SUBJECT)]
    await record(journal, told[5:6])
    assert await still_open() == []
    await record(journal, told[6:7])
    assert await still_open() == [(MODEL, SUBJECT)]
    await record(journal, told[7:])
    assert await still_open() == []


async def test_events__of_another_attestor__are_left_out(
    journal: Journal, told: list[RoundEvent]
) -> None:
    await record(journal, told)
    other = "0x" + "bb" * 20
    assert await journal.read(lambda db: rounds.events_about(db, other, MODEL, SUBJECT)) == []
    assert await journal.read(lambda db: rounds.open_subjects(db, other)) == []


async def test_vote__recorded__is_never_replaced_and_keeps_no_salt(journal: Journal) -> None:
    other = replace(VOTE, value=6)
    assert await journal.write(lambda db: rounds.cast(db, ATTESTOR, KEY, VOTE)) == VOTE
    assert await journal.write(lambda db: rounds.cast(db, ATTESTOR, KEY, other)) == VOTE
    found = await journal.read(lambda db: rounds.find_vote(db, ATTESTOR, KEY, salt=b"x" * 32))
    assert found == replace(VOTE, salt=b"x" * 32)
    later = replace(KEY, number=1)
    assert await journal.write(lambda db: rounds.cast(db, ATTESTOR, later, other)) == other


async def test_followed__outlives_a_rewind(journal: Journal) -> None:
    """The history that was read is still there; the blocks above are followed again."""
    await journal.write(lambda db: rounds.follow(db, ATTESTOR, 9))
    await journal.write(lambda db: rounds.rewind(db, 3))
    await journal.write(lambda db: rounds.follow(db, ATTESTOR, 12))
    assert await journal.read(rounds.followed_attestors) == {ATTESTOR}


async def test_recent_closed__the_newest_first_and_once_each(
    journal: Journal, told: list[RoundEvent]
) -> None:
    await record(journal, told)
    found = await journal.read(lambda db: rounds.recent_closed(db, [ATTESTOR], MODEL, 9))
    assert found == [SUBJECT]
