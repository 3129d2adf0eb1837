"""The follower on a real chain that reorganises, reverts and restarts."""

from __future__ import annotations

from pathlib import Path

import pytest

from oracle.chain.errors import ChainReplaced, FinalityBroken
from oracle.chain.events import DecisionLog, RequestLog
from oracle.chain.follower import CATCH_UP, KEEP, Follower, NewBlock, Rewind
from oracle.chain.local import local_chain
from oracle.chain.rpc import RpcPool
from tests.support.world import OPERATOR, REQUESTER, World

Tail = list[tuple[int, bytes]]


async def take(follower: Follower, tail: Tail) -> list[NewBlock | Rewind]:
    """All steps up to the head, the tail kept as a journal would."""
    steps = []
    async for step in follower.next_steps():
        steps.append(step)
        if isinstance(step, Rewind):
            tail[:] = [entry for entry in tail if entry[0] <= step.to]
        else:
            tail.append((step.stamp.number, step.stamp.hash))
    return steps


async def chain_hashes(rpc: RpcPool, tail: Tail) -> Tail:
    return [(number, (await rpc.block(number)).hash) for number, _ in tail]


def follower_of(world: World, *, finality: int = 64, tail: Tail | None = None) -> Follower:
    return Follower(world.rpc, world.contract.address, finality=finality, tail=tail or [])


async def test_follow__request_and_answer__come_in_order(world: World) -> None:
    tail: Tail = []
    follower = follower_of(world)
    await take(follower, tail)
    asked, receipt = await world.request(input_=b"x")
    calldata = world.contract.encode_make_decision(await world.prediction(asked, input_=b"x"))
    await world.send(OPERATOR, calldata)
    steps = await take(follower, tail)
    logs = [log for step in steps if isinstance(step, NewBlock) for log in step.logs]
    assert [type(log) for log in logs] == [RequestLog, DecisionLog]
    assert logs[0].block_hash == receipt.block_hash
    assert await take(follower, tail) == []
    assert tail == await chain_hashes(world.rpc, tail)


@pytest.mark.parametrize("depth", [1, 2, 5])
async def test_reorg__above_finality__rewinds_to_the_common_ancestor(
    world: World, depth: int
) -> None:
    tail: Tail = []
    follower = follower_of(world)
    await world.rpc.call("anvil_mine", [3])
    await world.request()
    await world.rpc.call("anvil_mine", [hex(depth - 1)])
    await take(follower, tail)
    last = tail[-1][0]
    await world.rpc.call("anvil_reorg", [depth, []])
    steps = await take(follower, tail)
    assert steps[0] == Rewind(to=last - depth)
    assert [s.stamp.number for s in steps[1:] if isinstance(s, NewBlock)] == list(
        range(last - depth + 1, last + 1)
    )
    assert not any(s.logs for s in steps[1:] if isinstance(s, NewBlock)), "the request left"
    assert tail == await chain_hashes(world.rpc, tail)


async def test_reorg__while_away__is_found_by_a_new_follower(world: World) -> None:
    tail: Tail = []
    await world.rpc.call("anvil_mine", [6])
    await take(follower_of(world), tail)
    last = tail[-1][0]
    await world.rpc.call("anvil_reorg", [3, []])
    await world.rpc.call("anvil_mine", [hex(CATCH_UP + 20)])
    steps = await take(follower_of(world, tail=tail), tail)
    assert steps[0] == Rewind(to=last - 3)
    assert tail == await chain_hashes(world.rpc, tail)


@pytest.mark.parametrize(("depth", "breaks"), [(3, False), (4, True), (6, True)])
async def test_reorg__at_finality__halts_below_it(world: World, depth: int, breaks: bool) -> None:
    tail: Tail = []
    follower = follower_of(world, finality=4)
    await world.rpc.call("anvil_mine", [10])
    await take(follower, tail)
    await world.rpc.call("anvil_reorg", [depth, []])
    if breaks:
        with pytest.raises(FinalityBroken, match="final after 4"):
            await take(follower, tail)
    else:
        steps = await take(follower, tail)
        assert isinstance(steps[0], Rewind)


