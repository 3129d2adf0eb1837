import copy
import json

import pytest

from oracle.core.canonical import canonical_json
from oracle.core.card_json import card_to_json, model_id
from oracle.core.card_reader import card_from_json, parse_card
from oracle.core.errors import InvalidInput
from tests.support.vectors import sample_card, sample_json, vectors

CASES = vectors("cards")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["card"]["name"])
def test_card__read_and_written__gives_the_same_json_and_id(case):
    card = card_from_json(case["card"])
    assert card_to_json(card) == case["card"]
    assert "0x" + model_id(card).hex() == case["modelId"]


def test_model_id__fields_in_another_order__is_the_same():
    case = CASES[0]["card"]
    shuffled = dict(reversed(list(case.items())))
    assert model_id(parse_card(json.dumps(shuffled))) == model_id(card_from_json(case))


def test_model_id__one_label_swapped__is_another():
    swapped = copy.deepcopy(sample_json("sample-class"))
    swapped["head"]["labels"].reverse()
    assert model_id(card_from_json(swapped)) != model_id(sample_card("sample-class"))


def changed(path, value, name="sample-score"):
    card = copy.deepcopy(sample_json(name))
    place = card
    *parents, last = path
    for step in parents:
        place = place[step]
    if value is KeyError:
        del place[last]
    else:
        place[last] = value
    return card


OUTPUT = sample_json("sample-score")["outputs"][0]
REFUSED = {
    "unknown field": (["colour"], "red", "unknown fields: colour"),
    "unknown field deep inside": (["input", "features", 0, "scale"], 2, "features[0] has unknown"),
    "missing field": (["tolerance"], KeyError, "lacks the field 'tolerance'"),
    "another schema": (["schema"], "decision-oracle/model-card/2", "card.schema"),
    "float": (["tolerance"], 1.5, "tolerance is 1.5"),
    "true for a number": (["tolerance"], True, "tolerance is true"),
    "no tolerance": (["tolerance"], 0, "tolerance is 0"),
    "file in another folder": (["model", "file"], "../model.onnx", "card.model.file"),
    "absolute file": (["model", "file"], "/etc/passwd", "card.model.file"),
    "hash too short": (["model", "sha256"], "ab", "card.model.sha256"),
    "upper-case hash": (["model", "sha256"], "AB" * 32, "card.model.sha256"),
    "unknown dtype": (["input", "tensors", 0, "dtype"], "float128", "dtype"),
    "a tensor of another width": (["input", "tensors", 0, "shape"], [None, 5], "do not fill"),
    "decimals of an integer tensor": (["input", "tensors", 0, "dtype"], "int32", "decimals"),
    "feature twice": (["input", "features", 1, "name"], "age", "input.features"),
    "odd width": (["input", "features", 0, "type"], "uint12", "12 bits"),
    "range beyond the type": (["input", "features", 0, "max"], "300", "can not hold"),
    "range upside down": (["input", "features", 0, "max"], "10", "can not hold"),
    "bound finer than decimals": (["input", "features", 0, "min"], "0.5", "finer"),
    "bound as a number": (["input", "features", 0, "min"], 18, "min is 18"),
    "labels and a range": (["input", "features", 0, "labels"], ["a"], "labels, and decimals"),
    "head of an unknown output": (["head", "output"], "odds", "no output 'odds'"),
    "index outside": (["head", "index"], [0, 2], "card.head.index"),
    "index of another rank": (["head", "index"], [0], "card.head.index"),
    "decimals differ": (["head", "decimals"], 4, "head has 4 decimals"),
    "batching of a fixed batch": (["input", "tensors", 0, "shape"], [1, 4], "batching is allowed"),
    "seconds": (["limits", "max_seconds"], 0, "max_seconds is 0"),
    "name with a slash": (["name"], "../x", "card.name"),
    "a number beyond its tensor": (["input", "tensors", 0, "dtype"], "float16", "ranges over"),
    "features that texts can not hold": (
        ["input", "tensors", 0, "dtype"],
        "string",
        "can not fill",
    ),
    "features of tensors": (["input", "encoding"], "tensors", "has features"),
    "an input that no feature fills": (
        ["input", "features", 0, "tensor"],
        "y",
        "the features fill",
    ),
    "complex output": (["outputs", 0, "dtype"], "complex64", "can not be rounded"),
    "decimals of an integer output": (["outputs", 0, "dtype"], "int64", "3 decimals"),
    "score of a text": (["outputs", 0], {**OUTPUT, "dtype": "string", "decimals": 0}, "score"),
    "keys of another width": (["outputs", 0, "keys"], ["a"], "maps 1 keys"),
    "rank nine": (["outputs", 0, "shape"], [1] * 9, "rank 9"),
    "confidence outside": (["head", "confidence", "take"], [0, 5], "confidence.take"),
    "confidence of what": (["head", "confidence", "take"], "least", "take"),
    "opsets of nothing": (["model", "opsets"], {}, "opsets"),
    "negative extent": (["outputs", 0, "shape"], [-1, 2], "shape"),
    "null is no value": (["head", "confidence"], None, "confidence"),
}


