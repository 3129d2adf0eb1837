"""A model's policy in plain words, read from the policy contract itself."""

from __future__ import annotations

from typing import Any

from oracle.api.schemas import PolicyView
from oracle.api.views import value_of
from oracle.api.words import percent_text, verdict_word
from oracle.chain.abi import interface
from oracle.chain.rpc import RpcPool
from oracle.core.errors import ChainError, Reverted
from oracle.core.model_card import ModelCard


async def describe(rpc: RpcPool, address: str, card: ModelCard) -> PolicyView:
    """What the policy at this address does with this model's predictions.

    Raises:
        Transient: no endpoint answers.
    """
    threshold = await _views(
        rpc, address, "ThresholdPolicy", "highFrom", "lowBelow", "acceptAtOrAbove", "minConfidence"
    )
    if threshold is not None:
        high_from, low_below, accept_high, _least_confidence = threshold
        return PolicyView(
            address=address,
            kind="threshold",
            words=threshold_words(card, *threshold),
            high_from=value_of(high_from, card).text,
            low_below=value_of(low_below, card).text,
            accept_high=accept_high,
        )
    classes = await _views(
        rpc, address, "ClassPolicy", "verdictByLabel", "labelCount", "minConfidence"
    )
    if classes is not None:
        return PolicyView(address=address, kind="class", words=class_words(card, *classes))
    return PolicyView(address=address, kind="other", words="a policy contract of its own")


def threshold_words(
    card: ModelCard, high_from: int, low_below: int, accept_high: bool, min_confidence: int
) -> str:
    """A threshold policy, such as ``accept from 0.600, reject below 0.400, review between``."""
    high, low = ("accept", "reject") if accept_high else ("reject", "accept")
    high_text, low_text = value_of(high_from, card).text, value_of(low_below, card).text
    words = f"{high} from {high_text}, {low} below {low_text}"
    if high_from > low_below:
        words += ", review between"
    return words + _least(min_confidence)


def class_words(
    card: ModelCard, verdict_by_label: bytes, label_count: int, min_confidence: int
) -> str:
    """A class policy, such as ``accept: benign; reject: malignant``."""
    labels: dict[str, list[str]] = {}
    for index in range(label_count):
        word = verdict_word(verdict_by_label[index])
        labels.setdefault(word, []).append(value_of(index, card).text)
    words = "; ".join(f"{word}: {', '.join(names)}" for word, names in labels.items())
    return words + _least(min_confidence)


def _least(min_confidence: int) -> str:
    if min_confidence == 0:
        return ""
    return f"; review where the confidence is below {percent_text(min_confidence)}"


async def _views(
    rpc: RpcPool, address: str, contract: str, *functions: str
) -> tuple[Any, ...] | None:
    """What each view returns, or None where the contract has not all of them."""
    codec = interface(contract)
    found: list[Any] = []
    for function in functions:
        try:
            body = await rpc.eth_call(address, codec.encode(function), block="latest")
        except Reverted:
            return None
        if not body:
            return None
        try:
            (value,) = codec.decode_output(function, body).values()
        except ChainError:
            return None
        found.append(value)
    return tuple(found)
