import struct

import numpy as np
import pytest

from oracle.core.dtypes import CODES, numpy_dtype
from oracle.core.errors import InvalidInput
from oracle.core.model_card import TensorSpec
from oracle.core.tensors import decode_tensor_rows, decode_tensors, encode_tensors
from tests.support.vectors import octets, vectors

CASES = vectors("tensors")


def tensor(dtype, shape, elements):
    if dtype in ("string", "bool"):
        return np.array(elements, dtype=object if dtype == "string" else bool).reshape(shape)
    if dtype.startswith("complex"):
        return np.array([complex(float(r), float(i)) for r, i in elements], dtype).reshape(shape)
    if "float" in dtype:
        return np.array([float(e) for e in elements]).astype(numpy_dtype(dtype)).reshape(shape)
    return np.array([int(e) for e in elements], dtype=dtype).reshape(shape)


@pytest.mark.parametrize("case", CASES["accept"], ids=lambda case: case["name"])
def test_tensors__vector__encodes_and_decodes(case):
    arrays = [tensor(t["dtype"], t["shape"], t["elements"]) for t in case["tensors"]]
    assert encode_tensors(arrays) == octets(case["hex"])
    decoded = decode_tensors(octets(case["hex"]), None, max_elements=1000)
    for found, expected in zip(decoded, arrays, strict=True):
        assert found.shape == expected.shape
        assert found.tolist() == expected.tolist()


@pytest.mark.parametrize("case", CASES["refuse"], ids=lambda case: case["name"])
def test_tensors__malformed__is_refused_before_anything_is_allocated(case):
    with pytest.raises(InvalidInput):
        decode_tensors(octets(case["hex"]), None, max_elements=case["maxElements"])


def test_tensors__layout__is_dtype_rank_extents_elements():
    message = encode_tensors([np.array([[1.0, -2.0]], dtype=np.float32)])
    assert message == bytes([1, 2]) + struct.pack(">II", 1, 2) + struct.pack("<ff", 1.0, -2.0)


def test_tensors__any_memory_layout__gives_the_same_bytes():
    rows = np.arange(12, dtype=np.int32).reshape(3, 4)
    assert encode_tensors([rows.T.copy().T]) == encode_tensors([rows])
    assert encode_tensors([rows.astype(">i4")]) == encode_tensors([rows])


def test_codes__are_those_of_onnx():
    from onnx import TensorProto

    renamed = {"float32": "FLOAT", "float64": "DOUBLE"}
    for name, code in CODES.items():
        onnx_name = renamed.get(name, name.upper().replace("FLOAT8_", "FLOAT8"))
        assert TensorProto.DataType.Value(onnx_name) == code


SPEC = (TensorSpec(name="x", dtype="float32", shape=(None, 2)),)


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((1, 3), np.float32), "shape"),
        (np.zeros(2, np.float32), "shape"),
        (np.zeros((1, 2), np.float64), "float64"),
        (np.zeros((600, 2), np.float32), "beyond 1000 elements"),
    ],
)
def test_tensors__other_than_the_card__is_refused(array, words):
    with pytest.raises(InvalidInput, match=words):
        decode_tensors(encode_tensors([array]), SPEC, max_elements=1000)


def test_tensors__limit_counts_all_tensors_together():
    specs = SPEC + (TensorSpec(name="y", dtype="float32", shape=(None, 2)),)
    message = encode_tensors([np.zeros((300, 2), np.float32)] * 2)
    assert len(decode_tensors(message, specs, max_elements=1200)) == 2
    with pytest.raises(InvalidInput, match="beyond 1199"):
        decode_tensors(message, specs, max_elements=1199)


def test_tensors__symbol_with_two_extents__is_refused():
    specs = tuple(TensorSpec(name=n, dtype="int64", shape=(1, "length")) for n in "ab")
    good = encode_tensors([np.zeros((1, 4), np.int64)] * 2)
    assert len(decode_tensors(good, specs, max_elements=100)) == 2
    bad = encode_tensors([np.zeros((1, 4), np.int64), np.zeros((1, 5), np.int64)])
    with pytest.raises(InvalidInput, match="'b'"):
        decode_tensors(bad, specs, max_elements=100)


def test_tensors__extents_whose_product_overflows__are_refused():
    message = bytes([1, 4]) + struct.pack(">IIII", 2**31, 2**31, 2**31, 2**31)
    with pytest.raises(InvalidInput, match="elements"):
        decode_tensors(message, None, max_elements=2**31)


def test_tensors__text_that_is_none__is_refused():
    with pytest.raises(InvalidInput, match="texts only"):
        encode_tensors([np.array(["a", None], dtype=object)])
    with pytest.raises(InvalidInput, match="UTF-8"):
        encode_tensors([np.array(["\ud800"], dtype=object)])


def rows(*arrays):
    return [encode_tensors([array]) for array in arrays]


BOOLS = (TensorSpec(name="x", dtype="bool", shape=(None, 2)),)


def test_rows__of_one_layout__are_decoded_together():
    messages = rows(np.array([[True, False]]), np.array([[False, False]]))
    (batch,) = decode_tensor_rows(messages, BOOLS, max_elements=2)
    assert batch.tolist() == [[[True, False]], [[False, False]]] or batch.tolist() == [
        [True, False],
        [False, False],
    ]


def test_rows__of_which_one_is_no_bool_or_of_another_layout__are_not():
    good = rows(np.array([[True, False]]))[0]
    assert decode_tensor_rows([good, good[:-1] + b"\2"], BOOLS, max_elements=2) is None
    assert decode_tensor_rows([good, good + b"\0"], BOOLS, max_elements=2) is None
    assert decode_tensor_rows([good, b"\1" + good[1:]], BOOLS, max_elements=2) is None


@pytest.mark.parametrize("array", [np.zeros((2, 2), bool), np.zeros((0, 2), bool)])
def test_rows__that_are_not_one_each__are_not_decoded_together(array):
    assert decode_tensor_rows(rows(array), BOOLS, max_elements=4) is None


def test_tensor__of_nine_dimensions__is_refused():
    assert encode_tensors([np.zeros((1,) * 8, np.int8)])
    with pytest.raises(InvalidInput, match="rank 9"):
        encode_tensors([np.zeros((1,) * 9, np.int8)])


def test_texts__whose_lengths_do_not_fit__are_refused():
    message = encode_tensors([np.array(["abcdefgh", "i"], dtype=object)])
    first_length = len(message) - 1 - 4 - 8 - 4
    longer = message[:first_length] + (12).to_bytes(4, "big") + message[first_length + 4 :]
    for wrong in (longer, message[:-1], message[:-4], message[: first_length + 6]):
        with pytest.raises(InvalidInput):
            decode_tensors(wrong, None, max_elements=10)
