"""A receipt: everything that is needed to check one prediction, in one document, without us.

The document grows. A *pending* receipt carries the operator's signed promise to anchor the
prediction by a deadline; *anchored* adds the batch and the path to its root; *decided* adds the
decision on chain and who vouched for it. Each carries the card, the input (or its salted
commitment), the outputs and the runtime, so that the prediction itself can be computed again.

``oracle.core.receipt_json`` writes it, ``oracle.core.receipt_reader`` reads it strictly,
``docs/receipts.md`` describes it, and ``oracle.verify`` checks it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from oracle.core.anchor import Batch
from oracle.core.errors import InvalidInput
from oracle.core.model_card import ModelCard
from oracle.core.policy import Rule
from oracle.core.prediction import Prediction
from oracle.core.promise import Promise
from oracle.core.shown_round import ShownRound

SCHEMA = "decision-oracle/receipt/1"
MAX_PROOF = 64
"""Longest path to a root: more than 2**64 predictions have no index."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainInput:
    """The input itself; the prediction's ``inputHash`` is keccak256 of it."""

    octets: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownField:
    """One field of a private input that the holder shows.

    Attributes:
        name: of the card's feature or tensor.
        value: its bytes, the field's part of the input bytes.
        salt: 32 bytes.
    """

    name: str
    value: bytes
    salt: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenField:
    """One field of a private input that is not shown: only its leaf, 32 bytes."""

    name: str
    leaf: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateInput:
    """The fields of an input that is committed to with a salt each, in the card's order.

    The prediction's ``inputHash`` is the commitment of ``oracle.core.private_input``.
    """

    fields: tuple[ShownField | HiddenField, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A transaction and its block.

    Attributes:
        timestamp: the block's, Unix seconds.
    """

    transaction: bytes
    block_number: int
    block_hash: bytes
    timestamp: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """Where the prediction stands in the anchor log.

    Attributes:
        log: the anchor log's address.
        index: of the prediction among all of the log.
        proof: from its leaf to the root, each 32 bytes.
        place: of the anchoring transaction.
    """

    log: str
    batch: Batch
    index: int
    proof: tuple[bytes, ...]
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedTransaction:
    """One operator vouched, by its own transaction: the signed bytes, as they were broadcast."""

    raw: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractEvidence:
    """A contract vouched: what it was shown.

    Attributes:
        kind: ``quorum`` (signatures), ``sealed`` (votes in a round), ``anchor`` (the anchor
            section is the evidence), or ``other`` (ask the contract).
        attestor: the contract's address.
        octets: as the contract read them.
        members: the committee in the contract's order, for ``quorum`` and ``sealed``.
        threshold: votes needed; 0 where there is no committee.
        round: of ``sealed``, the round's seals and openings; None where they are not shown.
    """

    kind: Literal["quorum", "sealed", "anchor", "other"]
    attestor: str
    octets: bytes
    members: tuple[str, ...] = ()
    threshold: int = 0
    round: ShownRound | None = None


Evidence: TypeAlias = SignedTransaction | ContractEvidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The policy that gave the verdict.

    Attributes:
        contract: its address.
        rule: what it computes, where it is one of the oracle's own policies.
    """

    contract: str
    rule: Rule | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """The decision on chain.

    Attributes:
        place: of the transaction that decided.
        log_index: of ``DecisionMade`` within its block.
        verdict: 1 reject, 2 accept, 3 review.
        trust_level: as in the event.
        policy: what gave the verdict.
        evidence: who vouched.
    """

    place: Place
    log_index: int
    verdict: int
    trust_level: int
    policy: Judgement
    evidence: Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """One prediction with all that vouches for it.

    Attributes:
        outputs: the rounded outputs in the ``tensors`` encoding; ``outputHash`` is their keccak256.
        runtime: what ran the model: versions, options and machine, as texts.
        chain_id, contract: where it is decided on; a promise and an anchor are on the same chain.
        operator: who made the prediction, where one operator did.
        promise, anchor, decision: what vouches for it so far; at least one.
    """

    card: ModelCard
    input: PlainInput | PrivateInput
    outputs: bytes
    prediction: Prediction
    runtime: Mapping[str, str]
    chain_id: int
    contract: str
    operator: str | None = None
    promise: Promise | None = None
    anchor: Anchor | None = None
    decision: Decided | None = None

    def __post_init__(self) -> None:
        if self.promise is None and self.anchor is None and self.decision is None:
            raise InvalidInput(
                "the receipt is neither promised, anchored nor decided",
                remedy="give a receipt that somebody vouches for",
            )
        if self.promise is not None and self.operator is None:
            raise InvalidInput(
                "the receipt carries a promise and names no operator",
                remedy="name who signed the promise",
            )

    @property
    def stage(self) -> Literal["pending", "anchored", "decided"]:
        """How far the prediction has come."""
        if self.decision is not None:
            return "decided"
        return "anchored" if self.anchor is not None else "pending"

    def with_anchor(self, anchor: Anchor) -> Receipt:
        """The same receipt, anchored."""
        return replace(self, anchor=anchor)

    def with_decision(self, decision: Decided) -> Receipt:
        """The same receipt, decided."""
        return replace(self, decision=decision)
