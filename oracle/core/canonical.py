"""One byte string for one meaning: canonical JSON, and the hash everything is named by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import rfc8785
from eth_hash.auto import keccak

from oracle.core.errors import InvalidInput

Json: TypeAlias = "str | int | bool | Sequence[Json] | Mapping[str, Json] | None"
"""JSON without floats: decimal numbers are strings, so that every reader sees the same digits."""


def keccak256(message: bytes) -> bytes:
    """Ethereum's Keccak-256 of ``message``, 32 bytes."""
    return bytes(keccak(message))


def canonical_json(value: Json) -> bytes:
    """RFC 8785 canonical JSON of ``value``, UTF-8.

    Raises:
        InvalidInput: the value holds a float, an integer beyond 2**53, a lone surrogate, or
            anything that is not JSON.
    """
    _refuse_floats(value, "$")
    try:
        return rfc8785.dumps(value)
    except rfc8785.CanonicalizationError as error:
        raise InvalidInput(
            f"the value has no canonical JSON: {error}",
            remedy="write large or decimal numbers as strings",
        ) from error


def hash_json(value: Json) -> bytes:
    """keccak256 of the canonical JSON of ``value``, 32 bytes."""
    return keccak256(canonical_json(value))


def _refuse_floats(value: Any, where: str) -> None:
    if isinstance(value, float):
        raise InvalidInput(
            f"{where} is the float {value!r}", remedy="write decimal numbers as strings"
        )
    if isinstance(value, Mapping):
        for key, item in value.items():
            _refuse_floats(item, f"{where}.{key}")
    elif isinstance(value, (list, tuple)):
        for place, item in enumerate(value):
            _refuse_floats(item, f"{where}[{place}]")
