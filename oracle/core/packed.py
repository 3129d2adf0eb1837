"""The ``packed`` encoding: numbers as ``abi.encodePacked`` lays them out for contracts.

Features stand one after the other, big-endian, negative ones in two's complement. The number a
model sees is integer / 10**decimals, divided in binary64 and then rounded to the tensor's dtype.
Integers of up to 48 bits take one vectorised path over all rows; wider ones go through Python's
integers, whose division rounds once as well, so both give the same bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracle.core import dtypes
from oracle.core.decimals import from_units
from oracle.core.errors import InvalidInput
from oracle.core.model_card import Feature, InputSpec

EXACT_BITS = 48


def encode_packed(features: Sequence[Feature], integers: Sequence[int]) -> bytes:
    """The bytes of one input.

    Raises:
        InvalidInput: an integer outside its feature's range, or another number of them.
    """
    if len(integers) != len(features):
        raise InvalidInput(
            f"{len(integers)} numbers for {len(features)} features",
            remedy=f"give {', '.join(feature.name for feature in features)}",
        )
    for feature, integer in zip(features, integers, strict=True):
        check_range(feature, integer)
    return b"".join(
        integer.to_bytes(feature.bits // 8, "big", signed=feature.signed)
        for feature, integer in zip(features, integers, strict=True)
    )


def decode_packed(features: Sequence[Feature], message: bytes) -> list[int]:
    """The integers of one input; the inverse of ``encode_packed``.

    Raises:
        InvalidInput: another length, or an integer outside its feature's range.
    """
    check_length(features, message)
    integers: list[int] = []
    place = 0
    for feature in features:
        end = place + feature.bits // 8
        integer = int.from_bytes(message[place:end], "big", signed=feature.signed)
        check_range(feature, integer)
        integers.append(integer)
        place = end
    return integers


def check_length(features: Sequence[Feature], message: bytes) -> None:
    """Refuse a message of another length than the features'."""
    size = sum(feature.bits for feature in features) // 8
    if len(message) != size:
        layout = ", ".join(f"{feature.solidity_type} {feature.name}" for feature in features)
        raise InvalidInput(
            f"the packed input has {len(message)} bytes, not {size}",
            remedy=f"send abi.encodePacked({layout})",
        )


def check_range(feature: Feature, integer: int) -> None:
    """Refuse an integer outside the feature's range."""
    low, high = feature.bounds
    if not low <= integer <= high:
        unit = f" {feature.unit}" if feature.unit else ""
        least, most = (f"{from_units(bound, feature.decimals):f}" for bound in (low, high))
        raise InvalidInput(
            f"feature {feature.name} is {from_units(integer, feature.decimals):f}{unit}",
            remedy=f"it must be within {least} … {most}{unit}",
        )


class PackedRows:
    """Many packed inputs of one card to tensors at once.

    Args:
        spec: the card's input, of the encoding ``packed``.
    """

    def __init__(self, spec: InputSpec) -> None:
        self._spec = spec
        self._size = spec.packed_size
        self._narrow = all(feature.bits <= EXACT_BITS for feature in spec.features)
        if self._narrow:
            self._gather = self._gather_index()
            bounds = np.array([feature.bounds for feature in spec.features], dtype=np.int64)
            self._low, self._high = bounds[:, 0], bounds[:, 1]
        self._shift = np.array(
            [64 - feature.bits if feature.signed else 0 for feature in spec.features],
            np.int64,
        )
        self._scale = np.array([10.0**f.decimals for f in spec.features], dtype=np.float64)

    def decode(self, messages: Sequence[bytes]) -> dict[str, NDArray[Any]]:
        """The model's inputs by name, one row a message.

        Raises:
            InvalidInput: any message is refused; decode them one by one to learn which.
        """
        features = self._spec.features
        if not self._narrow:
            rows = [decode_packed(features, message) for message in messages]
            return self._wide_tensors(rows)
        for message in messages:
            if len(message) != self._size:
                check_length(features, message)
        integers = self._integers(messages)
        outside = self.outside(integers)
        if outside is not None:
            row, column = outside
            check_range(features[column], int(integers[row, column]))
        return self.tensors(integers)

    @property
    def narrow(self) -> bool:
        """Whether every feature takes the vectorised path."""
        return self._narrow

    def outside(self, integers: NDArray[np.int64]) -> tuple[int, int] | None:
        """Row and column of the first integer outside its feature's range; narrow features only."""
        wrong = (integers < self._low) | (integers > self._high)
        if not wrong.any():
            return None
        row, column = (int(place[0]) for place in np.nonzero(wrong))
        return row, column

    def _gather_index(self) -> NDArray[np.intp]:
        """For each feature, the places of its 8 bytes in a row that begins with a zero byte."""
        index = np.zeros((len(self._spec.features), 8), dtype=np.intp)
        place = 1
        for row, feature in enumerate(self._spec.features):
            width = feature.bits // 8
            index[row, 8 - width :] = np.arange(place, place + width)
            place += width
        return index

    def _integers(self, messages: Sequence[bytes]) -> NDArray[np.int64]:
        octets = np.zeros((len(messages), self._size + 1), dtype=np.uint8)
        octets[:, 1:] = np.frombuffer(b"".join(messages), np.uint8).reshape(-1, self._size)
        spread = np.ascontiguousarray(octets[:, self._gather])
        wide = spread.view(">i8")[..., 0].astype(np.int64)
        return (wide << self._shift) >> self._shift

    def tensors(self, integers: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        """The model's inputs by name of integers in range, one row an input; narrow only."""
        numbers = integers / self._scale
        tensors = self._spec.tensors
        if len(tensors) == 1:
            whole = dtypes.kind_of(tensors[0].dtype) != "float"
            columns: NDArray[Any] = integers if whole else numbers
            return {tensors[0].name: columns.astype(dtypes.numpy_dtype(tensors[0].dtype))}
        filled = {}
        for column, feature in enumerate(self._spec.features):
            tensor = next(spec for spec in tensors if spec.name == feature.tensor)
            whole = dtypes.kind_of(tensor.dtype) != "float"
            source: NDArray[Any] = integers if whole else numbers
            filled[tensor.name] = source[:, [column]].astype(dtypes.numpy_dtype(tensor.dtype))
        return {spec.name: filled[spec.name] for spec in tensors}

    def _wide_tensors(self, rows: list[list[int]]) -> dict[str, NDArray[Any]]:
        tensors = self._spec.tensors
        found: dict[str, NDArray[Any]] = {}
        for tensor in tensors:
            columns = [
                (place, feature)
                for place, feature in enumerate(self._spec.features)
                if feature.tensor in (None, tensor.name)
            ]
            whole = dtypes.kind_of(tensor.dtype) != "float"
            numbers = [
                [
                    row[place] if whole else row[place] / 10**feature.decimals
                    for place, feature in columns
                ]
                for row in rows
            ]
            wide = np.array(numbers, dtype=object if whole else np.float64)
            found[tensor.name] = wide.astype(dtypes.numpy_dtype(tensor.dtype))
        return found
