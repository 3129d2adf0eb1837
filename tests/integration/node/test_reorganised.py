"""A node while blocks leave the chain: nothing is lost, nothing decided twice."""

from __future__ import annotations

from pathlib import Path

from oracle.core.lifecycle import State
from oracle.core.transaction import TxState
from oracle.journal import requests, transactions
from oracle.node.readiness import readiness
from tests.support.harness import (
    World,
    request_of,
    running_node,
    until,
)


async def test_reorg__above_finality__the_request_is_answered_where_it_lands(
    world: World, tmp_path: Path
) -> None:
    """The request's block is replaced by one without it; mined again, it is answered again."""
    async with running_node(world, tmp_path, finality=20, confirmations=3) as node:
        await world.mine(3)
        (asked,) = await world.ask()

        async def seen() -> bool:
            counts = await node.parts.journal.read(requests.counts)
            return counts.get(State.SEEN) == 1

        await until(seen)
        raw = await world.rpc.call("eth_getBlockByNumber", ["latest", True])
        await world.rpc.call("anvil_reorg", [2, []])

        async def orphaned() -> bool:
            return (await request_of(node, world, asked)).state is not State.SEEN

        await until(orphaned)
        assert (await request_of(node, world, asked)).state is State.ORPHANED
        assert len(raw["transactions"]) == 1
        (again,) = await world.ask()
        assert again == asked
        await world.mine(3)
        made = await world.decided([asked])
        assert [each.prediction.subject for each in made].count(asked) == 1


async def test_reorg__asked_again_with_a_later_deadline__is_answered_though_it_had_expired(
    world: World, tmp_path: Path
) -> None:
    """The id covers neither deadline nor fee nor callback: whoever asks again may change them."""
    async with running_node(world, tmp_path, finality=20, confirmations=3) as node:
        await world.mine(3)
        (asked,) = await world.ask(lifetime=30)

        async def is_in(state: State) -> bool:
            return await node.parts.journal.read(requests.counts) == {state: 1}

        await until(lambda: is_in(State.SEEN))
        await world.rpc.call("anvil_reorg", [2, []])
        await world.mine()
        await until(lambda: is_in(State.ORPHANED))
        await world.rpc.call("evm_increaseTime", [60])
        await world.mine()
        await until(lambda: is_in(State.EXPIRED))
        assert await world.ask(callback_gas=40_000) == [asked]
        await world.mine(3)
        await world.decided([asked])
        request = await request_of(node, world, asked)
        assert request.callback_gas == 40_000
        log = (await world.decisions())[-1]
        assert request.deadline is not None
        assert request.deadline > await world.rpc.timestamp(log.block_number)


async def test_reorg__under_the_answer__it_is_sent_again_and_decided_once(
    world: World, tmp_path: Path
) -> None:
    async with running_node(world, tmp_path, finality=20) as node:
        await world.mine(3)
        (asked,) = await world.ask()
        await world.decided([asked])

        async def mined() -> bool:
            counts = await node.parts.journal.read(transactions.counts)
            return counts.get(TxState.MINED) == 1

        await until(mined)
        await world.rpc.call("anvil_reorg", [1, []])
        await world.mine()
        made = await world.decided([asked])
        assert len(made) == 1
        await world.mine(25)

        async def final() -> bool:
            return (await request_of(node, world, asked)).state is State.FINAL

        await until(final)


async def test_reorg__below_finality__halts_and_says_so(world: World, tmp_path: Path) -> None:
    async with running_node(world, tmp_path, finality=1) as node:
        await world.mine(3)

        async def followed() -> bool:
            head = await world.rpc.block("latest")
            return node.follow.head is not None and node.follow.head.stamp.number == head.number

        await until(followed)
        await world.rpc.call("anvil_reorg", [2, []])
        await world.mine()

        async def halted() -> bool:
            return node.halted is not None

        await until(halted)
        running = next(c for c in await readiness(node) if c.name == "running")
        assert not running.ok
        assert "final" in running.what
