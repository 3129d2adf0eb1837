"""Strict reading of JSON objects: each field is taken once, what is left is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeVar

from oracle.core.errors import InvalidInput

T = TypeVar("T")
MAX_DEPTH = 64
_MARKS = re.compile(r'[\[\]{}"\\]')
DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,77})(\.[0-9]{1,38})?")


class Fields:
    """One JSON object, being read.

    Args:
        value: the parsed JSON.
        where: its place in the document, for messages.
    """

    def __init__(self, value: object, where: str) -> None:
        if not isinstance(value, dict):
            raise InvalidInput(
                f"{where} is {_shown(value)}, not an object",
                remedy="write a JSON object there",
            )
        self.where = where
        self._left: dict[str, Any] = dict(value)
        self._seen: list[str] = []

    def __contains__(self, name: str) -> bool:
        return name in self._left

    def text(self, name: str, *, pattern: str = r"[^\x00]+", hint: str = "a text") -> str:
        """A string that matches ``pattern`` from end to end."""
        value = self._take(name)
        if not isinstance(value, str) or re.fullmatch(pattern, value, re.DOTALL) is None:
            raise self._wrong(name, value, hint)
        return value

    def integer(self, name: str, *, low: int, high: int) -> int:
        """An integer within ``low … high``; true and false are none."""
        value = self._take(name)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self._wrong(name, value, f"an integer within {low} … {high}")
        return value

    def flag(self, name: str) -> bool:
        """A boolean."""
        value = self._take(name)
        if not isinstance(value, bool):
            raise self._wrong(name, value, "true or false")
        return value

    def decimal(self, name: str) -> Decimal:
        """A decimal number, written as a string."""
        value = self._take(name)
        if not isinstance(value, str) or DECIMAL.fullmatch(value) is None or value == "-0":
            raise self._wrong(name, value, 'a decimal number as a string, such as "0.01"')
        return Decimal(value)

    def array(self, name: str, *, empty: bool = False) -> list[Any]:
        """A list, not empty unless said."""
        value = self._take(name)
        if not isinstance(value, list) or (not value and not empty):
            raise self._wrong(name, value, "a list" if empty else "a list that is not empty")
        return value

    def objects(self, name: str, *, empty: bool = False) -> list[Fields]:
        """A list of objects."""
        return [
            Fields(item, f"{self.where}.{name}[{place}]")
            for place, item in enumerate(self.array(name, empty=empty))
        ]

    def nested(self, name: str) -> Fields:
        """An object."""
        return Fields(self._take(name), f"{self.where}.{name}")

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts, no two equal."""
        value = self.array(name)
        if not all(isinstance(item, str) and item for item in value) or len(set(value)) < len(
            value
        ):
            raise self._wrong(name, value, "a list of texts, no two equal")
        return tuple(value)

    def texts_by_name(self, name: str) -> dict[str, str]:
        """An object whose values are all texts."""
        value = self._take(name)
        if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
            raise self._wrong(name, value, "an object of texts")
        return value

    def integers(self, name: str, *, low: int, high: int) -> tuple[int, ...]:
        """A list of integers within ``low … high``, possibly empty."""
        value = self.array(name, empty=True)
        if not all(type(item) is int and low <= item <= high for item in value):
            raise self._wrong(name, value, f"a list of integers within {low} … {high}")
        return tuple(value)

    def optional(self, name: str, read: Callable[[str], T]) -> T | None:
        """What ``read(name)`` gives where the field is present, else None; null is no value."""
        return read(name) if name in self._left else None

    def take(self, name: str) -> Any:
        """The field as it was parsed; the caller checks it."""
        return self._take(name)

    def wrong(self, name: str, value: object, hint: str) -> InvalidInput:
        """The error that says what the field must be."""
        return self._wrong(name, value, hint)

    def done(self) -> None:
        """Refuse fields nobody took."""
        if self._left:
            names = ", ".join(sorted(self._left))
            raise InvalidInput(
                f"{self.where} has unknown fields: {names}",
                remedy=f"known here are {', '.join(self._seen)}",
            )

    def _take(self, name: str) -> Any:
        self._seen.append(name)
        try:
            return self._left.pop(name)
        except KeyError:
            raise InvalidInput(
                f"{self.where} lacks the field {name!r}",
                remedy="add it; its format is described in docs/",
            ) from None

    def _wrong(self, name: str, value: object, hint: str) -> InvalidInput:
        return InvalidInput(f"{self.where}.{name} is {_shown(value)}", remedy=f"it must be {hint}")


def parse_json(text: str | bytes, where: str) -> Any:
    """The JSON of ``text``; duplicate keys, floats, NaN and infinity are refused.

    Raises:
        InvalidInput: the text is no such JSON.
    """

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            raise InvalidInput(
                f"{where} repeats a key among {sorted(k for k, _ in pairs)}",
                remedy="keep one of them",
            )
        return found

    def no_float(digits: str) -> Any:
        raise InvalidInput(
            f"{where} holds the float {digits}",
            remedy=f'write it as the string "{digits}"',
        )

    plain = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    if _depth(plain) > MAX_DEPTH:
        raise InvalidInput(
            f"{where} nests more than {MAX_DEPTH} lists and objects", remedy="correct the file"
        )
    try:
        return json.loads(
            text,
            object_pairs_hook=unique,
            parse_float=no_float,
            parse_constant=no_float,
        )
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{where} is not JSON: {error}", remedy="correct the file") from error


def _depth(text: str) -> int:
    """How deep lists and objects nest; brackets within texts do not count."""
    depth = deepest = 0
    in_text, skip = False, -1
    for mark in _MARKS.finditer(text):
        sign = mark.group()
        if mark.start() == skip:
            continue
        if sign == "\\":
            skip = mark.start() + 1
        elif sign == '"':
            in_text = not in_text
        elif not in_text:
            depth += 1 if sign in "[{" else -1
            deepest = max(deepest, depth)
    return deepest


def _shown(value: object) -> str:
    text = json.dumps(value, default=repr, ensure_ascii=False)
    return text if len(text) <= 80 else text[:77] + "…"
