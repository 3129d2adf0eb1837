"""The sender: one nonce a transaction, the bytes recorded before they leave, nothing lost."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy.engine import Connection
from structlog.testing import capture_logs

from oracle.chain.replies import SendOutcome
from oracle.core.lifecycle import State
from oracle.core.transaction import GWEI, Purpose, Transaction, TxState
from oracle.journal import requests, transactions
from tests.support.fake_chain import OPERATOR, FakeContract, fields_of
from tests.support.sender import MODEL, Bench


async def test_turn__a_hundred_queued__leave_in_order_without_a_gap(bench: Bench) -> None:
    await bench.vouch(*range(1, 101))
    await bench.turn()
    assert len(bench.rpc.sends) == bench.parts.options.in_flight
    for _ in range(2):
        bench.rpc.mine()
        await bench.turn()
    sent = [fields_of(raw) for raw in bench.rpc.sends]
    assert [each["nonce"] for each in sent] == list(range(100))
    assert [int.from_bytes(each["data"], "big") for each in sent] == list(range(1, 101))


async def queue_bond(bench: Bench) -> None:
    """A sealed vote's commitment about the first subject, with its bond."""
    commitment = Transaction(
        key="commit",
        model_id=MODEL,
        subject=(1).to_bytes(32, "big"),
        to=FakeContract.address_bytes,
        data=b"seal",
        gas=80_000,
        value=10**18,
        purpose=Purpose.COMMIT,
    )
    await bench.parts.journal.write(
        lambda db: transactions.queue(db, 31337, OPERATOR.address, commitment)
    )


async def test_turn__a_bond__goes_along_as_value_and_the_request_stays(bench: Bench) -> None:
    await bench.vouch(1)
    await queue_bond(bench)
    await bench.turn()
    answer, commitment = (fields_of(raw) for raw in bench.rpc.sends)
    assert (answer["value"], commitment["value"]) == (0, 10**18)
    bench.rpc.mine(succeeded=False)
    await bench.turn()
    found = {t.purpose: t for t in await bench.all()}
    assert found[Purpose.COMMIT].succeeded is False
    assert found[Purpose.COMMIT].value == 10**18


async def test_turn__a_commitment_reverts__the_request_is_not_failed(bench: Bench) -> None:
    await queue_bond(bench)
    await bench.vouch(1)
    await bench.turn()
    state = await bench.state_of(1)
    commitment = next(t for t in await bench.all() if t.purpose is Purpose.COMMIT)
    bench.rpc.mine(succeeded=False, only=commitment.nonce)
    await bench.turn()
    assert (state, await bench.state_of(1)) == (State.SUBMITTED, State.SUBMITTED)


async def test_turn__a_commitment_of_a_closed_request__is_sent_all_the_same(bench: Bench) -> None:
    await queue_bond(bench)
    await bench.turn()
    assert len(bench.rpc.sends) == 1


async def test_turn__sent__was_recorded_before_it_left(bench: Bench) -> None:
    await bench.vouch(1)
    await bench.turn()
    (sent,) = await bench.all()
    assert (sent.state, sent.nonce) == (TxState.SENT, 0)
    assert sent.attempts[-1].raw == bench.rpc.sends[0]
    assert bench.stages == ["signed", "broadcast", "submitted"]
    assert await bench.state_of(1) is State.SUBMITTED


async def test_turn__killed_after_signing__sends_the_same_bytes(bench: Bench) -> None:
    await bench.vouch(1)

    def kill(stage: str, _: object) -> None:
        if stage == "signed":
            raise KeyboardInterrupt

    bench.parts.observers.append(kill)
    with pytest.raises(KeyboardInterrupt):
        await bench.turn()
    (signed,) = await bench.all()
    assert (signed.state, bench.rpc.sends) == (TxState.SIGNED, [])
    bench.parts.observers.pop()
    again = Bench(bench.parts.journal)
    await again.turn()
    assert again.rpc.sends == [signed.attempts[0].raw]
    assert await again.state_of(1) is State.SUBMITTED


async def test_turn__killed_after_the_broadcast__sends_no_second_transaction(
    bench: Bench,
) -> None:
    await bench.vouch(1)

    def kill(stage: str, _: object) -> None:
        if stage == "broadcast":
            raise KeyboardInterrupt

    bench.parts.observers.append(kill)
    with pytest.raises(KeyboardInterrupt):
        await bench.turn()
    again = bench.restarted()
    await again.turn()
    assert len(set(bench.rpc.sends)) == 1
    assert (await again.all())[0].state is TxState.SENT


