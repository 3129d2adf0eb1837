"""A lone endpoint whose index of logs is behind, on real chains: no request is lost by it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest

from oracle.chain.local import Engine, local_chain
from tests.support.harness import OPTIONS, deployed_world, wired_node
from tests.support.hostile_rpc import hostile_rpc


@pytest.mark.parametrize("engine", [Engine.ANVIL, Engine.HARDHAT])
async def test_node__endpoint_that_never_finds_logs__answers_all_the_same(
    engine: Engine, tmp_path: Path
) -> None:
    """One request before it starts, which it reads in a range, and one after."""
    async with (
        local_chain(folder=tmp_path / "chain", engine=engine) as chain,
        deployed_world(chain.url) as world,
        hostile_rpc(chain.url, seed=1, rate=1.0, only={"missing logs"}) as proxy,
    ):
        asked = await world.ask()
        await world.rpc.call("evm_mine", [])
        place = {"rpc_url": proxy.url, "contract": world.contract.address, "folder": tmp_path}
        async with wired_node(**place, options=OPTIONS) as node:
            running = asyncio.create_task(node.run())
            try:
                await world.decided(asked)
                asked += await world.ask()
                made = await world.decided(asked)
            finally:
                running.cancel()
                with suppress(asyncio.CancelledError):
                    await running
        assert proxy.injected["missing logs"] > 2
    assert [each.prediction.subject for each in made] == asked
