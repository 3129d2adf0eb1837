"""A whole node on a real chain: what is asked is answered, once, in order, whatever happens."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from eth_utils.crypto import keccak

from oracle.chain.local import Engine, local_chain
from oracle.chain.signer import AccountSigner
from oracle.core.errors import Conflict, InvalidInput, JournalError, NotFound
from oracle.core.lifecycle import State
from oracle.core.prediction import subject_of
from oracle.core.transaction import GWEI, TxState
from oracle.journal import requests, transactions
from oracle.node.accept import accept, account_of, is_over, wait_for
from oracle.node.readiness import readiness
from tests.support.harness import (
    OPERATOR,
    REQUESTER,
    World,
    deployed_world,
    request_of,
    running_node,
    until,
    wired_node,
)


async def test_request__answered__with_the_models_own_words(world: World, tmp_path: Path) -> None:
    async with running_node(world, tmp_path) as node:
        (asked,) = await world.ask()
        (made,) = await world.decided([asked])
        vector = world.model.vectors[0]
        assert made.prediction.subject == asked
        assert made.prediction.input_hash == keccak(vector.input)
        assert made.prediction.output_hash == vector.output_hash
        assert made.prediction.value == vector.value
        assert made.trust_level == 1

        async def final() -> bool:
            return (await request_of(node, world, asked)).state is State.FINAL

        await until(final)
        account = await account_of(node.parts, world.model.model_id, asked)
        assert [entry.state for entry in account.timeline] == [
            State.SEEN,
            State.CONFIRMED,
            State.INFERRED,
            State.VOUCHED,
            State.SUBMITTED,
            State.FINAL,
        ]


async def test_requests__a_hundred_in_one_block__are_answered_in_order_without_a_gap(
    world: World, tmp_path: Path
) -> None:
    before = await world.rpc.nonce(OPERATOR.address, block="latest")
    asked = await world.ask_at_once(100)
    async with running_node(world, tmp_path):
        made = await world.decided(asked, within=60)
    assert [each.prediction.subject for each in made] == asked
    spent = await world.rpc.nonce(OPERATOR.address, block="pending")
    assert spent - before == 4  # twenty-five go into one transaction


async def test_requests__on_hardhats_chain__are_answered_too(tmp_path: Path) -> None:
    """Hardhat's node refuses nonces that come early, and mines each transaction at once."""
    async with (
        local_chain(folder=tmp_path / "chain", engine=Engine.HARDHAT) as chain,
        deployed_world(chain.url) as world,
    ):
        asked = await world.ask(30)
        async with running_node(world, tmp_path) as node:
            made = await world.decided(asked)
            assert [each.prediction.subject for each in made] == asked

            async def final() -> bool:
                return await node.parts.journal.read(transactions.counts) == {TxState.FINAL: 2}

            await until(final)


async def test_request__input_that_the_card_forbids__is_refused_and_refundable(
    world: World, tmp_path: Path
) -> None:
    async with running_node(world, tmp_path) as node:
        bad, good = await world.ask(2, inputs=[b"\xff" * 3, world.model.vectors[0].input])
        await world.decided([good])
        refused = await request_of(node, world, bad)
        assert refused.state is State.REFUSED
        assert "3" in refused.reason
        await world.rpc.call("evm_increaseTime", [3601])
        await world.mine()
        refund = world.contract.encode_refund(world.model.model_id, bad)
        signer = AccountSigner(world.rpc, REQUESTER)
        await signer.send_transaction(to=world.contract.address, calldata=refund)
        assert world.model.policy is not None
        credit = await world.contract.credit_of(REQUESTER.address, block="latest")
        assert credit == world.model.policy.fee_gwei * GWEI


async def test_request__node_away_until_the_deadline__expires_and_is_never_answered(
    world: World, tmp_path: Path
) -> None:
    (asked,) = await world.ask(lifetime=60)
    await world.rpc.call("evm_increaseTime", [61])
    await world.mine()
    async with running_node(world, tmp_path) as node:

        async def expired() -> bool:
            counts = await node.parts.journal.read(requests.counts)
            return counts.get(State.EXPIRED) == 1

        await until(expired)
        assert await node.parts.journal.read(transactions.counts) == {}
    assert asked not in {each.prediction.subject for each in await world.decisions()}


async def test_accept__one_key_twice__is_one_decision(world: World, tmp_path: Path) -> None:
    async with running_node(world, tmp_path) as node:
        body = {
            "model_id": world.model.model_id,
            "input_bytes": world.model.vectors[0].input,
            "idempotency_key": "loan-7",
        }
        first = await accept(node.parts, **body)
        again = await accept(node.parts, **body)
        assert first.subject == again.subject
        account = await wait_for(
            node.parts, world.model.model_id, first.subject, is_over, timeout=10
        )
        assert account.request is not None
        assert account.request.state is State.FINAL
        assert account.decision is not None
        assert [t.state for t in account.transactions] == [TxState.FINAL]
        other = body | {"input_bytes": world.model.vectors[1].input}
        with pytest.raises(Conflict, match="another body"):
            await accept(node.parts, **other)


