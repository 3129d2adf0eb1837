"""Logs of blocks by their hashes, from endpoints whose index of logs may be late or wrong.

An endpoint must show in the same breath that it knows a block, since some answer an unknown block
with no logs; and where the header's bloom filter says that there are logs, none are believed only
when nobody gives any, and neither do the block's receipts: an index of logs may be late where the
block is there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from oracle.chain.endpoint import Call, Endpoint
from oracle.chain.errors import BlockUnknown, MethodMissing
from oracle.chain.failover import Reply, value_of
from oracle.chain.log_filter import logs_of, of_these, one_or_all, unheard
from oracle.chain.wire import Log, malformed, to_bytes, to_list, to_receipt
from oracle.core.errors import ChainError

if TYPE_CHECKING:
    from oracle.chain.rpc import RpcPool


class BlockLogs:
    """One question: the logs of these contracts in these blocks.

    Args:
        addresses: the contracts', checksummed.
        hashes: of at most half a batch's blocks.
    """

    def __init__(self, rpc: RpcPool, addresses: Sequence[str], hashes: Sequence[bytes]) -> None:
        self._rpc = rpc
        self._addresses = addresses
        self._hashes = hashes
        self._final = False
        self._doubted: set[int] = set()

    async def read(self) -> list[list[Log]]:
        """The logs of each block, in order.

        Raises:
            BlockUnknown: no endpoint knows all the blocks.
        """
        calls: list[Call] = []
        for name in map(_named, self._hashes):
            where = {"address": one_or_all(self._addresses), "blockHash": name}
            calls += [("eth_getLogs", [where]), ("eth_getBlockByHash", [name, False])]
        try:
            return await self._rpc.first(calls, self._judge)
        except BlockUnknown:
            if not self._doubted:
                raise
        self._final = True
        self._doubted.clear()
        await asyncio.sleep(0.1)
        found = await self._rpc.first(calls, self._judge)
        for place in sorted(self._doubted):
            found[place] = await self._in_receipts(self._hashes[place]) or found[place]
        return found

    def _judge(self, _: Endpoint, replies: list[Reply]) -> list[list[Log]]:
        pairs = zip(replies[::2], replies[1::2], strict=True)
        return [self._one(place, logs, header) for place, (logs, header) in enumerate(pairs)]

    def _one(self, place: int, said: Reply, header: Reply) -> list[Log]:
        name = _named(self._hashes[place])
        block = value_of(header, "eth_getBlockByHash")
        if block is None:
            raise BlockUnknown(f"block {name} is unknown", remedy="wait for it, or look again")
        found = logs_of(said, self._addresses)
        if any(log.block_hash != self._hashes[place] for log in found):
            raise malformed("log.blockHash", "another block's")
        if unheard(block.get("logsBloom"), found, self._addresses):
            self._doubted.add(place)
            if not self._final:
                raise BlockUnknown(f"logs of block {name} are missing")
        return found

    async def _in_receipts(self, block_hash: bytes) -> list[Log]:
        """The logs in a block's receipts; none where no endpoint gives them all."""

        def judge(_: Endpoint, replies: list[Reply]) -> list[Log]:
            receipts = value_of(replies[0], "eth_getBlockReceipts")
            if receipts is None:
                raise MethodMissing("eth_getBlockReceipts gives nothing")
            listed = [to_receipt(each) for each in to_list(receipts, "eth_getBlockReceipts")]
            return self._ours([log for each in listed for log in each.logs], block_hash)

        try:
            return await self._rpc.first([("eth_getBlockReceipts", [_named(block_hash)])], judge)
        except MethodMissing:
            return await self._one_by_one(block_hash)
        except ChainError:
            return []

    async def _one_by_one(self, block_hash: bytes) -> list[Log]:
        """The same for endpoints that give receipts by transaction only."""
        rpc = self._rpc
        try:
            found = await rpc.call("eth_getBlockByHash", [_named(block_hash), False])
            names = [] if found is None else to_list(found.get("transactions"), "transactions")
            receipts = await rpc.receipts([to_bytes(each, "transaction", 32) for each in names])
        except ChainError:
            return []
        return self._ours([log for each in receipts if each for log in each.logs], block_hash)

    def _ours(self, logs: Sequence[Log], block_hash: bytes) -> list[Log]:
        return of_these([log for log in logs if log.block_hash == block_hash], self._addresses)


def _named(block_hash: bytes) -> str:
    return "0x" + block_hash.hex()
