"""Promised predictions on a real chain: anchored in order, proved, decided on, whatever happens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from oracle.chain.anchor import AnchorLog, anchor_log_of
from oracle.chain.local import LocalChain
from oracle.chain.signer import AccountSigner
from oracle.core.anchor import anchor_arguments, batch_after, verify_inclusion
from oracle.core.errors import ConfigError, Conflict, InvalidInput, Reverted
from oracle.core.promise import promise_digest
from oracle.core.signatures import signer_of
from oracle.core.transaction import Purpose, TxState
from oracle.journal import promises, transactions
from oracle.journal.promises import Promised
from oracle.node.anchoring.filed import Filed, filed
from oracle.node.anchoring.promise import Asked, promise
from oracle.node.anchoring.receipts import receipt_of, relay
from oracle.node.node import Node
from oracle.node.readiness import readiness
from tests.support.harness import (
    CHAIN_ID,
    OPERATOR,
    World,
    deployed_world,
    running_node,
    until,
    wired_node,
)

EVERY = 0.3


@pytest.fixture
async def world(chain: LocalChain) -> AsyncIterator[World]:
    async with deployed_world(chain.url, anchored=True) as deployed:
        yield deployed


def log_of(world: World) -> AnchorLog:
    return AnchorLog(world.rpc, anchor_log_of(OPERATOR.address).address)


async def ask(node: Node, world: World, *references: str) -> list[Promised]:
    vectors = world.model.vectors
    rows = [
        Asked(input=vectors[n % len(vectors)].input, reference=name)
        for n, name in enumerate(references)
    ]
    return await promise(node.parts, world.model.model_id, rows)


async def anchored(node: Node, made: list[Promised]) -> list[Filed]:
    async def all_are() -> bool:
        return all([(await filed(node.parts, each.receipt_id)).is_anchored for each in made])

    await until(all_are)
    return [await filed(node.parts, each.receipt_id) for each in made]


async def gapless(world: World, count: int) -> None:
    """The log holds exactly so many predictions; the events are what it stores."""
    head = await world.rpc.block("latest")
    batches = await log_of(world).batches(last=head.number)
    assert batches[-1].next_index == count
    assert await log_of(world).batch_count() == len(batches)


async def test_promise__is_signed_then_anchored_then_proved(world: World, tmp_path: Path) -> None:
    async with running_node(world, tmp_path, anchor_every=EVERY) as node:
        made = await ask(node, world, "loan 1", "loan 2", "loan 3")
        pending = await receipt_of(node.parts, await filed(node.parts, made[0].receipt_id))
        assert pending.stage == "pending"
        assert pending.promise is not None
        digest = promise_digest(
            chain_id=CHAIN_ID,
            log=log_of(world).address,
            prediction=pending.prediction,
            anchor_by=pending.promise.anchor_by,
        )
        assert signer_of(digest, pending.promise.signature) == OPERATOR.address
        for place, each in enumerate(await anchored(node, made)):
            receipt = await receipt_of(node.parts, each)
            assert receipt.anchor is not None
            assert receipt.anchor.index == place
            assert receipt.anchor.place.timestamp <= each.promised.anchor_by
            verify_inclusion(receipt.anchor.batch, place, receipt.prediction, receipt.anchor.proof)
        await gapless(world, 3)


async def test_batch__closes_by_count__and_the_next_follows_it(
    world: World, tmp_path: Path
) -> None:
    async with running_node(world, tmp_path, anchor_every=EVERY, anchor_count=2) as node:
        found = await anchored(node, await ask(node, world, *"abcde"))
        assert [each.index for each in found] == [0, 1, 2, 3, 4]
        assert [each.batch.number for each in found if each.batch] == [0, 0, 1, 1, 2]
        await gapless(world, 5)


async def test_relay__anchored_prediction__is_decided_once(world: World, tmp_path: Path) -> None:
    async with running_node(world, tmp_path, anchor_every=EVERY) as node:
        made = await ask(node, world, "loan 1", "loan 2")
        with pytest.raises(Conflict, match="not anchored yet"):
            await relay(node.parts, await filed(node.parts, made[1].receipt_id))
        _, second = await anchored(node, made)
        queued = await relay(node.parts, second)
        await world.decided([second.promised.prediction.subject])
        again = await relay(node.parts, await filed(node.parts, made[1].receipt_id))
        assert again.key == queued.key
        said = second.promised.prediction
        decision = await world.contract.decision_of(said.model_id, said.subject, block="latest")
        assert decision is not None
        assert decision.value == said.value


async def test_promise__about_a_request_with_another_input__is_refused(
    world: World, tmp_path: Path
) -> None:
    (asked,) = await world.ask()
    async with running_node(world, tmp_path, anchor_every=EVERY) as node:
        other = world.model.vectors[1].input
        with pytest.raises(InvalidInput, match="another input"):
            await promise(
                node.parts,
                world.model.model_id,
                [Asked(input=other, reference="0x" + asked.hex())],
            )


async def test_key__twice__is_one_promise(world: World, tmp_path: Path) -> None:
    async with running_node(world, tmp_path, anchor_every=EVERY) as node:
        rows = [
            Asked(input=world.model.vectors[0].input),
            Asked(input=world.model.vectors[1].input),
        ]
        given = {"model_id": world.model.model_id, "idempotency_key": "k"}
        first = await promise(node.parts, rows=rows, **given)
        await anchored(node, first)
        again = await promise(node.parts, rows=rows, **given)
        assert [each.receipt_id for each in again] == [each.receipt_id for each in first]
        with pytest.raises(Conflict, match="another body"):
            await promise(node.parts, rows=rows[:1], **given)
        await gapless(world, 2)


async def test_reorg__under_the_anchor__it_is_anchored_again(world: World, tmp_path: Path) -> None:
    async with running_node(world, tmp_path, finality=20, anchor_every=EVERY) as node:
        await world.mine(3)
        made = await ask(node, world, "loan 1", "loan 2")
        first = await anchored(node, made)
        await world.rpc.call("anvil_reorg", [1, []])
        assert await log_of(world).batch_count() == 0
        await world.mine()

        async def back() -> bool:
            return await log_of(world).batch_count() == 1

        await until(back)
        second = await anchored(node, made)
        assert [each.index for each in second] == [each.index for each in first]
        receipt = await receipt_of(node.parts, second[0])
        assert receipt.anchor is not None
        block = await world.rpc.block(receipt.anchor.place.block_number)
        assert block.hash == receipt.anchor.place.block_hash
        await gapless(world, 2)


async def test_batch__overtaken_by_another_of_the_same_key__goes_into_the_next(
    world: World, tmp_path: Path
) -> None:
    """Somebody else with the operator's key appends first: the batch reverts and is taken back."""
    log = log_of(world)
    async with wired_node(
        rpc_url=world.url, contract=world.contract.address, folder=tmp_path
    ) as node:
        made = await ask(node, world, "loan 1", "loan 2")
        key = "overtaken"

        def close(db: object) -> None:
            from oracle.core.transaction import Transaction
            from oracle.node.anchoring.anchorer import GAS, batch_of

            members = promises.waiting(db, 10)  # type: ignore[arg-type]
            batch = batch_of(members, None, chain_id=CHAIN_ID, log=log.address)
            batch_id = batch.id(CHAIN_ID, log.address)
            promises.close(db, batch, batch_id, log.address, key, members)  # type: ignore[arg-type]
            transactions.queue(
                db,  # type: ignore[arg-type]
                CHAIN_ID,
                OPERATOR.address,
                Transaction(
                    key=key,
                    model_id=bytes(32),
                    subject=batch_id,
                    to=bytes.fromhex(log.address[2:]),
                    data=log.encode("anchor", *anchor_arguments(None, batch)),
                    gas=GAS,
                    purpose=Purpose.ANCHOR,
                ),
            )

        await node.parts.journal.write(close)
    foreign = batch_after(None, 1, b"\x0f" * 32, chain_id=CHAIN_ID, log=log.address)
    call = log.encode("anchor", *anchor_arguments(None, foreign))
    await AccountSigner(world.rpc, OPERATOR).send_transaction(to=log.address, calldata=call)
    async with running_node(world, tmp_path, anchor_every=EVERY) as node:
        found = await anchored(node, made)
        assert [each.index for each in found] == [1, 2]
        assert [each.batch.number for each in found if each.batch] == [1, 1]
        await gapless(world, 3)


