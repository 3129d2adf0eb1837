"""The published JSON Schema is the one in the code, takes good receipts and refuses other forms."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from oracle.core.errors import InvalidInput
from oracle.core.receipt_reader import parse_receipt
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
