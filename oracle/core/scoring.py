"""From a model's raw outputs to a prediction: rounded, hashed, and read by the head.

Raw floats differ between machines, so nothing compares or hashes them. They are rounded half to
even to the card's decimals, as integers, and the ``outputHash`` is keccak256 of those in the
``tensors`` encoding (floats become int64). NaN and infinity are refused before rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracle.core import dtypes
from oracle.core.canonical import Json, keccak256
from oracle.core.decimals import from_units
from oracle.core.errors import InferenceError, OracleError, VerificationError
from oracle.core.head import Reading, read_head
from oracle.core.model_card import ModelCard, OutputSpec, TensorSpec
from oracle.core.prediction import Prediction
from oracle.core.tensors import body, decode_tensors, header

_INT64_LIMIT = float(2**63)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """What a model said about one input.

    Attributes:
        value: int128 in units of the head's last decimal, or a label's index.
        confidence: parts per million, 0 when not stated.
        ambiguous: the two best labels are closer than the card's ``ambiguous``.
        encoded: the rounded outputs in the ``tensors`` encoding.
    """

    value: int
    confidence: int
    ambiguous: bool
    encoded: bytes
    _rounded: tuple[NDArray[Any], ...] = field(repr=False, compare=False)
    _raw: tuple[NDArray[Any], ...] = field(repr=False, compare=False)
    _row: int = field(repr=False, compare=False)

    @property
    def rounded(self) -> tuple[NDArray[Any], ...]:
        """The rounded outputs as arrays, in the card's order; floats as int64 units."""
        return tuple(stack[self._row] for stack in self._rounded)

    @property
    def raw(self) -> tuple[NDArray[Any], ...]:
        """The outputs before rounding, none when read back from ``encoded``; for people only."""
        return tuple(stack[self._row] for stack in self._raw)

    @property
    def output_hash(self) -> bytes:
        """keccak256 of ``encoded``, 32 bytes; computed at each access."""
        return keccak256(self.encoded)

    def prediction(
        self, *, model_id: bytes, subject: bytes, input_hash: bytes, predicted_at: int
    ) -> Prediction:
        """These outputs as a claim about ``subject``; times are Unix seconds."""
        return Prediction(
            model_id=model_id,
            subject=subject,
            input_hash=input_hash,
            output_hash=self.output_hash,
            value=self.value,
            confidence=self.confidence,
            predicted_at=predicted_at,
        )


def score(card: ModelCard, raw: Sequence[NDArray[Any]]) -> Outputs:
    """The outputs of one run, ``raw`` being in the order of the card's outputs.

    Raises:
        InferenceError: dtype or shape are not the card's, NaN or infinity, a number too large to
            round, or a label or probability that the card does not know.
    """
    found = _score_stacks(card, [array[None] for array in raw])[0]
    if isinstance(found, OracleError):
        raise found
    return found


def score_rows(
    card: ModelCard, raw: Sequence[NDArray[Any]], rows: int
) -> list[Outputs | OracleError]:
    """The outputs of a batch, one prediction a row; a bad row gives its error in its place.

    Raises:
        InferenceError: an output does not have ``rows`` rows, or another dtype or shape than the
            card says.
    """
    for spec, array in zip(card.outputs, raw, strict=True):
        if not array.ndim or array.shape[0] != rows:
            raise InferenceError(
                f"output {spec.name} has the shape {list(array.shape)} for {rows} rows",
                remedy="forbid batching in the card",
            )
    return _score_stacks(card, [array[:, None] for array in raw])


def read_outputs(card: ModelCard, encoded: bytes) -> Outputs:
    """The outputs that a receipt carries, with value and confidence computed again.

    Raises:
        InvalidInput: the bytes are not rounded outputs of this card.
        VerificationError: the card's head can not be read in them.
    """
    specs = [
        TensorSpec(
            name=spec.name,
            dtype="int64" if dtypes.kind_of(spec.dtype) == "float" else spec.dtype,
            shape=spec.shape,
        )
        for spec in card.outputs
    ]
    rounded = decode_tensors(encoded, specs, max_elements=card.limits.max_elements)
    try:
        stacks = tuple(array[None] for array in rounded)
        reading = read_head(card, stacks)[0]
        if isinstance(reading, InferenceError):
            raise reading
    except InferenceError as error:
        raise VerificationError(error.what, remedy="these outputs are not this model's") from error
    return _outputs(reading, encoded, stacks, (), 0)


