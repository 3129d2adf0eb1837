"""The JSON form of a model card, and the ``modelId``, which is the hash of it."""

from __future__ import annotations

from decimal import Decimal

from oracle.core.canonical import Json, hash_json
from oracle.core.model_card import (
    SCHEMA,
    ClassHead,
    Feature,
    FileDigest,
    ModelCard,
    OutputSpec,
    ScoreHead,
)


def model_id(card: ModelCard) -> bytes:
    """keccak256 of the card's canonical JSON, 32 bytes."""
    return hash_json(card_to_json(card))


def card_to_json(card: ModelCard) -> dict[str, Json]:
    """The card as JSON without floats; absent fields are left out."""
    return {
        "schema": SCHEMA,
        "name": card.name,
        "title": card.title,
        "description": card.description,
        "model": _without_none(
            {
                **_digest_json(card.model.onnx),
                "external": [_digest_json(item) for item in card.model.external] or None,
                "opsets": dict(card.model.opsets),
                "producer": card.model.producer,
            }
        ),
        "input": _without_none(
            {
                "encoding": card.input.encoding,
                "tensors": [
                    {"name": spec.name, "dtype": spec.dtype, "shape": list(spec.shape)}
                    for spec in card.input.tensors
                ],
                "features": [_feature_json(item) for item in card.input.features] or None,
            }
        ),
        "outputs": [_output_json(spec) for spec in card.outputs],
        "head": _head_json(card.head),
        "tolerance": card.tolerance,
        "allow_non_finite_inputs": card.allow_non_finite_inputs,
        "limits": {
            "max_elements": card.limits.max_elements,
            "max_seconds": card.limits.max_seconds,
        },
        "batching": {
            "allowed": card.batching.allowed,
            "measured": card.batching.measured,
        },
        "provenance": {
            "source": card.provenance.source,
            "licence": card.provenance.licence,
            "trained_with": card.provenance.trained_with,
        },
    }


def _digest_json(digest: FileDigest) -> dict[str, Json]:
    return {"file": digest.file, "sha256": digest.sha256, "size": digest.size}


def _feature_json(feature: Feature) -> dict[str, Json]:
    return _without_none(
        {
            "name": feature.name,
            "type": feature.solidity_type,
            "decimals": feature.decimals,
            "min": _digits(feature.low),
            "max": _digits(feature.high),
            "unit": feature.unit,
            "description": feature.description,
            "labels": None if feature.labels is None else list(feature.labels),
            "tensor": feature.tensor,
        }
    )


def _output_json(spec: OutputSpec) -> dict[str, Json]:
    return _without_none(
        {
            "name": spec.name,
            "dtype": spec.dtype,
            "shape": list(spec.shape),
            "decimals": spec.decimals,
            "keys": None if spec.keys is None else list(spec.keys),
        }
    )


def _head_json(head: ScoreHead | ClassHead) -> dict[str, Json]:
    confidence: Json = None
    if head.confidence is not None:
        take = head.confidence.take
        confidence = {
            "output": head.confidence.output,
            "take": "max" if take == "max" else list(take),
        }
    if isinstance(head, ScoreHead):
        return _without_none(
            {
                "kind": "score",
                "output": head.output,
                "index": list(head.index),
                "decimals": head.decimals,
                "confidence": confidence,
            }
        )
    return _without_none(
        {
            "kind": "class",
            "output": head.output,
            "labels": list(head.labels),
            "tie": "lowest",
            "ambiguous": f"{head.ambiguous:f}",
            "scores": head.scores,
            "confidence": confidence,
        }
    )


def _digits(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"


def _without_none(fields: dict[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in fields.items() if value is not None}
