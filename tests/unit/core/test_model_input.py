import copy

import numpy as np
import pytest

from oracle.core.card_reader import card_from_json
from oracle.core.errors import InvalidInput
from oracle.core.model_input import InputCodec
from oracle.core.packed import PackedRows, decode_packed, encode_packed
from oracle.core.tensors import encode_tensors
from tests.support.vectors import octets, sample_card, sample_json, vectors

CASES = vectors("packed")
SCORE = sample_card("sample-score")
GIVEN = {"age": 42, "income": "51999.99", "balance": -0.01, "home": "own"}


@pytest.mark.parametrize("case", CASES["accept"], ids=lambda case: case["hex"][:20])
def test_packed__vector__encodes_and_decodes_to_the_models_numbers(case):
    card = sample_card(case["card"])
    integers = [int(text) for text in case["integers"]]
    assert encode_packed(card.input.features, integers) == octets(case["hex"])
    assert decode_packed(card.input.features, octets(case["hex"])) == integers
    feeds = InputCodec(card).decode(octets(case["hex"]))
    shown = {
        name: [repr(x) if isinstance(x, float) else str(x) for x in array.reshape(-1).tolist()]
        for name, array in feeds.items()
    }
    assert shown == case["tensors"]


@pytest.mark.parametrize("case", CASES["refuse"], ids=lambda case: case["name"])
def test_packed__refused_vector__is_refused(case):
    card = sample_card(case["card"])
    with pytest.raises(InvalidInput):
        InputCodec(card).decode(octets(case["hex"]))
    with pytest.raises(InvalidInput):
        decode_packed(card.input.features, octets(case["hex"]))


def test_packed__json__is_what_solidity_packs():
    message = InputCodec(SCORE).encode(GIVEN)
    assert message.hex() == "2a" + "004f587f" + "ffffffffffff" + "01"
    assert InputCodec(SCORE).encode([42, 51999.99, "-0.01", 1]) == message


def test_packed__many_rows__equal_each_row_alone():
    codec = InputCodec(SCORE)
    messages = [codec.encode([18 + i, i * 1000.25, -i, i % 3]) for i in range(50)]
    together = codec.decode_rows(messages)["x"]
    alone = np.concatenate([codec.decode(message)["x"] for message in messages])
    assert together.dtype == np.float32
    assert together.tobytes() == alone.tobytes()


def test_packed__wide_and_narrow_paths__give_the_same_bits():
    narrow = copy.deepcopy(sample_json("sample-score"))
    wide = copy.deepcopy(narrow)
    wide["input"]["features"][2]["type"] = "int128"
    rows = [[30, "123456.78", "-99999999.99", 2], [99, "0.01", "0.03", 0]]
    found = []
    for json_card in (narrow, wide):
        codec = InputCodec(card_from_json(json_card))
        found.append(codec.decode_rows([codec.encode(row) for row in rows])["x"])
    assert found[0].tobytes() == found[1].tobytes()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"age": 17}, "feature age is 17 years"),
        ({"age": 121}, "within 18 … 120 years"),
        ({"age": float("nan")}, "feature age is 'nan'"),
        ({"age": float("inf")}, "feature age"),
        ({"age": True}, "feature age is 'True'"),
        ({"age": None}, "feature age"),
        ({"age": "forty"}, "feature age is 'forty'"),
        ({"age": "1e2"}, "feature age"),
        ({"age": [1]}, "feature age"),
        ({"age": 10**400}, "feature age"),
        ({"age": "9" * 90}, "feature age"),
        ({"home": "castle"}, "rent, own, other"),
        ({"home": 3}, "feature home"),
        ({"colour": 1}, "unknown colour"),
    ],
)
def test_packed__wrong_feature__is_refused_by_name(change, words):
    with pytest.raises(InvalidInput, match=words):
        InputCodec(SCORE).encode({**GIVEN, **change})


def test_packed__missing_feature__is_named():
    with pytest.raises(InvalidInput, match="lacks home"):
        InputCodec(SCORE).encode({k: v for k, v in GIVEN.items() if k != "home"})
    with pytest.raises(InvalidInput, match="3, not 4 features"):
        InputCodec(SCORE).encode([1, 2, 3])
    with pytest.raises(InvalidInput, match="str, not 4"):
        InputCodec(SCORE).encode("42")


@pytest.mark.parametrize(
    ("given", "cents"), [("0.005", 0), ("0.015", 2), (0.025, 2), (0.035, 4), (1.005, 100)]
)
def test_packed__between_two_units__rounds_half_to_even(given, cents):
    message = InputCodec(SCORE).encode({**GIVEN, "income": given})
    assert decode_packed(SCORE.input.features, message)[1] == cents


def test_packed__minus_zero__is_zero():
    assert InputCodec(SCORE).encode({**GIVEN, "balance": -0.0}) == InputCodec(SCORE).encode(
        {**GIVEN, "balance": 0}
    )


TENSORS = sample_card("sample-tensors")
NESTED = {"ids": [[5, "-9007199254740993"]], "mask": [[True, False]], "text": [["größer"]]}


