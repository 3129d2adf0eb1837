"""Whatever can be encoded is decoded to itself, and whatever is decoded was its only encoding."""

import copy
from decimal import Decimal

import hypothesis.extra.numpy as arrays
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from oracle.core.card_reader import card_from_json
from oracle.core.decimals import from_units, is_whole, to_units
from oracle.core.errors import InvalidInput
from oracle.core.model_card import Feature, TensorSpec
from oracle.core.model_input import InputCodec
from oracle.core.packed import decode_packed, encode_packed
from oracle.core.scoring import score
from oracle.core.tensors import decode_tensor_rows, decode_tensors, encode_tensors
from tests.support.vectors import sample_card, sample_json

NUMERIC = ["float16", "float32", "float64", "int8", "int16", "int32", "int64"]
NUMERIC += ["uint8", "uint16", "uint32", "uint64", "bool", "complex64", "complex128"]
SHAPES = arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@st.composite
def tensors(draw):
    if draw(st.integers(0, 4)) == 0:
        return draw(arrays.arrays(object, draw(SHAPES), elements=TEXTS, fill=st.nothing()))
    return draw(arrays.arrays(np.dtype(draw(st.sampled_from(NUMERIC))), draw(SHAPES)))


@given(st.lists(tensors(), max_size=4))
def test_tensors__encoded_and_decoded__are_the_same_bit_for_bit(given_tensors):
    message = encode_tensors(given_tensors)
    found = decode_tensors(message, None, max_elements=10_000)
    assert encode_tensors(found) == message
    for back, original in zip(found, given_tensors, strict=True):
        assert back.shape == original.shape
        if original.dtype == object:
            assert back.tolist() == original.tolist()
        else:
            assert back.tobytes() == original.tobytes()


@given(st.binary(max_size=80))
def test_tensors__any_bytes__are_refused_or_their_own_encoding(message):
    try:
        found = decode_tensors(message, None, max_elements=1000)
    except InvalidInput:
        return
    assert encode_tensors(found) == message


@given(st.lists(tensors(), min_size=1, max_size=3), st.data())
def test_tensors__cut_anywhere__is_never_the_whole(given_tensors, data):
    message = encode_tensors(given_tensors)
    cut = message[: data.draw(st.integers(0, len(message) - 1))]
    try:
        found = decode_tensors(cut, None, max_elements=10_000)
    except InvalidInput:
        return
    assert len(found) < len(given_tensors)


@st.composite
def row_messages(draw):
    dtypes = draw(st.lists(st.sampled_from(NUMERIC), min_size=1, max_size=3))
    shapes = [(1, *draw(arrays.array_shapes(max_dims=2, max_side=3))) for _ in dtypes]
    specs = [
        TensorSpec(name=f"t{place}", dtype=dtype, shape=(None, *shape[1:]))
        for place, (dtype, shape) in enumerate(zip(dtypes, shapes, strict=True))
    ]
    count = draw(st.integers(1, 4))
    pairs = list(zip(dtypes, shapes, strict=True))
    rows = [[draw(arrays.arrays(np.dtype(d), shape)) for d, shape in pairs] for _ in range(count)]
    return specs, [encode_tensors(row) for row in rows]


@given(row_messages(), st.data())
def test_tensor_rows__together__equal_the_rows_alone(case, data):
    specs, messages = case
    together = decode_tensor_rows(messages, specs, max_elements=1000)
    alone = [decode_tensors(message, specs, max_elements=1000) for message in messages]
    for place, batch in enumerate(together):
        assert batch.tobytes() == b"".join(row[place].tobytes() for row in alone)
    changed = bytearray(messages[-1])
    at = data.draw(st.integers(0, len(changed) - 1))
    changed[at] ^= 1 << data.draw(st.integers(0, 7))
    try:
        decode_tensors(bytes(changed), specs, max_elements=1000)
    except InvalidInput:
        pair = [messages[0], bytes(changed)]
        assert decode_tensor_rows(pair, specs, max_elements=1000) is None


@st.composite
def packed(draw):
    features, integers = [], []
    for place in range(draw(st.integers(1, 6))):
        signed, bits = draw(st.booleans()), 8 * draw(st.integers(1, 32))
        feature = Feature(
            name=f"f{place}", signed=signed, bits=bits, decimals=draw(st.integers(0, 15))
        )
        features.append(feature)
        integers.append(draw(st.integers(*feature.bounds)))
    return features, integers


@given(packed())
def test_packed__encoded_and_decoded__are_the_same(case):
    features, integers = case
    message = encode_packed(features, integers)
    assert len(message) == sum(feature.bits for feature in features) // 8
    assert decode_packed(features, message) == integers


@given(st.lists(st.integers(-(2**47), 2**47 - 1), min_size=1, max_size=20), st.integers(0, 15))
def test_packed__vectorised_numbers__are_correctly_rounded(integers, decimals):
    card = copy.deepcopy(sample_json("sample-score"))
    card["input"]["tensors"] = [{"name": "x", "dtype": "float64", "shape": [None, 1]}]
    card["input"]["features"] = [{"name": "a", "type": "int48", "decimals": decimals}]
    spec = card_from_json(card)
    messages = [encode_packed(spec.input.features, [i]) for i in integers]
    found = InputCodec(spec).decode_rows(messages)["x"][:, 0].tolist()
    assert found == [float(from_units(i, decimals)) for i in integers]


@given(st.integers(18, 120), st.decimals(0, 1_000_000, places=2), st.floats(-1e9, 1e9))
def test_packed__json__is_within_half_a_unit_of_what_was_written(age, income, balance):
    card = sample_card("sample-score")
    given_features = {"age": age, "income": str(income), "balance": balance, "home": "own"}
    integers = decode_packed(card.input.features, InputCodec(card).encode(given_features))
    assert integers[0] == age
    assert from_units(integers[1], 2) == income
    assert abs(from_units(integers[2], 2) - Decimal(repr(balance))) <= Decimal("0.005")


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6), st.integers(0, 12))
def test_units__whole_numbers__come_back(value, decimals):
    if is_whole(value, decimals):
        assert from_units(to_units(value, decimals), decimals) == value


@given(arrays.arrays(np.float32, (1, 3), elements=st.floats(0, 1, width=32)))
def test_class__winner__is_the_greatest_rounded_score(raw):
    card = sample_card("sample-class")
    found = score(card, [raw])
    units = found.rounded[0][0].tolist()
    assert units[found.value] == max(units)
    assert found.value == units.index(max(units))
    assert found.confidence == max(units) * 1000
