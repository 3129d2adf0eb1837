"""Receipts that are wrong in one way each, as patches of good ones, with why they are refused.

    python -m tests.support.bad_receipts     writes tests/vectors/receipts.json anew

Patches are JSON Patch (RFC 6902: add, replace, remove), or one substitution in the text; ``flip``
changes one byte of the model's file.
"""

from __future__ import annotations

import json
from copy import deepcopy
from functools import cache
from typing import Any

from tests.support.bad_claims import forms, predictions, promises
from tests.support.bad_proofs import anchors, decisions, privates
from tests.support.bad_receipt import Bad, good
from tests.support.bad_rounds import rounds
from tests.support.vectors import FOLDER

__all__ = ["Bad", "apply", "as_vectors", "bad", "good"]


@cache
def bad() -> list[Bad]:
    """Every way to be wrong."""
    return [*forms(), *predictions(), *promises(), *anchors(), *decisions(), *rounds(), *privates()]


def apply(entry: Bad | dict[str, Any]) -> str:
    """The bad receipt's text."""
    of, patch, text = (
        (entry["of"], entry.get("patch", []), entry.get("text"))
        if isinstance(entry, dict)
        else (entry.of, entry.patch, entry.text)
    )
    found = deepcopy(good()[of])
    for step in patch:
        *way, last = step["path"].split("/")[1:]
        at: Any = found
        for name in way:
            at = at[int(name)] if isinstance(at, list) else at[name]
        key: Any = int(last) if isinstance(at, list) else last
        if step["op"] == "remove":
            del at[key]
        else:
            at[key] = step["value"]
    written = json.dumps(found, separators=(",", ":"))
    if text:
        assert text[0] in written
        written = written.replace(text[0], text[1], 1)
    return written


def as_vectors() -> dict[str, Any]:
    """What ``tests/vectors/receipts.json`` holds."""
    listed = []
    for each in bad():
        entry: dict[str, Any] = {"name": each.name, "of": each.of, "reason": each.reason}
        if each.patch:
            entry["patch"] = each.patch
        if each.text:
            entry["text"] = list(each.text)
        if each.flip is not None:
            entry["flip"] = each.flip
        listed.append(entry)
    return {"model": "models/credit-default/model.onnx", "good": good(), "bad": listed}


if __name__ == "__main__":
    path = FOLDER / "receipts.json"
    path.write_text(json.dumps(as_vectors(), indent=1) + "\n", encoding="utf-8")
