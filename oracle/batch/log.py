"""The anchor log as a batch needs it: where it stands, and whether it has a batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from oracle.chain.abi import interface
from oracle.chain.rpc import RpcPool
from oracle.chain.wire import Log, checksum, to_list, to_log
from oracle.core.anchor import NO_BATCH, Batch, anchor_arguments, batch_after
from oracle.core.errors import Transient

_ABI = interface("AnchorLog")
ANCHORED = _ABI.events["Anchored"].selector


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorLog:
    """The log at one address."""

    rpc: RpcPool
    address: str

    async def batch_id(self, number: int) -> bytes | None:
        """The id of an anchored batch; None where there is no such batch."""
        found: bytes = await self._read("batchIdOf", number)
        return None if found == NO_BATCH else found

    async def last(self) -> Batch | None:
        """The last batch, from all events of the log; None while it is empty.

        Raises:
            Transient: the events do not lead to the id that the log has.
        """
        count: int = await self._read("batchCount")
        last: Batch | None = None
        for log in (await self._events() if count else [])[:count]:
            said = _ABI.decode_event(log)
            assert said is not None
            last = batch_after(
                last,
                said[1]["count"],
                said[1]["root"],
                chain_id=self.rpc.chain_id,
                log=self.address,
            )
        found = None if last is None else last.id(self.rpc.chain_id, self.address)
        if found != (await self.batch_id(count - 1) if count else None):
            raise Transient(
                f"the endpoint's events do not lead to batch {count - 1} of the log {self.address}",
                remedy="try again, or use an endpoint that searches the whole chain",
            )
        return last

    async def anchored_by(self, batch: Batch) -> bytes | None:
        """The transaction that anchored a batch; None where no event of it is found."""
        logs = await self._events(f"0x{batch.number:064x}")
        return logs[0].tx_hash if logs else None

    async def _events(self, number: str | None = None) -> list[Log]:
        wanted = {
            "address": self.address,
            "fromBlock": "0x0",
            "toBlock": "latest",
            "topics": ["0x" + ANCHORED.hex(), number],
        }
        found = to_list(await self.rpc.call("eth_getLogs", [wanted]), "logs")
        return [log for log in map(to_log, found) if log.address == self.address]

    async def _read(self, function: str, *arguments: object) -> Any:
        body = await self.rpc.eth_call(
            self.address, _ABI.encode(function, *arguments), block="latest"
        )
        (found,) = _ABI.decode_output(function, body).values()
        return found


def log_at(rpc: RpcPool, address: str) -> AnchorLog:
    """The log at an address."""
    return AnchorLog(rpc=rpc, address=checksum(address.lower()))


def encode_anchor(last: Batch | None, batch: Batch) -> bytes:
    """Calldata of ``anchor``."""
    return _ABI.encode("anchor", *anchor_arguments(last, batch))


def encode_anchor_vouched(last: Batch | None, batch: Batch, at: int, evidence: bytes) -> bytes:
    """Calldata of ``anchorVouched``."""
    return _ABI.encode("anchorVouched", *anchor_arguments(last, batch), at, evidence)