async def test_turn__whatever_becomes_of_one__is_logged_under_its_request(bench: Bench) -> None:
    await bench.vouch(1, 2, 3)
    with capture_logs() as said:
        bench.rpc.says = SendOutcome.FEE_CAP
        await bench.turn()
        bench.rpc.says = None
        await bench.turn()
        bench.now += 46
        await bench.turn()
        bench.rpc.mine(only=0)
        await bench.turn()
        bench.rpc.mine(succeeded=False, only=1)
        await bench.turn()
        bench.rpc.mempool.clear()
        bench.rpc.spent = 3
        bench.rpc.head += 2
        await bench.turn()
    told = [each for each in said if "transaction_" in each["event"] or "refused" in each["event"]]
    assert [(each["log_level"], each["event"], each["nonce"]) for each in told] == [
        *[("info", "transaction_signed", nonce) for nonce in (0, 1, 2)],
        *[("warning", "send_refused", nonce) for nonce in (0, 1, 2)],
        *[("info", "transaction_replaced", nonce) for nonce in (0, 1, 2)],
        ("info", "transaction_mined", 0),
        ("warning", "transaction_reverted", 1),
        ("warning", "transaction_dropped", 2),
    ]
    assert {each["purpose"] for each in told} == {"answer"}
    for nonce, sent in enumerate(sorted(await bench.all(), key=lambda each: each.key)):
        first, second = ("0x" + attempt.hash.hex() for attempt in sent.attempts)
        shown = [each["tx_hash"] for each in told if each["nonce"] == nonce and "tx_hash" in each]
        assert shown == [first, second, *([second] if nonce < 2 else [])]
        assert {each["request_id"] for each in told if each["nonce"] == nonce} == {
            "0x" + sent.subject.hex()
        }
    assert (told[3]["outcome"], told[9]["block"]) == (str(SendOutcome.FEE_CAP), 11)


async def test_turn__base_fee_above_the_ceiling__waits_and_says_so(bench: Bench) -> None:
    bench.rpc.base_fee = 200 * GWEI
    await bench.vouch(1)
    await bench.turn()
    assert bench.rpc.sends == []
    assert "above the ceiling" in bench.parts.trouble["fees"]
    bench.rpc.base_fee = GWEI
    await bench.turn()
    assert len(bench.rpc.sends) == 1
    assert "fees" not in bench.parts.trouble


@pytest.mark.parametrize("says", [SendOutcome.INSUFFICIENT_FUNDS, SendOutcome.FEE_CAP])
async def test_turn__not_taken__is_kept_and_sent_when_it_can(
    bench: Bench, says: SendOutcome
) -> None:
    await bench.vouch(1)
    bench.rpc.says = says
    await bench.turn()
    assert (await bench.all())[0].state is TxState.SIGNED
    assert str(says) in bench.parts.trouble["send"]
    bench.rpc.says = None
    await bench.turn()
    assert (await bench.all())[0].state is TxState.SENT
    assert "send" not in bench.parts.trouble
    assert len(set(bench.rpc.sends)) == 1


@pytest.mark.parametrize(
    "says",
    [SendOutcome.MAYBE_SENT, SendOutcome.ALREADY_KNOWN, SendOutcome.UNDERPRICED],
)
async def test_turn__doubtful_reply__is_watched_and_not_signed_anew(
    bench: Bench, says: SendOutcome
) -> None:
    await bench.vouch(1)
    bench.rpc.says = says
    await bench.turn()
    (sent,) = await bench.all()
    assert (sent.state, len(sent.attempts)) == (TxState.SENT, 1)


async def test_turn__request_closed_before_signing__spends_no_nonce(bench: Bench) -> None:
    await bench.vouch(1, 2)

    def close(db: Connection) -> None:
        request = requests.find(db, MODEL, (1).to_bytes(32, "big"))
        assert request is not None
        from dataclasses import replace

        requests.save(db, replace(request, state=State.EXPIRED), at=0)

    await bench.parts.journal.write(close)
    await bench.turn()
    assert [t.state for t in await bench.all()] == [TxState.SENT, TxState.DROPPED]
    assert fields_of(bench.rpc.sends[0])["nonce"] == 0


async def test_turn__requests_left_the_chain__their_transactions_keep_nobody_waiting(
    bench: Bench,
) -> None:
    gone = range(1, bench.parts.options.in_flight + 1)
    await bench.vouch(*gone, 1000)

    def orphan(db: Connection) -> None:
        for number in gone:
            request = requests.find(db, MODEL, number.to_bytes(32, "big"))
            assert request is not None
            requests.save(db, replace(request, state=State.ORPHANED), at=0)

    await bench.parts.journal.write(orphan)
    await bench.turn()
    (sent,) = bench.rpc.sends
    assert int.from_bytes(fields_of(sent)["data"], "big") == 1000


async def test_next_nonce__journal_lost_with_transactions_in_flight__comes_after_them(
    bench: Bench,
) -> None:
    bench.rpc.spent = 3
    bench.rpc.mempool = {3: b"unknown", 4: b"unknown"}
    await bench.vouch(1)
    await bench.turn()
    assert fields_of(bench.rpc.sends[0])["nonce"] == 5
