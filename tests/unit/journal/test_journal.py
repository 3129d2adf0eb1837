"""The journal: what is written is there after a crash, in order, once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.engine import Connection

from oracle.core.errors import ConfigError, JournalError
from oracle.core.lifecycle import Request, State
from oracle.core.transaction import Attempt, Fees, Transaction, TxState
from oracle.journal import Journal, chain_view, requests, transactions
from oracle.journal.chain_view import DecisionRecord
from tests.support.journals import (
    IDENTITY,
    MODEL,
    prediction_about,
    request_about,
    transaction_about,
)


@pytest.fixture
async def journal(journal_url: str) -> AsyncIterator[Journal]:
    async with await Journal(journal_url).open(IDENTITY) as opened:
        yield opened


async def test_save__request_with_prediction__reads_back_equal(journal: Journal) -> None:
    request = request_about(5, state=State.INFERRED, prediction=prediction_about(5), tries=2)
    await journal.write(lambda db: requests.save(db, request, at=1.5))
    assert await journal.read(lambda db: requests.find(db, MODEL, request.subject)) == request


async def test_save__twice_in_one_state__has_one_timeline_entry(journal: Journal) -> None:
    seen, confirmed = request_about(1), request_about(1, state=State.CONFIRMED)

    def write(db: Connection) -> None:
        requests.save(db, seen, at=1.0, note="block 1")
        requests.save(db, seen, at=2.0)
        requests.save(db, confirmed, at=3.0)

    await journal.write(write)
    story = await journal.read(lambda db: requests.story(db, MODEL, seen.subject))
    assert [(e.at, e.state, e.note) for e in story] == [
        (1.0, State.SEEN, "block 1"),
        (3.0, State.CONFIRMED, ""),
    ]


async def test_save_all__known_and_new_ones_together__reads_as_saved_one_by_one(
    journal: Journal,
) -> None:
    first, second, third = (request_about(number) for number in (1, 2, 3))
    inferred = replace(second, state=State.INFERRED, prediction=prediction_about(2))

    def change(db: Connection) -> list[tuple[Request | None, list[tuple[State, str]]]]:
        requests.save_all(db, [(first, "a"), (second, "b")], at=1)
        requests.save_all(db, [(inferred, ""), (first, ""), (third, "c")], at=2)
        found = []
        for number in (1, 2, 3):
            subject = number.to_bytes(32, "big")
            lines = [(e.state, e.note) for e in requests.story(db, MODEL, subject)]
            found.append((requests.find(db, MODEL, subject), lines))
        return found

    assert await journal.write(change) == [
        (first, [(State.SEEN, "a")]),
        (inferred, [(State.SEEN, "b"), (State.INFERRED, "")]),
        (third, [(State.SEEN, "c")]),
    ]


async def test_again__what_changed_since__is_read_anew_and_the_rest_is_as_it_was(
    journal: Journal,
) -> None:
    read = [request_about(number, state=State.CONFIRMED) for number in range(1, 6)]
    now = [
        read[0],
        replace(read[1], state=State.EXPIRED),
        replace(read[2], tries=1, not_before=9, reason="why"),
        replace(read[3], block_hash=b"n" * 32, block_number=77),
    ]  # the last one is not in the journal at all
    await journal.write(lambda db: requests.save_all(db, [(r, "") for r in now], at=1))
    found = await journal.read(lambda db: requests.again(db, read))
    assert found == {(MODEL, each.subject): each for each in now}


async def test_decided_by__blocks_from_to__leaves_the_others_and_what_is_final(
    journal: Journal,
) -> None:
    def change(db: Connection) -> list[int]:
        for number in (1, 2, 3, 4):
            requests.save(db, request_about(number, state=State.SUBMITTED), at=1)
            made = DecisionRecord(
                prediction=prediction_about(number),
                verdict=1,
                trust_level=1,
                block_number=10 * number,
                block_hash=b"h" * 32,
                log_index=0,
                tx_hash=bytes([number]) * 32,
                decided_at=5,
            )
            chain_view.add_decision(db, made)
        requests.save(db, request_about(3, state=State.FINAL), at=2)
        found = requests.decided_by(db, 10, 30)
        assert [(number, tx_hash[0]) for _, number, tx_hash in found] == [(20, 2)]
        return [request.block_number for request, _, _ in requests.decided_by(db, -1, 40)]

    assert await journal.write(change) == [1, 2, 4]


async def test_in_states__many__in_the_order_of_the_chain(journal: Journal) -> None:
    places = [(3, 0), (1, 9), (1, 2), (2, 5)]

    def write(db: Connection) -> None:
        for subject, (block, index) in enumerate(places):
            moved = request_about(subject, block_number=block, log_index=index)
            requests.save(db, moved, at=0)

    await journal.write(write)
    found = await journal.read(lambda db: requests.in_states(db, {State.SEEN}))
    assert [(r.block_number, r.log_index) for r in found] == sorted(places)


async def test_in_states__not_before__holds_back_until_then(journal: Journal) -> None:
    waiting = request_about(1, state=State.CONFIRMED, not_before=50)
    await journal.write(lambda db: requests.save(db, waiting, at=0))

    async def ready(at: int) -> int:
        return len(
            await journal.read(lambda db: requests.in_states(db, {State.CONFIRMED}, ready_at=at))
        )

    assert await ready(49) == 0
    assert await ready(50) == 1
    assert await journal.read(requests.next_retry) == 50


async def test_write__a_change_that_fails__leaves_nothing(journal: Journal) -> None:
    def half(db: Connection) -> None:
        requests.save(db, request_about(1), at=0)
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        await journal.write(half)
    assert await journal.read(requests.counts) == {}


async def test_idempotency__one_key_twice__is_refused_by_the_database(journal: Journal) -> None:
    subject = request_about(1).subject

    def write(db: Connection) -> None:
        requests.save(db, request_about(1), at=0)
        requests.mark_idempotent(db, "key", b"b" * 32, MODEL, subject)

    await journal.write(write)
    found = await journal.read(lambda db: requests.find_idempotent(db, "key"))
    assert found == (b"b" * 32, request_about(1))
    with pytest.raises(JournalError, match="(?i)unique"):
        await journal.write(
            lambda db: requests.mark_idempotent(db, "key", b"c" * 32, MODEL, subject)
        )


async def test_queue__one_key_twice__is_one_transaction(journal: Journal) -> None:
    def queue(db: Connection) -> bool:
        return transactions.queue(db, 31337, "0xabc", transaction_about(1))

    assert await journal.write(queue) is True
    assert await journal.write(queue) is False
    assert await journal.read(transactions.counts) == {TxState.QUEUED: 1}


async def test_transactions__one_nonce_twice__is_refused_by_the_database(
    journal: Journal,
) -> None:
    def write(db: Connection) -> None:
        for subject in (1, 2):
            transactions.queue(db, 31337, "0xabc", transaction_about(subject))
        for queued in transactions.in_states(db, {TxState.QUEUED}):
            transactions.save(db, replace(queued, state=TxState.SIGNED, nonce=4))

    with pytest.raises(JournalError, match="(?i)unique"):
        await journal.write(write)


async def test_transactions__attempts__are_kept_and_a_dropped_nonce_is_free(
    journal: Journal,
) -> None:
    first = Attempt(hash=b"1" * 32, nonce=4, raw=b"r1", fees=_fees(10), at=1)
    second = Attempt(hash=b"2" * 32, nonce=4, raw=b"r2", fees=_fees(20), at=2)

    def write(db: Connection) -> Transaction:
        transactions.queue(db, 31337, "0xabc", transaction_about(1))
        (queued,) = transactions.in_states(db, {TxState.QUEUED})
        sent = replace(queued, state=TxState.SENT, nonce=4, attempts=(first,))
        transactions.save(db, sent)
        transactions.save(db, replace(sent, attempts=(first, second)))
        (found,) = transactions.in_states(db, {TxState.SENT})
        assert transactions.highest_nonce(db, 31337, "0xabc") == 4
        transactions.save(db, replace(found, state=TxState.DROPPED, nonce=None))
        assert transactions.highest_nonce(db, 31337, "0xabc") is None
        return found

    assert (await journal.write(write)).attempts == (first, second)


async def test_unmine__blocks_above__go_back_to_sent_and_settle_ends_the_rest(
    journal: Journal,
) -> None:
    def write(db: Connection) -> tuple[int, ...]:
        for subject in (1, 2):
            transactions.queue(db, 31337, "0xabc", transaction_about(subject))
        for queued in transactions.in_states(db, {TxState.QUEUED}):
            mined = replace(queued, state=TxState.MINED, nonce=queued.id, block_number=queued.id)
            transactions.save(db, replace(mined, block_hash=b"h" * 32, succeeded=True))
        transactions.unmine(db, above=1)
        transactions.settle(db, 1)
        (sent,) = transactions.in_states(db, {TxState.SENT})
        (final,) = transactions.in_states(db, {TxState.FINAL})
        assert (sent.block_number, sent.succeeded) == (None, None)
        return sent.id, final.id

    assert await journal.write(write) == (2, 1)


async def test_rewind__decisions_above__are_forgotten(journal: Journal) -> None:
    def record(block: int) -> DecisionRecord:
        return DecisionRecord(
            prediction=prediction_about(block),
            verdict=2,
            trust_level=1,
            block_number=block,
            block_hash=b"h" * 32,
            log_index=0,
            tx_hash=b"t" * 32,
            decided_at=9,
        )

    def write(db: Connection) -> list[DecisionRecord]:
        for number in (1, 2, 3):
            chain_view.add_block(db, number, bytes([number]) * 32, number)
            chain_view.add_decision(db, record(number))
            chain_view.add_decision(db, record(number))
        chain_view.rewind(db, 2)
        assert chain_view.tail(db) == [(1, b"\1" * 32), (2, b"\2" * 32)]
        assert chain_view.head(db) == (2, 2)
        return chain_view.decisions_between(db, 0, 9)

    assert await journal.write(write) == [record(1), record(2)]


async def test_open__another_chain__is_refused_and_the_right_one_finds_everything(
    journal_url: str,
) -> None:
    async with await Journal(journal_url).open(IDENTITY) as first:
        await first.write(lambda db: requests.save(db, request_about(1), at=0))
    other = Journal(journal_url)
    with pytest.raises(ConfigError, match="belongs to chain_id 31337, not 1"):
        await other.open(IDENTITY | {"chain_id": "1"})
    await other.aclose()
    async with await Journal(journal_url).open(IDENTITY) as again:
        assert await again.read(requests.counts) == {State.SEEN: 1}


async def test_save__a_reason_that_quotes_odd_bytes__is_kept_as_far_as_text_goes(
    journal: Journal,
) -> None:
    odd = request_about(1, state=State.REFUSED, reason="it said \0 and \ud800")
    await journal.write(lambda db: requests.save(db, odd, at=0))
    found = await journal.read(lambda db: requests.find(db, MODEL, odd.subject))
    assert found is not None
    assert found.reason == "it said \ufffd and ?"


async def test_save__the_widest_numbers_of_the_chain__read_back_equal(journal: Journal) -> None:
    widest = replace(prediction_about(1), confidence=10**6, value=2**127 - 1)
    request = request_about(
        1,
        prediction=widest,
        state=State.INFERRED,
        deadline=2**40 - 1,
        callback_gas=2**24 - 1,
        fee_gwei=2**32 - 1,
    )
    await journal.write(lambda db: requests.save(db, request, at=1.7e9))
    assert await journal.read(lambda db: requests.find(db, MODEL, request.subject)) == request


async def test_open__no_such_folder_can_be_made__says_where(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    journal = Journal(f"sqlite:///{tmp_path}/file/journal.db")
    with pytest.raises(JournalError, match="file/journal.db"):
        await journal.open(IDENTITY)
    await journal.aclose()


def _fees(wei: int) -> Fees:
    return Fees(max_fee=wei, priority_fee=1)
