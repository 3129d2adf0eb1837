"""A transport without sockets: a chain in memory, and endpoints that show it as they please."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from eth_utils.crypto import keccak

from oracle.chain.rpc import RpcPool

CHAIN_ID = 31337


class Refusal(Exception):
    """A JSON-RPC error."""

    def __init__(self, code: int, message: str, body: Any = None) -> None:
        super().__init__(message)
        self.error = {"code": code, "message": message}
        if body is not None:
            self.error["data"] = body


Handler = Callable[[str, Sequence[Any]], Any]


@dataclass
class FakeProvider:
    """One endpoint; ``answer`` gives a result or raises ``Refusal`` or what a socket would."""

    answer: Handler
    chain_id: int = CHAIN_ID
    calls: list[tuple[str, Sequence[Any]]] = field(default_factory=list)
    batches: bool = True
    closed: bool = False

    def __post_init__(self) -> None:
        self._ids = itertools.count()

    def _reply(self, method: str, params: Sequence[Any]) -> dict[str, Any]:
        self.calls.append((method, params))
        head = {"jsonrpc": "2.0", "id": next(self._ids)}
        try:
            if method == "eth_chainId":
                return {**head, "result": hex(self.chain_id)}
            return {**head, "result": self.answer(method, params)}
        except Refusal as refusal:
            return {**head, "error": refusal.error}

    async def make_request(self, method: str, params: Any) -> Any:
        await asyncio.sleep(0)
        return self._reply(method, params)

    async def make_batch_request(self, batch_requests: list[tuple[str, Any]]) -> Any:
        await asyncio.sleep(0)
        if not self.batches:
            return {"id": None, "error": {"code": -32600, "message": "no batches here"}}
        return [self._reply(method, params) for method, params in batch_requests]

    async def disconnect(self) -> None:
        self.closed = True

    def methods(self) -> list[str]:
        """What was asked, without the check of the chain id."""
        return [method for method, _ in self.calls if method != "eth_chainId"]


def pool_of(*providers: FakeProvider, **options: Any) -> RpcPool:
    """A pool over fake endpoints, named ``http://node0.test`` and so on."""
    urls = [f"http://user:secret@node{n}.test/key?token=secret" for n in range(len(providers))]
    return RpcPool(urls, chain_id=CHAIN_ID, providers=list(providers), **options)


@dataclass
class FakeChain:
    """Blocks and logs in memory, as JSON-RPC shows them."""

    blocks: list[dict[str, Any]] = field(default_factory=list)
    logs: list[dict[str, Any]] = field(default_factory=list)
    widest: int = 10**9
    fork: int = 0

    def mine(self, count: int = 1, logs: Sequence[dict[str, Any]] = ()) -> None:
        """Append blocks; the logs go into the first of them."""
        for _ in range(count):
            number = len(self.blocks)
            parent = self.blocks[-1]["hash"] if self.blocks else "0x" + "00" * 32
            block_hash = "0x" + keccak(f"{parent}{self.fork}".encode()).hex()
            self.blocks.append(
                {
                    "number": hex(number),
                    "hash": block_hash,
                    "parentHash": parent,
                    "timestamp": hex(1_000 + number),
                    "baseFeePerGas": "0x7",
                    "logsBloom": "0x" + "00" * 256,
                }
            )
            for index, log in enumerate(logs):
                self.logs.append(
                    {
                        "blockNumber": hex(number),
                        "blockHash": block_hash,
                        "transactionHash": "0x" + keccak(block_hash.encode()).hex(),
                        "transactionIndex": "0x0",
                        "logIndex": hex(index),
                        "removed": False,
                        **log,
                    }
                )
            logs = ()

    def reorg(self, depth: int) -> None:
        """Replace the last blocks by others without logs."""
        gone = {block["hash"] for block in self.blocks[-depth:]}
        del self.blocks[-depth:]
        self.logs = [log for log in self.logs if log["blockHash"] not in gone]
        self.fork += 1
        self.mine(depth)

    def show_bloom(self, number: int, address: str) -> None:
        """Let a block's header say that the contract may have logs in it (Yellow Paper 4.4.3)."""
        digest = keccak(bytes.fromhex(address[2:]))
        places = (int.from_bytes(digest[n : n + 2], "big") & 2047 for n in (0, 2, 4))
        self.blocks[number]["logsBloom"] = f"0x{sum(1 << each for each in places):0512x}"

    def hash_at(self, number: int) -> bytes:
        return bytes.fromhex(self.blocks[number]["hash"][2:])

    def answer(self, method: str, params: Sequence[Any]) -> Any:
        """As a well-behaved node."""
        if method == "eth_getBlockByNumber":
            if params[0] == "latest":
                return self.blocks[-1]
            number = int(params[0], 16)
            return self.blocks[number] if number < len(self.blocks) else None
        if method == "eth_getBlockByHash":
            return next((b for b in self.blocks if b["hash"] == params[0]), None)
        if method == "eth_blockNumber":
            return self.blocks[-1]["number"]
        if method == "eth_getLogs":
            return self._logs(params[0])
        raise Refusal(-32601, "Method not found")

    def _logs(self, where: dict[str, Any]) -> list[dict[str, Any]]:
        if "blockHash" in where:
            if not any(b["hash"] == where["blockHash"] for b in self.blocks):
                raise Refusal(-32000, "unknown block")
            return [log for log in self.logs if log["blockHash"] == where["blockHash"]]
        first, last = int(where["fromBlock"], 16), int(where["toBlock"], 16)
        if last - first + 1 > self.widest:
            raise Refusal(-32005, f"query exceeds max block range {self.widest}")
        return [log for log in self.logs if first <= int(log["blockNumber"], 16) <= last]


def chain(length: int = 5) -> FakeChain:
    made = FakeChain()
    made.mine(length)
    return made


def failing(fault: Exception) -> FakeProvider:
    def answer(method: str, params: object) -> Any:
        raise fault

    return FakeProvider(answer)
