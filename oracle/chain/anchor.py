"""An anchor log on the chain: where an operator's is, and what it holds."""

from __future__ import annotations

from typing import Any

from oracle.chain.abi import interface
from oracle.chain.deployment import ContractSpec
from oracle.chain.rpc import RpcPool
from oracle.chain.wire import BlockRef, checksum
from oracle.core.anchor import Batch, batch_after
from oracle.core.errors import ChainError, Reverted

CONTRACT = "AnchorLog"


def anchor_log_of(operator: str) -> ContractSpec:
    """The log that an operator anchors in and is paid for: one address on every chain."""
    return ContractSpec(contract=CONTRACT, arguments=(operator, operator))


class AnchorLog:
    """Reads of one log.

    Args:
        address: checksummed.
        start: the block from which its batches are looked for.
    """

    def __init__(self, rpc: RpcPool, address: str, *, start: int = 0) -> None:
        self.rpc = rpc
        self.address = address
        self._start = start
        self._abi = interface(CONTRACT)

    async def there(self, *, block: BlockRef = "latest") -> bool:
        """Whether the log is deployed."""
        return bool(await self.rpc.code(self.address, block))

    async def batch_count(self, *, block: BlockRef = "latest") -> int:
        """How many batches it has."""
        return int(await self._read("batchCount", block=block))

    async def batch_id(self, number: int, *, block: BlockRef = "latest") -> bytes:
        """The id of a batch; 32 zero bytes where there is none."""
        found = await self._read("batchIdOf", number, block=block)
        assert isinstance(found, bytes)
        return found

    async def anchorer(self, *, block: BlockRef = "latest") -> str:
        """Who anchors, checksummed."""
        return checksum(await self._read("anchorer", block=block))

    async def batches(self, *, last: int) -> list[Batch]:
        """Every batch up to block ``last``, from the events; held to the id that the log stores.

        Raises:
            ChainError: they can not be read, or are not those of the batches that the log stores.
        """
        logs, _ = await self.rpc.logs_between(address=self.address, first=self._start, last=last)
        found: list[Batch] = []
        chain_id = self.rpc.chain_id
        for each in logs:
            decoded = self._abi.decode_event(each)
            if decoded is None or decoded[0] != "Anchored":
                continue
            fields = decoded[1]
            last_known = found[-1] if found else None
            found.append(
                batch_after(
                    last_known,
                    fields["count"],
                    fields["root"],
                    chain_id=chain_id,
                    log=self.address,
                )
            )
        if found:
            stored = await self.batch_id(found[-1].number, block=last)
            if stored != found[-1].id(self.rpc.chain_id, self.address):
                raise ChainError(
                    f"the events of anchor log {self.address} are not the batches that it stores",
                    remedy="ask another endpoint: this one left some out",
                )
        return found

    def encode(self, function: str, *arguments: object) -> bytes:
        """Calldata of one of its functions."""
        return self._abi.encode(function, *arguments)

    async def _read(self, function: str, *arguments: object, block: BlockRef) -> Any:
        body = await self.rpc.eth_call(
            self.address, self._abi.encode(function, *arguments), block=block
        )
        if not body:
            raise Reverted(f"there is no anchor log at {self.address}")
        (value,) = self._abi.decode_output(function, body).values()
        return value
