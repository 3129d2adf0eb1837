"""The storage of every contract that keeps anything is where it was."""

from __future__ import annotations

import json

from tests.support.storage import CONTRACTS, PINNED, storage_layouts


def test_storage__of_every_contract__is_as_pinned() -> None:
    pinned = json.loads(PINNED.read_text(encoding="utf-8"))
    assert len(pinned) == len(CONTRACTS)
    hint = "if it is meant: python -m tests.support.storage"
    assert storage_layouts() == pinned, hint
