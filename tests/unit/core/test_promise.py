"""A promise: of a form that the log's readers take, and of a time that a block can have."""

from __future__ import annotations

import pytest

from oracle.core.errors import InvalidInput
from oracle.core.promise import Promise, promise_digest
from tests.support import receipts


@pytest.mark.parametrize("length", [0, 63, 65])
def test_promise__of_no_compact_signature__is_refused(length: int) -> None:
    with pytest.raises(InvalidInput, match=f"signature has {length} bytes"):
        Promise(log=receipts.LOG, anchor_by=1, signature=b"s" * length)


def digest(anchor_by: int) -> bytes:
    return promise_digest(
        chain_id=receipts.CHAIN_ID,
        log=receipts.LOG,
        prediction=receipts.prediction(),
        anchor_by=anchor_by,
    )


def test_promise__for_a_time_that_no_block_has__is_refused() -> None:
    assert digest(1) != digest(2**40 - 1)
    for wrong in (-1, 0, 2**40):
        with pytest.raises(InvalidInput, match=f"anchorBy {wrong} is not a Unix time"):
            digest(wrong)
