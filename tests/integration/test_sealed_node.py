"""One member that votes on chain, alone, through reorganisations under each of its steps."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from oracle.chain.local import local_chain
from oracle.core.lifecycle import State
from oracle.core.transaction import Purpose, TxState
from oracle.journal import rounds, transactions
from tests.support.harness import (
    OPERATOR,
    World,
    deployed_world,
    request_of,
    running_node,
    until,
)

BOND = 10**15


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with (
        local_chain(folder=tmp_path / "chain") as chain,
        deployed_world(
            chain.url, committee=([str(OPERATOR.address)], 1), sealed=(600, 600, BOND)
        ) as opened,
    ):
        yield opened


@pytest.mark.parametrize("depth", [2, 4])
async def test_reorg__under_a_step_of_the_vote__it_is_taken_again_and_decided_once(
    world: World, tmp_path: Path, depth: int
) -> None:
    """Commit, reveal, tally and relay are a block each: so many of them, from the end, are lost.

    Where the commit is among them, the round begins later, and its outcome has another time.
    """
    async with running_node(world, tmp_path, finality=30, resend_after=0.3) as node:
        (asked,) = await world.ask()
        await world.decided([asked])
        before = (await world.rpc.block("latest")).number

        async def all_mined() -> bool:
            counts = await node.parts.journal.read(transactions.counts)
            return counts.get(TxState.MINED, 0) == 4

        await until(all_mined)
        await world.rpc.call("anvil_reorg", [depth, []])
        await world.rpc.call("evm_increaseTime", [5])
        await world.rpc.call("evm_mine")
        (made,) = await world.decided([asked])
        assert made.block_number > before - depth
        assert made.trust_level == 3
        await world.rpc.call("anvil_mine", [hex(40)])

        async def final() -> bool:
            return (await request_of(node, world, asked)).state is State.FINAL

        await until(final)
        model_id = world.model.model_id
        steps: list[Purpose] = []

        async def all_found() -> bool:
            sent = await node.parts.journal.read(lambda db: transactions.about(db, model_id, asked))
            steps[:] = [t.purpose for t in sent if t.succeeded]
            return len(steps) >= 4

        await until(all_found)
        assert set(steps) == {Purpose.COMMIT, Purpose.REVEAL, Purpose.TALLY, Purpose.ANSWER}
        assert len(steps) == 4, "each once"
        attestor = node.parts.roles.sealed()[model_id].attestor
        told = await node.parts.journal.read(
            lambda db: rounds.events_about(db, attestor, model_id, asked)
        )
        assert len(told) == 3, "one seal, one opening, one outcome"
