"""Answers that share a transaction: each with its own key, once, and apart again where need be."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from sqlalchemy.engine import Connection

from oracle.core.errors import JournalError
from oracle.core.lifecycle import State
from oracle.core.transaction import Purpose, Transaction, TxState
from oracle.journal import Journal, migrate, requests, transactions
from oracle.journal.backup import back_up
from oracle.journal.schema import answers
from tests.support.journals import IDENTITY, MODEL, request_about, transaction_about
from tests.unit.journal.test_migrations import bare

CHAIN, SENDER = 31337, "0xabc"
OTHER = b"n" * 32


@pytest.fixture
async def journal(journal_url: str) -> AsyncIterator[Journal]:
    async with await Journal(journal_url).open(IDENTITY) as opened:
        yield opened


def word(number: int) -> bytes:
    return number.to_bytes(32, "big")


def together(*subjects: int, model_id: bytes = MODEL, **changes: object) -> Transaction:
    shared = Transaction(
        key=f"together:key:{subjects[0]}",
        model_id=bytes(32),
        subject=bytes(32),
        to=b"c" * 20,
        data=b"\xfe",
        gas=400_000,
        purpose=Purpose.ANSWERS,
        answers=tuple((model_id, word(each)) for each in subjects),
    )
    return replace(shared, **changes)


def queue(db: Connection, *subjects: int, model_id: bytes = MODEL) -> Transaction:
    """Queue one that is shared; as it is read back."""
    shared = together(*subjects, model_id=model_id)
    keys = [f"key:{each}" for each in subjects]
    transactions.queue_together(db, CHAIN, SENDER, shared, keys)
    found = transactions.named(db, shared.key)
    assert found is not None
    return found


def mine(db: Connection, queued: Transaction, gas: int, *, succeeded: bool = True) -> None:
    mined = replace(queued, state=TxState.MINED, nonce=queued.id, block_number=queued.id)
    transactions.save(db, replace(mined, succeeded=succeeded, gas_used=gas, gas_price=1))


def alone(*subjects: int) -> list[Transaction]:
    return [replace(transaction_about(each), key="") for each in subjects]


def rows(db: Connection) -> list[tuple[str, int, int]]:
    found = db.execute(sa.select(answers).order_by(answers.c.transaction_id, answers.c.place))
    return [(row.key, row.transaction_id, row.place) for row in found]


async def test_queue_together__several__read_back_in_their_order(journal: Journal) -> None:
    def write(db: Connection) -> tuple[Transaction, Transaction]:
        return queue(db, 3, 1, 2), queue(db, 9, 8)

    for found, wanted in zip(
        await journal.write(write), [together(3, 1, 2), together(9, 8)], strict=True
    ):
        assert found == replace(wanted, id=found.id)


async def test_transaction__of_one_answer_or_none__names_what_it_decides(journal: Journal) -> None:
    def write(db: Connection) -> list[Transaction]:
        vote = replace(transaction_about(2), purpose=Purpose.COMMIT)
        transactions.queue_all(db, CHAIN, SENDER, [transaction_about(1), vote])
        return transactions.in_states(db, {TxState.QUEUED})

    answer, commitment = await journal.write(write)
    assert answer.answers == ((MODEL, word(1)),)
    assert commitment.answers == ()


async def test_known__alone_or_with_others__and_none_else(journal: Journal) -> None:
    def write(db: Connection) -> set[str]:
        transactions.queue(db, CHAIN, SENDER, transaction_about(1))
        queue(db, 2, 3)
        return transactions.known(db, [f"key:{each}" for each in range(5)])

    assert await journal.write(write) == {"key:1", "key:2", "key:3"}
    assert await journal.read(lambda db: transactions.known(db, [])) == set()


async def test_queue__a_key_that_is_shared_already__is_not_queued_again(
    journal: Journal,
) -> None:
    def write(db: Connection) -> list[bool]:
        queue(db, 1, 2)
        wanted = [transaction_about(each) for each in (1, 2, 3)]
        return [transactions.queue(db, CHAIN, SENDER, each) for each in wanted]

    assert await journal.write(write) == [False, False, True]
    assert await journal.read(transactions.counts) == {TxState.QUEUED: 2}


async def test_queue_together__a_key_twice__is_refused_by_the_database(journal: Journal) -> None:
    await journal.write(lambda db: queue(db, 1, 2))

    def again(db: Connection) -> None:
        shared = together(5, 2)
        transactions.queue_together(db, CHAIN, SENDER, shared, ["key:5", "key:2"])

    with pytest.raises(JournalError, match="(?i)unique"):
        await journal.write(again)
    assert await journal.read(transactions.counts) == {TxState.QUEUED: 1}
    assert len(await journal.read(rows)) == 2


async def test_take_apart__a_queued_one__is_dropped_and_each_waits_behind_the_others(
    journal: Journal,
) -> None:
    def write(db: Connection) -> tuple[list[Transaction], set[str]]:
        shared = queue(db, 1, 2)
        transactions.queue(db, CHAIN, SENDER, transaction_about(7))
        transactions.take_apart(db, shared, alone(1, 2))
        assert rows(db) == []
        dropped = transactions.named(db, shared.key)
        assert dropped is not None
        assert (dropped.state, dropped.nonce, dropped.answers) == (TxState.DROPPED, None, ())
        return (
            transactions.waiting(db, limit=9),
            transactions.known(db, ["key:1", "key:2"]),
        )

    waiting, known = await journal.write(write)
    assert [each.key for each in waiting] == ["key:7", "key:1", "key:2"]
    assert known == {"key:1", "key:2"}, "they are not queued a second time"
    assert [each.answers for each in waiting[1:]] == [((MODEL, word(n)),) for n in (1, 2)]
    assert {each.purpose for each in waiting} == {Purpose.ANSWER}


async def test_about__one_of_several__shows_the_shared_one_and_what_came_after(
    journal: Journal,
) -> None:
    def write(db: Connection) -> list[list[str]]:
        shared = queue(db, 1, 2)
        mine(db, shared, 100_000)
        transactions.queue(db, CHAIN, SENDER, replace(transaction_about(2), key="key:2:again"))
        queue(db, 3, 4)
        queue(db, 5, 6, model_id=OTHER)
        asked = [(MODEL, 1), (MODEL, 2), (MODEL, 5), (OTHER, 5)]
        return [
            [each.key for each in transactions.about(db, model, word(subject))]
            for model, subject in asked
        ]

    found = await journal.write(write)
    assert found == [
        ["together:key:1"],
        ["together:key:1", "key:2:again"],
        [],
        ["together:key:5"],
    ]


async def test_latest_gas__one_of_several__is_an_equal_share(journal: Journal) -> None:
    def write(db: Connection) -> tuple[list[int], list[int], list[int]]:
        transactions.queue(db, CHAIN, SENDER, transaction_about(1))
        (first,) = transactions.in_states(db, {TxState.QUEUED})
        mine(db, first, 57_000)
        mine(db, queue(db, 2, 3, 4), 120_000)
        mine(db, queue(db, 5, 6), 90_000, succeeded=False)
        mine(db, queue(db, 7, 8, model_id=OTHER), 70_001)
        queue(db, 9, 10)
        mixed = together(11, answers=((MODEL, word(11)), (OTHER, word(12))))
        transactions.queue_together(db, CHAIN, SENDER, mixed, ["key:11", "key:12"])
        found = transactions.named(db, mixed.key)
        assert found is not None
        mine(db, found, 100_000)
        of_both = [transactions.latest_gas(db, of, 9) for of in (MODEL, OTHER)]
        return of_both[0], of_both[1], transactions.latest_gas(db, MODEL, 2)

    ours, others, latest = await journal.write(write)
    assert ours == [50_000, 40_000, 40_000, 40_000, 57_000]
    assert others == [50_000, 35_000, 35_000]
    assert latest == [50_000, 40_000]


async def test_unmine_and_settle__one_that_is_shared__keeps_its_answers(journal: Journal) -> None:
    def write(db: Connection) -> tuple[Transaction, Transaction]:
        for subject in (1, 3):
            mine(db, queue(db, subject, subject + 1), 100_000)
        transactions.unmine(db, above=1)
        transactions.settle(db, 1)
        (sent,) = transactions.in_states(db, {TxState.SENT})
        (final,) = transactions.in_states(db, {TxState.FINAL})
        return sent, final

    sent, final = await journal.write(write)
    assert [subject for _, subject in sent.answers] == [word(3), word(4)]
    assert [subject for _, subject in final.answers] == [word(1), word(2)]


def older(journal_url: str, revision: str) -> None:
    """A journal as an older program left it, with answers in every state."""
    engine = bare(journal_url)
    with engine.begin() as db:
        command.upgrade(migrate.configuration(db), revision)
    with engine.begin() as db:
        for name, value in IDENTITY.items():
            db.execute(
                sa.text("INSERT INTO identity (name, value) VALUES (:name, :value)"),
                {"name": name, "value": value},
            )
        requests.save(db, request_about(1, state=State.VOUCHED), at=1)
        for number, state in enumerate(("queued", "sent", "mined", "final", "dropped"), start=1):
            db.execute(
                sa.text(
                    'INSERT INTO transactions (chain_id, sender, key, model_id, subject, "to", '
                    "data, gas, value, purpose, state, nonce, block_number, block_hash, "
                    "mined_hash, succeeded, gas_used) VALUES (31337, '0xabc', :key, :model, "
                    ":subject, :to, :data, 100000, '0', 'answer', :state, :nonce, :block, :none, "
                    ":none, :good, :gas)"
                ),
                {
                    "key": f"key:{number}",
                    "model": MODEL,
                    "subject": word(number),
                    "to": b"c" * 20,
                    "data": b"\xff",
                    "none": b"",
                    "state": state,
                    "nonce": None if state in ("queued", "dropped") else number,
                    "block": number if state in ("mined", "final") else None,
                    "good": True if state in ("mined", "final") else None,
                    "gas": 57_000 if state in ("mined", "final") else None,
                },
            )
    engine.dispose()


async def carries_on(journal: Journal) -> None:
    """What was recorded before is what it was, and answers can share from now on."""
    states: Sequence[Transaction] = await journal.read(
        lambda db: transactions.in_states(db, list(TxState))
    )
    assert {each.key: (each.state, each.answers) for each in states} == {
        f"key:{number}": (state, ((MODEL, word(number)),))
        for number, state in enumerate(
            (TxState.QUEUED, TxState.SENT, TxState.MINED, TxState.FINAL, TxState.DROPPED), start=1
        )
    }
    keys = ["key:1", "key:5", "key:6"]
    assert await journal.read(lambda db: transactions.known(db, keys)) == {"key:1", "key:5"}
    assert await journal.read(lambda db: transactions.latest_gas(db, MODEL, 9)) == [57_000] * 2
    shared = await journal.write(lambda db: queue(db, 6, 7))
    assert [subject for _, subject in shared.answers] == [word(6), word(7)]


async def test_open__journal_from_before_answers_shared__goes_on_with_what_was_under_way(
    journal_url: str,
) -> None:
    older(journal_url, "0004")
    async with await Journal(journal_url).open(IDENTITY) as journal:
        await carries_on(journal)


async def test_back_up__from_before_answers_shared__is_restored_and_goes_on(
    tmp_path: Path,
) -> None:
    older(f"sqlite:///{tmp_path}/journal.db", "0004")
    assert back_up(tmp_path / "journal.db", tmp_path / "copy.db").revision == "0004"
    async with await Journal.at(tmp_path / "copy.db").open(IDENTITY) as journal:
        await carries_on(journal)
