"""The terms of sealed votes, as the terminal asks for them and shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from oracle.api.words import ether_text
from oracle.core.errors import InvalidInput
from oracle.core.quorum import Committee
from oracle.core.sealed import SealedCommittee, Terms
from oracle.inference.folder import StoredModel
from oracle.node.registration import terms_for

ETHER = 10**18


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked for: windows in seconds, the bond in ether."""

    commit_window: int
    reveal_window: int
    bond: str


def terms_of(models: Sequence[StoredModel], asked: Asked) -> Terms:
    """The terms for these models; when two votes say the same is their cards' word.

    Raises:
        InvalidInput: no model, models whose answers are compared differently, or no such terms.
    """
    if not models:
        raise InvalidInput(
            "sealed votes are compared as a model's card says, and no model is named",
            remedy="name it: --model MODEL",
        )
    found = {
        terms_for(
            model.card,
            commit_window=asked.commit_window,
            reveal_window=asked.reveal_window,
            bond=_wei(asked.bond),
        )
        for model in models
    }
    if len(found) != 1:
        raise InvalidInput(
            "the answers of these models are compared differently",
            remedy="create one committee for labels, and one for each tolerance",
        )
    return found.pop()


def doubts(models: Sequence[StoredModel], terms: Terms) -> list[str]:
    """What speaks against these terms, in words; empty where nothing does."""
    found = []
    for model in models:
        oldest = model.policy.max_age_seconds if model.policy else 0
        if oldest and oldest <= terms.reveal_window:
            found.append(
                f"{model.name} takes no prediction older than {oldest} s, and revealing may take "
                f"{terms.reveal_window} s after the time that an outcome has"
            )
    if terms.bond == 0:
        found.append("without a bond nobody loses anything by not revealing")
    return found


def terms_words(committee: Committee | None) -> str | None:
    """``120 s to seal, 120 s to reveal, bond 0.01 ETH; numbers within 5 units``; None where the
    members sign instead.
    """
    if not isinstance(committee, SealedCommittee):
        return None
    terms = committee.terms
    how = "labels" if terms.tolerance is None else f"numbers within {terms.tolerance} units"
    return (
        f"{terms.commit_window} s to seal, {terms.reveal_window} s to reveal, "
        f"bond {ether_text(terms.bond)} ETH; {how}"
    )


def terms_json(committee: Committee | None) -> dict[str, Any] | None:
    """The same for programs."""
    if not isinstance(committee, SealedCommittee):
        return None
    terms = committee.terms
    return {
        "commit_window": terms.commit_window,
        "reveal_window": terms.reveal_window,
        "bond_wei": str(terms.bond),
        "kind": "label" if terms.tolerance is None else "number",
        "tolerance": terms.tolerance,
    }


def attestor_name(committee: Committee) -> str:
    """The contract that vouches for a committee."""
    return "SealedVoteAttestor" if isinstance(committee, SealedCommittee) else "QuorumAttestor"


def _wei(ether: str) -> int:
    try:
        wei = Decimal(ether) * ETHER
    except InvalidOperation:
        raise InvalidInput(f"{ether!r} is no amount of ether", remedy="such as 0.01") from None
    if not wei.is_finite() or wei != wei.to_integral_value():
        raise InvalidInput(f"{ether} ETH is no whole number of wei", remedy="such as 0.01")
    return int(wei)