async def test_revert__shorter_chain__is_seen_once_it_grows(world: World) -> None:
    tail: Tail = []
    follower = follower_of(world)
    await world.rpc.call("anvil_mine", [2])
    snapshot = await world.rpc.call("evm_snapshot")
    kept = (await world.rpc.block("latest")).number
    await world.request()
    await world.rpc.call("anvil_mine", [2])
    await take(follower, tail)
    await world.rpc.call("evm_revert", [snapshot])
    assert await take(follower, tail) == [], "a shorter chain may be an endpoint that lags"
    await world.pass_time(77)
    steps = await take(follower, tail)
    assert steps[0] == Rewind(to=kept)
    assert tail == await chain_hashes(world.rpc, tail)


async def test_catch_up__many_blocks__equals_block_by_block(world: World) -> None:
    for _ in range(3):
        await world.request()
        await world.rpc.call("anvil_mine", [hex(60)])
    await world.request(sender=REQUESTER)
    ranged: Tail = []
    follower = follower_of(world)
    follower._width = follower._widest = 50
    steps = await take(follower, ranged)
    requests = [
        (step.stamp.number, log.request_id)
        for step in steps
        if isinstance(step, NewBlock)
        for log in step.logs
        if isinstance(log, RequestLog)
    ]
    assert len(requests) == 4
    assert [number for number, _ in ranged] == list(range(ranged[-1][0] + 1))
    assert ranged == await chain_hashes(world.rpc, ranged)


async def test_next_steps__called_again__gives_the_blocks_since(world: World) -> None:
    head = (await world.rpc.block("latest")).number
    follower = Follower(world.rpc, world.contract.address, start=head + 1)
    for _ in range(2):
        assert [step async for step in follower.next_steps()] == []
        await world.request()
        assert [type(step) async for step in follower.next_steps()] == [NewBlock]


async def test_tail__longer_than_finality_needs__is_forgotten(world: World) -> None:
    follower = Follower(world.rpc, world.contract.address, finality=2)
    await world.rpc.call("anvil_mine", [hex(2 * KEEP)])
    numbers = [step.stamp.number async for step in follower.next_steps()]
    assert [number for number, _ in follower._tail] == numbers[-(KEEP + 2) :]


async def test_restart__another_chain_on_the_port__chain_replaced(tmp_path: Path) -> None:
    tail: Tail = []
    address = "0x" + "11" * 20
    async with (
        local_chain(folder=tmp_path) as chain,
        RpcPool([chain.url], chain_id=31337) as rpc,
    ):
        await rpc.call("anvil_mine", [5])
        await take(Follower(rpc, address, tail=[]), tail)
        genesis = tail[0][1]
        port = chain.port
    late = ("--timestamp", "4000000000")
    async with (
        local_chain(folder=tmp_path, port=port, arguments=late) as chain,
        RpcPool([chain.url], chain_id=31337) as rpc,
    ):
        with pytest.raises(ChainReplaced, match="block 0 is"):
            await take(Follower(rpc, address, tail=tail), [])
        pruned = Follower(rpc, address, tail=tail[3:], genesis=genesis)
        with pytest.raises(ChainReplaced, match="block 0 is"):
            await take(pruned, [])
        with pytest.raises(ChainReplaced, match="local chain"):
            await take(Follower(rpc, address, start=3, tail=tail[3:]), [])
        await rpc.call("anvil_mine", [9])
        with pytest.raises(ChainReplaced, match="local chain"):
            await take(Follower(rpc, address, start=1, tail=tail[2:]), [])
        with pytest.raises(ChainReplaced, match="block 0 is"):
            await take(Follower(rpc, address, tail=tail), [])
