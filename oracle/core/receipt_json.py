"""A receipt as JSON, and as the canonical bytes that are stored and sent (RFC 8785)."""

from __future__ import annotations

from oracle.core.anchor import Batch
from oracle.core.canonical import Json, canonical_json
from oracle.core.card_json import card_to_json
from oracle.core.policy import rule_to_json
from oracle.core.prediction_json import hex_of, prediction_to_json
from oracle.core.receipt import (
    SCHEMA,
    Anchor,
    Decided,
    HiddenField,
    Place,
    PlainInput,
    PrivateInput,
    Receipt,
    ShownField,
    SignedTransaction,
)
from oracle.core.round_json import round_to_json


def write_receipt(receipt: Receipt) -> bytes:
    """The receipt's canonical JSON, UTF-8."""
    return canonical_json(receipt_to_json(receipt))


def receipt_to_json(receipt: Receipt) -> dict[str, Json]:
    """The receipt as JSON without floats; sections that it lacks are left out."""
    written: dict[str, Json] = {
        "schema": SCHEMA,
        "card": card_to_json(receipt.card),
        "input": _input_json(receipt.input),
        "outputs": hex_of(receipt.outputs),
        "prediction": prediction_to_json(receipt.prediction),
        "runtime": dict(receipt.runtime),
        "chain": {"id": receipt.chain_id, "contract": receipt.contract},
    }
    if receipt.operator is not None:
        written["operator"] = receipt.operator
    if receipt.promise is not None:
        written["promise"] = {
            "log": receipt.promise.log,
            "anchorBy": receipt.promise.anchor_by,
            "signature": hex_of(receipt.promise.signature),
        }
    if receipt.anchor is not None:
        written["anchor"] = _anchor_json(receipt.anchor)
    if receipt.decision is not None:
        written["decision"] = _decision_json(receipt.decision)
    return written


def batch_to_json(batch: Batch) -> dict[str, Json]:
    """The header of a batch; ``number`` and ``firstIndex`` as texts of digits (uint64)."""
    return {
        "number": str(batch.number),
        "firstIndex": str(batch.first_index),
        "count": batch.count,
        "root": hex_of(batch.root),
        "previous": hex_of(batch.previous),
    }


def _input_json(given: PlainInput | PrivateInput) -> dict[str, Json]:
    if isinstance(given, PlainInput):
        return {"kind": "plain", "bytes": hex_of(given.octets)}
    return {"kind": "private", "fields": [_field_json(field) for field in given.fields]}


def _field_json(field: ShownField | HiddenField) -> dict[str, Json]:
    if isinstance(field, HiddenField):
        return {"name": field.name, "leaf": hex_of(field.leaf)}
    return {"name": field.name, "value": hex_of(field.value), "salt": hex_of(field.salt)}


def _anchor_json(anchor: Anchor) -> dict[str, Json]:
    return {
        "log": anchor.log,
        "batch": batch_to_json(anchor.batch),
        "index": str(anchor.index),
        "proof": [hex_of(node) for node in anchor.proof],
        **_place_json(anchor.place),
    }


def _decision_json(decision: Decided) -> dict[str, Json]:
    policy: dict[str, Json] = {"contract": decision.policy.contract}
    if decision.policy.rule is not None:
        policy["rule"] = rule_to_json(decision.policy.rule)
    return {
        **_place_json(decision.place),
        "logIndex": decision.log_index,
        "verdict": decision.verdict,
        "trustLevel": decision.trust_level,
        "policy": policy,
        "evidence": _evidence_json(decision),
    }


def _evidence_json(decision: Decided) -> dict[str, Json]:
    evidence = decision.evidence
    if isinstance(evidence, SignedTransaction):
        return {"kind": "transaction", "raw": hex_of(evidence.raw)}
    written: dict[str, Json] = {
        "kind": evidence.kind,
        "attestor": evidence.attestor,
        "bytes": hex_of(evidence.octets),
    }
    if evidence.members:
        written["members"] = list(evidence.members)
        written["threshold"] = evidence.threshold
    if evidence.round is not None:
        written["round"] = round_to_json(evidence.round)
    return written


def _place_json(place: Place) -> dict[str, Json]:
    return {
        "transaction": hex_of(place.transaction),
        "blockNumber": place.block_number,
        "blockHash": hex_of(place.block_hash),
        "timestamp": place.timestamp,
    }
