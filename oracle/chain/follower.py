"""The chain as a row of steps: new blocks with their logs, and rewinds where it was reorganised.

A block counts by its hash: each new one must name the last one as its parent, else the follower
goes back to the newest block both sides have. Below finality there is no going back: it stops. The
caller stores the tail; nothing here is remembered across a restart.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass

from oracle.chain.errors import BlockUnknown, ChainReplaced, FinalityBroken, RangeRefused
from oracle.chain.events import ContractLog, decode_logs
from oracle.chain.local import LOCAL_CHAIN_IDS
from oracle.chain.log_filter import unheard
from oracle.chain.rpc import RpcPool
from oracle.chain.wire import BlockStamp, Log, checksum, malformed, to_block
from oracle.core.errors import ChainError, Transient

CATCH_UP = 16
"""Blocks behind the head from which logs are asked for by range instead of block by block."""
WIDEST = 2_000
"""Blocks in one ranged query, at most; halved whenever an endpoint refuses."""
KEEP = 256
"""Blocks remembered beyond the finality depth, to find a common ancestor."""
HEADERS = 100
"""Headers fetched in one batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBlock:
    """The next block, and what the decision contract logged in it, in order.

    Attributes:
        others: logs of the contracts that are followed beside it, as they are.
        covers: the addresses of these contracts.
    """

    stamp: BlockStamp
    logs: tuple[ContractLog, ...]
    others: tuple[Log, ...] = ()
    covers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewind:
    """Every block above number ``to`` left the chain."""

    to: int


