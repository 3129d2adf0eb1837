"""Other servers' tensors: run as they are, vouched for only where bytes can say exactly them."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

from oracle.core.card_reader import card_from_json
from oracle.core.errors import InvalidInput
from oracle.core.model_card import ModelCard
from oracle.core.model_input import InputCodec
from oracle.core.raw_input import encode_raw, hold
from tests.support.vectors import sample_card, sample_json

SCORE, TENSORS = sample_card("sample-score"), sample_card("sample-tensors")
ROW = np.array([[42, 51999.99, -0.01, 1]], dtype=np.float32)


def by_column() -> ModelCard:
    """As the score's card, each feature in a model input of its own, one of them whole numbers."""
    card: dict[str, Any] = copy.deepcopy(sample_json("sample-score"))
    card["input"]["tensors"] = []
    for feature in card["input"]["features"]:
        whole = feature["name"] == "home"
        feature["tensor"] = feature["name"]
        card["input"]["tensors"].append(
            {
                "name": feature["name"],
                "dtype": "int64" if whole else "float32",
                "shape": [None, 1],
            }
        )
    return card_from_json(card)


def columns(card: ModelCard) -> dict[str, Any]:
    return {
        spec.name: ROW[:, place : place + 1].astype(spec.dtype)
        for place, spec in enumerate(card.input.tensors)
    }


def test_hold__what_the_card_says__is_taken_in_its_order() -> None:
    assert hold(SCORE, {"x": ROW})["x"] is ROW
    card = by_column()
    given = dict(reversed(columns(card).items()))
    assert list(hold(card, given)) == [spec.name for spec in card.input.tensors]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "the inputs are none"),
        ({"y": ROW}, "the inputs are y"),
        ({"x": ROW, "y": ROW}, "the inputs are x, y"),
        ({"x": ROW.astype(np.float64)}, "input 'x' is float64"),
        ({"x": ROW[:, :3]}, "x"),
        ({"x": ROW[:0]}, "input 'x' is empty"),
        ({"x": ROW * np.float32(np.inf)}, "x"),
        ({"x": np.zeros((1025, 4), np.float32)}, "the inputs have 4100 elements"),
    ],
)
def test_hold__anything_else__is_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words) as refusal:
        hold(SCORE, given)
    assert refusal.value.remedy


def test_hold__at_the_limit_of_elements__is_taken() -> None:
    assert hold(SCORE, {"x": np.zeros((1024, 4), np.float32)})["x"].size == 4096


def test_hold__not_finite__is_the_cards_to_allow() -> None:
    card = card_from_json({**sample_json("sample-score"), "allow_non_finite_inputs": True})
    assert np.isnan(hold(card, {"x": ROW * np.float32(np.nan)})["x"]).all()


def test_encode__one_row__is_the_packed_input_of_the_same_numbers() -> None:
    codec = InputCodec(SCORE)
    assert encode_raw(SCORE, codec, {"x": ROW}) == codec.encode([42, "51999.99", "-0.01", 1])
    card = by_column()
    codec = InputCodec(card)
    assert encode_raw(card, codec, columns(card)) == codec.encode([42, "51999.99", "-0.01", 1])


def test_encode__tensors__are_their_own_encoding() -> None:
    codec = InputCodec(TENSORS)
    feeds = {
        spec.name: np.zeros([2 if type(e) is not int else e for e in spec.shape], spec.dtype)
        if spec.dtype != "string"
        else np.full([2 if type(e) is not int else e for e in spec.shape], "a", dtype=object)
        for spec in TENSORS.input.tensors
    }
    decoded = codec.decode(encode_raw(TENSORS, codec, feeds))
    assert all(np.array_equal(decoded[name], array) for name, array in feeds.items())


def test_encode__several_rows__are_no_decision() -> None:
    with pytest.raises(InvalidInput, match="8 numbers, not one row of 4"):
        encode_raw(SCORE, InputCodec(SCORE), {"x": np.concatenate([ROW, ROW])})


def test_encode__finer_than_the_card__names_the_feature() -> None:
    finer = ROW.copy()
    finer[0, 1] = 0.125
    with pytest.raises(InvalidInput, match="feature income is 0.125, which a packed input can not"):
        encode_raw(SCORE, InputCodec(SCORE), {"x": finer})
    card = by_column()
    given = columns(card) | {"balance": np.array([[0.375]], dtype=np.float32)}
    with pytest.raises(InvalidInput, match="feature balance is 0.375") as refusal:
        encode_raw(card, InputCodec(card), given)
    assert "round it to 2 decimals" in str(refusal.value.remedy)


def test_encode__minus_zero__is_zero() -> None:
    zero = ROW.copy()
    zero[0, 2] = -0.0
    codec = InputCodec(SCORE)
    assert encode_raw(SCORE, codec, {"x": zero}) == codec.encode([42, "51999.99", 0, 1])
