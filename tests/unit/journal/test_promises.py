"""Promises in the journal, on both databases: kept in order, batched, taken back, forgotten."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from eth_utils.crypto import keccak
from sqlalchemy.engine import Connection

from oracle.core.anchor import Batch, batch_after
from oracle.core.prediction import Prediction
from oracle.core.transaction import Purpose, Transaction, TxState
from oracle.journal import Journal, inputs, promises, transactions
from oracle.journal.promises import Promised, Waiting

LOG = "0x" + "a0" * 20
MODEL = b"m" * 32
WHERE = {"chain_id": 31337, "log": LOG}


@pytest.fixture
async def journal(journal_url: str) -> AsyncIterator[Journal]:
    async with await Journal(journal_url).open({}) as opened:
        yield opened


def promised(number: int, *, salted: bool = False, key: str | None = None) -> Promised:
    input_ = b"input %d" % number
    return Promised(
        receipt_id=keccak(b"receipt %d" % number),
        prediction=Prediction(
            model_id=MODEL,
            subject=keccak(b"subject %d" % (number // 2)),
            input_hash=keccak(b"commitment" if salted else input_),
            output_hash=keccak(b"outputs"),
            value=-(2**100) + number,
            confidence=900_000,
            predicted_at=1_900_000_000,
        ),
        input=input_,
        outputs=b"outputs",
        runtime="{}",
        log=LOG,
        anchor_by=2_000 + 400 * number,
        signature=b"s" * 64,
        accepted_at=1_000 + number,
        body_hash=b"b" * 32,
        idempotency_key=key,
    )


async def with_promises(journal: Journal, count: int) -> list[Promised]:
    made = [promised(n) for n in range(count)]
    await journal.write(lambda db: [promises.add(db, each) for each in made])
    return made


def batch_of(count: int, last: Batch | None = None) -> Batch:
    return batch_after(last, count, b"\x07" * 32, **WHERE)


def close(db: Connection, batch: Batch, members: list[Promised]) -> bytes:
    batch_id = batch.id(**WHERE)
    promises.close(db, batch, batch_id, LOG, f"key {batch.number}", members)
    return batch_id


async def test_promise__comes_back_as_it_was(journal: Journal) -> None:
    made = promised(3, key="a key")
    await journal.write(lambda db: promises.add(db, made))
    assert await journal.read(lambda db: promises.find(db, made.receipt_id)) == made
    assert await journal.read(lambda db: promises.find_idempotent(db, "a key")) == made
    assert await journal.read(lambda db: promises.said(db, made.prediction)) == made
    other = replace(made.prediction, value=0)
    assert await journal.read(lambda db: promises.said(db, other)) is None
    assert await journal.read(lambda db: promises.find(db, b"\0" * 32)) is None


async def test_same_prediction__again__is_one_promise(journal: Journal) -> None:
    made = promised(0)
    again = replace(made, receipt_id=keccak(b"another"), anchor_by=9_999)
    await journal.write(lambda db: [promises.add_once(db, each) for each in (made, again)])
    subject = made.prediction.subject
    assert await journal.read(lambda db: promises.about(db, subject, MODEL)) == [made]


async def test_waiting__tells_count_oldest_and_what_is_urgent(journal: Journal) -> None:
    nothing = Waiting(count=0, oldest=None, urgent=None)
    assert await journal.read(promises.count_waiting) == nothing
    await with_promises(journal, 3)
    # A quarter of 1,000 s after its acceptance at 1,000.
    waiting = Waiting(count=3, oldest=1_000, urgent=1_250)
    assert await journal.read(promises.count_waiting) == waiting


async def test_batch__closed__keeps_order__and_taken_back__waits_again(journal: Journal) -> None:
    made = await with_promises(journal, 5)
    batch = batch_of(3)
    batch_id = await journal.write(lambda db: close(db, batch, made[:3]))
    members = await journal.read(lambda db: promises.members_of(db, batch_id))
    assert [each.receipt_id for each in members] == [each.receipt_id for each in made[:3]]
    assert [each.position for each in members] == [0, 1, 2]
    assert await journal.read(lambda db: promises.waiting(db, 10)) == made[3:]
    found = await journal.read(lambda db: promises.last_batch(db, LOG))
    assert found == (batch, batch_id, "key 0")
    assert await journal.read(lambda db: promises.batch_of(db, batch_id)) == (batch, "key 0")

    assert await journal.write(lambda db: promises.reopen(db, batch_id)) == 3
    assert await journal.read(lambda db: promises.waiting(db, 10)) == made
    assert await journal.read(lambda db: promises.last_batch(db, LOG)) is None


async def test_last_batch__is_the_highest_number(journal: Journal) -> None:
    made = await with_promises(journal, 4)
    first = batch_of(2)
    second = batch_of(2, first)

    def record(db: Connection) -> None:
        close(db, second, made[2:])
        close(db, first, made[:2])

    await journal.write(record)
    found = await journal.read(lambda db: promises.last_batch(db, LOG))
    assert found is not None
    assert found[0] == second


async def test_standing__counts_until_the_batch_is_mined(journal: Journal) -> None:
    made = await with_promises(journal, 2)
    transaction = Transaction(
        key="key 0",
        model_id=bytes(32),
        subject=b"t" * 32,
        to=b"\0" * 20,
        data=b"",
        gas=1,
        purpose=Purpose.ANCHOR,
    )

    def record(db: Connection) -> None:
        transactions.queue(db, 31337, "0x" + "01" * 20, transaction)
        close(db, batch_of(2), made)

    await journal.write(record)
    found = await journal.read(lambda db: promises.standing(db, 2_001))
    assert (found.pending, found.oldest, found.overdue) == (2, 1_000, 1)

    def mine(db: Connection) -> None:
        queued = transactions.named(db, "key 0")
        assert queued is not None
        transactions.save(db, replace(queued, state=TxState.MINED, succeeded=True, block_number=1))

    await journal.write(mine)
    found = await journal.read(lambda db: promises.standing(db, 9_999))
    assert (found.pending, found.oldest, found.overdue) == (0, None, 0)


async def test_forget__takes_private_inputs_and_salts__and_no_plain_one(journal: Journal) -> None:
    plain, private = promised(0), promised(1, salted=True)
    assert plain.prediction.subject == private.prediction.subject

    def record(db: Connection) -> None:
        promises.add(db, plain)
        promises.add(db, private)
        inputs.keep_salt(db, MODEL, private.receipt_id, b"z" * 32)

    await journal.write(record)
    subject = private.prediction.subject
    assert await journal.write(lambda db: inputs.forget(db, MODEL, subject))
    assert not await journal.write(lambda db: inputs.forget(db, MODEL, subject))
    kept = await journal.read(lambda db: promises.about(db, subject))
    assert [each.input for each in kept] == [plain.input, b""]
    assert await journal.read(lambda db: inputs.salt_of(db, MODEL, private.receipt_id)) is None


async def test_models_of__finds_by_subject_and_by_receipt(journal: Journal) -> None:
    (made,) = await with_promises(journal, 1)
    for word in (made.receipt_id, made.prediction.subject):
        assert await journal.read(lambda db, w=word: promises.models_of(db, w)) == {MODEL}
    assert await journal.read(lambda db: promises.models_of(db, b"\0" * 32)) == set()
