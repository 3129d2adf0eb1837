"""An input from the command line: ``name=value`` words, a JSON file, or standard input."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from oracle.core.errors import InvalidInput

_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")


def read_input(pairs: list[str], source: str | None) -> Any:
    """What the API takes as ``input``.

    Args:
        pairs: ``name=value`` words; or one ``0x…`` of encoded bytes.
        source: a JSON file, or ``-`` for standard input.

    Raises:
        InvalidInput: both or neither, or not readable as either.
    """
    if source is None and pairs == ["-"]:
        pairs, source = [], "-"
    if bool(pairs) == (source is not None):
        raise InvalidInput(
            "no input" if source is None else "an input both as words and from a file",
            remedy="give name=value words, or --input FILE.json, or - for standard input",
        )
    if source is not None:
        return _from_json(source)
    if len(pairs) == 1 and pairs[0].startswith("0x"):
        return pairs[0]
    return dict(_pair(word) for word in pairs)


def _pair(word: str) -> tuple[str, Any]:
    import json

    name, equals, value = word.partition("=")
    if not equals or not name:
        raise InvalidInput(f"{word!r} is not name=value", remedy="write it as name=value")
    if value.startswith(("[", "{")) or (_is_number(value) and not _NUMBER.fullmatch(value)):
        try:
            return name, json.loads(value)
        except ValueError:
            pass
    return name, value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _from_json(source: str) -> Any:
    import orjson

    try:
        text = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    except OSError as error:
        raise InvalidInput(
            f"{source} can not be read: {error.strerror}", remedy="check its path"
        ) from None
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InvalidInput(
            f"{'standard input' if source == '-' else source} is not JSON: {error}",
            remedy='write an object of features, such as {"age": 42}',
        ) from None


def for_model(given: Any, model: dict[str, Any]) -> Any:
    """Tensors by name are put where a model of tensors expects them."""
    takes_tensors = model["card"]["input"]["encoding"] == "tensors"
    if takes_tensors and isinstance(given, dict) and "tensors" not in given:
        return {"tensors": given}
    return given
