"""A block of rows to predictions: input bytes, the model, rounding, the head, and both hashes.

Cards of narrow packed features that allow batching, the usual ones, go through arrays from end to
end; all others row by row through the node's own ``Runner``. Rows run together in batches of the
size that the card's measurement vouches for, so that a prediction does not depend on the engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from oracle.batch.columns import RowEncoder, integers_of, pack_into
from oracle.batch.head import head_columns
from oracle.batch.keccak import keccak_messages, keccak_rows, padded
from oracle.batch.subjects import SubjectRule, subjects_of
from oracle.core import dtypes
from oracle.core.errors import InferenceError, OracleError
from oracle.core.head import read_head
from oracle.core.packed import PackedRows
from oracle.core.scoring import Outputs, check_stack, round_output, score_rows
from oracle.core.tensors import body, header
from oracle.inference.folder import StoredModel
from oracle.inference.runner import Runner

BATCH = 64
"""Rows that run together: the greatest batch that ``oracle model check`` measures."""

BLOCK = 4096
"""Rows that go through the stages together: few enough to stay in the processor's cache."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictions:
    """Predictions of neighbouring rows, a column each.

    Attributes:
        subjects, input_hashes, output_hashes: 32 bytes a row.
        inputs, outputs: the bytes that were hashed.
        values: of the head; confidences: parts per million.
    """

    subjects: NDArray[np.uint8]
    inputs: pa.Array
    input_hashes: NDArray[np.uint8]
    outputs: pa.Array
    output_hashes: NDArray[np.uint8]
    values: NDArray[np.int64]
    confidences: NDArray[np.int64]


class Scorer:
    """Scores rows with one model; threads may share it.

    Args:
        model: a verified model.
        rule: where the subjects come from.

    Raises:
        InferenceError, InvalidInput: as ``Runner``.
    """

    def __init__(self, model: StoredModel, rule: SubjectRule) -> None:
        self.card = model.card
        self._rule = rule
        self._runner = Runner(model)
        self._rows = RowEncoder(model.card)
        packed = PackedRows(self.card.input) if self.card.input.encoding == "packed" else None
        plain = all(
            spec.keys is None and dtypes.kind_of(spec.dtype) in ("float", "int", "uint", "bool")
            for spec in self.card.outputs
        )
        together = self.card.batching.allowed and plain
        self._packed = packed if packed is not None and packed.narrow and together else None

    @property
    def vectorised(self) -> bool:
        """Whether rows go through arrays from end to end."""
        return self._packed is not None

    def score(self, rows: pa.RecordBatch, first_row: int) -> list[Predictions]:
        """The predictions of all rows, a block each, in their order.

        Raises:
            InvalidInput, InferenceError: a row is refused or fails; the message has its number.
        """
        return [
            self._block(rows.slice(at, BLOCK), first_row + at) for at in range(0, len(rows), BLOCK)
        ]

    def _block(self, rows: pa.RecordBatch, first_row: int) -> Predictions:
        subjects = subjects_of(self._rule.references(rows, first_row), first_row)
        if self._packed is None:
            return self._one_by_one(rows, subjects, first_row)
        features = self.card.input.features
        integers = integers_of(features, self._packed, rows, first_row)
        width = self.card.input.packed_size
        room = padded(len(rows), width)
        pack_into(room, features, integers)
        inputs = _binary(room, width)
        feeds = self._packed.tensors(integers)
        stacks = [array[:, None] for array in self._run(feeds, len(rows))]
        try:
            rounded = [
                round_output(spec, stack)
                for spec, stack in zip(self.card.outputs, stacks, strict=True)
            ]
        except InferenceError as error:
            raise self._blame(stacks, first_row, error) from error
        found = head_columns(self.card, rounded)
        if found is None:
            found = self._read(rounded, first_row)
        outputs, output_hashes = _encoded(rounded)
        return Predictions(
            subjects=subjects,
            inputs=inputs,
            input_hashes=keccak_rows(room),
            outputs=outputs,
            output_hashes=output_hashes,
            values=found[0],
            confidences=found[1],
        )

    def _run(self, feeds: dict[str, NDArray[Any]], count: int) -> list[NDArray[Any]]:
        """Raw outputs of all rows, checked as the node checks them."""
        parts: list[list[NDArray[Any]]] = []
        for at in range(0, count, BATCH):
            share = {name: array[at : at + BATCH] for name, array in feeds.items()}
            rows = min(BATCH, count - at)
            seconds = None if self._runner.ends else self.card.limits.max_seconds * rows
            found = self._runner.session.run(share, seconds=seconds)
            if any(not array.ndim or len(array) != rows for array in found):
                score_rows(self.card, found, rows)  # it says which output
            parts.append(found)
        outputs = [np.concatenate(arrays) for arrays in zip(*parts, strict=True)]
        for spec, array in zip(self.card.outputs, outputs, strict=True):
            check_stack(self.card, spec, array[:, None])
        return outputs

    def _read(self, rounded: list[NDArray[Any]], first_row: int) -> tuple[Any, Any]:
        readings = read_head(self.card, rounded)
        for row, reading in enumerate(readings):
            if isinstance(reading, InferenceError):
                raise _at(first_row + row, reading)
        pairs = [reading[:2] for reading in readings if not isinstance(reading, InferenceError)]
        return _columns([pair[0] for pair in pairs], [pair[1] for pair in pairs], first_row)

    def _blame(
        self, stacks: list[NDArray[Any]], first_row: int, error: InferenceError
    ) -> OracleError:
        for row in range(len(stacks[0])):
            try:
                for spec, stack in zip(self.card.outputs, stacks, strict=True):
                    round_output(spec, stack[row])
            except InferenceError as found:
                return _at(first_row + row, found)
        return error

    def _one_by_one(
        self, rows: pa.RecordBatch, subjects: NDArray[np.uint8], first_row: int
    ) -> Predictions:
        messages = self._rows.encode(rows, first_row)
        found: list[Outputs] = []
        for at in range(0, len(messages), BATCH):
            for each in self._runner.run_many(messages[at : at + BATCH]):
                if isinstance(each, OracleError):
                    raise _at(first_row + len(found), each)
                found.append(each)
        encoded = [outputs.encoded for outputs in found]
        values, confidences = _columns(
            [outputs.value for outputs in found],
            [outputs.confidence for outputs in found],
            first_row,
        )
        return Predictions(
            subjects=subjects,
            inputs=pa.array(messages, pa.binary()),
            input_hashes=keccak_messages(messages),
            outputs=pa.array(encoded, pa.binary()),
            output_hashes=keccak_messages(encoded),
            values=values,
            confidences=confidences,
        )


