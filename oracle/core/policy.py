"""A model's policy: the rule that turns its prediction into a verdict, as the contracts apply it.

``policy.json`` beside a card names the contract and its constructor's arguments. ``decide`` is the
same rule in Python, for previews and test vectors; the contract's answer is the one that counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

from oracle.core.canonical import Json
from oracle.core.errors import InvalidInput
from oracle.core.prediction import INT128_MAX, INT128_MIN, PPM
from oracle.core.strict_json import Fields, parse_json

MAX_LABELS = 32


class Verdict(IntEnum):
    """The numbers of ``contracts/libraries/Verdicts.sol``."""

    NONE = 0
    REJECT = 1
    ACCEPT = 2
    REVIEW = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdRule:
    """``ThresholdPolicy``: within the band, or too little confidence, goes to review.

    Attributes:
        threshold, band: units of the card's head.
        accept_at_or_above: whether large values are accepted, or small ones.
        min_confidence: parts per million.
    """

    threshold: int
    band: int
    accept_at_or_above: bool
    min_confidence: int

    def decide(self, value: int, confidence: int) -> Verdict:
        """The verdict on a value with its confidence."""
        if confidence < self.min_confidence:
            return Verdict.REVIEW
        if value >= self.threshold + self.band:
            return Verdict.ACCEPT if self.accept_at_or_above else Verdict.REJECT
        if value < self.threshold - self.band:
            return Verdict.REJECT if self.accept_at_or_above else Verdict.ACCEPT
        return Verdict.REVIEW


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassRule:
    """``ClassPolicy``: a verdict for every label; too little confidence goes to review."""

    verdicts: tuple[Verdict, ...]
    min_confidence: int

    @property
    def verdict_by_label(self) -> bytes:
        """The constructor's bytes32: byte i is the verdict of label i."""
        return bytes(self.verdicts).ljust(MAX_LABELS, b"\0")

    def decide(self, value: int, confidence: int) -> Verdict:
        """The verdict on a label's index with its confidence.

        Raises:
            InvalidInput: the policy knows no such label.
        """
        if not 0 <= value < len(self.verdicts):
            raise InvalidInput(
                f"label {value} is unknown to the policy",
                remedy=f"it knows {len(self.verdicts)} labels",
            )
        return Verdict.REVIEW if confidence < self.min_confidence else self.verdicts[value]


Rule: TypeAlias = ThresholdRule | ClassRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What is deployed and registered for a model.

    Attributes:
        rule: the policy contract with its arguments.
        fee_gwei: what a request pays, in gwei.
        max_age_seconds: how old a prediction may be when it is decided on.
        meaning: verdict's name → what it means for this model, in words.
    """

    rule: Rule
    fee_gwei: int
    max_age_seconds: int
    meaning: dict[str, str]


def parse_policy(text: str | bytes) -> Policy:
    """The policy in a ``policy.json``.

    Raises:
        InvalidInput: unknown or missing fields, or numbers the contract can not hold.
    """
    fields = Fields(parse_json(text, "policy"), "policy")
    rule = _rule(fields)
    meaning = fields.texts_by_name("meaning")
    if set(meaning) != {"ACCEPT", "REJECT", "REVIEW"}:
        raise fields.wrong("meaning", meaning, "words for ACCEPT, REJECT and REVIEW")
    policy = Policy(
        rule=rule,
        fee_gwei=fields.integer("fee_gwei", low=0, high=2**32 - 1),
        max_age_seconds=fields.integer("max_age_seconds", low=1, high=2**32 - 1),
        meaning=meaning,
    )
    fields.done()
    return policy


def read_rule(fields: Fields) -> Rule:
    """The rule in an object of ``kind`` and ``arguments``.

    Raises:
        InvalidInput: unknown or missing fields, or numbers the contract can not hold.
    """
    rule = _rule(fields)
    fields.done()
    return rule


def _rule(fields: Fields) -> Rule:
    kind = fields.text("kind", pattern="threshold|class", hint="threshold or class")
    arguments = fields.nested("arguments")
    rule: Rule
    if kind == "threshold":
        rule = ThresholdRule(
            threshold=_big(arguments, "threshold", INT128_MIN, INT128_MAX),
            band=_big(arguments, "band", 0, 2**128 - 1),
            accept_at_or_above=arguments.flag("acceptAtOrAbove"),
            min_confidence=arguments.integer("minConfidence", low=0, high=PPM),
        )
        if not INT128_MIN <= rule.threshold - rule.band <= rule.threshold + rule.band <= INT128_MAX:
            raise InvalidInput(
                f"policy: threshold {rule.threshold} ± band {rule.band} leaves int128",
                remedy="narrow the band",
            )
    else:
        rule = ClassRule(
            verdicts=_verdicts(arguments),
            min_confidence=arguments.integer("minConfidence", low=0, high=PPM),
        )
    arguments.done()
    return rule


def policy_to_json(policy: Policy) -> dict[str, Json]:
    """The JSON of ``policy.json``."""
    return {
        **rule_to_json(policy.rule),
        "fee_gwei": policy.fee_gwei,
        "max_age_seconds": policy.max_age_seconds,
        "meaning": dict(policy.meaning),
    }


def rule_to_json(rule: Rule) -> dict[str, Json]:
    """``kind`` and ``arguments``, which carry the constructor's names."""
    arguments: dict[str, Json]
    if isinstance(rule, ThresholdRule):
        arguments = {
            "threshold": str(rule.threshold),
            "band": str(rule.band),
            "acceptAtOrAbove": rule.accept_at_or_above,
            "minConfidence": rule.min_confidence,
        }
    else:
        arguments = {
            "verdictByLabel": "0x" + rule.verdict_by_label.hex(),
            "labelCount": len(rule.verdicts),
            "minConfidence": rule.min_confidence,
        }
    return {
        "kind": "threshold" if isinstance(rule, ThresholdRule) else "class",
        "arguments": arguments,
    }


def _big(fields: Fields, name: str, low: int, high: int) -> int:
    number = fields.decimal(name)
    if number != int(number) or not low <= number <= high:
        raise fields.wrong(name, str(number), f"an integer as a text within {low} … {high}")
    return int(number)


def _verdicts(fields: Fields) -> tuple[Verdict, ...]:
    count = fields.integer("labelCount", low=1, high=MAX_LABELS)
    text = fields.text("verdictByLabel", pattern="0x[0-9a-f]{64}", hint="0x and 64 hex digits")
    octets = bytes.fromhex(text[2:])
    known = {Verdict.REJECT, Verdict.ACCEPT, Verdict.REVIEW}
    if any(octet not in known for octet in octets[:count]) or any(octets[count:]):
        raise fields.wrong(
            "verdictByLabel", text, f"{count} bytes of 1 (REJECT), 2 (ACCEPT) or 3 (REVIEW), then 0"
        )
    return tuple(Verdict(octet) for octet in octets[:count])
