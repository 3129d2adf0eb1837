"""What is known of a batch's anchoring, in its folder: written before the transaction is sent."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oracle.batch.manifest import write_whole
from oracle.core.anchor import Batch
from oracle.core.canonical import Json, canonical_json
from oracle.core.errors import NotFound
from oracle.core.receipt import Place
from oracle.core.strict_json import parse_json

FILE = "anchor.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorRecord:
    """What is known of a batch's anchoring.

    Attributes:
        log: the anchor log's address.
        operator: whose log it is; None where its members anchor together.
        raw: the signed transaction; empty where somebody else sent it.
        place: where it was mined, None as long as that is not known.
    """

    chain_id: int
    log: str
    operator: str | None
    batch: Batch
    raw: bytes
    place: Place | None = None

    @property
    def batch_id(self) -> bytes:
        """What the log stores, 32 bytes."""
        return self.batch.id(self.chain_id, self.log)


def write_record(folder: Path, record: AnchorRecord) -> None:
    """Keep the record, durably."""
    place = record.place
    write_whole(
        folder / FILE,
        canonical_json(
            {
                "chainId": record.chain_id,
                "log": record.log,
                "operator": record.operator,
                "batch": batch_json(record.batch),
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
    place = found["place"]
    return AnchorRecord(
        chain_id=found["chainId"],
        log=found["log"],
        operator=found["operator"],
        batch=batch_of(found["batch"]),
        raw=octets_of(found["raw"]),
        place=None
        if place is None
        else Place(
            transaction=octets_of(place["transaction"]),
            block_number=place["blockNumber"],
            block_hash=octets_of(place["blockHash"]),
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


def batch_json(batch: Batch) -> dict[str, Json]:
    """A batch's header for JSON; numbers beyond 2^53 are texts."""
    return {
        "number": str(batch.number),
        "firstIndex": str(batch.first_index),
        "count": batch.count,
        "root": "0x" + batch.root.hex(),
        "previous": "0x" + batch.previous.hex(),
    }


def batch_of(found: Any) -> Batch:
    """A batch's header from JSON."""
    return Batch(
        number=int(found["number"]),
        first_index=int(found["firstIndex"]),
        count=found["count"],
        root=octets_of(found["root"]),
        previous=octets_of(found["previous"]),
    )


def octets_of(text: str) -> bytes:
    """Bytes of ``0x`` hex."""
    return bytes.fromhex(text[2:])
