"""The ``tensors`` encoding: any list of ONNX tensors as one byte string, and back.

Each tensor is ``dtype u8 | rank u8 | extents u32 big-endian each | elements``. The dtype is ONNX's
``TensorProto.DataType``. Elements are little-endian in C order; a text is its UTF-8 length (u32
big-endian) and its bytes; a bool is 0 or 1. Nothing follows the last tensor.

Decoding refuses anything else before it allocates, so one list of tensors has one encoding.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracle.core import dtypes
from oracle.core.errors import InvalidInput
from oracle.core.model_card import Shape, TensorSpec

MAX_RANK = 8


def encode_tensors(arrays: Sequence[NDArray[Any]]) -> bytes:
    """The encoding of ``arrays``, in order; text arrays hold ``str``.

    Raises:
        InvalidInput: a dtype that ONNX lacks, a rank above 8, or an element that is no text.
    """
    return b"".join(header(array) + body(array) for array in arrays)


def header(array: NDArray[Any]) -> bytes:
    """dtype, rank and extents of one tensor."""
    if array.ndim > MAX_RANK:
        raise InvalidInput(f"a tensor has rank {array.ndim}", remedy=f"at most {MAX_RANK}")
    code = dtypes.code_of(dtypes.name_of(array.dtype))
    return struct.pack(f">BB{array.ndim}I", code, array.ndim, *array.shape)


def body(array: NDArray[Any]) -> bytes:
    """The elements of one tensor."""
    name = dtypes.name_of(array.dtype)
    if name == "string":
        return b"".join(_text_bytes(item) for item in array.reshape(-1).tolist())
    return np.asarray(array, dtype=dtypes.numpy_dtype(name), order="C").tobytes()


def decode_tensors(
    message: bytes, specs: Sequence[TensorSpec] | None, *, max_elements: int
) -> list[NDArray[Any]]:
    """The tensors in ``message``; those of fixed-size elements are read-only views of it.

    Args:
        message: the encoding.
        specs: the dtypes and shapes to hold it to, in order; None takes any.
        max_elements: of all tensors together.

    Raises:
        InvalidInput: wrong dtype or shape, too many elements, cut short, trailing bytes, a bool
            beyond 1, a text that is not UTF-8.
    """
    arrays: list[NDArray[Any]] = []
    symbols: dict[str, int] = {}
    place, budget = 0, max_elements
    while place < len(message) if specs is None else len(arrays) < len(specs):
        spec = None if specs is None else specs[len(arrays)]
        where = f"tensor {len(arrays)}" if spec is None else f"tensor {spec.name!r}"
        name, shape, place = _header(message, place, where)
        if spec is not None:
            if name != spec.dtype:
                raise InvalidInput(f"{where} is {name}", remedy=f"the card asks for {spec.dtype}")
            check_shape(shape, spec.shape, symbols, where)
        count = _count(shape)
        if count > budget:
            raise InvalidInput(
                f"{where} of shape {list(shape)} takes the input beyond {max_elements} elements",
                remedy="send less, or use a card with a higher limits.max_elements",
            )
        budget -= count
        array, place = _elements(message, place, name, shape, count, where)
        arrays.append(array)
    if place != len(message):
        raise InvalidInput(
            f"{len(message) - place} bytes follow the last tensor",
            remedy=f"the message must end at byte {place}",
        )
    return arrays


def decode_tensor_rows(
    messages: Sequence[bytes], specs: Sequence[TensorSpec], *, max_elements: int
) -> list[NDArray[Any]] | None:
    """Many messages as the rows of one batch, or None where they are not rows of one layout.

    None decides nothing: decode the messages one by one then. Each first extent must be 1, every
    header the same, and no tensor may hold texts.

    Raises:
        InvalidInput: the first message is refused.
    """
    first = decode_tensors(messages[0], specs, max_elements=max_elements)
    if any(not a.ndim or a.shape[0] != 1 or not a.size or a.dtype == object for a in first):
        return None
    if any(len(message) != len(messages[0]) for message in messages):
        return None
    octets = np.frombuffer(b"".join(messages), np.uint8).reshape(len(messages), -1)
    batch: list[NDArray[Any]] = []
    place = 0
    for array in first:
        start = place + 2 + 4 * array.ndim
        if (octets[:, place:start] != octets[0, place:start]).any():
            return None
        place = start + array.nbytes
        elements = np.ascontiguousarray(octets[:, start:place])
        if array.dtype == np.bool_ and elements.max() > 1:
            return None
        batch.append(elements.view(array.dtype).reshape(len(messages), *array.shape[1:]))
    return batch


def check_shape(shape: tuple[int, ...], wanted: Shape, symbols: dict[str, int], where: str) -> None:
    """Hold ``shape`` to the card's; a symbol takes its extent at its first use.

    Raises:
        InvalidInput: rank or an extent differs.
    """
    fits = len(shape) == len(wanted)
    for found, want in zip(shape, wanted, strict=False):
        if isinstance(want, str):
            fits = fits and symbols.setdefault(want, found) == found
        elif want is not None:
            fits = fits and found == want
    if not fits:
        raise InvalidInput(
            f"{where} has the shape {list(shape)}",
            remedy=f"the card asks for {list(wanted)}"
            + (f" with {symbols}" if any(isinstance(dim, str) for dim in wanted) else ""),
        )


def _header(message: bytes, place: int, where: str) -> tuple[str, tuple[int, ...], int]:
    if place + 2 > len(message):
        raise _short(where, place + 2, message)
    code, rank = message[place], message[place + 1]
    if code not in dtypes.NAMES:
        raise InvalidInput(
            f"{where} has the dtype code {code}",
            remedy="use ONNX TensorProto.DataType numbers",
        )
    if rank > MAX_RANK:
        raise InvalidInput(f"{where} has rank {rank}", remedy=f"at most {MAX_RANK}")
    end = place + 2 + 4 * rank
    if end > len(message):
        raise _short(where, end, message)
    return dtypes.NAMES[code], struct.unpack_from(f">{rank}I", message, place + 2), end


def _count(shape: tuple[int, ...]) -> int:
    count = 1
    for extent in shape:
        count *= extent
    return count


def _elements(
    message: bytes,
    place: int,
    name: str,
    shape: tuple[int, ...],
    count: int,
    where: str,
) -> tuple[NDArray[Any], int]:
    if name == "string":
        return _texts(message, place, shape, count, where)
    dtype = dtypes.numpy_dtype(name)
    end = place + count * dtype.itemsize
    if end > len(message):
        raise _short(where, end, message)
    if name == "bool":
        octets = np.frombuffer(message, np.uint8, count, place)
        if count and octets.max() > 1:
            raise InvalidInput(f"{where} has a bool beyond 1", remedy="write 0 or 1")
    return np.frombuffer(message, dtype, count, place).reshape(shape), end


def _texts(
    message: bytes, place: int, shape: tuple[int, ...], count: int, where: str
) -> tuple[NDArray[Any], int]:
    if place + 4 * count > len(message):
        raise _short(where, place + 4 * count, message)
    texts = np.empty(count, dtype=object)
    for index in range(count):
        if place + 4 > len(message):
            raise _short(where, place + 4, message)
        end = place + 4 + int.from_bytes(message[place : place + 4], "big")
        if end > len(message):
            raise _short(where, end, message)
        try:
            texts[index] = message[place + 4 : end].decode("utf-8")
        except UnicodeDecodeError as error:
            raise InvalidInput(
                f"{where} has a text that is not UTF-8 at element {index}",
                remedy="encode texts as UTF-8",
            ) from error
        place = end
    return texts.reshape(shape), place


def _text_bytes(item: object) -> bytes:
    if not isinstance(item, str):
        raise InvalidInput(f"a text tensor holds {item!r}", remedy="give texts only")
    try:
        octets = item.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InvalidInput(
            f"the text {item!r} has no UTF-8", remedy="remove lone surrogates"
        ) from error
    return struct.pack(">I", len(octets)) + octets


def _short(where: str, needed: int, message: bytes) -> InvalidInput:
    return InvalidInput(
        f"{where} is cut short: {len(message)} bytes, {needed} needed",
        remedy="send the whole encoding",
    )