def _encoded(rounded: Sequence[NDArray[Any]]) -> tuple[pa.Array, NDArray[np.uint8]]:
    """Every row's outputs in the ``tensors`` encoding, and their hashes."""
    rows = len(rounded[0])
    parts = [
        (
            np.frombuffer(header(stack[0]), np.uint8),
            np.frombuffer(body(stack), np.uint8).reshape(rows, -1),
        )
        for stack in rounded
    ]
    width = sum(len(head) + octets.shape[1] for head, octets in parts)
    room = padded(rows, width)
    place = 0
    for head, octets in parts:
        room[:, place : place + len(head)] = head
        place += len(head)
        room[:, place : place + octets.shape[1]] = octets
        place += octets.shape[1]
    return _binary(room, width), keccak_rows(room)


def _binary(room: NDArray[np.uint8], width: int) -> pa.Array:
    """The first ``width`` bytes of every row as an Arrow column."""
    octets = np.ascontiguousarray(room[:, :width])
    offsets = np.arange(len(room) + 1, dtype=np.int32) * width
    return pa.Array.from_buffers(
        pa.binary(), len(room), [None, pa.py_buffer(offsets), pa.py_buffer(octets)]
    )


def _columns(values: list[int], confidences: list[int], first_row: int) -> tuple[Any, Any]:
    for row, value in enumerate(values):
        if not -(2**63) <= value < 2**63:
            raise InferenceError(
                f"row {first_row + row}: the value {value} does not fit 64 bits",
                remedy="a batch keeps values of 64 bits; lower the decimals of the card's head",
            )
    return np.array(values, dtype=np.int64), np.array(confidences, dtype=np.int64)


def _at(row: int, error: OracleError) -> OracleError:
    return type(error)(f"row {row}: {error.what}", remedy=error.remedy)
