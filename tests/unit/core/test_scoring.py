import copy

import numpy as np
import pytest

from oracle.core.card_reader import card_from_json
from oracle.core.errors import InferenceError, InvalidInput, VerificationError
from oracle.core.model_card import OutputSpec
from oracle.core.scoring import (
    Outputs,
    outputs_as_json,
    read_outputs,
    round_output,
    score,
    score_rows,
)
from tests.support.vectors import octets, sample_card, sample_json, vectors

SCORE, CLASS, TENSORS = (sample_card(f"sample-{kind}") for kind in ("score", "class", "tensors"))


def row(*numbers, dtype=np.float32):
    return [np.array([numbers], dtype=dtype)]


@pytest.mark.parametrize("case", vectors("rounding"), ids=lambda case: f"{case['number']}")
def test_rounding__vector__is_half_to_even(case):
    spec = OutputSpec(name="x", dtype=case["dtype"], shape=(), decimals=case["decimals"])
    found = round_output(spec, np.array(float(case["number"]), dtype=case["dtype"]))
    assert str(int(found)) == case["units"]


@pytest.mark.parametrize("case", vectors("outputs"), ids=lambda case: case["encoded"][-24:])
def test_outputs__vector__gives_hash_value_and_confidence(case):
    card = sample_card(case["card"])
    found = score(card, row(*(float(x) for x in case["raw"])))
    assert [str(unit) for unit in found.rounded[0].reshape(-1).tolist()] == case["units"]
    assert found.encoded == octets(case["encoded"])
    assert found.output_hash == octets(case["outputHash"])
    assert (str(found.value), found.confidence) == (case["value"], case["confidence"])
    assert found.ambiguous == case["ambiguous"]
    again = read_outputs(card, found.encoded)
    assert again == found


def test_class__tie_after_rounding__goes_to_the_lowest_index():
    found = score(CLASS, row(0.33331, 0.33329, 0.3334))
    assert found.value == 0
    assert found.ambiguous


def test_class__gap_just_at_ambiguous__is_not_ambiguous():
    assert not score(CLASS, row(0.2, 0.395, 0.405)).ambiguous
    assert score(CLASS, row(0.2, 0.396, 0.404)).ambiguous


def test_outputs__within_the_same_unit__hash_alike():
    assert score(SCORE, row(0.1234, 0.8766)) == score(SCORE, row(0.12344, 0.87656))
    assert score(SCORE, row(-0.0, 1.0)).encoded == score(SCORE, row(0.0, 1.0)).encoded


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_outputs__non_finite__are_refused_before_rounding(number):
    with pytest.raises(InferenceError, match="probabilities"):
        score(SCORE, row(0.5, number))


def test_outputs__beyond_64_bits__are_refused():
    given = copy.deepcopy(sample_json("sample-score"))
    del given["head"]["confidence"]
    card = card_from_json(given)
    assert score(card, row(0, 9.2e15, dtype=np.float32)).value == round(
        float(np.float32(9.2e15)) * 1000
    )
    with pytest.raises(InferenceError, match="64 bits"):
        score(card, row(0, 9.3e15))


def test_outputs__no_probability__is_refused():
    with pytest.raises(InferenceError, match="no probability"):
        score(CLASS, row(0.1, 0.2, 1.7))


def test_rows__one_bad_row__does_not_fail_its_neighbours():
    raw = [np.array([[0.1, 0.2, 0.7], [np.nan, 0, 0], [0.7, 0.2, 0.1], [3, 0, 0]], np.float32)]
    good, nan, other, odd = score_rows(CLASS, raw, 4)
    assert (good.value, other.value) == (2, 0)
    assert isinstance(nan, InferenceError)
    assert isinstance(odd, InferenceError)


def test_rows__each__equals_the_row_alone():
    raw = np.random.default_rng(1).dirichlet([1, 1, 1], 64).astype(np.float32)
    for place, found in enumerate(score_rows(CLASS, [raw], 64)):
        assert isinstance(found, Outputs)
        assert found == score(CLASS, [raw[place : place + 1]])
        assert found.rounded[0].shape == (1, 3)


@pytest.mark.parametrize(
    "raw", [row(1.0), row(0.1, 0.9, dtype=np.float64), [np.zeros(2, np.float32)]]
)
def test_outputs__other_than_the_card__are_refused(raw):
    with pytest.raises(InferenceError, match="the card says float32"):
        score(SCORE, raw)


def test_text_label__known__is_its_index__unknown_is_refused():
    number = np.array(1.5)
    assert score(TENSORS, [number, np.array(["nein"], dtype=object)]).value == 1
    with pytest.raises(InferenceError, match="'vielleicht'"):
        score(TENSORS, [number, np.array(["vielleicht"], dtype=object)])


def test_read_outputs__changed_bytes__are_refused():
    found = score(SCORE, row(0.25, 0.75))
    with pytest.raises(InvalidInput):
        read_outputs(SCORE, found.encoded + b"\0")
    with pytest.raises(InvalidInput):
        read_outputs(SCORE, b"\x01" + found.encoded[1:])
    grown = found.encoded[:-8] + (5000).to_bytes(8, "little")
    with pytest.raises(VerificationError, match="no probability"):
        read_outputs(SCORE, grown)


