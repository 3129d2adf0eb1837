"""What is written from a card: ranges that the type does not hold, labels by name, levels."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from oracle.core.card_reader import card_from_json
from oracle.core.consumer_source import consumer_source, contract_name
from oracle.core.errors import InvalidInput
from tests.support.vectors import sample_card, sample_json

MODEL = b"\x0a" * 32


def source(card: dict[str, Any] | str, **options: int) -> str:
    read = sample_card(card) if isinstance(card, str) else card_from_json(card)
    return consumer_source(read, MODEL, **options)


def featured(**change: Any) -> dict[str, Any]:
    card = copy.deepcopy(sample_json("sample-score"))
    card["input"]["features"][3] = {"name": "home", "type": "uint8", "decimals": 0} | change
    return card


def test_consumer__of_a_score__holds_inputs_to_the_cards_ranges() -> None:
    text = source("sample-score")
    assert f"bytes32 public constant MODEL_ID = 0x{MODEL.hex()};" in text
    assert 'require(input.age >= 18 && input.age <= 120, OutOfRange("age"));' in text
    assert 'require(input.income <= 100000000, OutOfRange("income"));' in text
    assert "input.balance <=" not in text, "its type holds it"
    assert "in 10^-2 EUR: 0.00 to 1000000.00 EUR" in text
    assert "enum Home {\n        Rent,\n        Own,\n        Other\n    }" in text
    assert "uint8 public constant DECIMALS = 3;" in text


def test_consumer__of_a_class__names_labels_and_refuses_others() -> None:
    text = source("sample-class")
    assert "enum Label {\n        Low,\n        Middle,\n        High\n    }" in text, "in order"
    assert "require(value >= 0 && value < 3, UnknownLabel(value));" in text
    assert "DECIMALS" not in text


def test_consumer__of_tensors__takes_the_input_bytes() -> None:
    text = source("sample-tensors")
    assert "function ask(bytes calldata input) external" in text
    assert "struct Input" not in text
    assert "OutOfRange" not in text


@pytest.mark.parametrize(
    ("kind", "packed"),
    [
        ("uint8", "uint8(input.home)"),
        ("uint32", "uint32(uint8(input.home))"),
        ("int16", "int16(uint16(uint8(input.home)))"),
    ],
)
def test_consumer__labels_in_a_wider_type__are_packed_in_its_width(kind: str, packed: str) -> None:
    assert f" {packed})" in source(featured(type=kind, labels=["rent", "own"])).replace("\n", " ")


def test_consumer__more_labels_than_an_enum_takes__are_numbers() -> None:
    text = source(featured(type="uint16", labels=[f"town {n}" for n in range(257)]))
    assert "enum Home" not in text
    assert 'require(input.home <= 256, OutOfRange("home"));' in text


def test_consumer__many_fields__are_packed_in_several_calls() -> None:
    card = copy.deepcopy(sample_json("sample-score"))
    feature = {"type": "int32", "decimals": 0}
    card["input"]["features"] = [{"name": f"a{n}", **feature} for n in range(13)]
    card["input"]["tensors"][0]["shape"] = [None, 13]
    text = source(card)
    assert text.count("octets = abi.encodePacked(") == 3
    assert text.count("abi.encodePacked(octets, ") == 2


def test_consumer__levels__are_one_to_four() -> None:
    assert "DecisionConsumer(decisionContract_, 3) {}" in source("sample-score", trust_level=3)
    for level in (0, 5):
        with pytest.raises(InvalidInput, match=f"trust level {level} does not exist"):
            source("sample-score", trust_level=level)


def test_contract__is_named_after_the_card() -> None:
    assert contract_name(sample_card("sample-score")) == "SampleScoreConsumer"
