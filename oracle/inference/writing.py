"""Writing a model's folder: the ONNX file, a card that names it, golden vectors and the policy."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from oracle.core.canonical import Json, keccak256
from oracle.core.card_json import card_to_json
from oracle.core.card_reader import card_from_json
from oracle.core.decimals import from_units
from oracle.core.model_card import Batching, Feature, ModelCard, ModelFile
from oracle.core.model_input import InputCodec
from oracle.core.packed import decode_packed
from oracle.core.policy import Policy, Verdict, policy_to_json
from oracle.core.scoring import Outputs, score
from oracle.inference.folder import CARD, POLICY, VECTORS, StoredModel, digest_of, load_model
from oracle.inference.graph import read_graph
from oracle.inference.session import Session
from oracle.inference.spread import Spread, measure_spread
from oracle.inference.vectors import Vector, vectors_to_json

MODEL = "model.onnx"
MIN_DISTINCT = 8
"""With fewer inputs a model that mixes its rows could pass for one that does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A real input that becomes a golden vector.

    Attributes:
        note: where it comes from, in words.
        input: the input bytes.
    """

    note: str
    input: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A folder that was written, and what was measured on the way."""

    model: StoredModel
    spread: Spread | None = field(repr=False)


def model_file(onnx: bytes, external: Mapping[str, bytes] | None = None) -> ModelFile:
    """The card's entry for an ONNX file, to be stored as ``model.onnx``.

    Raises:
        InvalidInput: the file is refused; see ``read_graph``.
    """
    facts = read_graph(onnx)
    return ModelFile(
        onnx=digest_of(MODEL, onnx),
        external=tuple(digest_of(name, octets) for name, octets in (external or {}).items()),
        opsets=tuple(facts.opsets.items()),
        producer=facts.producer,
    )


def write_folder(
    folder: Path,
    card: ModelCard,
    onnx: bytes,
    *,
    policy: Policy | None,
    examples: Sequence[Example],
    probes: Sequence[bytes] = (),
    external: Mapping[str, bytes] | None = None,
) -> Written:
    """Write a model's folder and read it back.

    Args:
        folder: made if it does not exist; the four files in it are replaced.
        card: ``batching`` is replaced by what is measured here.
        onnx: the ONNX file's bytes.
        policy: None leaves it out.
        examples: become golden vectors.
        probes: further inputs for the measurement of batching.
        external: weight files by name.

    Raises:
        InvalidInput: the card contradicts itself or the model, or an example is refused.
        InferenceError: the model can not be run.
    """
    inputs = [*(example.input for example in examples), *probes]
    card = card_from_json(card_to_json(_unbatched(card)))
    spread = measure_spread(card, onnx, inputs, external=external) if inputs else None
    if spread is not None:
        distinct = len(set(inputs))
        allowed = distinct >= MIN_DISTINCT and spread.batching and _open(card)
        words = spread.batching_words()
        if distinct < MIN_DISTINCT:
            words = f"not measured: {distinct} distinct inputs, {MIN_DISTINCT} are needed"
        if not _open(card):
            words = "not measured: the first extent is fixed, so inputs run one by one"
        card = replace(card, batching=Batching(allowed=allowed, measured=words))
    card = card_from_json(card_to_json(card))
    vectors = [
        _vector(card, example, outputs, policy)
        for example, outputs in _run(card, onnx, examples, external)
    ]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / card.model.onnx.file).write_bytes(onnx)
    for name, octets in (external or {}).items():
        (folder / name).write_bytes(octets)
    _write_json(folder / CARD, card_to_json(card))
    _write_json(folder / VECTORS, vectors_to_json(vectors))
    if policy is not None:
        _write_json(folder / POLICY, policy_to_json(policy))
    return Written(model=load_model(folder), spread=spread)


def feature_texts(features: Sequence[Feature], message: bytes) -> dict[str, str]:
    """A packed input as decimal texts and labels by feature."""
    return {
        feature.name: feature.labels[integer]
        if feature.labels is not None
        else f"{from_units(integer, feature.decimals):f}"
        for feature, integer in zip(features, decode_packed(features, message), strict=True)
    }


def _run(
    card: ModelCard,
    onnx: bytes,
    examples: Sequence[Example],
    external: Mapping[str, bytes] | None,
) -> list[tuple[Example, Outputs]]:
    session, codec = Session(card, onnx, external), InputCodec(card)
    seconds = float(card.limits.max_seconds)
    return [
        (example, score(card, session.run(codec.decode(example.input), seconds=seconds)))
        for example in examples
    ]


def _vector(card: ModelCard, example: Example, outputs: Outputs, policy: Policy | None) -> Vector:
    verdict = Verdict.NONE
    if policy is not None:
        verdict = policy.rule.decide(outputs.value, outputs.confidence)
    features = card.input.features
    return Vector(
        note=example.note,
        input=example.input,
        features=feature_texts(features, example.input) if features else {},
        input_hash=keccak256(example.input),
        outputs=outputs.encoded,
        output_hash=outputs.output_hash,
        value=outputs.value,
        confidence=outputs.confidence,
        verdict=verdict.name,
    )


def _unbatched(card: ModelCard) -> ModelCard:
    return replace(card, batching=Batching(allowed=False, measured="not measured"))


def _open(card: ModelCard) -> bool:
    shapes = [spec.shape for spec in card.input.tensors] + [spec.shape for spec in card.outputs]
    return all(shape and not isinstance(shape[0], int) for shape in shapes)


def _write_json(path: Path, value: Mapping[str, Json]) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
