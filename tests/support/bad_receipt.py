"""One receipt that is wrong, as a patch of a good one, and the good ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from eth_keys.constants import SECPK1_N

from oracle.core.quorum import compact, expand
from oracle.core.receipt_json import receipt_to_json
from tests.support import receipts

WORD = "0x" + "ee" * 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Bad:
    """One way to be wrong.

    Attributes:
        of: which good receipt it is made from.
        reason: what the refusal says, as a regular expression.
    """

    name: str
    of: str
    reason: str
    patch: list[dict[str, Any]] = field(default_factory=list)
    text: tuple[str, str] | None = None
    flip: int | None = None


@cache
def good() -> dict[str, Any]:
    made = {
        "pending": receipts.pending(),
        "anchored": receipts.anchored(),
        "decided": receipts.decided(),
        "decided with others": receipts.decided(beside=(1, 2)),
        "from_anchor": receipts.from_anchor(),
        "quorum": receipts.by_quorum(),
        "sealed": receipts.by_sealed_round(),
        "sealed, not shown": receipts.by_sealed_round(shown=False),
        "private": receipts.private(),
        "redacted": receipts.private("age" if _has("age") else "income"),
    }
    return {name: receipt_to_json(receipt) for name, receipt in made.items()}


def _has(name: str) -> bool:
    return any(feature.name == name for feature in receipts.model().card.input.features)


def put(path: str, value: Any) -> list[dict[str, Any]]:
    return [{"op": "replace", "path": path, "value": value}]


def malleated(signature: bytes) -> bytes:
    r, s, parity = expand(signature)
    return compact(r, SECPK1_N - s, 1 - parity)
