"""A backlog on a real chain: its answers share transactions, and each has an end of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from oracle.chain.signer import AccountSigner
from oracle.core.lifecycle import State
from oracle.core.receipt_json import write_receipt
from oracle.core.transaction import GWEI, Purpose, Transaction, TxState
from oracle.journal import requests, transactions
from oracle.node import vouch
from oracle.node.accept import account_of
from oracle.node.node import Node
from oracle.node.receipts import decision_receipt
from oracle.verify import parse_receipt, verify
from tests.support.harness import (
    OPERATOR,
    REQUESTER,
    World,
    request_of,
    running_node,
    until,
)
from tests.support.javascript import outcomes_in_javascript


async def sent(node: Node) -> list[Transaction]:
    return await node.parts.journal.read(lambda db: transactions.in_states(db, list(TxState)))


async def all_final(node: Node) -> bool:
    """All requests are, and no transaction is on its way."""
    states = {each.state for each in await sent(node)}
    of_requests = set(await node.parts.journal.read(requests.counts))
    return of_requests == {State.FINAL} and states <= {TxState.FINAL, TxState.DROPPED}


async def final_below(world: World, node: Node) -> bool:
    """``all_final``, with one block more each time."""
    await world.mine()
    return await all_final(node)


async def in_mempool(world: World) -> bool:
    return int((await world.rpc.call("txpool_status"))["pending"], 16) >= 1


async def each_once(world: World, asked: list[bytes]) -> None:
    made = Counter(each.prediction.subject for each in await world.decisions())
    assert made == Counter(asked)


def queue_first_as(
    monkeypatch: pytest.MonkeyPatch, change: Callable[[Transaction], Transaction]
) -> None:
    """Queue the first shared transaction otherwise than it was simulated."""
    shared, changed = vouch._shared, False

    def otherwise(members: list[Transaction]) -> Transaction:
        nonlocal changed
        made = shared(members)
        if not changed:
            changed = True
            return change(made)
        return made

    monkeypatch.setattr(vouch, "_shared", otherwise)


async def test_backlog__of_two_callback_gases__is_two_transactions_and_each_fee_is_credited(
    world: World, tmp_path: Path
) -> None:
    assert world.model.policy is not None
    fee = world.model.policy.fee_gwei * GWEI
    asked = await world.ask_at_once(7, callback_gas=(0, 0, 30_000))
    async with running_node(world, tmp_path) as node:
        made = await world.decided(asked)
        await until(lambda: all_final(node))
        found = await sent(node)
        assert [(each.purpose, len(each.answers)) for each in found] == [
            (Purpose.ANSWERS, 5),
            (Purpose.ANSWERS, 2),
        ]
        account = await account_of(node.parts, world.model.model_id, asked[2])
        assert [each.mined_hash for each in account.transactions] == [found[1].mined_hash]
        assert account.decision is not None
        assert account.decision.tx_hash == found[1].mined_hash
        assert [entry.state for entry in account.timeline] == [
            State.SEEN,
            State.CONFIRMED,
            State.INFERRED,
            State.VOUCHED,
            State.SUBMITTED,
            State.FINAL,
        ]
        credit = await world.contract.credit_of(OPERATOR.address, block="latest")
        assert credit == 7 * fee
        (lone,) = await world.ask(1)
        await world.decided([lone])
        credit = await world.contract.credit_of(OPERATOR.address, block="latest")
        assert credit == 8 * fee, "as much as one alone earns"
    await each_once(world, [*asked, lone])
    assert {each.trust_level for each in made} == {1}


async def test_receipt__of_one_of_several__is_verified_in_python_and_javascript(
    world: World, tmp_path: Path
) -> None:
    asked = await world.ask_at_once(3)
    async with running_node(world, tmp_path) as node:
        await world.decided(asked)
        await until(lambda: all_final(node))
        assert len(await sent(node)) == 1
        receipt = await decision_receipt(node.parts, world.model.model_id, asked[1], trusted=True)
    report = await verify(
        parse_receipt(write_receipt(receipt)),
        {world.model.card.model.onnx.file: world.model.onnx},
        world.rpc,
        rule=world.model.policy.rule if world.model.policy else None,
        expected=world.contract.address,
    )
    assert {check.outcome for check in report.checks} == {"held"}
    (signed,) = [each for each in report.checks if each.name == "signed transaction"]
    assert "this prediction and 2 others" in signed.what
    found = await outcomes_in_javascript(receipt, world.url, world.model, world.contract.address)
    assert found == {check.name: check.outcome for check in report.checks}


async def test_shared__left_some_out__they_are_tried_again_and_decided_once(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its gas ends before it does: the contract leaves the last ones out."""
    queue_first_as(monkeypatch, lambda made: replace(made, gas=made.gas // 16))
    asked = await world.ask_at_once(20)
    async with running_node(world, tmp_path) as node:
        await world.decided(asked)
        await until(lambda: all_final(node))
        first, *others = await sent(node)
        assert first.succeeded is True
        assert all(each.succeeded for each in others)
        tries = [(await request_of(node, world, each)).tries for each in asked]
        left_out = tries.count(1)
        assert tries == [0] * (20 - left_out) + [1] * left_out, "the last ones"
        assert 1 <= left_out < 20
        account = await account_of(node.parts, world.model.model_id, asked[-1])
        assert [e.note for e in account.timeline if "left it out" in e.note]
        assert len(account.transactions) == 2
    await each_once(world, asked)


async def test_shared__reverted__each_is_decided_once_by_another(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its calldata ends within a prediction, so that the contract refuses all of it."""
    queue_first_as(monkeypatch, lambda made: replace(made, data=made.data[:-1]))
    asked = await world.ask_at_once(4)
    async with running_node(world, tmp_path) as node:
        await world.decided(asked)
        await until(lambda: all_final(node))
        assert [each.succeeded for each in await sent(node)] == [False, True]
        account = await account_of(node.parts, world.model.model_id, asked[0])
        assert [e.note for e in account.timeline if "reverted" in e.note]
    await each_once(world, asked)


async def test_shared__its_nonce_is_taken_by_another__each_is_decided_once(
    world: World, tmp_path: Path
) -> None:
    asked = await world.ask_at_once(4)
    await world.rpc.call("evm_setAutomine", [False])
    async with running_node(world, tmp_path, resend_after=60.0) as node:
        await until(lambda: in_mempool(world))
        await until(lambda: _in_state(node, State.SUBMITTED, 4))
        nonce = await world.rpc.nonce(OPERATOR.address, block="latest")
        await world.rpc.call("anvil_dropAllTransactions")
        foreign = OPERATOR.sign_transaction(
            {
                "type": 2,
                "chainId": 31337,
                "nonce": nonce,
                "to": REQUESTER.address,
                "value": 1,
                "gas": 21_000,
                "maxFeePerGas": 10 * GWEI,
                "maxPriorityFeePerGas": GWEI,
            }
        )
        await world.rpc.broadcast(bytes(foreign.raw_transaction))
        await world.mine()
        await world.rpc.call("evm_setAutomine", [True])
        await world.decided(asked)
        await until(lambda: all_final(node))
        found = await sent(node)
        assert Counter(each.state for each in found) == {TxState.DROPPED: 1, TxState.FINAL: 1}
        assert [each.nonce for each in found if each.nonce is not None] == [nonce + 1]
    await each_once(world, asked)


async def test_shared__a_deadline_passes_before_it_is_mined__that_one_expires_and_the_rest_is_final(
    world: World, tmp_path: Path
) -> None:
    (late,) = await world.ask_at_once(1, lifetime=600)
    others = await world.ask_at_once(3)
    await world.rpc.call("evm_setAutomine", [False])
    async with running_node(world, tmp_path, resend_after=60.0) as node:
        await until(lambda: _in_state(node, State.SUBMITTED, 4))
        (shared,) = await sent(node)
        assert len(shared.answers) == 4
        await world.rpc.call("evm_increaseTime", [601])
        await world.mine()
        await world.rpc.call("evm_setAutomine", [True])
        await world.decided(others)

        async def settled() -> bool:
            counts = await node.parts.journal.read(requests.counts)
            return counts == {State.FINAL: 3, State.EXPIRED: 1}

        await until(settled)
        assert (await request_of(node, world, late)).state is State.EXPIRED
        refund = world.contract.encode_refund(world.model.model_id, late)
        signer = AccountSigner(world.rpc, REQUESTER)
        receipt = await signer.send_transaction(to=world.contract.address, calldata=refund)
        assert receipt.succeeded
    await each_once(world, others)


async def test_reorg__under_a_shared_transaction__it_is_sent_again_and_each_decided_once(
    world: World, tmp_path: Path
) -> None:
    async with running_node(world, tmp_path, finality=20) as node:
        await world.mine(3)
        asked = await world.ask_at_once(5)
        await world.decided(asked)

        async def mined() -> bool:
            states = {each.state for each in await sent(node)}
            return states == {TxState.MINED}

        await until(mined)
        before = await sent(node)
        await world.rpc.call("anvil_reorg", [1, []])
        await world.mine()
        await world.decided(asked)
        await until(lambda: final_below(world, node))
        # Its block may be of an earlier time than the predictions: then they are made anew.
        decided_by = {each.tx_hash for each in await world.decisions()}
        assert decided_by == {(await sent(node))[-1].mined_hash}
        first = (await sent(node))[0]
        assert (first.id, len(first.attempts)) == (before[0].id, 1)
    await each_once(world, asked)


async def test_reorg__requests_and_answers_gone__those_that_come_back_are_decided_once(
    world: World, tmp_path: Path
) -> None:
    """The shared transaction is mined where some of its requests are not: they are left out."""
    async with running_node(world, tmp_path, finality=20) as node:
        await world.mine(3)
        asked = await world.ask_at_once(4)
        await world.decided(asked)
        await until(lambda: _in_state(node, State.SUBMITTED, 4))
        await world.rpc.call("anvil_reorg", [2, []])
        await world.mine()
        await until(lambda: _in_state(node, State.ORPHANED, 4))
        assert await world.ask_at_once(4) == asked
        await world.decided(asked)
        await until(lambda: final_below(world, node))
    await each_once(world, asked)


async def test_shared__stuck_below_the_base_fee__is_replaced_under_its_nonce(
    world: World, tmp_path: Path
) -> None:
    asked = await world.ask_at_once(4)
    await world.rpc.call("evm_setAutomine", [False])
    async with running_node(world, tmp_path, resend_after=0.3, replace_after=1.0) as node:

        async def replaced() -> bool:
            return any(len(each.attempts) > 1 for each in await sent(node))

        await until(replaced)
        await world.mine()
        await world.rpc.call("evm_setAutomine", [True])
        await world.decided(asked)
        await until(lambda: all_final(node))
        (shared,) = await sent(node)
        assert len({each.nonce for each in shared.attempts}) == 1
    await each_once(world, asked)


async def _in_state(node: Node, state: State, number: int) -> bool:
    return (await node.parts.journal.read(requests.counts)).get(state) == number
