"""The follower over a chain in memory, where endpoints limit, lag and change underneath."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from eth_abi.abi import encode
from hypothesis import given, settings
from hypothesis import strategies as st

from oracle.chain.abi import interface
from oracle.chain.errors import FinalityBroken
from oracle.chain.follower import CATCH_UP, Follower, NewBlock, Rewind
from oracle.chain.wire import checksum
from oracle.core.errors import Transient
from tests.support.fake_rpc import FakeChain, FakeProvider, Handler, pool_of

ADDRESS = "0x" + "ab" * 20
REQUESTED = interface("DecisionContract").events["DecisionRequested"]


def request_log(number: int = 1) -> dict[str, Any]:
    """``DecisionRequested`` as JSON-RPC shows it."""
    topics = [REQUESTED.selector, b"\x01" * 32, number.to_bytes(32, "big"), bytes(32)]
    body = encode(["bytes", "uint24", "uint40", "uint32"], [b"in", 0, 9, 0])
    return {
        "address": ADDRESS,
        "topics": ["0x" + topic.hex() for topic in topics],
        "data": "0x" + body.hex(),
    }


def follow(answer: Handler, **options: Any) -> Follower:
    options.setdefault("finality", 64)
    return Follower(pool_of(FakeProvider(answer), rounds=1), ADDRESS, **options)


async def take(follower: Follower, tail: list[tuple[int, bytes]]) -> list[NewBlock | Rewind]:
    steps = []
    async for step in follower.next_steps():
        steps.append(step)
        if isinstance(step, Rewind):
            tail[:] = [entry for entry in tail if entry[0] <= step.to]
        else:
            assert step.stamp.number == (tail[-1][0] + 1 if tail else step.stamp.number)
            tail.append((step.stamp.number, step.stamp.hash))
    return steps


def whole(chain: FakeChain, start: int = 0) -> list[tuple[int, bytes]]:
    return [(n, chain.hash_at(n)) for n in range(start, len(chain.blocks))]


def requests_in(steps: Sequence[NewBlock | Rewind]) -> list[int]:
    return [step.stamp.number for step in steps if isinstance(step, NewBlock) and step.logs]


def others_in(steps: Sequence[NewBlock | Rewind]) -> list[int]:
    return [step.stamp.number for step in steps if isinstance(step, NewBlock) and step.others]


async def test_catch_up__an_answer_about_a_range_lacks_logs__the_headers_tell() -> None:
    """An index of logs that is incomplete would lose a request for good; the filters are whole."""
    chain = FakeChain()
    chain.mine(30)
    wanted = [len(chain.blocks)]
    chain.mine(logs=[request_log()])
    chain.mine(40)
    chain.show_bloom(wanted[0], ADDRESS)

    def lacking(method: str, params: Sequence[Any]) -> Any:
        ranged = method == "eth_getLogs" and "fromBlock" in params[0]
        return [] if ranged else chain.answer(method, params)

    tail: list[tuple[int, bytes]] = []
    assert requests_in(await take(follow(lacking), tail)) == wanted
    assert tail == whole(chain)


@pytest.mark.parametrize("widest", [1, 7, 50, 10_000])
async def test_catch_up__range_limits__nothing_is_missed(widest: int) -> None:
    chain = FakeChain(widest=widest)
    wanted = []
    for _ in range(6):
        chain.mine(37)
        wanted.append(len(chain.blocks))
        chain.mine(logs=[request_log()])
    tail: list[tuple[int, bytes]] = []
    steps = await take(follow(chain.answer), tail)
    assert requests_in(steps) == wanted
    assert tail == whole(chain)


async def test_start__later_block__skips_what_was_before() -> None:
    chain = FakeChain()
    chain.mine(40)
    tail: list[tuple[int, bytes]] = []
    await take(follow(chain.answer, start=30), tail)
    assert tail == whole(chain, 30)


async def test_start__beyond_the_head__waits() -> None:
    chain = FakeChain()
    chain.mine(3)
    assert await take(follow(chain.answer, start=9), []) == []


async def test_reorg__first_followed_block__rewinds_before_it() -> None:
    chain = FakeChain()
    chain.mine(6)
    tail: list[tuple[int, bytes]] = []
    follower = follow(chain.answer, start=4)
    await take(follower, tail)
    chain.reorg(2)
    steps = await take(follower, tail)
    assert steps[0] == Rewind(to=3)
    assert tail == whole(chain, 4)


async def test_reorg__during_ranged_catch_up__ends_on_the_new_chain() -> None:
    chain = FakeChain()
    chain.mine(300, logs=[request_log()])
    asked = 0

    def answer(method: str, params: Sequence[Any]) -> Any:
        nonlocal asked
        asked += method == "eth_getBlockByNumber"
        if asked == 160:
            asked += 1
            chain.reorg(200)
        return chain.answer(method, params)

    tail: list[tuple[int, bytes]] = []
    follower = follow(answer, finality=1000)
    await take(follower, tail)
    await take(follower, tail)
    assert tail == whole(chain)


async def test_reorg__logs_of_the_old_fork__are_not_taken() -> None:
    """The range query still answers from the old fork, the headers come from the new one."""
    chain = FakeChain()
    chain.mine(50)
    chain.mine(logs=[request_log()])
    chain.mine(CATCH_UP + 5)
    old = list(chain.logs)
    chain.reorg(CATCH_UP + 10)

    def answer(method: str, params: Sequence[Any]) -> Any:
        if method == "eth_getLogs" and "fromBlock" in params[0]:
            first, last = (int(params[0][key], 16) for key in ("fromBlock", "toBlock"))
            return [log for log in old if first <= int(log["blockNumber"], 16) <= last]
        return chain.answer(method, params)

    tail: list[tuple[int, bytes]] = []
    steps = await take(follow(answer), tail)
    assert requests_in(steps) == []
    assert tail == whole(chain)


async def test_lagging_endpoint__shorter_head__is_no_reorg() -> None:
    chain = FakeChain()
    chain.mine(20)
    tail = whole(chain)
    short = FakeChain()
    short.mine(15)
    assert await take(follow(short.answer, tail=tail), tail) == []
    assert tail == whole(chain)


async def test_endpoint__loses_the_block_before_its_logs__looks_again_later() -> None:
    chain = FakeChain()
    chain.mine(3)
    gone = False

    def answer(method: str, params: Sequence[Any]) -> Any:
        if gone and method == "eth_getBlockByHash":
            return None
        return chain.answer(method, params)

    gone = True
    tail: list[tuple[int, bytes]] = []
    follower = follow(answer)
    assert await take(follower, tail) == []
    gone = False
    await take(follower, tail)
    assert tail == whole(chain)


async def test_finality__deep_reorg__halts_and_keeps_halting() -> None:
    chain = FakeChain()
    chain.mine(30)
    tail = whole(chain)
    chain.reorg(10)
    follower = follow(chain.answer, tail=tail, finality=5)
    for _ in range(2):
        with pytest.raises(FinalityBroken, match="final after 5"):
            await take(follower, tail)
    assert tail[-1][0] == 29


async def test_catch_up__endpoint_times_out_on_wide_ranges__narrows() -> None:
    chain = FakeChain()
    chain.mine(400, logs=[request_log()])

    def answer(method: str, params: Sequence[Any]) -> Any:
        where = params[0] if method == "eth_getLogs" else {}
        if int(where.get("toBlock", "0x0"), 16) - int(where.get("fromBlock", "0x0"), 16) > 30:
            raise TimeoutError
        return chain.answer(method, params)

    tail: list[tuple[int, bytes]] = []
    steps = await take(follow(answer), tail)
    assert requests_in(steps) == [0]
    assert tail == whole(chain)


async def test_endpoint__down__is_transient_and_the_follower_goes_on() -> None:
    chain = FakeChain()
    chain.mine(5)
    up = True

    def answer(method: str, params: Sequence[Any]) -> Any:
        if not up:
            raise ConnectionResetError
        return chain.answer(method, params)

    tail: list[tuple[int, bytes]] = []
    follower = follow(answer)
    await take(follower, tail)
    up = False
    with pytest.raises(Transient):
        await take(follower, tail)
    up = True
    chain.mine(2)
    await take(follower, tail)
    assert tail == whole(chain)


@settings(max_examples=40, deadline=None)
@given(moves=st.lists(st.tuples(st.integers(1, 30), st.integers(0, 12), st.booleans()), max_size=8))
def test_any_history__tail_always_ends_equal_to_the_chain(
    moves: list[tuple[int, int, bool]],
) -> None:
    """Blocks and reorganisations above finality in any order, seen after each or not."""
    import asyncio

    async def run() -> None:
        chain = FakeChain()
        chain.mine(13)
        tail: list[tuple[int, bytes]] = []
        follower = follow(chain.answer)
        for mined, depth, looks in moves:
            chain.mine(mined, logs=[request_log()])
            if depth:
                chain.reorg(depth)
            if looks:
                await take(follower, tail)
        await take(follower, tail)
        assert tail == whole(chain)

    asyncio.run(run())


@pytest.mark.parametrize("length", [3, CATCH_UP + 20])
async def test_beside__another_contract__comes_with_the_same_blocks(length: int) -> None:
    """By range and block by block; what is followed beside is asked for anew each time."""
    other = "0x" + "CD" * 20
    chain = FakeChain()
    for _ in range(length):
        chain.mine(logs=[request_log(), {**request_log(), "address": other}])
    beside: list[str] = []
    tail: list[tuple[int, bytes]] = []
    follower = follow(chain.answer, beside=lambda: beside)
    assert others_in(await take(follower, tail)) == []
    beside.append(checksum(other))
    chain.mine(logs=[{**request_log(), "address": other}])
    (step,) = await take(follower, tail)
    assert isinstance(step, NewBlock)
    assert (step.logs, [log.address for log in step.others]) == ((), beside)
    assert step.covers == {*beside}
    again = others_in(await take(follow(chain.answer, beside=lambda: beside), []))
    assert len(again) == length + 1
