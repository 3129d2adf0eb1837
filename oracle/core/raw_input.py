"""The model's own tensors, as clients of other inference servers send them, held to the card.

They run as they are. Only what is to be vouched for becomes input bytes: then a packed input has to
say exactly what the tensors say, to the last bit, or it is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracle.core import dtypes
from oracle.core.decimals import to_units
from oracle.core.errors import InvalidInput
from oracle.core.model_card import Feature, ModelCard
from oracle.core.model_input import InputCodec, refuse_non_finite
from oracle.core.packed import encode_packed
from oracle.core.tensors import check_shape, encode_tensors


def hold(card: ModelCard, given: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The model's inputs, in the card's order.

    Raises:
        InvalidInput: one is missing, unknown, empty, too large, of another type or shape, or not
            finite.
    """
    specs = card.input.tensors
    if len(given) != len(specs) or any(spec.name not in given for spec in specs):
        raise InvalidInput(
            f"the inputs are {', '.join(sorted(given))[:200] or 'none'}",
            remedy=f"model {card.name} takes {', '.join(spec.name for spec in specs)}",
        )
    symbols: dict[str, int] = {}
    budget = card.limits.max_elements
    feeds = {}
    for spec in specs:
        array = given[spec.name]
        found = dtypes.name_of(array.dtype)
        if found != spec.dtype:
            raise InvalidInput(f"input {spec.name!r} is {found}", remedy=f"give {spec.dtype}")
        check_shape(array.shape, spec.shape, symbols, f"input {spec.name!r}")
        if not array.size:
            raise InvalidInput(f"input {spec.name!r} is empty", remedy="send at least one row")
        budget -= array.size
        if not card.allow_non_finite_inputs:
            refuse_non_finite(spec.name, array)
        feeds[spec.name] = array
    if budget < 0:
        raise InvalidInput(
            f"the inputs have {card.limits.max_elements - budget} elements",
            remedy=f"model {card.name} takes at most {card.limits.max_elements} at once",
        )
    return feeds


def encode_raw(card: ModelCard, codec: InputCodec, feeds: Mapping[str, NDArray[Any]]) -> bytes:
    """The input bytes that say exactly these tensors.

    Raises:
        InvalidInput: they are more than one input, or no packed input is decoded to them.
    """
    if card.input.encoding != "packed":
        message = encode_tensors([feeds[spec.name] for spec in card.input.tensors])
        codec.decode(message)
        return message
    message = encode_packed(card.input.features, _integers(card, feeds))
    for name, array in codec.decode(message).items():
        if not np.array_equal(array, feeds[name]):
            column = int(np.nonzero(array.ravel() != feeds[name].ravel())[0][0])
            feature = card.input.features[column] if len(feeds) == 1 else _filling(card, name)
            raise InvalidInput(
                f"feature {feature.name} is {feeds[name].ravel()[column]}, which a packed input "
                f"can not say",
                remedy=f"round it to {feature.decimals} decimals, or ask without a decision",
            )
    return message


def _integers(card: ModelCard, feeds: Mapping[str, NDArray[Any]]) -> list[int]:
    features = card.input.features
    if len(feeds) == 1:
        numbers = next(iter(feeds.values())).ravel()
    else:
        numbers = np.concatenate([feeds[feature.tensor or ""].ravel() for feature in features])
    if len(numbers) != len(features):
        raise InvalidInput(
            f"the inputs are {len(numbers)} numbers, not one row of {len(features)}",
            remedy="a decision is about one row: send the rows one by one",
        )
    # The shortest decimal that gives the same float, so that 0.1 means one tenth.
    return [
        to_units(Decimal(str(number)), 0 if _whole(card, feature) else feature.decimals)
        for feature, number in zip(features, numbers, strict=True)
    ]


def _whole(card: ModelCard, feature: Feature) -> bool:
    """Whether the model gets the feature's integer itself, not its value."""
    spec = next(each for each in card.input.tensors if feature.tensor in (None, each.name))
    return dtypes.kind_of(spec.dtype) != "float"


def _filling(card: ModelCard, tensor: str) -> Feature:
    return next(feature for feature in card.input.features if feature.tensor == tensor)
