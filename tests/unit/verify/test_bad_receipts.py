"""Good receipts hold without a chain; every way to be wrong is refused with its reason."""

from __future__ import annotations

import json

import pytest

from oracle.core.errors import InvalidInput, VerificationError
from oracle.core.receipt_json import write_receipt
from oracle.verify import parse_receipt, verify_offline
from tests.support import bad_receipts, receipts
from tests.support.bad_receipts import Bad
from tests.support.vectors import vectors


@pytest.mark.parametrize("name", sorted(bad_receipts.good()))
def test_good_receipt__offline__holds(name: str) -> None:
    text = json.dumps(bad_receipts.good()[name])
    report = verify_offline(parse_receipt(text), receipts.files())
    assert {check.outcome for check in report.checks} <= {"held", "skipped"}
    assert parse_receipt(write_receipt(parse_receipt(text))) == parse_receipt(text)


@pytest.mark.parametrize("bad", bad_receipts.bad(), ids=lambda bad: bad.name)
def test_bad_receipt__offline__is_refused_with_the_reason(bad: Bad) -> None:
    files = receipts.files()
    if bad.flip is not None:
        octets = bytearray(files["model.onnx"])
        octets[bad.flip] ^= 1
        files["model.onnx"] = bytes(octets)
    with pytest.raises((InvalidInput, VerificationError), match=bad.reason):
        verify_offline(parse_receipt(bad_receipts.apply(bad)), files)


def test_vectors__are_those_that_are_made_here() -> None:
    assert vectors("receipts") == json.loads(json.dumps(bad_receipts.as_vectors()))