def outputs_as_json(card: ModelCard, outputs: Outputs, *, limit: int = 16) -> dict[str, Json]:
    """The rounded outputs by name as decimal texts, flattened, the first ``limit`` of each."""
    shown: dict[str, Json] = {}
    for spec, array in zip(card.outputs, outputs.rounded, strict=True):
        items = array.reshape(-1)[:limit].tolist()
        shown[spec.name] = [
            f"{from_units(item, spec.decimals):f}" if type(item) is int else str(item)
            for item in items
        ]
    return shown


def round_output(spec: OutputSpec, array: NDArray[Any]) -> NDArray[Any]:
    """Floats as int64 units of 10**-decimals, half to even; everything else as it is.

    Raises:
        InferenceError: NaN, infinity, or a number beyond int64.
    """
    if dtypes.kind_of(spec.dtype) != "float":
        return array
    wide = array.astype(np.float64) * 10.0**spec.decimals
    wrong = ~np.isfinite(wide) | (np.abs(wide) >= _INT64_LIMIT)
    if wrong.any():
        place = tuple(int(axis[0]) for axis in np.nonzero(wrong))
        raise InferenceError(
            f"output {spec.name} is {array[place]} at {list(place)}",
            remedy=f"a finite number is needed that fits 64 bits with {spec.decimals} decimals",
        )
    return np.asarray(np.rint(wide).astype("<i8"))


def _score_stacks(card: ModelCard, stacks: Sequence[NDArray[Any]]) -> list[Outputs | OracleError]:
    """``stacks`` are the raw outputs as ``[rows, *shape of one run]``."""
    rows = len(stacks[0])
    for spec, stack in zip(card.outputs, stacks, strict=True):
        check_stack(card, spec, stack)
    try:
        rounded = [
            round_output(spec, stack) for spec, stack in zip(card.outputs, stacks, strict=True)
        ]
    except InferenceError as error:
        if rows == 1:
            return [error]
        return [
            found
            for row in range(rows)
            for found in _score_stacks(card, [stack[row : row + 1] for stack in stacks])
        ]
    shared, raw = tuple(rounded), tuple(stacks)
    readings = read_head(card, shared)
    encodings = _encodings(shared)
    return [
        reading
        if isinstance(reading, InferenceError)
        else _outputs(reading, encodings[row], shared, raw, row)
        for row, reading in enumerate(readings)
    ]


def _outputs(
    reading: Reading,
    encoded: bytes,
    rounded: tuple[NDArray[Any], ...],
    raw: tuple[NDArray[Any], ...],
    row: int,
) -> Outputs:
    value, confidence, ambiguous = reading
    return Outputs(
        value=value,
        confidence=confidence,
        ambiguous=ambiguous,
        encoded=encoded,
        _rounded=rounded,
        _raw=raw,
        _row=row,
    )


def _encodings(stacks: Sequence[NDArray[Any]]) -> list[bytes]:
    """The ``tensors`` encoding of every row."""
    columns: list[list[bytes]] = []
    for stack in stacks:
        head = header(stack[0])
        if stack.dtype.kind in "OUT":
            columns.append([head + body(row) for row in stack])
            continue
        octets = body(stack)
        width = len(octets) // len(stack)
        columns.append(
            [head + octets[at : at + width] for at in range(0, len(octets), width)]
            if width
            else [head] * len(stack)
        )
    if len(columns) == 1:
        return columns[0]
    return [b"".join(parts) for parts in zip(*columns, strict=True)]


def check_stack(card: ModelCard, spec: OutputSpec, stack: NDArray[Any]) -> None:
    """Hold raw outputs, ``[rows, *shape of one run]``, to the card.

    Raises:
        InferenceError: another dtype or shape, or more elements than the card allows.
    """
    shape = stack.shape[1:]
    fits = len(shape) == len(spec.shape) and all(
        not isinstance(want, int) or want == found
        for want, found in zip(spec.shape, shape, strict=True)
    )
    if not fits or dtypes.name_of(stack.dtype) != spec.dtype:
        raise InferenceError(
            f"output {spec.name} is {stack.dtype} of shape {list(shape)}",
            remedy=f"the card says {spec.dtype} {list(spec.shape)}; correct it",
        )
    if stack[0].size > card.limits.max_elements:
        raise InferenceError(
            f"output {spec.name} has {stack[0].size} elements",
            remedy=f"the card allows {card.limits.max_elements}",
        )
