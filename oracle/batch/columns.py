"""From columns of a file to input bytes, each as ``InputCodec.encode`` writes one.

Numbers of packed features are rounded half to even to the feature's decimals. Where binary64 can
not tell on which side of a half a number lies, the row goes through exact decimals, so a column
gives what its rows would give one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from oracle.core.errors import InvalidInput
from oracle.core.model_card import Feature, ModelCard, TensorSpec
from oracle.core.model_input import InputCodec, feature_units
from oracle.core.packed import PackedRows, check_range

_EXACT = 2.0**52


def columns_needed(card: ModelCard) -> list[str]:
    """The names of the columns that an input of this card takes."""
    if card.input.encoding == "packed":
        return [feature.name for feature in card.input.features]
    return [spec.name for spec in card.input.tensors]


def csv_types(card: ModelCard) -> dict[str, pa.DataType]:
    """How a CSV file's columns are read, whatever their first rows look like."""
    if card.input.encoding != "packed":
        return {
            spec.name: pa.string() if spec.dtype == "string" else pa.float64()
            for spec in card.input.tensors
            if spec.dtype in ("string", "float32", "float64")
        }
    return {
        feature.name: pa.string() if feature.labels or feature.bits > 48 else pa.float64()
        for feature in card.input.features
    }


def require_columns(card: ModelCard, found: Sequence[str], subject: str | None) -> None:
    """Refuse a file that lacks a column.

    Raises:
        InvalidInput: with the names that are missing.
    """
    wanted = columns_needed(card) + ([subject] if subject is not None else [])
    missing = [name for name in wanted if name not in found]
    if missing:
        raise InvalidInput(
            f"the file has no column {', '.join(missing)}",
            remedy=f"it has {', '.join(found)}; rename its columns to the card's names",
        )


def integers_of(
    features: Sequence[Feature], packed: PackedRows, rows: pa.RecordBatch, first_row: int
) -> NDArray[np.int64]:
    """The integers of narrow packed features, one row an input.

    Raises:
        InvalidInput: a number is missing, not finite or out of range; the message has its row.
    """
    integers = np.empty((len(rows), len(features)), dtype=np.int64)
    for place, feature in enumerate(features):
        integers[:, place] = column_units(feature, rows.column(feature.name), first_row)
    outside = packed.outside(integers)
    if outside is not None:
        row, column = outside
        try:
            check_range(features[column], int(integers[row, column]))
        except InvalidInput as error:
            raise _at(first_row + row, error) from error
    return integers


def pack_into(
    room: NDArray[np.uint8], features: Sequence[Feature], integers: NDArray[np.int64]
) -> None:
    """Write the packed bytes of integers in range at the beginning of each row of ``room``."""
    place = 0
    for column, feature in enumerate(features):
        width = feature.bits // 8
        octets = integers[:, column].astype(">i8").view(np.uint8).reshape(-1, 8)
        room[:, place : place + width] = octets[:, 8 - width :]
        place += width


def column_units(feature: Feature, column: pa.Array, first_row: int) -> NDArray[np.int64]:
    """A feature's integers; those beyond 64 bits are refused as out of range.

    Raises:
        InvalidInput: a number is missing, not finite or no label; the message has its row.
    """
    if column.null_count:
        row = int(np.flatnonzero(column.is_null().to_numpy(zero_copy_only=False))[0])
        raise InvalidInput(
            f"row {first_row + row}: feature {feature.name} is missing",
            remedy="fill it in, or leave the row out of the file",
        )
    kind = column.type
    if pa.types.is_floating(kind) or (pa.types.is_integer(kind) and kind.bit_width <= 32):
        return _number_units(feature, column.cast(pa.float64()).to_numpy(), column, first_row)
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
    coded = column.dictionary_encode()
    values = [
        _exact(feature, value if not hasattr(value, "as_tuple") else str(value))
        for value in coded.dictionary.to_pylist()
    ]
    codes = coded.indices.to_numpy()
    for code, found in enumerate(values):
        if isinstance(found, InvalidInput):
            raise _at(first_row + int(np.flatnonzero(codes == code)[0]), found) from found
    units: NDArray[np.int64] = np.array(values, dtype=np.int64)[codes]
    return units


def _number_units(
    feature: Feature, numbers: NDArray[np.float64], column: pa.Array, first_row: int
) -> NDArray[np.int64]:
    scaled = numbers * 10.0**feature.decimals
    size = np.abs(scaled)
    with np.errstate(invalid="ignore"):
        to_half = np.abs(scaled - np.floor(scaled) - 0.5)
        sure = (size < _EXACT) & (to_half > size * 2.0**-50 + 2.0**-20)
        units = np.rint(scaled, where=sure, out=np.zeros_like(scaled)).astype(np.int64)
    for row in np.flatnonzero(~sure).tolist():
        found = _exact(feature, column[row].as_py())
        if isinstance(found, InvalidInput):
            raise _at(first_row + row, found) from found
        units[row] = found
    return units


def _exact(feature: Feature, value: object) -> int | InvalidInput:
    """One number through exact decimals, as the node reads it."""
    try:
        units = feature_units(feature, value)
        check_range(feature, units)
    except InvalidInput as error:
        return error
    return units


class RowEncoder:
    """Input bytes row by row, for cards whose columns have no vectorised form."""

    def __init__(self, card: ModelCard) -> None:
        self._card = card
        self._codec = InputCodec(card)

    def encode(self, rows: pa.RecordBatch, first_row: int) -> list[bytes]:
        """The input bytes of each row.

        Raises:
            InvalidInput: a row is no input of the card; the message has its row.
        """
        names = columns_needed(self._card)
        columns = [rows.column(name).to_pylist() for name in names]
        messages = []
        for row, values in enumerate(zip(*columns, strict=True)):
            try:
                messages.append(self._codec.encode(self._given(list(values))))
            except InvalidInput as error:
                raise _at(first_row + row, error) from error
        return messages

    def _given(self, values: list[Any]) -> object:
        if self._card.input.encoding == "packed":
            return [str(v) if hasattr(v, "as_tuple") else v for v in values]
        specs = self._card.input.tensors
        return {
            "tensors": {
                spec.name: _shaped(spec, value) for spec, value in zip(specs, values, strict=True)
            }
        }


def _shaped(spec: TensorSpec, value: Any) -> Any:
    """A cell as the nested lists of one run: its elements in the tensor's order."""
    fixed = [dim if isinstance(dim, int) else None for dim in spec.shape]
    extents = [1 if dim is None and place == 0 else dim for place, dim in enumerate(fixed)]
    shape = [-1 if dim is None else dim for dim in extents]
    flat = np.array(value, dtype=object).reshape(-1)
    try:
        return flat.reshape(shape).tolist()
    except ValueError:
        raise InvalidInput(
            f"tensor {spec.name!r} has {flat.size} elements",
            remedy=f"give a list of as many as {list(spec.shape)} has",
        ) from None


def _at(row: int, error: InvalidInput) -> InvalidInput:
    return InvalidInput(f"row {row}: {error.what}", remedy=error.remedy)