def test_prediction__carries_the_outputs():
    found = score(SCORE, row(0.25, 0.75))
    claim = found.prediction(
        model_id=b"\1" * 32, subject=b"\2" * 32, input_hash=b"\3" * 32, predicted_at=1_700_000_000
    )
    assert (claim.value, claim.confidence, claim.output_hash) == (750, 750_000, found.output_hash)
    assert outputs_as_json(SCORE, found) == {"probabilities": ["0.250", "0.750"]}


def test_class__integer_output__is_the_index_itself():
    given = copy.deepcopy(sample_json("sample-class"))
    given["outputs"] = [{"name": "label", "dtype": "int64", "shape": [None], "decimals": 0}]
    given["head"].update(output="label", scores="any")
    card = card_from_json(given)
    found = score(card, [np.array([2])])
    assert (found.value, found.confidence, found.ambiguous) == (2, 0, False)
    for label in (3, -1):
        with pytest.raises(InferenceError, match=f"the label {label}"):
            score(card, [np.array([label])])
    with pytest.raises(InferenceError, match="gives 2 labels"):
        score(card, [np.array([1, 2])])


@pytest.mark.parametrize(
    ("decimals", "odds", "ppm"),
    [
        (0, 1.0, 1_000_000),
        (6, 0.1234565, 123_456),
        (8, 0.12345650, 123_456),
        (8, 0.12345651, 123_457),
    ],
)
def test_confidence__is_parts_per_million_of_the_rounded_score(decimals, odds, ppm):
    given = copy.deepcopy(sample_json("sample-score"))
    given["outputs"][0].update(dtype="float64", decimals=decimals)
    given["head"].update(decimals=decimals)
    given["head"]["confidence"]["take"] = [0, 0]
    found = score(card_from_json(given), row(odds, 0, dtype=np.float64))
    assert found.confidence == ppm


def test_logits__state_no_confidence():
    given = copy.deepcopy(sample_json("sample-class"))
    given["head"]["scores"] = "any"
    found = score(card_from_json(given), row(-5, 12.5, 3))
    assert (found.value, found.confidence) == (1, 0)


def test_open_shape__with_nothing_in_it__is_refused():
    given = copy.deepcopy(sample_json("sample-score"))
    given["outputs"][0]["shape"] = [None, None]
    card = card_from_json(given)
    for shape in ((0, 2), (1, 0), (1, 1)):
        with pytest.raises(InferenceError):
            score(card, [np.zeros(shape, np.float32)])


def test_class__of_several_labels_at_once__is_one_error_for_the_run():
    number = np.array([[1.5]])
    given = copy.deepcopy(sample_json("sample-tensors"))
    given["outputs"][1]["shape"] = [None]
    card = card_from_json(given)
    assert score(card, [number[0, 0], np.array(["ja"], dtype=object)]).value == 0
    with pytest.raises(InferenceError, match="gives 2 labels"):
        score(card, [number[0, 0], np.array(["ja", "nein"], dtype=object)])


def test_class__of_another_number_of_scores__is_refused():
    given = copy.deepcopy(sample_json("sample-class"))
    given["outputs"][0]["shape"] = [None, 3]
    card = card_from_json(given)
    with pytest.raises(InferenceError, match="has 6 scores, the card 3 labels"):
        score(card, [np.full((2, 3), 0.5, np.float32)])


def test_class__with_one_label__is_never_ambiguous():
    given = copy.deepcopy(sample_json("sample-class"))
    given["head"]["labels"] = ["only"]
    given["outputs"][0] |= {"shape": [None, 1]}
    given["outputs"][0].pop("keys", None)
    found = score(card_from_json(given), row(0.7))
    assert (found.value, found.confidence, found.ambiguous) == (0, 700_000, False)


def test_confidence__of_an_empty_output__is_refused():
    given = copy.deepcopy(sample_json("sample-score"))
    given["outputs"].append(
        {"name": "odds", "dtype": "float32", "shape": [None, None], "decimals": 3}
    )
    given["head"]["confidence"] = {"output": "odds", "take": "max"}
    card = card_from_json(given)
    numbers = row(0.25, 0.75)
    assert score(card, [*numbers, *row(0.5)]).confidence == 500_000
    with pytest.raises(InferenceError, match="output odds is empty"):
        score(card, [*numbers, np.zeros((1, 0), np.float32)])


def test_rows__of_which_the_model_gives_fewer__are_refused_with_the_remedy():
    raw = [np.full((3, 2), 0.5, np.float32)]
    assert len(score_rows(SCORE, raw, 3)) == 3
    for wrong in (raw[0][:2], np.array(0.5, np.float32)):
        with pytest.raises(InferenceError, match="for 3 rows") as refusal:
            score_rows(SCORE, [wrong], 3)
        assert refusal.value.remedy == "forbid batching in the card"


def test_outputs__larger_than_the_card_allows__are_refused():
    given = copy.deepcopy(sample_json("sample-score"))
    given["outputs"][0]["shape"] = [None, None]
    card = card_from_json(given)
    assert score(card, [np.full((1, 4096), 0.5, np.float32)]).value == 500
    with pytest.raises(InferenceError, match="has 4097 elements"):
        score(card, [np.full((1, 4097), 0.5, np.float32)])


def test_outputs__raw__are_those_of_its_row_and_of_nothing_read_back():
    first, second = score_rows(SCORE, [np.array([[0.1, 0.9], [0.2, 0.8]], np.float32)], 2)
    assert first.raw[0].ravel().tolist() == pytest.approx([0.1, 0.9])
    assert second.raw[0].ravel().tolist() == pytest.approx([0.2, 0.8])
    assert read_outputs(SCORE, first.encoded).raw == ()