def test_tensors__json__goes_through_the_same_bytes():
    codec = InputCodec(TENSORS)
    message = codec.encode({"tensors": NESTED})
    arrays = [
        np.array([[5, -9007199254740993]]),
        np.array([[True, False]]),
        np.array([["größer"]], dtype=object),
    ]
    assert message == encode_tensors(arrays)
    assert codec.decode(message)["text"].tolist() == [["größer"]]


@pytest.mark.parametrize(
    "change",
    [
        {"ids": [[1, 2.5]]},
        {"ids": [[1, 2**63]]},
        {"ids": [[1, True]]},
        {"ids": [[1], [2]]},
        {"ids": [[1, [2]]]},
        {"ids": [1, 2]},
        {"mask": [[1, 0]]},
        {"mask": [[True]]},
        {"text": [[1]]},
        {"text": "a"},
        {"ids": [[[[[[[[[[1]]]]]]]]]]},
        {"more": 1},
    ],
)
def test_tensors__json_of_another_form__is_refused(change):
    with pytest.raises(InvalidInput):
        InputCodec(TENSORS).encode({"tensors": {**NESTED, **change}})


@pytest.mark.parametrize("number", [float("nan"), float("inf"), "NaN", 1e39])
def test_tensors__non_finite__is_refused_unless_the_card_allows_it(number):
    given = copy.deepcopy(sample_json("sample-score"))
    given["input"] = {
        "encoding": "tensors",
        "tensors": [{"name": "x", "dtype": "float32", "shape": [None, 1]}],
    }
    strict = InputCodec(card_from_json(given))
    with pytest.raises(InvalidInput):
        strict.encode({"tensors": {"x": [[number]]}})
    if number == 1e39:
        return
    given["allow_non_finite_inputs"] = True
    loose = InputCodec(card_from_json(given))
    assert not np.isfinite(loose.decode(loose.encode({"tensors": {"x": [[number]]}}))["x"]).any()


def test_tensors__rows_of_two_shapes__are_no_batch():
    codec = InputCodec(TENSORS)
    short, long = (
        codec.encode({"tensors": {"ids": [[1] * n], "mask": [[True] * n], "text": [["a"]]}})
        for n in (2, 3)
    )
    assert codec.decode_rows([short, short])["ids"].shape == (2, 2)
    with pytest.raises(InvalidInput, match="one by one"):
        codec.decode_rows([short, long])


def test_packed_rows__one_bad_length__names_the_layout():
    with pytest.raises(InvalidInput, match="uint8 age, uint32 income, int48 balance, uint8 home"):
        PackedRows(SCORE.input).decode([b"\0" * 12, b"\0"])


def test_packed__one_input_per_feature__fills_each_with_its_dtype():
    given = copy.deepcopy(sample_json("sample-wide"))
    given["input"]["features"][0]["type"] = "int48"
    given["input"]["features"][0]["decimals"] = 2
    given["input"]["features"][1]["type"] = "int32"
    narrow = InputCodec(card_from_json(given))
    feeds = narrow.decode_rows(
        [narrow.encode({"amount": "1.25", "count": -7}), narrow.encode([-2, 9])]
    )
    assert feeds["a"].tolist() == [[1.25], [-2.0]]
    assert feeds["b"].tolist() == [[-7], [9]]
    assert (feeds["a"].dtype, feeds["b"].dtype) == (np.float64, np.int64)


def test_tensors__given_as_arrays__are_taken_in_their_type_only():
    codec = InputCodec(sample_card("sample-tensors"))
    given = {
        "ids": np.array([[7, 9]]),
        "mask": np.array([[True, False]]),
        "text": np.array([["a"]], dtype=object),
    }
    listed = {name: array.tolist() for name, array in given.items()}
    assert codec.encode({"tensors": given}) == codec.encode({"tensors": listed})
    given["ids"] = given["ids"].astype(np.int32)
    with pytest.raises(InvalidInput, match="tensor 'ids' is int32") as refusal:
        codec.encode({"tensors": given})
    assert refusal.value.remedy == "give int64"


@pytest.mark.parametrize("integers", [[], [42, 0, 0], [42, 0, 0, 1, 1]])
def test_packed__another_number_of_features__is_refused(integers):
    with pytest.raises(InvalidInput, match=f"{len(integers)} numbers for 4 features"):
        encode_packed(SCORE.input.features, integers)


def test_tensors__rows_of_one_layout__are_decoded_together_and_held_to_the_card():
    card = copy.deepcopy(sample_json("sample-tensors"))
    card["input"]["tensors"] = [{"name": "x", "dtype": "float32", "shape": [None, 2]}]
    codec = InputCodec(card_from_json(card))
    messages = [codec.encode({"tensors": {"x": [[n, 0.5]]}}) for n in range(3)]
    assert codec.decode_rows(messages)["x"].tolist() == [[0, 0.5], [1, 0.5], [2, 0.5]]
    wrong = encode_tensors([np.array([[np.nan, 0.5]], np.float32)])
    with pytest.raises(InvalidInput, match="x"):
        codec.decode_rows([messages[0], wrong])


def test_packed_rows__say_whether_all_is_vectorised():
    assert PackedRows(SCORE.input).narrow
    wide = copy.deepcopy(sample_json("sample-score"))
    wide["input"]["features"][2]["type"] = "int128"
    assert not PackedRows(card_from_json(wide).input).narrow
