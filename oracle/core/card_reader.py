"""Reading a model card strictly: unknown fields, floats and contradictions are refused.

No field has a default, so reading a card and writing it again gives the same JSON and the same id.
"""

from __future__ import annotations

import re
from typing import Any, Literal, cast

from oracle.core.card_rules import check
from oracle.core.dtypes import CODES
from oracle.core.model_card import (
    SCHEMA,
    Batching,
    ClassHead,
    Confidence,
    Feature,
    FileDigest,
    InputSpec,
    Limits,
    ModelCard,
    ModelFile,
    OutputSpec,
    Provenance,
    ScoreHead,
    Shape,
    TensorSpec,
)
from oracle.core.strict_json import Fields, parse_json

_DTYPES = "|".join(CODES)
_FILE = r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,127}"
MAX_ELEMENTS = 2**31 - 1
MAX_DECIMALS = 15


def parse_card(text: str | bytes) -> ModelCard:
    """The card in a JSON text.

    Raises:
        InvalidInput: unknown or missing fields, floats, or a card that contradicts itself; the
            message names the field, its value and the remedy.
    """
    return card_from_json(parse_json(text, "card"))


def card_from_json(value: object) -> ModelCard:
    """The card in parsed JSON; the inverse of ``card_to_json``.

    Raises:
        InvalidInput: as ``parse_card``.
    """
    top = Fields(value, "card")
    top.text("schema", pattern=re.escape(SCHEMA), hint=repr(SCHEMA))
    card = ModelCard(
        name=top.text("name"),
        title=top.text("title"),
        description=top.text("description"),
        model=_model(top.nested("model")),
        input=_input(top.nested("input")),
        outputs=tuple(_output(item) for item in top.objects("outputs")),
        head=_head(top.nested("head")),
        tolerance=top.integer("tolerance", low=0, high=2**31),
        allow_non_finite_inputs=top.flag("allow_non_finite_inputs"),
        limits=_limits(top.nested("limits")),
        batching=_batching(top.nested("batching")),
        provenance=_provenance(top.nested("provenance")),
    )
    top.done()
    check(card)
    return card


def _model(fields: Fields) -> ModelFile:
    external = fields.optional("external", fields.objects)
    opsets = fields.take("opsets")
    if (
        not isinstance(opsets, dict)
        or not opsets
        or not all(type(number) is int and number > 0 for number in opsets.values())
    ):
        raise fields.wrong("opsets", opsets, "an object of operator set versions")
    model = ModelFile(
        onnx=_digest(fields),
        external=tuple(_whole_digest(item) for item in external or ()),
        opsets=tuple(opsets.items()),
        producer=fields.text("producer", pattern=r"[^\x00]*", hint="a text"),
    )
    fields.done()
    return model


def _digest(fields: Fields) -> FileDigest:
    return FileDigest(
        file=fields.text("file", pattern=_FILE, hint="a plain file name without a folder"),
        sha256=fields.text("sha256", pattern="[0-9a-f]{64}", hint="64 lower-case hex digits"),
        size=fields.integer("size", low=1, high=2**53),
    )


def _whole_digest(fields: Fields) -> FileDigest:
    digest = _digest(fields)
    fields.done()
    return digest


def _input(fields: Fields) -> InputSpec:
    encoding = fields.text("encoding", pattern="packed|tensors", hint="packed or tensors")
    features = fields.optional("features", fields.objects)
    spec = InputSpec(
        encoding=cast(Literal["packed", "tensors"], encoding),
        tensors=tuple(_tensor(item) for item in fields.objects("tensors")),
        features=tuple(_feature(item) for item in features or ()),
    )
    fields.done()
    return spec


def _tensor(fields: Fields) -> TensorSpec:
    spec = TensorSpec(
        name=fields.text("name"),
        dtype=fields.text("dtype", pattern=_DTYPES, hint=f"one of {', '.join(CODES)}"),
        shape=_shape(fields),
    )
    fields.done()
    return spec


def _shape(fields: Fields) -> Shape:
    shape = fields.array("shape", empty=True)
    for dim in shape:
        fixed = type(dim) is int and 0 <= dim <= MAX_ELEMENTS
        if not (fixed or dim is None or (isinstance(dim, str) and dim)):
            raise fields.wrong("shape", shape, "a list of extents: integers, names or null")
    return tuple(shape)


def _feature(fields: Fields) -> Feature:
    kind = fields.text("type", pattern=r"u?int([1-9][0-9]{0,2})", hint="such as uint16 or int32")
    feature = Feature(
        name=fields.text("name"),
        signed=kind.startswith("int"),
        bits=int(kind.removeprefix("u").removeprefix("int")),
        decimals=fields.integer("decimals", low=0, high=MAX_DECIMALS),
        low=fields.optional("min", fields.decimal),
        high=fields.optional("max", fields.decimal),
        unit=fields.optional("unit", fields.text),
        description=fields.optional("description", fields.text),
        labels=fields.optional("labels", fields.texts),
        tensor=fields.optional("tensor", fields.text),
    )
    fields.done()
    return feature


def _output(fields: Fields) -> OutputSpec:
    spec = OutputSpec(
        name=fields.text("name"),
        dtype=fields.text("dtype", pattern=_DTYPES, hint=f"one of {', '.join(CODES)}"),
        shape=_shape(fields),
        decimals=fields.integer("decimals", low=0, high=MAX_DECIMALS),
        keys=fields.optional("keys", fields.texts),
    )
    fields.done()
    return spec


def _head(fields: Fields) -> ScoreHead | ClassHead:
    kind = fields.text("kind", pattern="score|class", hint="score or class")
    confidence = fields.optional("confidence", fields.nested)
    head: ScoreHead | ClassHead
    if kind == "score":
        head = ScoreHead(
            output=fields.text("output"),
            index=fields.integers("index", low=0, high=MAX_ELEMENTS),
            decimals=fields.integer("decimals", low=0, high=38),
            confidence=None if confidence is None else _confidence(confidence),
        )
    else:
        fields.text("tie", pattern="lowest", hint="lowest")
        head = ClassHead(
            output=fields.text("output"),
            labels=fields.texts("labels"),
            ambiguous=fields.decimal("ambiguous"),
            scores=cast(
                Literal["probability", "any"],
                fields.text("scores", pattern="probability|any", hint="probability or any"),
            ),
            confidence=None if confidence is None else _confidence(confidence),
        )
    fields.done()
    return head


def _confidence(fields: Fields) -> Confidence:
    output = fields.text("output")
    take: Any = fields.take("take")
    indexed = isinstance(take, list) and all(type(i) is int and i >= 0 for i in take)
    if take != "max" and not indexed:
        raise fields.wrong("take", take, 'a list of coordinates, or "max"')
    fields.done()
    return Confidence(output=output, take="max" if take == "max" else tuple(take))


def _limits(fields: Fields) -> Limits:
    limits = Limits(
        max_elements=fields.integer("max_elements", low=1, high=MAX_ELEMENTS),
        max_seconds=fields.integer("max_seconds", low=1, high=3600),
    )
    fields.done()
    return limits


def _batching(fields: Fields) -> Batching:
    batching = Batching(allowed=fields.flag("allowed"), measured=fields.text("measured"))
    fields.done()
    return batching


def _provenance(fields: Fields) -> Provenance:
    provenance = Provenance(
        source=fields.text("source"),
        licence=fields.text("licence"),
        trained_with=fields.text("trained_with"),
    )
    fields.done()
    return provenance
