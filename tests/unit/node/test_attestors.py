"""Attestors beside the decision contract: their history read once, then block by block."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from oracle.chain.errors import BlockUnknown, RangeRefused
from oracle.chain.follower import NewBlock
from oracle.chain.signing import LocalKey
from oracle.chain.wire import BlockStamp, Log, checksum
from oracle.core.sealed import SealedCommittee, Terms
from oracle.core.sealed_round import Sealed
from oracle.core.transaction import GWEI, FeePolicy
from oracle.journal import Journal, rounds
from oracle.node.committee.attestors import Attestors
from oracle.node.parts import NodeOptions, Parts
from tests.support.fake_chain import OPERATOR, block_hash

MODEL, SUBJECT = b"m" * 32, b"s" * 32
COMMITTEE = SealedCommittee(
    attestor=checksum("0x" + "aa" * 20),
    chain_id=31337,
    members=(OPERATOR.address,),
    threshold=1,
    terms=Terms(commit_window=60, reveal_window=60, bond=1, tolerance=0),
)
TOPIC = keccak(text="VoteSealed(bytes32,bytes32,uint256,bytes32)")


def sealed_log(block: int, seal: bytes = bytes(32)) -> Log:
    return Log(
        address=checksum(COMMITTEE.attestor),
        topics=(TOPIC, MODEL, SUBJECT),
        body=encode(("uint256", "bytes32"), (0, seal)),
        block_number=block,
        block_hash=block_hash(block),
        tx_hash=bytes(32),
        index=0,
        tx_index=0,
    )


def stamp(number: int) -> BlockStamp:
    return BlockStamp(
        number=number,
        hash=block_hash(number),
        parent_hash=block_hash(number - 1),
        timestamp=1_000 + number,
        base_fee=None,
    )


@dataclass
class FakeRpc:
    """A chain whose attestor sealed a vote in these blocks."""

    sealed: tuple[int, ...] = ()
    widest: int = 10**9
    forked: bool = False
    deployed: int = 1
    oldest_state: int = 0
    ranges: list[tuple[int, int]] = field(default_factory=list)

    async def code(self, address: str, block: int) -> bytes:
        if block < self.oldest_state:
            raise BlockUnknown(f"state of block {block} was pruned")
        return b"code" if block >= self.deployed else b""

    async def logs_between(self, *, address: str, first: int, last: int, topics: Any) -> Any:
        assert TOPIC in topics[0], "money's events are left out"
        if last - first >= self.widest:
            raise RangeRefused("too wide")
        self.ranges.append((first, last))
        return [sealed_log(b) for b in self.sealed if first <= b <= last], stamp(last)

    async def logs(self, *, address: str, block_hash: bytes) -> list[Log]:
        return [log for log in map(sealed_log, self.sealed) if log.block_hash == block_hash]

    async def block(self, which: Any) -> BlockStamp:
        if isinstance(which, bytes):
            return next(s for s in map(stamp, range(100)) if s.hash == which)
        return stamp(which + 50) if self.forked else stamp(which)


@dataclass
class Desk:
    rpc: FakeRpc
    parts: Parts
    attestors: Attestors
    vouching: dict[bytes, SealedCommittee]

    async def take(self, number: int, *logs: Log, covered: bool = True) -> None:
        covers = frozenset({COMMITTEE.attestor} if covered else ())
        block = NewBlock(stamp=stamp(number), logs=(), others=logs, covers=covers)
        told = await self.attestors.told_in(block)
        await self.parts.journal.write(told.record)

    async def seals(self) -> list[int]:
        events = await self.parts.journal.read(
            lambda db: rounds.events_about(db, COMMITTEE.attestor, MODEL, SUBJECT)
        )
        assert all(isinstance(e, Sealed) and e.at == 1_000 + e.block_number for e in events)
        return [event.block_number for event in events]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    rpc = FakeRpc()
    async with await Journal.at(tmp_path / "journal.db").open({}) as journal:
        parts = Parts(
            rpc=rpc,  # type: ignore[arg-type]
            contract=SimpleNamespace(rpc=rpc),  # type: ignore[arg-type]
            journal=journal,
            engine=SimpleNamespace(store=[]),  # type: ignore[arg-type]
            account=LocalKey(OPERATOR),
            chain_id=31337,
            fees=FeePolicy(ceiling=GWEI, priority=GWEI),
            options=NodeOptions(start_block=1),
        )
        vouching: dict[bytes, SealedCommittee] = {}
        parts.roles.sealed = lambda: vouching  # type: ignore[method-assign]
        yield Desk(rpc, parts, Attestors(parts), vouching)


async def test_told__an_attestor_comes_up__its_history_is_read_up_to_the_block(desk: Desk) -> None:
    """A vote that was sealed before its attestor vouched counts: a reveal names every seal."""
    desk.rpc.sealed = (3, 9, 12)
    await desk.take(8, covered=False)
    desk.vouching[MODEL] = COMMITTEE
    await desk.take(9, covered=False)
    assert await desk.seals() == [3, 9]
    await desk.take(10, covered=False)
    await desk.take(12, covered=False)
    assert await desk.seals() == [3, 9, 12], "blocks that were fetched without it are asked again"
    assert desk.rpc.ranges == [(1, 9)]


@pytest.mark.parametrize(
    ("deployed", "oldest_state", "first"), [(1, 0, 1), (37, 0, 37), (50, 0, 50), (37, 40, 1)]
)
async def test_history__long_chain__begins_where_the_attestor_was_deployed(
    desk: Desk, deployed: int, oldest_state: int, first: int
) -> None:
    """Where the endpoint keeps no state so old, it begins where the node does."""
    desk.rpc.deployed, desk.rpc.oldest_state, desk.rpc.sealed = deployed, oldest_state, (50,)
    desk.vouching[MODEL] = COMMITTEE
    await desk.take(50, covered=False)
    assert desk.rpc.ranges == [(first, 50)]
    assert await desk.seals() == [50]


async def test_told__covered__takes_the_blocks_own_logs(desk: Desk) -> None:
    desk.vouching[MODEL] = COMMITTEE
    await desk.take(5, covered=False)
    await desk.take(6, sealed_log(6))
    assert await desk.seals() == [6]


async def test_history__too_wide_for_the_endpoint__is_read_in_parts(desk: Desk) -> None:
    desk.rpc.sealed, desk.rpc.widest = (2, 30, 60), 10
    desk.vouching[MODEL] = COMMITTEE
    await desk.take(60, covered=False)
    assert await desk.seals() == [2, 30, 60]


async def test_history__of_another_branch__is_not_taken(desk: Desk) -> None:
    desk.vouching[MODEL] = COMMITTEE
    desk.rpc.forked = True
    with pytest.raises(BlockUnknown):
        await desk.take(9, covered=False)
    assert await desk.parts.journal.read(rounds.followed_attestors) == set()


async def test_told__another_takes_its_place__is_followed_on(desk: Desk) -> None:
    desk.vouching[MODEL] = COMMITTEE
    await desk.take(5, covered=False)
    desk.vouching.clear()
    await desk.take(6, sealed_log(6))
    assert await desk.seals() == [6]
    assert COMMITTEE.attestor in desk.attestors.addresses()