async def test_accept__subject_decided_already__is_refused(world: World, tmp_path: Path) -> None:
    async with running_node(world, tmp_path) as node:
        made = await accept(
            node.parts,
            model_id=world.model.model_id,
            input_bytes=world.model.vectors[0].input,
            reference="loan 7",
        )
        await wait_for(node.parts, world.model.model_id, made.subject, is_over, timeout=10)
        with pytest.raises(Conflict, match="already"):
            await accept(
                node.parts,
                model_id=world.model.model_id,
                input_bytes=world.model.vectors[1].input,
                reference="loan 7",
            )


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"model_id": b"\0" * 32}, NotFound, "no model"),
        ({"input_bytes": b""}, InvalidInput, "bytes"),
        ({"idempotency_key": "k" * 256}, InvalidInput, "256"),
        ({"reference": "0xd0ec1510" + "00" * 28}, InvalidInput, "tag"),
        ({"reference": "0x" + "zz" * 32}, InvalidInput, "hexadecimal"),
    ],
)
async def test_accept__bad_input__is_refused_and_not_recorded(
    world: World,
    tmp_path: Path,
    changes: dict[str, object],
    error: type[Exception],
    words: str,
) -> None:
    async with running_node(world, tmp_path) as node:
        body: dict[str, object] = {
            "model_id": world.model.model_id,
            "input_bytes": world.model.vectors[0].input,
        }
        with pytest.raises(error, match=words):
            await accept(node.parts, **(body | changes))
        assert await node.parts.journal.read(requests.counts) == {}


async def test_transaction__evicted_from_the_mempool__is_sent_again(
    world: World, tmp_path: Path
) -> None:
    async with running_node(world, tmp_path, resend_after=0.3) as node:
        await world.rpc.call("evm_setAutomine", [False])
        accepted = await accept(
            node.parts,
            model_id=world.model.model_id,
            input_bytes=world.model.vectors[0].input,
        )
        await until(lambda: _in_mempool(world))
        await world.rpc.call("anvil_dropAllTransactions")
        assert not await _in_mempool(world)
        await until(lambda: _in_mempool(world))
        await world.mine()
        await world.decided([accepted.subject])
        sent = await node.parts.journal.read(
            lambda db: transactions.about(db, world.model.model_id, accepted.subject)
        )
        assert [len(each.attempts) for each in sent] == [1]


async def _in_mempool(world: World) -> bool:
    status = await world.rpc.call("txpool_status")
    return int(status["pending"], 16) >= 1


async def test_node__wallet_empty__is_not_ready_and_goes_on_when_filled(
    world: World, tmp_path: Path
) -> None:
    (asked,) = await world.ask()
    await world.rpc.call("anvil_setBalance", [OPERATOR.address, "0x0"])
    async with running_node(world, tmp_path, resend_after=0.3) as node:

        async def troubled() -> bool:
            return "send" in node.parts.trouble

        await until(troubled)
        unready = {check.name for check in await readiness(node) if not check.ok}
        assert {"funds", "loop:send"} <= unready
        await world.rpc.call("anvil_setBalance", [OPERATOR.address, hex(10**20)])
        await world.decided([asked])

        async def ready() -> bool:
            return all(check.ok for check in await readiness(node))

        await until(ready)


@pytest.mark.parametrize("years", [-30, 30])
async def test_node__clock_years_off__answers_with_the_chains_time(
    world: World, tmp_path: Path, years: int
) -> None:
    async with running_node(world, tmp_path) as node:
        node.parts.clock = lambda: time.time() + years * 365 * 86_400
        (asked,) = await world.ask()
        accepted = await accept(
            node.parts,
            model_id=world.model.model_id,
            input_bytes=world.model.vectors[0].input,
        )
        made = await world.decided([asked, accepted.subject])
        head = await world.rpc.block("latest")
        for each in made:
            assert head.timestamp - 600 < each.prediction.predicted_at <= head.timestamp


async def test_disk__full__nothing_is_accepted_and_it_goes_on_with_room(
    world: World, tmp_path: Path
) -> None:
    async with running_node(world, tmp_path) as node:
        journal = node.parts.journal

        async def pragma(words: str) -> int:
            return int(
                await journal.read(lambda db: db.exec_driver_sql(f"PRAGMA {words}").scalar_one())
            )

        await pragma(f"max_page_count={await pragma('page_count')}")
        body = {
            "model_id": world.model.model_id,
            "input_bytes": world.model.vectors[0].input,
        }
        accepted: list[str] = []

        async def accept_on_and_on() -> None:
            for number in range(1_000):
                await accept(node.parts, reference=f"loan {number}", **body)
                accepted.append(f"loan {number}")

        with pytest.raises(JournalError, match="full"):
            await accept_on_and_on()
        subject = subject_of(f"loan {len(accepted)}")
        assert await journal.read(lambda db: requests.find(db, body["model_id"], subject)) is None
        await pragma("max_page_count=1000000")
        asked = await world.ask()
        again = await accept(node.parts, reference=f"loan {len(accepted)}", **body)
        assert again.subject == subject
        await world.decided([*asked, *map(subject_of, accepted), subject])


async def test_node__with_another_key__answers_nothing_and_says_whose_the_model_is(
    world: World, tmp_path: Path
) -> None:
    wired = wired_node(
        rpc_url=world.url,
        contract=world.contract.address,
        folder=tmp_path / "other",
        account=REQUESTER,
    )
    async with wired as other:
        running = asyncio.create_task(other.run())
        (asked,) = await world.ask()
        with pytest.raises(Conflict, match=f"attested by {OPERATOR.address}, not by this node"):
            await accept(
                other.parts,
                model_id=world.model.model_id,
                input_bytes=world.model.vectors[0].input,
            )

        async def followed() -> bool:
            head = other.follow.head
            return (
                head is not None and head.stamp.number >= (await world.rpc.block("latest")).number
            )

        await until(followed)
        known = await other.parts.journal.read(lambda db: requests.counts(db))
        sent = await other.parts.journal.read(transactions.counts)
        running.cancel()
        assert State.SUBMITTED not in known
        assert not sent
    async with running_node(world, tmp_path / "own"):
        await world.decided([asked])