@pytest.mark.parametrize(("path", "value", "words"), REFUSED.values(), ids=REFUSED)
def test_card__one_thing_wrong__is_refused_with_field_and_remedy(path, value, words):
    with pytest.raises(InvalidInput) as refusal:
        card_from_json(changed(path, value))
    assert words in refusal.value.what
    assert refusal.value.remedy


def test_card__class_head_with_a_label_missing__is_refused():
    with pytest.raises(InvalidInput, match="2 labels"):
        card_from_json(changed(["head", "labels"], ["low", "high"], "sample-class"))


def test_card__class_head_with_labels_repeated__is_refused():
    with pytest.raises(InvalidInput, match=r"head\.labels"):
        card_from_json(changed(["head", "labels"], ["a", "a", "b"], "sample-class"))


def test_card__keys_repeated_in_the_text__is_refused():
    with pytest.raises(InvalidInput, match="repeats a key"):
        parse_card('{"name": "a", "name": "b"}')


@pytest.mark.parametrize("text", ["", "[", "[1.5]", "NaN", "1e3"])
def test_card__no_json_without_floats__is_refused(text):
    with pytest.raises(InvalidInput):
        parse_card(text)


def test_card__brackets_within_texts__are_no_nesting():
    wordy = {**sample_json("sample-score"), "description": "[{" * 100 + '"\\"['}
    assert parse_card(json.dumps(wordy)).description == wordy["description"]


def test_card__lists_nested_without_end__are_refused_before_parsing():
    for text in ("[" * 100_000, '{"a":' * 100_000, '["\\\\",' + "[" * 100_000):
        with pytest.raises(InvalidInput, match="nests more than 64"):
            parse_card(text)


def test_agrees__score_within_tolerance__and_labels_only_when_equal():
    score, label = sample_card("sample-score"), sample_card("sample-class")
    assert score.agrees(500, 501)
    assert not score.agrees(500, 502)
    assert label.agrees(1, 1)
    assert not label.agrees(1, 2)


def test_value_text__reads_as_people_do():
    assert sample_card("sample-score").value_text(7) == "0.007"
    assert sample_card("sample-class").value_text(2) == "high"
    assert sample_card("sample-class").value_text(9) == "unknown label 9"


def test_canonical_json__keys_sorted_without_spaces__and_floats_refused():
    assert (
        canonical_json({"b": [1, True, None], "a": "ü"}) == '{"a":"ü","b":[1,true,null]}'.encode()
    )
    with pytest.raises(InvalidInput, match=r"\$\.a\[1\] is the float 0.5"):
        canonical_json({"a": [1, 0.5]})
    with pytest.raises(InvalidInput, match="no canonical JSON"):
        canonical_json({"a": 2**60})


VOTES = {"name": "votes", "dtype": "int64", "shape": [None, 2], "decimals": 0}
NO_HEAD = {
    "class of a truth value": ("sample-tensors", ["outputs", 1, "dtype"], "bool", "which is bool"),
    "two labels at once": ("sample-tensors", ["outputs", 1, "shape"], [2], r"of shape \[2\]"),
    "an ambiguous band below 0": ("sample-class", ["head", "ambiguous"], "-0.1", "ambiguous is"),
    "an ambiguous band of millions": ("sample-class", ["head", "ambiguous"], "1000001", "1000001"),
    "batches of which one row counts": ("sample-score", ["head", "index"], [1, 1], "begins with 1"),
}


@pytest.mark.parametrize(("name", "path", "value", "words"), NO_HEAD.values(), ids=NO_HEAD)
def test_head__that_no_row_could_give__is_refused(name, path, value, words):
    with pytest.raises(InvalidInput, match=words) as refusal:
        card_from_json(changed(path, value, name))
    assert refusal.value.remedy


def test_confidence__of_whole_numbers__is_refused():
    card = changed(["head", "confidence"], {"output": "votes", "take": "max"})
    card["outputs"].append(VOTES)
    with pytest.raises(InvalidInput, match="reads votes, which is int64"):
        card_from_json(card)


def test_columns__of_more_than_one_number__are_refused():
    card = copy.deepcopy(sample_json("sample-score"))
    card["input"]["tensors"] = []
    for feature in card["input"]["features"]:
        feature["tensor"] = feature["name"]
        spec = {"name": feature["name"], "dtype": "float32", "shape": [None, 1]}
        card["input"]["tensors"].append(spec)
    assert card_from_json(card).input.encoding == "packed"
    card["input"]["tensors"][2]["shape"] = [None, 2]
    with pytest.raises(InvalidInput, match=r"tensor balance of one feature has shape"):
        card_from_json(card)


def test_card__with_files_beside_the_model__names_each_with_its_hash():
    digest = {"file": "model.onnx.data", "sha256": "cd" * 32, "size": 7}
    card = changed(["model", "external"], [digest])
    read = card_from_json(card)
    (found,) = read.model.external
    assert (found.file, found.sha256, found.size) == ("model.onnx.data", "cd" * 32, 7)
    assert card_to_json(read) == card
    with pytest.raises(InvalidInput, match="unknown fields: mode"):
        card_from_json(changed(["model", "external"], [{**digest, "mode": 1}]))
