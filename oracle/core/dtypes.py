"""The element types a tensor may have: ONNX's numbers for them, and NumPy's names.

The codes are those of ``onnx.TensorProto.DataType``. The 16- and 8-bit floats that NumPy lacks
come from the ``ml_dtypes`` package, which is only needed for models that use them.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal, TypeAlias

import numpy as np

from oracle.core.errors import InvalidInput

Kind: TypeAlias = Literal["float", "int", "uint", "bool", "complex", "string"]

CODES: dict[str, int] = {
    "float32": 1,
    "uint8": 2,
    "int8": 3,
    "uint16": 4,
    "int16": 5,
    "int32": 6,
    "int64": 7,
    "string": 8,
    "bool": 9,
    "float16": 10,
    "float64": 11,
    "uint32": 12,
    "uint64": 13,
    "complex64": 14,
    "complex128": 15,
    "bfloat16": 16,
    "float8_e4m3fn": 17,
    "float8_e4m3fnuz": 18,
    "float8_e5m2": 19,
    "float8_e5m2fnuz": 20,
}
"""dtype name → ONNX TensorProto.DataType."""

NAMES: dict[int, str] = {code: name for name, code in CODES.items()}

_FOREIGN = {name for name in CODES if name.startswith(("bfloat", "float8"))}
_KINDS: dict[str, Kind] = {
    "f": "float",
    "i": "int",
    "u": "uint",
    "b": "bool",
    "c": "complex",
}


def code_of(name: str) -> int:
    """The ONNX number of a dtype name.

    Raises:
        InvalidInput: the name is none of ``CODES``.
    """
    try:
        return CODES[name]
    except KeyError:
        raise InvalidInput(
            f"{name!r} is not an element type", remedy=f"use one of {', '.join(CODES)}"
        ) from None


def numpy_dtype(name: str) -> np.dtype[Any]:
    """The little-endian NumPy dtype; ``string`` gives ``object``.

    Raises:
        InvalidInput: the name is unknown, or needs ``ml_dtypes``, which is not installed.
    """
    code_of(name)
    if name == "string":
        return np.dtype(object)
    if name in _FOREIGN:
        try:
            import ml_dtypes
        except ImportError:
            raise InvalidInput(
                f"element type {name} needs the package ml_dtypes",
                remedy="pip install ml_dtypes, or give the model a float16 or float32 input",
            ) from None
        foreign: np.dtype[Any] = np.dtype(getattr(ml_dtypes, name))
        return foreign
    return np.dtype(name).newbyteorder("<")


@lru_cache(256)  # NumPy puts a dtype's name together anew each time
def name_of(dtype: np.dtype[Any]) -> str:
    """The dtype name of a NumPy dtype; object and text arrays are ``string``.

    Raises:
        InvalidInput: no tensor can have this dtype.
    """
    if dtype.kind in "OUT":
        return "string"
    if dtype.name not in CODES:
        raise InvalidInput(
            f"{dtype.name!r} is not an element type",
            remedy=f"use one of {', '.join(CODES)}",
        )
    return str(dtype.name)


@lru_cache(256)
def kind_of(name: str) -> Kind:
    """What arithmetic a dtype has: float, int, uint, bool, complex or string."""
    code_of(name)
    if name == "string":
        return "string"
    if name in _FOREIGN:
        return "float"
    return _KINDS[np.dtype(name).kind]
