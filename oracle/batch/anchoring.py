"""One root in one transaction, whatever happens in between.

The signed transaction is written down before it is sent. After a crash the log is asked first: it
has the batch, or the very same bytes are sent again; they name the batch before, so they succeed
once at most. Only where another batch has taken the place are the leaves numbered anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from eth_utils.crypto import keccak

from oracle.batch.engine import Run
from oracle.batch.log import AnchorLog, encode_anchor
from oracle.batch.manifest import write_whole
from oracle.chain.signer import AccountSigner
from oracle.chain.wire import TxReceipt
from oracle.core.anchor import Batch, batch_after
from oracle.core.canonical import canonical_json
from oracle.core.errors import ChainError, Conflict, NotFound, Reverted, Transient
from oracle.core.receipt import Place
from oracle.core.strict_json import parse_json

FILE = "anchor.json"
TRIES = 5

Root = Callable[[Run], bytes]
"""The root of a run from an index on, computed where it is not stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorRecord:
    """What is known of a batch's anchoring.

    Attributes:
        log: the anchor log's address.
        raw: the signed transaction; empty where somebody else sent it.
        place: where it was mined, None as long as that is not known.
    """

    chain_id: int
    log: str
    operator: str
    batch: Batch
    raw: bytes
    place: Place | None = None

    @property
    def batch_id(self) -> bytes:
        """What the log stores, 32 bytes."""
        return self.batch.id(self.chain_id, self.log)


def write_record(folder: Path, record: AnchorRecord) -> None:
    """Keep the record, durably."""
    batch, place = record.batch, record.place
    write_whole(
        folder / FILE,
        canonical_json(
            {
                "chainId": record.chain_id,
                "log": record.log,
                "operator": record.operator,
                "batch": {
                    "number": str(batch.number),
                    "firstIndex": str(batch.first_index),
                    "count": batch.count,
                    "root": "0x" + batch.root.hex(),
                    "previous": "0x" + batch.previous.hex(),
                },
                "raw": "0x" + record.raw.hex(),
                "place": None
                if place is None
                else {
                    "transaction": "0x" + place.transaction.hex(),
                    "blockNumber": place.block_number,
                    "blockHash": "0x" + place.block_hash.hex(),
                    "timestamp": place.timestamp,
                },
            }
        ),
    )


def read_record(folder: Path) -> AnchorRecord | None:
    """The record in a batch's folder; None where nothing was sent yet."""
    path = folder / FILE
    if not path.is_file():
        return None
    found: Any = parse_json(path.read_bytes(), str(path))
    batch, place = found["batch"], found["place"]
    return AnchorRecord(
        chain_id=found["chainId"],
        log=found["log"],
        operator=found["operator"],
        batch=Batch(
            number=int(batch["number"]),
            first_index=int(batch["firstIndex"]),
            count=batch["count"],
            root=_octets(batch["root"]),
            previous=_octets(batch["previous"]),
        ),
        raw=_octets(found["raw"]),
        place=None
        if place is None
        else Place(
            transaction=_octets(place["transaction"]),
            block_number=place["blockNumber"],
            block_hash=_octets(place["blockHash"]),
            timestamp=place["timestamp"],
        ),
    )


def require_anchored(folder: Path) -> AnchorRecord:
    """The record of a batch that is on chain.

    Raises:
        NotFound: it is not, or not known to be.
    """
    record = read_record(folder)
    if record is None or record.place is None:
        raise NotFound(f"{folder} is not anchored", remedy="run `oracle batch` again: it goes on")
    return record


async def anchor(
    run: Run, log: AnchorLog, signer: AccountSigner, recorder: Recorder, root_of: Root
) -> AnchorRecord:
    """Bring the run's root into the log, once.

    Args:
        signer: of the log's anchorer, with ``recorder`` told of what it signs.
        root_of: gives the root for where the log stands.

    Raises:
        Conflict: the folder's batch is of another log or chain.
        ChainError: the log refuses, or can not be reached; run it again.
    """
    for _ in range(TRIES):
        known = read_record(run.folder)
        if known is not None:
            settled = await _settle(run.folder, known, log, signer)
            if settled is not None:
                return settled
        last = await log.last()
        placed = replace(run, first_index=0 if last is None else last.next_index)
        root = root_of(placed)
        batch = batch_after(
            last, run.manifest.rows, root, chain_id=log.rpc.chain_id, log=log.address
        )
        recorder.about = AnchorRecord(
            chain_id=log.rpc.chain_id,
            log=log.address,
            operator=signer.address,
            batch=batch,
            raw=b"",
        )
        try:
            receipt = await signer.send_transaction(
                to=log.address, calldata=encode_anchor(last, batch)
            )
        except Reverted:
            if await log.last() == last:
                raise
            continue  # another batch came first
        return await _mined(run.folder, recorder.about, receipt, log)
    raise Transient(
        f"other batches took the place in the log {log.address} {TRIES} times",
        remedy="run it again when the log is less busy",
    )


class Recorder:
    """Writes a signed transaction into the batch's folder before it is sent."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.about: AnchorRecord

    def __call__(self, raw: bytes) -> None:
        """Keep the signed bytes."""
        self.about = replace(self.about, raw=raw)
        write_record(self._folder, self.about)


async def _settle(
    folder: Path, known: AnchorRecord, log: AnchorLog, signer: AccountSigner
) -> AnchorRecord | None:
    """What became of a recorded transaction; None where it can have no effect any more."""
    if (known.chain_id, known.log) != (log.rpc.chain_id, log.address):
        raise Conflict(
            f"{folder} is of the log {known.log} on chain {known.chain_id}",
            remedy="name that log and network, or run the batch into a new folder",
        )
    stored = await log.batch_id(known.batch.number)
    if stored is None:
        try:
            receipt = await signer.send_again(known.raw)
        except Transient:
            raise
        except ChainError:
            if await log.batch_id(known.batch.number) is not None:
                return await _settle(folder, known, log, signer)
            return None  # its nonce is spent and the log does not have it: it can not come
        return await _mined(folder, known, receipt, log) if receipt.succeeded else None
    if stored != known.batch_id:
        return None  # another batch has the number: the transaction can only revert
    (mined,) = await log.rpc.receipts([keccak(known.raw)])
    if mined is None:
        found = await log.anchored_by(known.batch)
        (mined,) = await log.rpc.receipts([found]) if found else (None,)
    if mined is None:
        raise Transient(
            f"the log has batch {known.batch.number}, the endpoint not its transaction",
            remedy="try again in a moment",
        )
    return await _mined(folder, known, mined, log)


async def _mined(
    folder: Path, record: AnchorRecord, receipt: TxReceipt, log: AnchorLog
) -> AnchorRecord:
    block = await log.rpc.block(receipt.block_hash)
    done = replace(
        record,
        place=Place(
            transaction=receipt.tx_hash,
            block_number=receipt.block_number,
            block_hash=receipt.block_hash,
            timestamp=block.timestamp,
        ),
    )
    write_record(folder, done)
    return done


def _octets(text: str) -> bytes:
    return bytes.fromhex(text[2:])
