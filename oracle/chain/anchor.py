"""An anchor log on the chain: where an operator's is, what it holds, how a batch is appended."""

from __future__ import annotations

from typing import Any

from oracle.chain.abi import interface
from oracle.chain.deployment import ContractSpec
from oracle.chain.logs import logs_in
from oracle.chain.rpc import RpcPool
from oracle.chain.wire import BlockRef, Log, checksum
from oracle.core.anchor import NO_BATCH, Batch, anchor_arguments, batch_after
from oracle.core.errors import ChainError, Reverted, Transient

CONTRACT = "AnchorLog"
ANCHORED = "Anchored"


def anchor_log_of(operator: str) -> ContractSpec:
    """The log that an operator anchors in and is paid for: one address on every chain."""
    return anchor_log_for(operator, operator)


def anchor_log_for(anchorer: str, payee: str) -> ContractSpec:
    """The log of any anchorer: an operator's address, or the contract that vouches for batches.

    Args:
        payee: who is paid the fees.
    """
    return ContractSpec(contract=CONTRACT, arguments=(anchorer, payee))


class AnchorLog:
    """Reads of one log.

    Args:
        address: in any case.
    """

    def __init__(self, rpc: RpcPool, address: str) -> None:
        self.rpc = rpc
        self.address = str(checksum(address.lower()))
        self._abi = interface(CONTRACT)
        self._start: int | None = None

    async def there(self, *, block: BlockRef = "latest") -> bool:
        """Whether the log is deployed."""
        return bool(await self.rpc.code(self.address, block))

    async def batch_count(self, *, block: BlockRef = "latest") -> int:
        """How many batches it has."""
        return int(await self._read("batchCount", block=block))

    async def batch_id(self, number: int, *, block: BlockRef = "latest") -> bytes | None:
        """The id of a batch; None where there is none."""
        found = await self._read("batchIdOf", number, block=block)
        assert isinstance(found, bytes)
        return None if found == NO_BATCH else found

    async def anchorer(self, *, block: BlockRef = "latest") -> str:
        """Who anchors, checksummed."""
        return str(checksum(await self._read("anchorer", block=block)))

    async def deployed_at(self) -> int:
        """The block in which the log was deployed: no batch is before it. Asked once.

        0 where the endpoint keeps no old state, in which it could be searched.
        """
        if self._start is None:
            try:
                self._start = await self._first_with_code()
            except Transient:
                raise
            except ChainError:
                return 0
        return self._start

    async def batches(self, *, last: int) -> list[Batch]:
        """Every batch up to block ``last``, from the events; held to the id that the log stores.

        Raises:
            Transient: the events are not those of the batches that the log stores.
            ChainError: they can not be read.
        """
        count = await self.batch_count(block=last)
        found: list[Batch] = []
        for event in await self._events(last) if count else ():
            decoded = self._abi.decode_event(event)
            assert decoded is not None
            found.append(
                batch_after(
                    found[-1] if found else None,
                    decoded[1]["count"],
                    decoded[1]["root"],
                    chain_id=self.rpc.chain_id,
                    log=self.address,
                )
            )
        stored = await self.batch_id(count - 1, block=last) if count else None
        if stored != (found[-1].id(self.rpc.chain_id, self.address) if found else None):
            self._start = None
            raise Transient(
                f"the events of anchor log {self.address} do not lead to its batch {count - 1}",
                remedy="try again, or use an endpoint that searches the whole chain",
            )
        return found

    async def last(self) -> Batch | None:
        """The last batch; None while the log is empty. Errors as ``batches``."""
        head = await self.rpc.block("latest")
        found = await self.batches(last=head.number)
        return found[-1] if found else None

    async def anchored(self, number: int) -> Log | None:
        """The event of a batch; None where none is found."""
        head = await self.rpc.block("latest")
        events = await self._events(head.number, number)
        return events[0] if events else None

    def encode(self, function: str, *arguments: object) -> bytes:
        """Calldata of one of its functions."""
        return self._abi.encode(function, *arguments)

    async def _events(self, last: int, number: int | None = None) -> list[Log]:
        topics = [self._abi.events[ANCHORED].selector]
        if number is not None:
            topics.append(number.to_bytes(32, "big"))
        start = await self.deployed_at()
        return await logs_in(self.rpc, self.address, start, last, topics=topics)

    async def _first_with_code(self) -> int:
        low, high = 0, (await self.rpc.block("latest")).number
        while low < high:
            middle = (low + high) // 2
            if await self.rpc.code(self.address, middle):
                high = middle
            else:
                low = middle + 1
        return low

    async def _read(self, function: str, *arguments: object, block: BlockRef) -> Any:
        body = await self.rpc.eth_call(
            self.address, self._abi.encode(function, *arguments), block=block
        )
        if not body:
            raise Reverted(f"there is no anchor log at {self.address}")
        (value,) = self._abi.decode_output(function, body).values()
        return value


def encode_anchor(last: Batch | None, batch: Batch) -> bytes:
    """Calldata of ``anchor``, which appends ``batch`` after ``last``."""
    return interface(CONTRACT).encode("anchor", *anchor_arguments(last, batch))


def encode_anchor_vouched(last: Batch | None, batch: Batch, at: int, evidence: bytes) -> bytes:
    """Calldata of ``anchorVouched``.

    Args:
        at: Unix seconds; the time in the prediction that was vouched for.
        evidence: what the log's anchorer checks.
    """
    return interface(CONTRACT).encode("anchorVouched", *anchor_arguments(last, batch), at, evidence)
