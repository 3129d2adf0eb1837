"""A batch's folder: predictions and leaves as Parquet, chunk by chunk, and the tree's nodes.

    manifest.json                     what the run is
    predictions/0000000000.parquet    by the chunk's first row
    tree-<first index>/               leaves and nodes; they depend on where the log stands
        leaves-0000000000.parquet
        nodes                         the array of the Merkle tree
        tree.json                     root, written when it is whole
    anchor.json                       the transaction, written before it is sent

Every file appears whole under its name or not at all, so a run that was cut off is run again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from oracle.batch.keccak import keccak_rows, padded
from oracle.batch.manifest import Manifest, write_whole
from oracle.batch.scorer import BLOCK, Predictions
from oracle.core.canonical import canonical_json
from oracle.core.errors import JournalError, NotFound
from oracle.core.prediction import Prediction
from oracle.core.strict_json import parse_json

_HASH = pa.binary(32)
_RUN = b"run"
PREDICTIONS = pa.schema(
    [
        ("row", pa.uint64()),
        ("subject", _HASH),
        ("input", pa.binary()),
        ("inputHash", _HASH),
        ("outputs", pa.binary()),
        ("outputHash", _HASH),
        ("value", pa.int64()),
        ("confidence", pa.uint32()),
    ]
)
LEAVES = pa.schema([("index", pa.uint64()), ("leaf", _HASH)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One stored prediction, with the bytes behind its hashes."""

    prediction: Prediction
    input: bytes
    outputs: bytes


class Parts:
    """The stored parts of one run.

    Args:
        folder: the batch's.
        manifest: the run's; parts of another run are not seen.
    """

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder = folder
        self._manifest = manifest
        self._digest = manifest.digest()
        (folder / "predictions").mkdir(parents=True, exist_ok=True)

    def tree_folder(self, first_index: int) -> Path:
        """Where the tree from this index on is."""
        return self.folder / f"tree-{first_index}"

    def has_predictions(self, first_row: int, rows: int) -> bool:
        """Whether a chunk is there, whole and of this run."""
        return self._has(self._predictions(first_row), rows)

    def has_leaves(self, first_index: int, first_row: int, rows: int) -> bool:
        """Whether a chunk's leaves are there, whole and of this run."""
        return self._has(self._leaves(first_index, first_row), rows)

    def write(self, first_row: int, blocks: Sequence[Predictions], first_index: int) -> None:
        """Store a chunk's predictions, and then their leaves."""
        batches, leaves, row = [], [], first_row
        for block in blocks:
            count = len(block.values)
            batches.append(_batch(block, row))
            leaves.append(leaves_of(block, self._manifest, first_index + row))
            row += count
        self._write(self._predictions(first_row), PREDICTIONS, batches)
        self._write_leaves(first_index, first_row, leaves)

    def renew_leaves(self, first_index: int, first_row: int) -> None:
        """Leaves of a stored chunk for another place in the log."""
        file = pq.ParquetFile(self._predictions(first_row))
        leaves, row = [], first_row
        for batch in file.iter_batches(batch_size=BLOCK, use_threads=False):
            leaves.append(leaves_of(_block(batch), self._manifest, first_index + row))
            row += len(batch)
        self._write_leaves(first_index, first_row, leaves)

    def read_leaves(
        self, first_index: int, chunks: Sequence[tuple[int, int]]
    ) -> Iterator[NDArray[np.uint8]]:
        """All leaves, a chunk at a time, in their order."""
        for first_row, _ in chunks:
            column = pq.read_table(
                self._leaves(first_index, first_row), columns=["leaf"], use_threads=False
            ).column("leaf")
            yield _octets(column.combine_chunks())

    def row(self, chunks: Sequence[tuple[int, int]], row: int) -> Row:
        """One stored prediction.

        Raises:
            NotFound: the batch has no such row, or it is not scored yet.
        """
        first = next((at for at, rows in chunks if at <= row < at + rows), None)
        if first is None or not self._predictions(first).is_file():
            raise NotFound(f"there is no row {row} in {self.folder}", remedy="rows count from 0")
        table = pq.read_table(self._predictions(first), use_threads=False)
        found = table.slice(row - first, 1).to_pylist()[0]
        return Row(
            prediction=Prediction(
                model_id=self._manifest.model_id,
                subject=found["subject"],
                input_hash=found["inputHash"],
                output_hash=found["outputHash"],
                value=found["value"],
                confidence=found["confidence"],
                predicted_at=self._manifest.predicted_at,
            ),
            input=found["input"],
            outputs=found["outputs"],
        )

    def chunks(self) -> list[tuple[int, int]]:
        """First row and rows of every stored chunk, in order."""
        found = sorted((self.folder / "predictions").glob("*.parquet"))
        return [(int(path.stem), pq.read_metadata(path).num_rows) for path in found]

    def finish_tree(self, first_index: int, root: bytes) -> None:
        """Say that the tree from this index on is whole."""
        body = canonical_json({"run": "0x" + self._digest.hex(), "root": "0x" + root.hex()})
        write_whole(self.tree_folder(first_index) / "tree.json", body)

    def root(self, first_index: int) -> bytes | None:
        """The root of the tree from this index on, None while it is not whole."""
        path = self.tree_folder(first_index) / "tree.json"
        if not path.is_file():
            return None
        found: Any = parse_json(path.read_bytes(), str(path))
        if found["run"] != "0x" + self._digest.hex():
            return None
        return bytes.fromhex(found["root"][2:])

    def _predictions(self, first_row: int) -> Path:
        return self.folder / "predictions" / f"{first_row:010}.parquet"

    def _leaves(self, first_index: int, first_row: int) -> Path:
        return self.tree_folder(first_index) / f"leaves-{first_row:010}.parquet"

    def _has(self, path: Path, rows: int) -> bool:
        try:
            metadata = pq.read_metadata(path)
        except (OSError, pa.ArrowInvalid):
            return False
        return bool(
            metadata.num_rows == rows and (metadata.metadata or {}).get(_RUN) == self._digest
        )

    def _write_leaves(
        self, first_index: int, first_row: int, leaves: Sequence[NDArray[np.uint8]]
    ) -> None:
        self.tree_folder(first_index).mkdir(exist_ok=True)
        octets = np.concatenate(leaves)
        start = first_index + first_row
        indices = pa.array(np.arange(start, start + len(octets), dtype=np.uint64))
        batch = pa.RecordBatch.from_arrays([indices, _hashes(octets)], schema=LEAVES)
        self._write(self._leaves(first_index, first_row), LEAVES, [batch])

    def _write(self, path: Path, schema: pa.Schema, batches: Sequence[pa.RecordBatch]) -> None:
        draft = path.with_name(path.name + ".draft")
        table = pa.Table.from_batches(batches, schema).replace_schema_metadata({_RUN: self._digest})
        try:
            pq.write_table(
                table,
                draft,
                compression="none",
                use_dictionary=False,
                write_statistics=False,
                row_group_size=1 << 20,
            )
            draft.replace(path)
        except OSError as error:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)
            raise JournalError(
                f"{path} can not be written: {error}", remedy="make room, then run it again"
            ) from error


