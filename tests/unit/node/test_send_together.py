"""A transaction that carries several answers: one nonce for all, and an end for each."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.engine import Connection
from structlog.testing import capture_logs

from oracle.chain.wire import TxReceipt
from oracle.core.lifecycle import State
from oracle.core.transaction import GWEI, TxState, answers_gas
from oracle.journal import Journal, chain_view, transactions
from tests.support.fake_chain import fields_of
from tests.support.sender import GAS, Together, word


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Together]:
    async with await Journal.at(tmp_path / "journal.db").open({}) as journal:
        yield Together(journal)


async def test_turn__three_share__are_sent_at_once_under_one_nonce(bench: Together) -> None:
    await bench.vouch_together(1, 2, 3)
    await bench.vouch(4)
    with capture_logs() as said:
        await bench.turn()
    first, second = (fields_of(raw) for raw in bench.rpc.sends)
    assert (first["nonce"], second["nonce"]) == (0, 1)
    assert (first["gas"], first["value"]) == (answers_gas(GAS, 3), 0)
    sent = await bench.shared()
    assert (sent.state, sent.nonce, first["data"]) == (TxState.SENT, 0, sent.data)
    assert await bench.states([1, 2, 3, 4]) == [State.SUBMITTED] * 4
    assert bench.stages == ["signed", "broadcast", *["submitted"] * 4]
    told = [each for each in said if each["event"] == "transaction_signed"]
    assert told[0]["request_ids"] == ["0x" + word(each).hex() for each in (1, 2, 3)]
    assert told[0]["purpose"] == "answers"
    assert told[1]["request_id"] == "0x" + word(4).hex()


async def test_turn__mined_and_all_decided__leaves_every_request_to_the_follower(
    bench: Together,
) -> None:
    await bench.vouch_together(1, 2, 3)
    await bench.turn()
    await bench.mine(1, 2, 3)
    await bench.sender.turn()
    assert (await bench.shared()).state is TxState.SENT, "the follower has not judged the block"
    await bench.turn()
    mined = await bench.shared()
    assert (mined.state, mined.succeeded, mined.gas_used) == (TxState.MINED, True, 50_000)
    assert await bench.states([1, 2, 3]) == [State.SUBMITTED] * 3


async def test_turn__mined_without_one__tries_that_one_again_and_the_others_not(
    bench: Together,
) -> None:
    await bench.vouch_together(1, 2, 3)
    await bench.turn()
    await bench.mine(1, 3)
    await bench.turn()
    mined = await bench.shared()
    assert (mined.state, mined.succeeded) == (TxState.MINED, True)
    assert await bench.states([1, 2, 3]) == [State.SUBMITTED, State.CONFIRMED, State.SUBMITTED]
    left = await bench.request(2)
    assert (left.tries, left.reason) == (1, f"transaction 0x{mined.mined_hash.hex()} left it out")
    assert bench.parts.to_answer.is_set()


async def test_turn__decided_by_another_transaction__counts_as_left_out_until_it_is_final(
    bench: Together,
) -> None:
    await bench.vouch_together(1, 2)
    await bench.turn()
    await bench.mine(1)
    await bench.decide(2, tx_hash=b"o" * 32)
    await bench.turn()
    assert await bench.states([1, 2]) == [State.SUBMITTED, State.CONFIRMED]


@pytest.mark.parametrize("decided", [State.FINAL, State.EXPIRED, State.REFUSED])
async def test_turn__left_out_since_it_was_closed__stays_closed(
    bench: Together, decided: State
) -> None:
    await bench.vouch_together(1, 2)
    await bench.turn()
    await bench.move(2, decided)
    await bench.mine(1)
    await bench.turn()
    assert await bench.states([1, 2]) == [State.SUBMITTED, decided]


async def test_turn__reverted__tries_all_of_them_again(bench: Together) -> None:
    await bench.vouch_together(1, 2, 3)
    await bench.turn()
    with capture_logs() as said:
        await bench.mine(succeeded=False)
        await bench.turn()
    assert await bench.states([1, 2, 3]) == [State.CONFIRMED] * 3
    assert {(await bench.request(each)).tries for each in (1, 2, 3)} == {1}
    assert "reverted" in (await bench.request(2)).reason
    told = next(each for each in said if each["event"] == "transaction_reverted")
    assert len(told["request_ids"]) == 3


async def test_turn__another_transaction_took_its_nonce__all_of_them_wait_again(
    bench: Together,
) -> None:
    await bench.vouch_together(1, 2, 3)
    await bench.turn()
    bench.rpc.mempool.clear()
    bench.rpc.spent = 1
    bench.rpc.head += 1
    await bench.turn()
    dropped = await bench.shared()
    assert (dropped.state, dropped.nonce) == (TxState.DROPPED, None)
    assert await bench.states([1, 2, 3]) == [State.CONFIRMED] * 3
    assert "nonce 0" in (await bench.request(3)).reason


@pytest.mark.parametrize("closed", [State.EXPIRED, State.FINAL, State.REFUSED])
async def test_turn__one_closed_while_it_waited__the_others_leave_alone_without_a_gap(
    bench: Together, closed: State
) -> None:
    await bench.vouch_together(1, 2, 3)
    await bench.move(2, closed)
    for _ in range(2):
        await bench.turn()
    sent = [fields_of(raw) for raw in bench.rpc.sends]
    assert [each["nonce"] for each in sent] == [0, 1]
    assert [bytes(each["data"])[36:68] for each in sent] == [word(1), word(3)]
    assert [each["gas"] for each in sent] == [GAS, GAS]
    assert await bench.states([1, 2, 3]) == [State.SUBMITTED, closed, State.SUBMITTED]
    assert (await bench.shared()).state is TxState.DROPPED


async def test_turn__one_left_the_chain_while_it_waited__the_others_leave_and_it_comes_after(
    bench: Together,
) -> None:
    await bench.vouch_together(1, 2, 3)
    await bench.move(1, State.ORPHANED)
    for _ in range(2):
        await bench.turn()
    assert [bytes(fields_of(raw)["data"])[36:68] for raw in bench.rpc.sends] == [word(2), word(3)]
    await bench.move(1, State.VOUCHED)
    await bench.turn()
    last = fields_of(bench.rpc.sends[-1])
    assert (last["nonce"], bytes(last["data"])[36:68]) == (2, word(1))
    assert await bench.states([1, 2, 3]) == [State.SUBMITTED] * 3


async def test_turn__taken_apart__keeps_no_other_transaction_waiting(bench: Together) -> None:
    await bench.vouch_together(1, 2)
    await bench.vouch(3)
    await bench.move(2, State.EXPIRED)
    await bench.turn()
    assert await bench.states([3]) == [State.SUBMITTED]
    await bench.turn()
    assert await bench.states([1, 2, 3]) == [State.SUBMITTED, State.EXPIRED, State.SUBMITTED]


async def test_turn__one_closed_after_signing__the_same_bytes_are_sent(bench: Together) -> None:
    """Its nonce is given: what the contract refuses costs the others nothing."""
    await bench.vouch_together(1, 2)

    def kill(stage: str, _: object) -> None:
        if stage == "signed":
            raise KeyboardInterrupt

    bench.parts.observers.append(kill)
    with pytest.raises(KeyboardInterrupt):
        await bench.turn()
    signed = await bench.shared()
    assert (signed.state, bench.rpc.sends) == (TxState.SIGNED, [])
    await bench.move(1, State.EXPIRED)
    again = bench.restarted()
    await again.turn()
    assert again.rpc.sends == [signed.attempts[0].raw]
    await again.mine(2)
    await again.turn()
    assert await again.states([1, 2]) == [State.EXPIRED, State.SUBMITTED]


async def test_turn__killed_after_the_broadcast__sends_no_second_transaction(
    bench: Together,
) -> None:
    await bench.vouch_together(1, 2)

    def kill(stage: str, _: object) -> None:
        if stage == "broadcast":
            raise KeyboardInterrupt

    bench.parts.observers.append(kill)
    with pytest.raises(KeyboardInterrupt):
        await bench.turn()
    again = bench.restarted()
    await again.turn()
    assert len(set(bench.rpc.sends)) == 1
    assert (await again.shared()).state is TxState.SENT
    assert await again.states([1, 2]) == [State.SUBMITTED] * 2


async def test_turn__stuck__is_replaced_under_its_nonce_and_either_attempt_counts(
    bench: Together,
) -> None:
    await bench.vouch_together(1, 2)
    await bench.turn()
    bench.now += 46
    await bench.turn()
    first, second = (fields_of(bench.rpc.sends[i]) for i in (0, -1))
    assert (first["nonce"], second["nonce"], second["data"]) == (0, 0, first["data"])
    assert second["maxFeePerGas"] * 10 >= first["maxFeePerGas"] * 11
    sent = await bench.shared()
    assert len(sent.attempts) == 2
    bench.rpc.mempool[0] = bench.rpc.sends[0]
    await bench.mine(2)
    await bench.turn()
    mined = await bench.shared()
    assert mined.mined_hash == sent.attempts[0].hash
    assert await bench.states([1, 2]) == [State.CONFIRMED, State.SUBMITTED]


async def test_turn__thrown_out_of_the_chain__leaves_again_and_is_judged_where_it_lands(
    bench: Together,
) -> None:
    await bench.vouch_together(1, 2)
    await bench.turn()
    await bench.mine(1, 2)
    await bench.turn()
    bench.rpc.spent, bench.rpc.mined = 0, {}
    above = bench.rpc.head - 1

    def rewind(db: Connection) -> None:
        chain_view.rewind(db, above)
        transactions.unmine(db, above=above)

    await bench.parts.journal.write(rewind)
    await bench.turn()
    assert len(set(bench.rpc.sends)) == 1
    await bench.mine(2)
    await bench.turn()
    assert await bench.states([1, 2]) == [State.CONFIRMED, State.SUBMITTED]
    assert (await bench.request(1)).tries == 1


async def test_turn__the_chain_is_rewound_while_the_receipt_is_read__waits_for_the_follower(
    bench: Together,
) -> None:
    """Mined again in a block that is not followed yet: what it decided is not known."""
    await bench.vouch_together(1, 2)
    await bench.turn()
    bench.rpc.mine()
    await bench.follow()
    receipts, to = bench.rpc.receipts, bench.rpc.head - 1

    async def rewound(hashes: list[bytes], **asked: bool) -> list[TxReceipt | None]:
        await bench.parts.journal.write(lambda db: chain_view.rewind(db, to))
        return await receipts(hashes, **asked)

    bench.rpc.receipts = rewound  # type: ignore[method-assign]
    await bench.sender.turn()
    assert (await bench.shared()).state is TxState.SENT
    assert await bench.states([1, 2]) == [State.SUBMITTED] * 2
    bench.rpc.receipts = receipts  # type: ignore[method-assign]
    await bench.decide(1, 2, tx_hash=(await bench.shared()).attempts[0].hash)
    await bench.turn()
    assert (await bench.shared()).state is TxState.MINED
    assert await bench.states([1, 2]) == [State.SUBMITTED] * 2


async def test_turn__a_request_left_the_chain_after_it_was_sent__is_tried_when_it_comes_back(
    bench: Together,
) -> None:
    await bench.vouch_together(1, 2)
    await bench.turn()
    await bench.move(1, State.ORPHANED)
    await bench.mine(2)
    await bench.turn()
    assert await bench.states([1, 2]) == [State.ORPHANED, State.SUBMITTED]
    assert (await bench.request(1)).tries == 1, "another transaction carries it then"


async def test_turn__many_wait__each_transaction_takes_one_place_in_flight(
    bench: Together,
) -> None:
    bench.parts.options = replace(bench.parts.options, in_flight=2)
    for first in (1, 3, 5):
        await bench.vouch_together(first, first + 1)
    await bench.turn()
    assert [fields_of(raw)["nonce"] for raw in bench.rpc.sends] == [0, 1]
    assert await bench.states(range(1, 7)) == [State.SUBMITTED] * 4 + [State.VOUCHED] * 2
    await bench.mine(1, 2)
    await bench.turn()
    assert [fields_of(raw)["nonce"] for raw in bench.rpc.sends] == [0, 1, 2]


async def test_turn__base_fee_above_the_ceiling__all_wait_and_it_says_so(bench: Together) -> None:
    bench.rpc.base_fee = 200 * GWEI
    await bench.vouch_together(1, 2)
    await bench.turn()
    assert bench.rpc.sends == []
    assert "above the ceiling" in bench.parts.trouble["fees"]
    assert await bench.states([1, 2]) == [State.VOUCHED] * 2


async def test_turn__more_than_the_balance_pays_for__each_answer_is_sent_alone(
    bench: Together,
) -> None:
    """What one answer may cost is there, so none of them has to wait for more."""
    await bench.vouch_together(1, 2, 3)
    bench.rpc.wei = answers_gas(GAS, 3) * 3 * GWEI - 1
    with capture_logs() as said:
        for _ in range(2):
            await bench.turn()
    sent = [fields_of(raw) for raw in bench.rpc.sends]
    assert [(each["nonce"], each["gas"]) for each in sent] == [(0, GAS), (1, GAS), (2, GAS)]
    assert (await bench.shared()).state is TxState.DROPPED
    assert await bench.states([1, 2, 3]) == [State.SUBMITTED] * 3
    (told,) = [each for each in said if each["event"] == "taken_apart"]
    assert (told["answers"], told["balance"]) == (3, bench.rpc.wei)
    assert told["cost"] == bench.rpc.wei + 1


async def test_turn__exactly_what_the_balance_pays_for__is_sent_together(bench: Together) -> None:
    await bench.vouch_together(1, 2, 3)
    bench.rpc.wei = answers_gas(GAS, 3) * 3 * GWEI
    await bench.turn()
    assert [fields_of(raw)["gas"] for raw in bench.rpc.sends] == [answers_gas(GAS, 3)]
