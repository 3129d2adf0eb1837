"""The published JSON Schema is the one in the code, takes good receipts and refuses other forms."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from oracle.core.errors import InvalidInput
from oracle.core.receipt_reader import parse_receipt, receipt_from_json
from oracle.core.receipt_schema import receipt_schema
from tests.support import bad_receipts
from tests.support.bad_receipts import Bad

PUBLISHED = Path(__file__).parents[3] / "docs" / "receipt.schema.json"
SCHEMA = json.loads(json.dumps(receipt_schema()))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def test_published_schema__is_fresh_and_a_schema() -> None:
    found = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    assert found == SCHEMA, "write it anew: oracle receipt schema > docs/receipt.schema.json"
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", sorted(bad_receipts.good()))
def test_good_receipt__fits_the_schema(name: str) -> None:
    VALIDATOR.validate(bad_receipts.good()[name])


def misformed() -> list[Bad]:
    """Those that the reader refuses for their form, and that are JSON without floats."""
    found = []
    for bad in bad_receipts.bad():
        try:
            parse_receipt(bad_receipts.apply(bad))
        except InvalidInput:
            if bad.text is None:
                found.append(bad)
    return found


BEYOND = {"an index beyond uint64", "a tolerance beyond its type", "a vote beyond its type"}
"""What a pattern can not say."""


@pytest.mark.parametrize("bad", misformed(), ids=lambda bad: bad.name)
def test_misformed_receipt__does_not_fit_the_schema(bad: Bad) -> None:
    given: Any = json.loads(bad_receipts.apply(bad))
    assert VALIDATOR.is_valid(given) == (bad.name in BEYOND)


def test_misformed_receipts__are_many() -> None:
    assert len(misformed()) >= 10


CARD, RULE = ("card",), ("decision", "policy", "rule", "arguments")
"""What the schema leaves to formats of their own."""


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every field and every item within, but those of a format of their own."""
    inside = enumerate(value) if isinstance(value, list) else ()
    for name, part in value.items() if isinstance(value, dict) else inside:
        if (*path, name) not in (CARD, RULE):
            yield (*path, name), part
            yield from places(part, (*path, name))


def others(value: Any) -> Iterator[Any]:
    """What might stand in a value's place."""
    yield from (None, True, 0, 1, -1, 2**53, "", "0", "-1", "00", "0x", [], {})
    if isinstance(value, str):
        yield from (value + "0", value + "00", value[:-1], value.upper(), " " + value)
    elif isinstance(value, int):
        yield from (str(value), 4, 255, 256, 2**32 - 1, 2**32, 2**32 + 1, 2**40 - 1, 2**40)
    elif isinstance(value, dict):
        yield {**value, "more": 1}
    elif isinstance(value, list):
        yield value * 40


def changed() -> Iterator[tuple[tuple[Any, ...], Any, dict[str, Any]]]:
    """Good receipts with one field left out or another value in it; each kind of place once."""
    seen = set()
    for good in bad_receipts.good().values():
        evidence = good.get("decision", {}).get("evidence", {}).get("kind")
        for path, value in places(good):
            named = tuple("" if isinstance(each, int) else each for each in path)
            kind = evidence if path[:2] == ("decision", "evidence") else good["input"]["kind"]
            if (named, kind) in seen:
                continue
            seen.add((named, kind))
            for new in (..., *others(value)):
                whole = {n: part if n == "card" else deepcopy(part) for n, part in good.items()}
                at: Any = whole
                for step in path[:-1]:
                    at = at[step]
                if new is ...:
                    del at[path[-1]]
                else:
                    at[path[-1]] = new
                yield path, new, whole


def is_read(given: dict[str, Any]) -> bool:
    try:
        receipt_from_json(given)
    except InvalidInput:
        return False
    return True


def test_receipt__with_any_field_changed__is_read_as_the_schema_says() -> None:
    """But for a threshold above the number of members, which a schema can not say."""
    differ = [
        (path, new) for path, new, given in changed() if is_read(given) != VALIDATOR.is_valid(given)
    ]
    assert differ == [(("decision", "evidence", "threshold"), 4)]
