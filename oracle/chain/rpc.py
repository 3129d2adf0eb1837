"""JSON-RPC calls with typed values, over every endpoint of one chain.

Reads fail over from endpoint to endpoint; signed transactions go to every one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from oracle.chain.block_logs import BlockLogs
from oracle.chain.broadcast import Broadcaster
from oracle.chain.endpoint import Call, Endpoint, EndpointState, EndpointStatus
from oracle.chain.errors import BlockUnknown
from oracle.chain.failover import BATCH, Reply, value_of
from oracle.chain.log_filter import Topic, fits, logs_of, one_or_all, topic_of
from oracle.chain.replies import Broadcast, SendOutcome
from oracle.chain.wire import (
    BlockRef,
    BlockStamp,
    FeeHistory,
    Log,
    TxReceipt,
    from_block,
    malformed,
    to_block,
    to_bytes,
    to_fee_history,
    to_int,
    to_receipt,
)
from oracle.core.errors import ChainError, Transient

__all__ = [
    "Broadcast",
    "EndpointState",
    "EndpointStatus",
    "RpcPool",
    "SendOutcome",
    "TxReceipt",
]

T = TypeVar("T")

HEAD_LAG = 3
"""Blocks an endpoint may trail the highest head seen before another one is asked."""


class RpcPool(Broadcaster):
    """Typed calls over the endpoints of one chain; its arguments are ``Failover``'s."""

    _highest = 0

    async def call(
        self, method: str, params: Sequence[Any] = (), *, retype: Callable[[Any], T] | None = None
    ) -> Any:
        """One JSON-RPC call's result.

        Args:
            method: JSON-RPC method.
            params: its parameters, as JSON.
            retype: turns the raw result into a value; where it raises Transient the next
                endpoint is asked.

        Raises:
            Reverted: the call reverted, with its decoded reason.
            BlockUnknown: no endpoint knows the block.
            Transient: no endpoint gave a proper answer.
            ChainError: the request itself was refused.
            ConfigError: every endpoint serves another chain.
        """

        def judge(_: Endpoint, replies: list[Reply]) -> Any:
            value = value_of(replies[0], method)
            return retype(value) if retype else value

        return await self.first([(method, params)], judge)

    async def batch(self, calls: Sequence[Call]) -> list[Any | ChainError]:
        """Results in order; where a call failed for good, its error instead of a result.

        Raises:
            Transient, ConfigError: as ``call``.
        """

        def judge(_: Endpoint, replies: list[Reply]) -> list[Any | ChainError]:
            found: list[Any | ChainError] = []
            for (method, _params), reply in zip(part, replies, strict=True):
                try:
                    found.append(value_of(reply, method))
                except BlockUnknown as fault:
                    found.append(fault)
                except Transient:
                    raise
                except ChainError as fault:
                    found.append(fault)
            return found

        results: list[Any | ChainError] = []
        for start in range(0, len(calls), BATCH):
            part = calls[start : start + BATCH]
            results += await self.first(part, judge)
        return results

    async def block(self, block: BlockRef) -> BlockStamp:
        """A block's stamp, by hash, number or tag.

        Raises:
            BlockUnknown: no endpoint knows it.
        """
        method = "eth_getBlockByHash" if isinstance(block, bytes) else "eth_getBlockByNumber"
        name = "0x" + block.hex() if isinstance(block, bytes) else block
        several = len(self.endpoints) > 1
        trailing: list[BlockStamp] = []

        def judge(endpoint: Endpoint, replies: list[Reply]) -> BlockStamp:
            value = value_of(replies[0], method)
            if value is None:
                raise BlockUnknown(f"block {name} is unknown", remedy="wait for it, or look again")
            stamp = to_block(value)
            if isinstance(block, bytes) and stamp.hash != block:
                raise malformed("block.hash", value.get("hash"))
            if isinstance(block, int) and stamp.number != block:
                raise malformed("block.number", value.get("number"))
            if block == "latest":
                endpoint.head = stamp.number
                if several and stamp.number + HEAD_LAG < self._highest:
                    trailing.append(stamp)
                    raise BlockUnknown(
                        f"{endpoint.name} is at block {stamp.number}, another at {self._highest}"
                    )
                self._highest = stamp.number
            return stamp

        shown = hex(block) if isinstance(block, int) else name
        try:
            return await self.first([(method, [shown, False])], judge)
        except Transient:
            if not trailing:
                raise
            best = max(trailing, key=lambda stamp: stamp.number)
            self._highest = best.number  # no endpoint that answers is any further
            return best

    async def timestamp(self, block: BlockRef) -> int:
        """A block's Unix time; of ``"pending"``, the time that the next block would have."""

        def read(reply: Any) -> int:
            if not isinstance(reply, dict):
                raise BlockUnknown(f"block {block!r} is unknown", remedy="wait for it")
            return to_int(reply.get("timestamp"), "block.timestamp")

        found: int = await self.call(
            "eth_getBlockByNumber", [from_block(block), False], retype=read
        )
        return found

    async def logs(self, *, address: str | Sequence[str], block_hash: bytes) -> list[Log]:
        """One contract's logs in one block, in order; or those of several: ``logs_in_blocks``."""
        (found,) = await self.logs_in_blocks(address=address, hashes=[block_hash])
        return found

    async def logs_in_blocks(
        self, *, address: str | Sequence[str], hashes: Sequence[bytes]
    ) -> list[list[Log]]:
        """For each block, by its hash, the logs of one contract or of several, in order.

        Args:
            hashes: of at most half a batch's blocks.

        Raises:
            BlockUnknown: no endpoint knows all the blocks.
        """
        wanted = [address] if isinstance(address, str) else [*address]
        return await BlockLogs(self, wanted, hashes).read()

    async def logs_between(
        self,
        *,
        address: str | Sequence[str],
        first: int,
        last: int,
        topics: Sequence[Topic] = (),
    ) -> tuple[list[Log], BlockStamp]:
        """Logs in blocks ``first`` to ``last``, in order, and the last block.

        Args:
            address: of one contract, or of several.
            topics: what the logs' topics have to be, from the first on: 32 bytes, one of several,
                or None for any.

        Raises:
            BlockUnknown: no endpoint knows the last block yet.
            RangeRefused: the range is too wide for the endpoint.
        """
        wanted = [address] if isinstance(address, str) else [*address]
        where: dict[str, Any] = {
            "address": one_or_all(wanted),
            "fromBlock": hex(first),
            "toBlock": hex(last),
        }
        if topics:
            where["topics"] = [topic_of(topic) for topic in topics]
        calls: list[Call] = [
            ("eth_getLogs", [where]),
            ("eth_getBlockByNumber", [hex(last), False]),
        ]

        def judge(_: Endpoint, replies: list[Reply]) -> tuple[list[Log], BlockStamp]:
            block = value_of(replies[1], "eth_getBlockByNumber")
            if block is None:
                raise BlockUnknown(f"block {last} is unknown", remedy="wait for it")
            found = [log for log in logs_of(replies[0], wanted) if fits(log, topics)]
            if any(not first <= log.block_number <= last for log in found):
                raise malformed("log.blockNumber", "outside the range")
            return found, to_block(block)

        return await self.first(calls, judge)

    async def eth_call(
        self,
        to: str,
        calldata: bytes,
        *,
        block: BlockRef,
        sender: str | None = None,
        value: int = 0,
    ) -> bytes:
        """The bytes a contract returns, at one block.

        Raises:
            Reverted: with the decoded custom error.
        """
        message = {"to": to, "data": "0x" + calldata.hex(), "value": hex(value)}
        if sender:
            message["from"] = sender
        found: bytes = await self.call(
            "eth_call",
            [message, from_block(block)],
            retype=lambda reply: to_bytes(reply, "eth_call"),
        )
        return found

    async def code(self, address: str, block: BlockRef) -> bytes:
        """A contract's code at one block; empty where there is none."""
        found: bytes = await self.call(
            "eth_getCode", [address, from_block(block)], retype=lambda it: to_bytes(it, "code")
        )
        return found

    async def balance(self, address: str, block: BlockRef) -> int:
        """Wei held by ``address`` at one block."""
        return await self._quantity("eth_getBalance", [address, from_block(block)])

    async def nonce(self, address: str, block: BlockRef) -> int:
        """Count of transactions ``address`` has sent, as of ``block`` or ``"pending"``."""
        return await self._quantity("eth_getTransactionCount", [address, from_block(block)])

    async def estimate_gas(self, message: Mapping[str, Any], block: BlockRef | None = None) -> int:
        """Gas for a transaction given as JSON-RPC takes it.

        Args:
            block: on whose state and time; the endpoint's choice where None.

        Raises:
            Reverted: it would revert.
        """
        where = [] if block is None else [from_block(block)]
        return await self._quantity("eth_estimateGas", [dict(message), *where])

    async def _quantity(self, method: str, params: Sequence[Any]) -> int:
        found: int = await self.call(method, params, retype=lambda reply: to_int(reply, method))
        return found

    async def fee_history(
        self, blocks: int = 10, percentiles: Sequence[float] = (50,)
    ) -> FeeHistory:
        """Base fees and tips of the last ``blocks`` blocks; percentiles rise."""
        found: FeeHistory = await self.call(
            "eth_feeHistory", [hex(blocks), "latest", list(percentiles)], retype=to_fee_history
        )
        return found

    async def receipts(
        self, hashes: Sequence[bytes], *, logs: bool = True
    ) -> list[TxReceipt | None]:
        """Receipts in order, with or without their logs; None for one that is not mined."""
        replies = await self.batch(
            [("eth_getTransactionReceipt", ["0x" + each.hex()]) for each in hashes]
        )
        found: list[TxReceipt | None] = []
        for wanted, reply in zip(hashes, replies, strict=True):
            if isinstance(reply, ChainError):
                raise reply
            receipt = None if reply is None else to_receipt(reply, logs=logs)
            if receipt is not None and receipt.tx_hash != wanted:
                raise malformed("receipt.transactionHash", receipt.tx_hash.hex())
            found.append(receipt)
        return found
