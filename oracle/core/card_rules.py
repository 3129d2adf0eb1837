"""The rules a model card must keep beyond the types of its fields."""

from __future__ import annotations

import re
from decimal import Decimal

import numpy as np

from oracle.core import dtypes
from oracle.core.decimals import is_whole, to_units
from oracle.core.errors import InvalidInput
from oracle.core.model_card import (
    ClassHead,
    Confidence,
    Feature,
    InputSpec,
    ModelCard,
    OutputSpec,
    ScoreHead,
    Shape,
)

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
MAX_RANK = 8


def check(card: ModelCard) -> None:
    """Refuse a card that contradicts itself.

    Raises:
        InvalidInput: with the field, its value and what it should be.
    """
    if NAME.fullmatch(card.name) is None or len(card.name) > 64:
        raise InvalidInput(
            f"card.name is {card.name!r}",
            remedy="use lower-case words joined by hyphens",
        )
    _check_input(card.input)
    _distinct([spec.name for spec in card.outputs], "card.outputs")
    for spec in card.outputs:
        _check_output(spec)
    if isinstance(card.head, ScoreHead):
        _check_score(card, card.head)
    else:
        _check_class(card, card.head)
    if card.head.confidence is not None:
        _check_confidence(card, card.head.confidence)
    if card.tolerance < 1 and isinstance(card.head, ScoreHead):
        raise InvalidInput(
            f"card.tolerance is {card.tolerance}",
            remedy="numbers need one unit at least; machines differ in the last digit",
        )
    _check_batching(card)


def _check_input(spec: InputSpec) -> None:
    _distinct([tensor.name for tensor in spec.tensors], "card.input.tensors")
    for tensor in spec.tensors:
        _check_shape(tensor.shape, f"card.input tensor {tensor.name}")
    if spec.encoding == "tensors":
        if spec.features:
            raise InvalidInput(
                "card.input has features, and the encoding tensors",
                remedy="use the encoding packed, or leave the features out",
            )
        return
    _distinct([feature.name for feature in spec.features], "card.input.features")
    for feature in spec.features:
        _check_feature(feature)
    if len(spec.tensors) == 1 and all(feature.tensor is None for feature in spec.features):
        shape = spec.tensors[0].shape
        if not _is_rows_of(shape, len(spec.features)):
            raise InvalidInput(
                f"card.input: {len(spec.features)} packed features do not fill a tensor of "
                f"shape {list(shape)}",
                remedy="the shape must be [null, number of features]",
            )
    else:
        _check_columns(spec)
    for tensor in spec.tensors:
        kind = dtypes.kind_of(tensor.dtype)
        if kind not in ("float", "int", "uint") or tensor.dtype.startswith(("bfloat", "float8")):
            raise InvalidInput(
                f"card.input: packed features can not fill a tensor of {tensor.dtype}",
                remedy="use the encoding tensors",
            )
        for feature in spec.features:
            if feature.tensor in (None, tensor.name):
                _check_fit(feature, tensor.dtype)