async def test_overdue__is_said_by_readiness_and_mended(world: World, tmp_path: Path) -> None:
    async with running_node(world, tmp_path, anchor_every=EVERY, anchor_within=5) as node:
        await world.rpc.call("anvil_setBalance", [OPERATOR.address, "0x0"])
        made = await ask(node, world, "loan 1")
        await world.rpc.call("evm_increaseTime", [10])
        await world.mine()

        async def unready() -> bool:
            return any(c.name == "anchor" and not c.ok for c in await readiness(node))

        await until(unready)
        await world.rpc.call("anvil_setBalance", [OPERATOR.address, hex(10**20)])
        await anchored(node, made)
        assert not await unready()


async def test_promise__without_a_log__says_how_to_get_one(
    chain: LocalChain, tmp_path: Path
) -> None:
    async with deployed_world(chain.url) as world, running_node(world, tmp_path) as node:
        with pytest.raises(ConfigError, match="no anchor log"):
            await ask(node, world, "loan 1")


async def test_relay__model_with_another_attestor__is_refused(
    chain: LocalChain, tmp_path: Path
) -> None:
    async with deployed_world(chain.url) as world:
        await deploy_log(world)
        async with running_node(world, tmp_path, anchor_every=EVERY) as node:
            (found,) = await anchored(node, await ask(node, world, "loan 1"))
            with pytest.raises(Reverted):
                await relay(node.parts, found)
            states = await node.parts.journal.read(transactions.counts)
            assert set(states) <= {TxState.MINED, TxState.FINAL}


async def deploy_log(world: World) -> None:
    from oracle.chain.deployment import deploy, plan_deployment

    plan = plan_deployment([], others=[anchor_log_of(OPERATOR.address)])
    await deploy(plan, world.rpc, AccountSigner(world.rpc, OPERATOR))
