"""What a node answers, as values of Python: times with a zone, numbers that lose no digit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal

from oracle.core.decimals import from_units
from oracle.core.errors import ChainError, Undecided

Json = Mapping[str, Any]
OVER = ("final", "refused", "expired")


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model that the node serves.

    Attributes:
        id: keccak256 of its card, 0x hex.
        kind: ``score`` says a number, ``class`` one of the labels.
        features: the names of its input, in their order.
        example: an input to try; None where it has none.
        account: all that the node says of it: the card, its policy, its registration.
    """

    name: str
    id: str
    title: str
    kind: Literal["score", "class"]
    labels: tuple[str, ...]
    features: tuple[str, ...]
    example: dict[str, str] | str | None
    account: Json = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A decision, as far as it has come.

    Attributes:
        model, model_id: who said it; no name where the node does not serve it any more.
        subject: what it is about, 32 bytes as 0x hex.
        origin: who asked; ``other``: nobody, another transaction decided it.
        state: ``final`` once it is on chain and deep enough, ``refused`` or ``expired`` where it
            will not come.
        reason: why it was refused or expired, or the last try failed.
        verdict: of the policy.
        value: the model's number; of a classifier the place of its label.
        text: the value as people read it: the number, or the label.
        confidence: 0 to 1; None where the model states none.
        trust_level: 1 one signer, 2 quorum, 3 sealed quorum, 4 proven.
        at: when the node first knew of it.
        block, transaction: of the decision.
        account: all that the node says of it.
    """

    model: str | None
    model_id: str
    subject: str
    origin: Literal["chain", "api", "other"]
    state: str
    reason: str | None
    verdict: Literal["accept", "reject", "review"] | None
    value: Decimal | None
    text: str | None
    confidence: float | None
    trust_level: int | None
    at: datetime | None
    block: int | None
    transaction: str | None
    account: Json = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What a model said, and the operator's promise that it will be in the anchor log.

    Attributes:
        id: names it and its receipt, 0x hex.
        state: ``pending``, then ``anchored``.
        value: the model's number; of a classifier the place of its label.
        text: the value as people read it: the number, or the label.
        confidence: 0 to 1; None where the model states none.
        anchor_by: promised to be on chain by then.
        index: in the log, once its batch is closed.
        transaction, block: that anchored it.
        account: all that the node says of it.
    """

    id: str
    state: Literal["pending", "anchored"]
    model: str
    model_id: str
    subject: str
    value: Decimal
    text: str
    confidence: float | None
    predicted_at: datetime
    anchor_by: datetime
    index: int | None
    transaction: str | None
    block: int | None
    account: Json = field(repr=False, compare=False)


def model_of(found: Json) -> Model:
    """A model from the API's JSON."""
    return Model(
        name=found["name"],
        id=found["id"],
        title=found["title"],
        kind=found["kind"],
        labels=tuple(found["labels"]),
        features=tuple(found["features"]),
        example=found["example"],
        account=found,
    )


def line_of(found: Json) -> Decision:
    """A decision from a list of the API."""
    value, at = found["value"], found["at"]
    return Decision(
        model=found["model"]["name"],
        model_id=found["model"]["id"],
        subject=found["subject"],
        origin=found["origin"],
        state=found["state"],
        reason=found["reason"],
        verdict=found["verdict"],
        value=None if value is None else from_units(int(value), found["decimals"]),
        text=found["text"],
        confidence=_share(found["confidence"]),
        trust_level=found["trust_level"],
        at=None if at is None else _time(at),
        block=found["block_number"],
        transaction=found["tx_hash"],
        account=found,
    )


def decision_of(found: Json) -> Decision:
    """A decision from its whole account."""
    decision, timeline = found["decision"], found["timeline"]
    said = decision or found["prediction"] or {}
    at = timeline[0]["at"] if timeline else decision and decision["decided_at"]
    line = {
        "model": found["model"],
        "subject": found["subject"],
        "origin": found["request"]["origin"] if found["request"] else "other",
        "state": found["state"],
        "reason": found["reason"],
        "at": at,
        **{name: said.get(name) for name in ("value", "decimals", "text", "confidence")},
        **{
            name: (decision or {}).get(name)
            for name in ("verdict", "trust_level", "block_number", "tx_hash")
        },
    }
    return replace(line_of(line), account=found)


def prediction_of(found: Json) -> Prediction:
    """A promised prediction from the API's JSON."""
    ppm = found["confidence"]
    return Prediction(
        id=found["id"],
        state=found["state"],
        model=found["model"],
        model_id=found["model_id"],
        subject=found["subject"],
        value=from_units(int(found["raw_value"]), found["decimals"]),
        text=found["value"],
        confidence=ppm / 1e6 if ppm else None,
        predicted_at=_time(found["predicted_at"]),
        anchor_by=_time(found["anchor_by"]),
        index=found.get("index"),
        transaction=found.get("transaction"),
        block=found.get("block"),
        account=found,
    )


def require_final(account: Json, *, refused: str, waiting: str) -> None:
    """Hold a decision's account to be over, with a decision.

    Args:
        refused, waiting: what to do where it was refused, and where it is still under way.

    Raises:
        ChainError: it was refused, or came too late.
        Undecided: it is still under way.
    """
    state, reason = account["state"], account["reason"]
    if state == "final":
        return
    if state in OVER:
        raise ChainError(f"the request is {state}: {reason}", remedy=refused)
    raise Undecided(
        f"not decided yet: it is {state}" + (f" ({reason})" if reason else ""), remedy=waiting
    )


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _share(text: str | None) -> float | None:
    return None if text is None else float(text)