class Follower:
    """Follows one contract on one chain.

    Args:
        rpc: endpoints of the chain.
        address: the decision contract.
        start: first block to follow where the tail is empty.
        finality: blocks, the block's own included, after which it counts as final.
        tail: number and hash of followed blocks, oldest first; its last is where to go on.
        genesis: hash of block 0, where the caller recorded it: tells a restarted local chain
            from one whose finality broke.
        beside: gives the addresses of other contracts to follow; asked with every query.
    """

    def __init__(
        self,
        rpc: RpcPool,
        address: str,
        *,
        start: int = 0,
        finality: int = 64,
        tail: Sequence[tuple[int, bytes]] = (),
        genesis: bytes | None = None,
        beside: Callable[[], Collection[str]] = frozenset,
    ) -> None:
        self._rpc = rpc
        self._beside = beside
        self._address = checksum(address)
        self._start = start
        self._finality = max(1, finality)
        self._tail = list(tail)
        self._genesis = genesis if genesis or not tail or tail[0][0] else tail[0][1]
        self._width = self._widest = WIDEST
        self.head: BlockStamp | None = None

    async def next_steps(self) -> AsyncIterator[NewBlock | Rewind]:
        """The steps up to the present head; called again, those since.

        Raises:
            FinalityBroken: a final block left the chain.
            ChainReplaced: none of the tail's blocks is on this chain.
            Transient: no endpoint answers.
        """
        head = self.head = await self._rpc.block("latest")
        rewind = await self._reorganised(head)
        if rewind is not None:
            yield rewind
        if self._next > head.number:
            return
        if head.number - self._next >= CATCH_UP:
            async for block in self._by_range(head.number - CATCH_UP):
                yield block
        while self._next <= head.number:
            steps = await self._up_to(head)
            if not steps:
                return
            for step in steps:
                yield step

    @property
    def _next(self) -> int:
        return self._tail[-1][0] + 1 if self._tail else self._start

    async def _reorganised(self, head: BlockStamp) -> Rewind | None:
        """Compare the tail with the chain, and cut it where they differ."""
        if not self._tail:
            return None
        number, known = self._tail[-1]
        if (number, known) in ((head.number, head.hash), (head.number - 1, head.parent_hash)):
            return None
        if number > head.number:
            # A head below the last block is an endpoint that lags, unless its block is another.
            followed = dict(self._tail).get(head.number)
            if followed == head.hash:
                return None
            if followed is None:
                await self._require_same_chain()
                self._refuse_local()
                return None
        elif await self._hash_at(number) == known:
            return None
        return await self._rewind(head)

    async def _rewind(self, head: BlockStamp) -> Rewind | None:
        """Cut the tail back to the newest block that is on the chain; None if that is its last."""
        last = self._tail[-1][0]
        final = last - self._finality + 1
        for position in range(len(self._tail) - 1, -1, -1):
            number, known = self._tail[position]
            if number > head.number or await self._hash_at(number) != known:
                continue
            if number == last:
                return None  # two endpoints disagree, or the head is not the head any more
            if number < final:
                raise FinalityBroken(
                    f"block {number + 1} was replaced, {last - number} blocks below the last "
                    f"followed one; blocks are final after {self._finality}",
                    remedy="stop; find out what happened to the chain before going on",
                )
            del self._tail[position + 1 :]
            return Rewind(to=number)
        await self._require_same_chain()
        oldest = self._tail[0][0]
        if oldest == self._start and oldest > final:
            self._tail.clear()
            return Rewind(to=oldest - 1)
        self._refuse_local()
        raise FinalityBroken(
            f"none of the {len(self._tail)} followed blocks up to {last} is on the chain",
            remedy="stop; find out what happened to the chain before going on",
        )

    async def _require_same_chain(self) -> None:
        """Raise ChainReplaced where block 0 is not the one recorded."""
        if self._genesis is None:
            return
        found = await self._hash_at(0)
        if found is not None and found != self._genesis:
            raise ChainReplaced(
                f"block 0 is 0x{found.hex()}, and was 0x{self._genesis.hex()}",
                remedy="the local chain was restarted: use a fresh state folder, or another URL",
            )

    def _refuse_local(self) -> None:
        """Raise ChainReplaced on a local chain: it neither lags nor breaks, it was restarted."""
        if self._rpc.chain_id in LOCAL_CHAIN_IDS:
            raise ChainReplaced(
                f"none of the followed blocks up to {self._tail[-1][0]} is on the local chain",
                remedy="it was restarted: use a fresh state folder, or another URL",
            )

    async def _hash_at(self, number: int) -> bytes | None:
        try:
            return (await self._rpc.block(number)).hash
        except BlockUnknown:
            return None

    async def _up_to(self, head: BlockStamp) -> Sequence[NewBlock | Rewind]:
        """The next blocks, by their hashes; a rewind where they do not continue the tail; nothing
        to look again.
        """
        last = min(head.number, self._next + CATCH_UP - 1)
        try:
            before = await self._headers(self._next, last - 1) if self._next < last else []
            stamps = [stamp for stamp, _ in before]
            stamps.append(head if last == head.number else await self._rpc.block(last))
            if self._tail and stamps[0].parent_hash != self._tail[-1][1]:
                rewind = await self._rewind(stamps[0])
                return [] if rewind is None else [rewind]
            row = stamps[:1]
            for stamp in stamps[1:]:
                if stamp.parent_hash != row[-1].hash:
                    break  # replaced meanwhile: the next look tells by what
                row.append(stamp)
            return await self._with_logs(row)
        except BlockUnknown:
            return []  # the head shrank or the endpoint lags: the next look tells

    async def _with_logs(self, row: Sequence[BlockStamp]) -> Sequence[NewBlock]:
        beside = frozenset(self._beside())
        addresses = [self._address, *sorted(beside)]
        try:
            logs = await self._rpc.logs_in_blocks(
                address=addresses, hashes=[stamp.hash for stamp in row]
            )
        except BlockUnknown:
            if len(row) == 1:
                raise
            return await self._with_logs(row[:1])
        return [self._append(stamp, own, beside) for stamp, own in zip(row, logs, strict=True)]

    def _append(self, stamp: BlockStamp, logs: Sequence[Log], beside: frozenset[str]) -> NewBlock:
        decoded = decode_logs(logs, self._address)
        self._tail.append((stamp.number, stamp.hash))
        del self._tail[: -(self._finality + KEEP)]
        others = tuple(log for log in logs if log.address in beside)
        return NewBlock(stamp=stamp, logs=decoded, others=others, covers=beside)

    async def _by_range(self, last: int) -> AsyncIterator[NewBlock]:
        """Blocks up to ``last`` by ranged queries, each log checked against its block's header.

        Where a header says that there are logs and none came, that block is asked by its hash.
        It ends early, without an error, where the chain changes underneath.
        """
        while self._next <= last:
            first, end = self._next, min(last, self._next + self._width - 1)
            beside = frozenset(self._beside())
            try:
                logs, tip = await self._rpc.logs_between(
                    address=[self._address, *sorted(beside)], first=first, last=end
                )
            except BlockUnknown:
                return
            except (RangeRefused, Transient) as fault:
                if first == end:
                    if isinstance(fault, RangeRefused):
                        return  # block by block, by hash, needs no range
                    raise
                self._width = max(1, (end - first + 1) // 4)
                if isinstance(fault, RangeRefused):
                    self._widest = self._width
                continue
            by_block: dict[int, list[Log]] = {}
            for log in logs:
                by_block.setdefault(log.block_number, []).append(log)
            for low in range(first, end + 1, HEADERS):
                headers = await self._headers(low, min(end, low + HEADERS - 1))
                for stamp, bloom in headers:
                    if self._tail and stamp.parent_hash != self._tail[-1][1]:
                        return
                    own = by_block.get(stamp.number, [])
                    if any(log.block_hash != stamp.hash for log in own):
                        return
                    if stamp.number == tip.number and stamp.hash != tip.hash:
                        return
                    if unheard(bloom, own, [self._address, *beside]):
                        try:
                            own = await self._rpc.logs(
                                address=[self._address, *sorted(beside)], block_hash=stamp.hash
                            )
                        except BlockUnknown:
                            return
                    yield self._append(stamp, own, beside)
            self._width = min(self._widest, self._width * 2)

    async def _headers(self, first: int, last: int) -> list[tuple[BlockStamp, object]]:
        """Headers ``first`` to ``last`` with their bloom filters, all from one endpoint."""
        replies = await self._rpc.batch(
            [("eth_getBlockByNumber", [hex(n), False]) for n in range(first, last + 1)]
        )
        stamps = []
        for number, reply in enumerate(replies, first):
            if isinstance(reply, ChainError):
                raise reply
            if reply is None:
                raise BlockUnknown(f"block {number} is unknown", remedy="wait for it")
            stamp = to_block(reply)
            if stamp.number != number:
                raise malformed("block.number", number)
            stamps.append((stamp, reply.get("logsBloom")))
        return stamps