def leaves_of(block: Predictions, manifest: Manifest, first_index: int) -> NDArray[np.uint8]:
    """The leaf of every prediction of a block, 32 bytes, as ``oracle.core.anchor.leaf_of``."""
    count = len(block.values)
    room = padded(count, 256)
    words = room.reshape(count, -1)[:, :256].reshape(count, 8, 32)
    words[:, 0, 24:] = _big_endian(np.arange(first_index, first_index + count))
    words[:, 1] = np.frombuffer(manifest.model_id, np.uint8)
    words[:, 2] = block.subjects
    words[:, 3] = block.input_hashes
    words[:, 4] = block.output_hashes
    words[:, 5, :24] = np.where(block.values < 0, 0xFF, 0).astype(np.uint8)[:, None]
    words[:, 5, 24:] = _big_endian(block.values)
    words[:, 6, 24:] = _big_endian(block.confidences)
    words[:, 7, 24:] = np.frombuffer(manifest.predicted_at.to_bytes(8, "big"), np.uint8)
    again = padded(count, 32)
    again[:, :32] = keccak_rows(room)
    return keccak_rows(again)


def _big_endian(numbers: NDArray[Any]) -> NDArray[np.uint8]:
    return numbers.astype(">i8").view(np.uint8).reshape(-1, 8)


def _hashes(octets: NDArray[np.uint8]) -> pa.Array:
    whole = np.ascontiguousarray(octets)
    return pa.Array.from_buffers(_HASH, len(whole), [None, pa.py_buffer(whole)])


def _octets(column: pa.Array) -> NDArray[np.uint8]:
    buffer = column.buffers()[1]
    octets = np.frombuffer(buffer, np.uint8).reshape(-1, 32)
    return octets[column.offset : column.offset + len(column)]


def _batch(block: Predictions, first_row: int) -> pa.RecordBatch:
    count = len(block.values)
    return pa.RecordBatch.from_arrays(
        [
            pa.array(np.arange(first_row, first_row + count, dtype=np.uint64)),
            _hashes(block.subjects),
            block.inputs,
            _hashes(block.input_hashes),
            block.outputs,
            _hashes(block.output_hashes),
            pa.array(block.values),
            pa.array(block.confidences.astype(np.uint32)),
        ],
        schema=PREDICTIONS,
    )


def _block(batch: pa.RecordBatch) -> Predictions:
    return Predictions(
        subjects=_octets(batch.column("subject")),
        inputs=batch.column("input"),
        input_hashes=_octets(batch.column("inputHash")),
        outputs=batch.column("outputs"),
        output_hashes=_octets(batch.column("outputHash")),
        values=batch.column("value").to_numpy(),
        confidences=batch.column("confidence").to_numpy().astype(np.int64),
    )
