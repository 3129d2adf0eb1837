"""Bodies of the inference protocol: what is no request is refused, whatever it is."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.core.errors import InvalidInput
from oracle.inference.protocol import body as bodies
from oracle.inference.protocol.messages import InferReply
from oracle.inference.protocol.tensors import DATATYPES, from_raw, to_raw

MOST = 1000


def tensor(**changes: Any) -> dict[str, Any]:
    whole = {"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [1, 2]} | changes
    return {key: value for key, value in whole.items() if value is not ...}


def request(*tensors: Any, **top: Any) -> bytes:
    return json.dumps({"inputs": list(tensors), **top}).encode()


def raw(size: int, octets: bytes, **changes: Any) -> tuple[bytes, str]:
    text = request(tensor(data=..., parameters={"binary_data_size": size}, **changes))
    return text + octets, str(len(text))


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "no JSON"),
        (b"[]", "no object"),
        (b"[" * 100_000, "no JSON"),
        (b"{}", "inputs"),
        (request(), "no inputs"),
        (request(3), "name"),
        (request(tensor(name=3)), "name"),
        (request(tensor(), tensor()), "twice"),
        (request(tensor(datatype="FLOAT")), "FLOAT"),
        (request(tensor(datatype=None)), "datatype"),
        (request(tensor(datatype=["FP32"])), "datatype"),
        (request(tensor(shape="2")), "shape"),
        (request(tensor(shape=[-1, -2])), "shape"),
        (request(tensor(shape=[True, 2])), "shape"),
        (request(tensor(shape=[1.5])), "shape"),
        (request(tensor(shape=[2**63, 2**63])), "shape"),
        (request(tensor(shape=[2**32, 2**32])), "elements"),
        (request(tensor(shape=[1] * 1000)), "shape"),
        (request(tensor(shape=[501, 2])), "elements"),
        (request(tensor(name="a", shape=[400, 2]), tensor(shape=[101, 2])), "elements"),
        (request(tensor(data=[1, 2, 3])), "3 elements"),
        (request(tensor(data=[[1], [2, 3]])), "elements"),
        (request(tensor(data=[1, [2]])), "elements"),
        (request(tensor(data=["1", "2"])), "FP32"),
        (request(tensor(data=[True, False])), "FP32"),
        (request(tensor(data=[None, 1])), "FP32"),
        (request(tensor(data={"a": 1})), "data"),
        (request(tensor(data=...)), "no data"),
        (request(tensor(datatype="INT8", data=[1, 128])), "INT8"),
        (request(tensor(datatype="UINT64", data=[-1, 1])), "UINT64"),
        (request(tensor(datatype="INT64", data=[1.0, 2])), "INT64"),
        (request(tensor(datatype="BOOL", data=[1, 0])), "BOOL"),
        (request(tensor(datatype="BYTES", data=[1, 2])), "BYTES"),
        (request(tensor(parameters=3)), "parameters"),
        (request(tensor(parameters={"binary_data_size": 8})), "binary_data_size"),
        (request(tensor(), id=7), "id"),
        (request(tensor(), id="x" * 1000), "id"),
        (request(tensor(), parameters=[1]), "parameters"),
        (request(tensor(), outputs=[{}]), "output"),
        (request(tensor(), outputs=3), "outputs"),
        (
            request(tensor(), outputs=[{"name": "y", "parameters": {"classification": 2}}]),
            "classification",
        ),
    ],
)
def test_read_request__no_request__is_refused_with_the_reason(body: bytes, says: str):
    with pytest.raises(InvalidInput, match=says) as refusal:
        bodies.read_request(body, None, MOST)
    assert refusal.value.remedy
    assert len(str(refusal.value)) < 500


@pytest.mark.parametrize(
    ("body", "length", "says"),
    [
        (*raw(8, b"\0" * 7), "binary_data_size"),
        (*raw(8, b"\0" * 9), "belong to no input"),
        (*raw(7, b"\0" * 7), "7 bytes"),
        (*raw(-1, b""), "binary_data_size"),
        (*raw(2**70, b""), "binary_data_size"),
        (*raw(2, b"\2\0", datatype="BOOL"), "not 0 or 1"),
        (*raw(8, b"\0" * 8, datatype="BYTES", shape=[3]), "3 elements"),
        (*raw(8, b"\xff" * 8, datatype="BYTES", shape=[1]), "1 elements"),
        (*raw(6, b"\1\0\0\0a!", datatype="BYTES", shape=[1]), "1 elements"),
        (*raw(5, b"\1\0\0\0\xff", datatype="BYTES", shape=[1]), "UTF-8"),
        (request(tensor()), "9999", "header"),
        (request(tensor()), "-1", "header"),
        (request(tensor()), "1e3", "header"),
        (request(tensor()), "٣", "header"),
        (request(tensor()), "5", "no JSON"),
    ],
)
def test_read_request__raw_bytes_that_do_not_fit__are_refused(body: bytes, length: str, says: str):
    with pytest.raises(InvalidInput, match=says):
        bodies.read_request(body, length, MOST)


@given(st.binary(max_size=200), st.none() | st.text(max_size=5))
def test_read_request__anything__is_read_or_refused(body: bytes, length: str | None):
    with suppress(InvalidInput):
        bodies.read_request(body, length, MOST)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "data", "shape", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(
    st.fixed_dictionaries(
        {"name": st.just("x"), "datatype": st.sampled_from([*DATATYPES]), "shape": _json},
        optional={"data": _json, "parameters": _json},
    )
)
def test_read_request__odd_tensors__are_read_or_refused(odd: dict[str, Any]):
    with suppress(InvalidInput):
        found = bodies.read_request(json.dumps({"inputs": [odd]}).encode(), None, MOST)
        assert list(found.inputs["x"].shape) == odd["shape"]


def test_write_reply__as_asked__raw_and_listed_side_by_side():
    asked = bodies.read_request(
        request(
            tensor(),
            parameters={"binary_data_output": True},
            outputs=[{"name": "a"}, {"name": "b", "parameters": {"binary_data": False}}],
        ),
        None,
        MOST,
    )
    outputs = {"a": np.array([[1, -1]], np.int16), "b": np.array([["é"]], dtype=object)}
    body, length = bodies.write_reply(InferReply("m", "v", outputs, id="i"), asked)

    assert length is not None
    top = json.loads(body[:length])
    assert top["id"] == "i"
    assert top["outputs"][0]["parameters"] == {"binary_data_size": 4}
    assert body[length:] == b"\1\0\xff\xff"
    assert top["outputs"][1] == {
        "name": "b",
        "datatype": "BYTES",
        "shape": [1, 1],
        "data": ["é"],
    }


@pytest.mark.parametrize("datatype", DATATYPES)
def test_raw__there_and_back__is_the_same(datatype: str):
    dtype = DATATYPES[datatype]
    octets = b"\1\0\0\0a\0\0\0\0" if dtype == "string" else bytes([0, 1] * 8)
    size = {"string": 2}.get(dtype) or 16 // np.dtype(
        "uint16" if dtype == "bfloat16" else dtype
    ).itemsize
    array = from_raw(octets, dtype, [size], size, "x")
    assert to_raw(array) == octets
