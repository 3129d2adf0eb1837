"""The protocol's tensors as NumPy arrays: raw bytes in both directions.

Raw means row-major and little-endian. A BYTES element is its length, four bytes, and that many
bytes; BF16 is the upper half of a float32.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracle.core import dtypes
from oracle.core.errors import InvalidInput

DATATYPES: dict[str, str] = {
    "BOOL": "bool",
    "UINT8": "uint8",
    "UINT16": "uint16",
    "UINT32": "uint32",
    "UINT64": "uint64",
    "INT8": "int8",
    "INT16": "int16",
    "INT32": "int32",
    "INT64": "int64",
    "FP16": "float16",
    "FP32": "float32",
    "FP64": "float64",
    "BF16": "bfloat16",
    "BYTES": "string",
}
"""The protocol's name of an element type → ours (``oracle.core.dtypes``)."""

NAMES: dict[str, str] = {ours: theirs for theirs, ours in DATATYPES.items()}
MAX_RANK = 16
_MOST = 2**40


def datatype_of(dtype: str) -> str:
    """The protocol's name of one of our dtypes.

    Raises:
        InvalidInput: the protocol has none, such as for complex numbers.
    """
    try:
        return NAMES[dtype]
    except KeyError:
        raise InvalidInput(
            f"the protocol has no element type for {dtype}", remedy=f"use {', '.join(NAMES)}"
        ) from None


def dtype_of(datatype: object, where: str) -> str:
    """Our dtype of the protocol's name.

    Raises:
        InvalidInput: it is none.
    """
    found = DATATYPES.get(datatype) if isinstance(datatype, str) else None
    if found is None:
        raise InvalidInput(
            f"{where} has the datatype {str(datatype)[:40]!r}",
            remedy=f"use one of {', '.join(DATATYPES)}",
        )
    return found


def count_of(shape: Sequence[object], most: int, where: str) -> int:
    """How many elements a shape has.

    Raises:
        InvalidInput: an extent is negative or no integer, or they are more than ``most``.
    """
    if len(shape) > MAX_RANK or not all(
        type(extent) is int and 0 <= extent < _MOST for extent in shape
    ):
        raise InvalidInput(
            f"{where} has the shape {str(list(shape))[:80]}",
            remedy=f"give at most {MAX_RANK} extents, none below zero",
        )
    count = math.prod(shape)  # type: ignore[arg-type]
    if count > most:
        raise InvalidInput(
            f"{where} has {count} elements", remedy=f"at most {most} fit into one request"
        )
    return count


def from_raw(
    octets: bytes | memoryview, dtype: str, shape: Sequence[int], count: int, where: str
) -> NDArray[Any]:
    """The array of raw bytes; a view of them where the elements have a size.

    Raises:
        InvalidInput: too few or too many bytes for the shape; a text that is not UTF-8.
    """
    if dtype == "string":
        return _texts(bytes(octets), count, where).reshape(shape)
    kind = dtypes.numpy_dtype(dtype)
    if len(octets) != count * kind.itemsize:
        raise InvalidInput(
            f"{where} has {len(octets)} bytes",
            remedy=f"its shape {list(shape)} of {datatype_of(dtype)} takes {count * kind.itemsize}",
        )
    if dtype == "bool" and count and np.frombuffer(octets, np.uint8).max() > 1:
        raise InvalidInput(f"{where} has a BOOL that is not 0 or 1", remedy="use 0 and 1")
    return np.frombuffer(octets, kind).reshape(shape)


def to_raw(array: NDArray[Any]) -> bytes:
    """The raw bytes of an array."""
    if array.dtype.kind in "OUST":
        return b"".join(
            struct.pack("<I", len(octets)) + octets for octets in map(octets_of, array.ravel())
        )
    if array.dtype.byteorder == ">":
        array = array.astype(array.dtype.newbyteorder("<"))
    return array.tobytes()


def octets_of(element: object) -> bytes:
    """A BYTES element as bytes."""
    return element if isinstance(element, bytes) else str(element).encode("utf-8", "replace")


def text_of(octets: bytes, where: str) -> str:
    """A BYTES element as the text that ONNX models take.

    Raises:
        InvalidInput: it is not UTF-8.
    """
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidInput(
            f"{where} has an element that is not UTF-8", remedy="the model takes texts: encode them"
        ) from None


def _texts(octets: bytes, count: int, where: str) -> NDArray[Any]:
    if len(octets) < 4 * count:
        raise _wrong_count(octets, count, where)
    texts = np.empty(count, dtype=object)
    place = 0
    for index in range(count):
        if place + 4 > len(octets):
            raise _wrong_count(octets, count, where)
        end = place + 4 + int.from_bytes(octets[place : place + 4], "little")
        if end > len(octets):
            raise _wrong_count(octets, count, where)
        texts[index] = text_of(octets[place + 4 : end], where)
        place = end
    if place != len(octets):
        raise _wrong_count(octets, count, where)
    return texts


def _wrong_count(octets: bytes, count: int, where: str) -> InvalidInput:
    return InvalidInput(
        f"{where} has {len(octets)} bytes, which are not {count} elements of BYTES",
        remedy="each element is its length in four little-endian bytes, and then its bytes",
    )
