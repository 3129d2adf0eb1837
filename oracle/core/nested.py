"""Nested JSON lists to one tensor without guessing: exact shapes and integers, no silent casts."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracle.core import dtypes
from oracle.core.errors import InvalidInput

MAX_RANK = 8
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,19})")
_SPECIAL = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def array_of(value: object, dtype: str, where: str, *, max_elements: int) -> NDArray[Any]:
    """The tensor of nested lists; a bare number has rank 0.

    Integers may be texts of digits (for JSON readers that lose digits); floats may be the texts
    ``NaN``, ``Infinity`` and ``-Infinity``. Complex numbers are not written as JSON.

    Raises:
        InvalidInput: ragged lists, too many elements, or an element the dtype can not hold.
    """
    shape: list[int] = []
    level = value
    while isinstance(level, list):
        shape.append(len(level))
        if len(shape) > MAX_RANK:
            raise InvalidInput(f"{where} is nested too deeply", remedy=f"rank {MAX_RANK} at most")
        if math.prod(shape) > max_elements:
            raise InvalidInput(f"{where} has more than {max_elements} elements", remedy="send less")
        level = level[0] if level else None
    leaves: list[Any] = []
    _flatten(value, shape, leaves, where)
    kind = dtypes.kind_of(dtype)
    if kind == "complex":
        raise InvalidInput(f"{where} is {dtype}", remedy="send the encoded bytes instead of JSON")
    converted = [_leaf(leaf, kind, dtype, where) for leaf in leaves]
    if kind in ("int", "uint"):
        limits = np.iinfo(dtype)
        for number in converted:
            if not limits.min <= number <= limits.max:
                raise InvalidInput(f"{where} holds {number}", remedy=f"{dtype} can not hold it")
    array = np.array(converted, dtype=object if kind in ("string", "int", "uint") else None)
    with np.errstate(over="ignore"):
        cast = array.astype(dtypes.numpy_dtype(dtype)).reshape(shape)
    if kind == "float" and bool((np.isfinite(array.reshape(shape)) & ~np.isfinite(cast)).any()):
        raise InvalidInput(f"{where} holds a number beyond {dtype}", remedy="send a smaller number")
    return cast


def _flatten(value: object, shape: list[int], leaves: list[Any], where: str) -> None:
    if not shape:
        if isinstance(value, list):
            raise InvalidInput(f"{where} is nested unevenly", remedy="give lists of equal depth")
        leaves.append(value)
        return
    if not isinstance(value, list) or len(value) != shape[0]:
        raise InvalidInput(f"{where} is ragged", remedy="give lists of equal length")
    for item in value:
        _flatten(item, shape[1:], leaves, where)


def _leaf(leaf: object, kind: dtypes.Kind, dtype: str, where: str) -> Any:
    if kind == "string" and isinstance(leaf, str):
        return leaf
    if kind == "bool" and isinstance(leaf, bool):
        return leaf
    if kind in ("int", "uint"):
        if isinstance(leaf, int) and not isinstance(leaf, bool):
            return leaf
        if isinstance(leaf, str) and _INTEGER.fullmatch(leaf):
            return int(leaf)
        if isinstance(leaf, float) and leaf.is_integer() and abs(leaf) <= 2**53:
            return int(leaf)
    if kind == "float" and isinstance(leaf, int | float) and not isinstance(leaf, bool):
        try:
            return float(leaf)
        except OverflowError as error:
            raise InvalidInput(
                f"{where} holds {str(leaf)[:40]}", remedy=f"{dtype} can not hold it"
            ) from error
    if kind == "float" and isinstance(leaf, str) and leaf in _SPECIAL:
        return _SPECIAL[leaf]
    raise InvalidInput(f"{where} holds {str(leaf)[:40]!r}", remedy=f"give {dtype} elements")
