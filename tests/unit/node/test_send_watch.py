"""The sender watches: what was mined, reverted, evicted, replaced, or can never be."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_utils.crypto import keccak
from sqlalchemy.engine import Connection
from structlog.testing import capture_logs

from oracle.chain.replies import SendOutcome
from oracle.core.lifecycle import State
from oracle.core.transaction import GWEI, FeePolicy, TxState
from oracle.journal import requests, transactions
from tests.support.fake_chain import OPERATOR, block_hash, fields_of
from tests.support.sender import MODEL, Bench


async def test_turn__some_of_many_are_mined__asks_for_the_receipts_of_these_only(
    bench: Bench,
) -> None:
    await bench.vouch(*range(1, 51))
    await bench.turn()
    await bench.turn()  # now and then all are looked for
    bench.rpc.asked.clear()
    bench.rpc.mine(only=4)
    await bench.turn()
    assert len(bench.rpc.asked) == 5
    states = [each.state for each in await bench.all()]
    assert states.count(TxState.MINED) == 5
    assert states.count(TxState.SENT) == 45


async def test_turn__thrown_out_of_the_chain__leaves_again_at_once(bench: Bench) -> None:
    await bench.vouch(1, 2)
    await bench.turn()
    bench.rpc.mine()
    await bench.turn()
    sent = len(bench.rpc.sends)
    bench.rpc.spent, bench.rpc.mined = 0, {}
    above = bench.rpc.head - 1
    await bench.parts.journal.write(lambda db: transactions.unmine(db, above=above))
    await bench.turn()
    assert bench.rpc.sends[sent:] == bench.rpc.sends[:2]


async def test_turn__mined__waits_for_the_follower_and_is_recorded(bench: Bench) -> None:
    await bench.vouch(1)
    await bench.turn()
    bench.rpc.mine()
    await bench.sender.turn()
    assert (await bench.all())[0].state is TxState.SENT, "the follower has not judged the block"
    await bench.turn()
    (mined,) = await bench.all()
    assert (mined.state, mined.succeeded) == (TxState.MINED, True)
    assert (mined.block_number, mined.block_hash) == (bench.rpc.head, block_hash(bench.rpc.head))
    assert (mined.gas_used, mined.gas_price) == (50_000, bench.rpc.base_fee)
    assert bench.stages[3:] == ["mined"]


async def test_turn__mined_in_a_block_that_was_reorganised__waits_and_the_others_do_not(
    bench: Bench,
) -> None:
    await bench.vouch(1, 2)
    await bench.turn()
    bench.rpc.mine()
    stale = keccak(bench.rpc.sends[0])
    bench.rpc.mined[stale] = replace(bench.rpc.mined[stale], block_hash=b"x" * 32)
    await bench.turn()
    assert [each.state for each in await bench.all()] == [TxState.SENT, TxState.MINED]


async def test_turn__mined_before_the_blocks_that_are_kept__is_recorded(bench: Bench) -> None:
    await bench.vouch(1)
    await bench.turn()
    bench.rpc.mine()
    bench.rpc.head += 1
    await bench.turn()
    assert (await bench.all())[0].state is TxState.FINAL


@pytest.mark.parametrize(("blocks", "state"), [(1, TxState.MINED), (2, TxState.FINAL)])
async def test_turn__found_when_it_is_deep__is_final_at_once(
    bench: Bench, blocks: int, state: TxState
) -> None:
    await bench.vouch(1)
    await bench.turn()
    bench.rpc.mine()
    await bench.follow()
    bench.rpc.head += blocks - 1
    await bench.turn()
    assert (await bench.all())[0].state is state


async def test_turn__mined_while_the_node_was_away__is_recorded(bench: Bench) -> None:
    await bench.vouch(1)
    await bench.turn()
    bench.rpc.mine()
    again = bench.restarted()
    await again.turn()
    assert (await again.all())[0].state is TxState.MINED


async def test_turn__nonce_taken_while_the_node_was_away__answers_anew(bench: Bench) -> None:
    await bench.vouch(1)
    await bench.turn()
    bench.rpc.mempool.clear()
    bench.rpc.spent = 1
    again = bench.restarted()
    await again.turn()
    assert (await again.all())[0].state is TxState.DROPPED
    assert again.stages == ["dropped"]


async def test_turn__one_was_dropped__the_others_are_judged_by_the_nonce_as_before(
    bench: Bench,
) -> None:
    await bench.vouch(1)
    await bench.turn()
    bench.rpc.mempool.clear()
    bench.rpc.spent = 1
    bench.rpc.head += 1
    await bench.vouch(2)
    for _ in range(2):
        await bench.turn()
    bench.rpc.asked.clear()
    await bench.turn()
    assert bench.rpc.asked == []


async def test_turn__a_replacement_is_not_taken__is_sent_again_as_it_is(bench: Bench) -> None:
    await bench.vouch(1)
    await bench.turn()
    bench.rpc.says = SendOutcome.INSUFFICIENT_FUNDS
    for _ in range(2):
        bench.now += 46
        await bench.turn()
    assert len((await bench.all())[0].attempts) == 2
    assert bench.rpc.sends[-1] == bench.rpc.sends[-2]


async def test_turn__reverted__tries_the_request_again(bench: Bench) -> None:
    await bench.vouch(1)
    await bench.turn()
    bench.rpc.mine(succeeded=False)
    await bench.turn()
    (mined,) = await bench.all()
    assert (mined.state, mined.succeeded) == (TxState.MINED, False)
    assert await bench.state_of(1) is State.CONFIRMED
    assert bench.parts.to_answer.is_set()


async def test_turn__evicted__sends_the_same_bytes_again(bench: Bench) -> None:
    await bench.vouch(1)
    await bench.turn()
    bench.rpc.mempool.clear()
    bench.now += 14
    await bench.turn()
    assert len(bench.rpc.sends) == 1
    bench.now += 1
    await bench.turn()
    assert len(bench.rpc.sends) == 2
    assert len(set(bench.rpc.sends)) == 1


async def test_turn__stuck__is_replaced_with_the_same_nonce_and_higher_fees(
    bench: Bench,
) -> None:
    await bench.vouch(1)
    await bench.turn()
    bench.now += 45
    await bench.turn()
    first, second = (fields_of(bench.rpc.sends[i]) for i in (0, -1))
    assert (first["nonce"], second["nonce"]) == (0, 0)
    assert second["maxFeePerGas"] * 10 >= first["maxFeePerGas"] * 11
    assert second["maxPriorityFeePerGas"] * 10 >= first["maxPriorityFeePerGas"] * 11
    (sent,) = await bench.all()
    assert [a.raw for a in sent.attempts] == [bench.rpc.sends[0], bench.rpc.sends[-1]]


async def test_turn__stuck_while_the_base_fee_rose__is_replaced_by_what_it_costs_now(
    bench: Bench,
) -> None:
    await bench.vouch(1)
    await bench.turn()
    bench.now += 45
    bench.rpc.base_fee = 20 * GWEI
    await bench.turn()
    assert fields_of(bench.rpc.sends[-1])["maxFeePerGas"] == 41 * GWEI
    assert bench.stages[3:] == ["replaced", "broadcast"]


async def test_turn__replaced_again__is_logged_by_its_newest_attempt(bench: Bench) -> None:
    await bench.vouch(1)
    await bench.turn()
    with capture_logs() as said:
        for _ in range(2):
            bench.now += 45
            await bench.turn()
    shown = [each["tx_hash"] for each in said if each["event"] == "transaction_replaced"]
    (sent,) = await bench.all()
    assert shown == ["0x" + each.hash.hex() for each in sent.attempts[1:]]


async def test_turn__first_attempt_mined_after_a_replacement__is_found(bench: Bench) -> None:
    await bench.vouch(1)
    await bench.turn()
    bench.now += 46
    await bench.turn()
    bench.rpc.mempool[0] = bench.rpc.sends[0]
    bench.rpc.mine()
    await bench.turn()
    (mined,) = await bench.all()
    assert mined.state is TxState.MINED
    assert mined.mined_hash == mined.attempts[0].hash


async def test_turn__stuck_at_the_ceiling__keeps_its_attempt(bench: Bench) -> None:
    bench.parts.fees = FeePolicy(ceiling=3 * GWEI, priority=GWEI)
    await bench.vouch(1)
    await bench.turn()
    bench.now += 46
    await bench.turn()
    assert len((await bench.all())[0].attempts) == 1


async def test_turn__foreign_transaction_took_the_nonce__answers_anew(bench: Bench) -> None:
    await bench.vouch(1)
    await bench.turn()
    bench.rpc.mempool.clear()
    bench.rpc.spent = 1
    bench.rpc.head += 1
    await bench.turn()
    (dropped,) = await bench.all()
    assert (dropped.state, dropped.nonce) == (TxState.DROPPED, None)
    assert await bench.state_of(1) is State.CONFIRMED


async def test_turn__the_nonce_came_back_with_a_reorganisation__the_same_bytes_are_sent(
    bench: Bench,
) -> None:
    """Another transaction had the nonce, and left the chain: the answer is signed as before."""
    await bench.vouch(1)
    await bench.turn()
    bench.rpc.mempool.clear()
    bench.rpc.spent = 1
    bench.rpc.head += 1
    await bench.turn()
    (dropped,) = await bench.all()
    bench.rpc.spent = 0
    again = replace(dropped, key="again", state=TxState.QUEUED, attempts=())

    def vouched(db: Connection) -> None:
        request = requests.find(db, MODEL, dropped.subject)
        assert request is not None
        requests.save(db, replace(request, state=State.VOUCHED), at=0)
        transactions.queue(db, 31337, OPERATOR.address, again)

    await bench.parts.journal.write(vouched)
    await bench.turn()
    dropped, sent = sorted(await bench.all(), key=lambda each: each.id)
    assert (dropped.state, dropped.attempts) == (TxState.DROPPED, ())
    assert (sent.state, sent.nonce, len(sent.attempts)) == (TxState.SENT, 0, 1)
    assert bench.rpc.sends == [sent.attempts[0].raw] * 2
    assert await bench.state_of(1) is State.SUBMITTED