def _check_fit(feature: Feature, dtype: str) -> None:
    whole = dtypes.kind_of(dtype) != "float"
    if whole and feature.decimals:
        raise InvalidInput(
            f"feature {feature.name} has {feature.decimals} decimals, its tensor is {dtype}",
            remedy="integers have no decimals",
        )
    limit = int(np.iinfo(dtype).max) if whole else int(np.finfo(dtype).max)
    least = int(np.iinfo(dtype).min) if whole else -limit
    low, high = (bound // 10**feature.decimals for bound in feature.bounds)
    if low < least or high > limit:
        raise InvalidInput(
            f"feature {feature.name} ranges over {feature.bounds}, its tensor is {dtype}",
            remedy="narrow the feature's type, or give it min and max",
        )


def _check_columns(spec: InputSpec) -> None:
    named = [feature.tensor for feature in spec.features]
    if sorted(name or "" for name in named) != sorted(tensor.name for tensor in spec.tensors):
        raise InvalidInput(
            f"card.input: the features fill {named}, the model has "
            f"{[tensor.name for tensor in spec.tensors]}",
            remedy="name each model input in exactly one feature's `tensor`",
        )
    for tensor in spec.tensors:
        if not _is_rows_of(tensor.shape, 1):
            raise InvalidInput(
                f"card.input: tensor {tensor.name} of one feature has shape {list(tensor.shape)}",
                remedy="the shape must be [null, 1]",
            )


def _check_feature(feature: Feature) -> None:
    where = f"feature {feature.name}"
    if feature.bits % 8 or not 8 <= feature.bits <= 256:
        raise InvalidInput(
            f"{where} has {feature.bits} bits", remedy="use a multiple of 8 up to 256"
        )
    if feature.labels is not None and (
        feature.decimals or feature.low is not None or feature.high is not None
    ):
        raise InvalidInput(
            f"{where} has labels, and decimals or a range",
            remedy="a category has labels only",
        )
    for bound in (feature.low, feature.high):
        if bound is not None and not is_whole(bound, feature.decimals):
            raise InvalidInput(
                f"{where} has the bound {bound:f}, finer than its {feature.decimals} decimals",
                remedy="give the bound in whole units of the last decimal",
            )
    natural = Feature(
        name=feature.name,
        signed=feature.signed,
        bits=feature.bits,
        decimals=feature.decimals,
    ).bounds
    low, high = feature.bounds
    stated = [
        to_units(bound, feature.decimals)
        for bound in (feature.low, feature.high)
        if bound is not None
    ]
    if low > high or high > natural[1] or any(not natural[0] <= b <= natural[1] for b in stated):
        raise InvalidInput(
            f"{where} can not hold its range in {feature.solidity_type} with "
            f"{feature.decimals} decimals",
            remedy="widen the type or correct the range",
        )


def _check_output(spec: OutputSpec) -> None:
    where = f"output {spec.name}"
    kind = dtypes.kind_of(spec.dtype)
    _check_shape(spec.shape, where)
    if kind == "complex":
        raise InvalidInput(
            f"{where} is {spec.dtype}, which can not be rounded",
            remedy="leave it out of the card, or end the model in real numbers",
        )
    if kind != "float" and spec.decimals:
        raise InvalidInput(
            f"{where} is {spec.dtype} and has {spec.decimals} decimals",
            remedy="only floats are rounded; give 0 decimals",
        )
    if spec.keys is not None and (
        len(spec.shape) != 2 or spec.shape[1] != len(spec.keys) or kind != "float"
    ):
        raise InvalidInput(
            f"{where} maps {len(spec.keys)} keys, its shape is {list(spec.shape)}",
            remedy="a map of k keys becomes floats of shape [null, k]",
        )


def _check_score(card: ModelCard, head: ScoreHead) -> None:
    _, spec = card.output(head.output)
    kind = dtypes.kind_of(spec.dtype)
    if kind not in ("float", "int", "uint", "bool"):
        raise InvalidInput(
            f"card.head takes its score from {spec.name}, which is {spec.dtype}",
            remedy="name a numeric output, or use a class head",
        )
    if kind == "float" and head.decimals != spec.decimals:
        raise InvalidInput(
            f"card.head has {head.decimals} decimals, its output {spec.decimals}",
            remedy="give both the same number",
        )
    _check_index(head.index, spec, "card.head.index")


def _check_class(card: ModelCard, head: ClassHead) -> None:
    _, spec = card.output(head.output)
    kind = dtypes.kind_of(spec.dtype)
    if kind == "float":
        if len(spec.shape) != 2 or spec.shape[1] != len(head.labels):
            raise InvalidInput(
                f"card.head has {len(head.labels)} labels, output {spec.name} has the shape "
                f"{list(spec.shape)}",
                remedy="scores must have the shape [null, number of labels]",
            )
    elif kind not in ("int", "string"):
        raise InvalidInput(
            f"card.head takes its class from {spec.name}, which is {spec.dtype}",
            remedy="name float scores, an integer index or a text label",
        )
    elif any(isinstance(dim, int) and dim != 1 for dim in spec.shape):
        raise InvalidInput(
            f"card.head takes one label from {spec.name} of shape {list(spec.shape)}",
            remedy="a label output has one element",
        )
    if head.ambiguous < 0 or head.ambiguous > Decimal(1_000_000):
        raise InvalidInput(
            f"card.head.ambiguous is {head.ambiguous:f}",
            remedy="give a small positive number",
        )


def _check_confidence(card: ModelCard, confidence: Confidence) -> None:
    _, spec = card.output(confidence.output)
    if dtypes.kind_of(spec.dtype) != "float":
        raise InvalidInput(
            f"card.head.confidence reads {spec.name}, which is {spec.dtype}",
            remedy="name an output of probabilities",
        )
    if confidence.take != "max":
        _check_index(confidence.take, spec, "card.head.confidence.take")


def _check_index(index: tuple[int, ...], spec: OutputSpec, where: str) -> None:
    if len(index) != len(spec.shape) or any(
        isinstance(dim, int) and place >= dim for place, dim in zip(index, spec.shape, strict=True)
    ):
        raise InvalidInput(
            f"{where} is {list(index)}, output {spec.name} has the shape {list(spec.shape)}",
            remedy="name one element, with the batch as its first coordinate (0)",
        )


def _check_batching(card: ModelCard) -> None:
    if not card.batching.allowed:
        return
    shapes = [(spec.name, spec.shape) for spec in card.input.tensors]
    shapes += [(spec.name, spec.shape) for spec in card.outputs]
    for name, shape in shapes:
        if not shape or isinstance(shape[0], int):
            raise InvalidInput(
                f"card.batching is allowed, {name} has the shape {list(shape)}",
                remedy="the first extent must be open (null) to run rows together",
            )
    if isinstance(card.head, ScoreHead) and card.head.index[0] != 0:
        raise InvalidInput(
            f"card.head.index begins with {card.head.index[0]}, batching is allowed",
            remedy="begin with 0: each row is its own prediction",
        )


def _check_shape(shape: Shape, where: str) -> None:
    if len(shape) > MAX_RANK:
        raise InvalidInput(f"{where} has rank {len(shape)}", remedy=f"at most {MAX_RANK}")


def _is_rows_of(shape: Shape, width: int) -> bool:
    return (
        len(shape) == 2 and not (isinstance(shape[0], int) and shape[0] != 1) and shape[1] == width
    )


def _distinct(names: list[str], where: str) -> None:
    if not names or len(set(names)) < len(names):
        raise InvalidInput(f"{where} are {names}", remedy="give one at least, no two of one name")
