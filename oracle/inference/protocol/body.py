"""HTTP bodies of the protocol: JSON, and after it the raw bytes of tensors (binary extension)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from oracle.core import dtypes
from oracle.core.errors import InvalidInput
from oracle.inference.protocol.messages import InferReply, InferRequest, Parameters, Wanted
from oracle.inference.protocol.tensors import (
    count_of,
    datatype_of,
    dtype_of,
    from_raw,
    octets_of,
    to_raw,
)

HEADER = "inference-header-content-length"
"""The HTTP header that says how long the JSON is, where raw bytes follow."""

MAX_TENSORS = 256
MAX_PARAMETERS = 64
MAX_ID = 256


def read_request(body: bytes, json_length: str | None, max_elements: int) -> InferRequest:
    """A request from a body.

    Args:
        json_length: the header's value; None where the whole body is JSON.
        max_elements: of all tensors together.

    Raises:
        InvalidInput: it is no request, and why.
    """
    top, raw = _split(body, json_length)
    parameters = _parameters(top.get("parameters"), "the request")
    inputs = _tensors(top.get("inputs"), "input", raw, max_elements)
    if not inputs:
        raise InvalidInput("the request has no inputs", remedy="give the model's inputs")
    wanted = _list(top.get("outputs") or [], "outputs")
    return InferRequest(
        inputs=inputs,
        id=_id(top.get("id", "")),
        wanted=tuple(_wanted(each) for each in wanted),
        parameters=parameters,
        binary=bool(parameters.get("binary_data_output", False)),
    )


def write_reply(reply: InferReply, request: InferRequest) -> tuple[bytes, int | None]:
    """The body of a reply, and how long its JSON is where raw bytes follow."""
    asked = {each.name: each.binary for each in request.wanted}
    binary = [
        name
        for name in reply.outputs
        if (request.binary if (said := asked.get(name)) is None else said)
    ]
    top: dict[str, Any] = {"model_name": reply.model, "model_version": reply.version}
    if reply.id:
        top["id"] = reply.id
    if reply.parameters:
        top["parameters"] = dict(reply.parameters)
    return _joined(top, "outputs", reply.outputs, binary)


def write_request(
    inputs: Mapping[str, NDArray[Any]], wanted: Sequence[str], *, raw: bool = True
) -> tuple[bytes, int | None]:
    """The body of a request, and how long its JSON is where raw tensors follow.

    Args:
        raw: send raw tensors, and ask for such.
    """
    if not raw:
        return _joined({"outputs": [{"name": name} for name in wanted]}, "inputs", inputs, [])
    outputs = [{"name": name, "parameters": {"binary_data": True}} for name in wanted]
    return _joined({"outputs": outputs}, "inputs", inputs, list(inputs))


def read_reply(body: bytes, json_length: str | None, max_elements: int) -> dict[str, NDArray[Any]]:
    """The outputs by name from another server's reply.

    Raises:
        InvalidInput: it is no reply.
    """
    top, raw = _split(body, json_length)
    return _tensors(top.get("outputs"), "output", raw, max_elements)


def _joined(
    top: dict[str, Any], key: str, arrays: Mapping[str, NDArray[Any]], binary: Sequence[str]
) -> tuple[bytes, int | None]:
    raw: list[bytes] = []
    tensors = []
    for name, array in arrays.items():
        tensor: dict[str, Any] = {
            "name": name,
            "datatype": datatype_of(dtypes.name_of(array.dtype)),
            "shape": array.shape,
        }
        if name in binary:
            raw.append(to_raw(array))
            tensor["parameters"] = {"binary_data_size": len(raw[-1])}
        else:
            tensor["data"] = _elements(array)
        tensors.append(tensor)
    top[key] = tensors
    text = orjson.dumps(top, option=orjson.OPT_SERIALIZE_NUMPY)
    return (b"".join([text, *raw]), len(text)) if raw else (text, None)


def _elements(array: NDArray[Any]) -> Any:
    if array.dtype.kind in "OUST":
        return [octets_of(each).decode("utf-8", "replace") for each in array.ravel()]
    if array.dtype.kind == "V" or array.dtype.name == "bfloat16":
        array = array.astype(np.float32)
    return np.ascontiguousarray(array).ravel()


def _split(body: bytes, json_length: str | None) -> tuple[dict[str, Any], memoryview]:
    end = len(body)
    if json_length is not None:
        if not json_length.isdecimal() or len(json_length) > 12 or int(json_length) > end:
            raise InvalidInput(
                f"the header {HEADER} is {json_length[:40]!r} for a body of {end} bytes",
                remedy="it is the length of the body's JSON",
            )
        end = int(json_length)
    whole = memoryview(body)
    try:
        top = orjson.loads(whole[:end])
    except orjson.JSONDecodeError as error:
        raise InvalidInput(
            f"the body is no JSON: {str(error)[:120]}",
            remedy=f"send JSON, and {HEADER} where raw tensors follow it",
        ) from None
    if not isinstance(top, dict):
        raise InvalidInput("the body's JSON is no object", remedy="send an object with inputs")
    return top, whole[end:]


def _tensors(
    given: object, what: str, raw: memoryview, max_elements: int
) -> dict[str, NDArray[Any]]:
    found: dict[str, NDArray[Any]] = {}
    place = 0
    for each in _list(given, f"{what}s"):
        if not isinstance(each, dict) or not isinstance(each.get("name"), str):
            raise InvalidInput(f"an {what} has no name", remedy=f"name every {what}")
        where = f"{what} {each['name'][:80]!r}"
        if each["name"] in found:
            raise InvalidInput(f"{where} is there twice", remedy="give it once")
        dtype = dtype_of(each.get("datatype"), where)
        shape = each.get("shape")
        if not isinstance(shape, list):
            raise InvalidInput(f"{where} has no shape", remedy="give a list of its extents")
        count = count_of(shape, max_elements, where)
        max_elements -= count
        size = _parameters(each.get("parameters"), where).get("binary_data_size")
        if size is None:
            found[each["name"]] = _listed(each.get("data"), dtype, shape, count, where)
            continue
        if type(size) is not int or not 0 <= size <= len(raw) - place or "data" in each:
            raise InvalidInput(
                f"{where} has a binary_data_size of {str(size)[:40]}, and "
                f"{len(raw) - place} raw bytes are left for it",
                remedy="send that many bytes after the JSON, and no data in it",
            )
        found[each["name"]] = from_raw(raw[place : place + size], dtype, shape, count, where)
        place += size
    if place != len(raw):
        raise InvalidInput(
            f"{len(raw) - place} raw bytes belong to no {what}",
            remedy="state binary_data_size for each tensor that is raw",
        )
    return found


def _listed(
    given: object, dtype: str, shape: Sequence[int], count: int, where: str
) -> NDArray[Any]:
    """Elements in JSON, flat or nested."""
    if not isinstance(given, list):
        raise InvalidInput(f"{where} has no data", remedy="give a list of its elements")
    wrong = InvalidInput(
        f"{where} has elements that are not {datatype_of(dtype)}",
        remedy="give a flat or nested list of such elements, as many as the shape says",
    )
    flat = _flat(given, len(shape), count, wrong)
    if len(flat) != count:
        raise InvalidInput(
            f"{where} has {len(flat)} elements", remedy=f"its shape {list(shape)} takes {count}"
        )
    kind = dtypes.kind_of(dtype)
    of_type: tuple[type, ...] = {
        "string": (str,),
        "bool": (bool,),
        "float": (int, float),
    }.get(kind, (int,))
    if not set(map(type, flat)) <= set(of_type):
        raise wrong
    try:
        with np.errstate(over="ignore"):
            array = np.array(flat, dtype=dtypes.numpy_dtype(dtype))
    except (OverflowError, ValueError, TypeError):
        raise wrong from None
    return array.reshape(shape)


def _flat(given: list[Any], rank: int, count: int, wrong: InvalidInput) -> list[Any]:
    for _ in range(max(0, rank - 1)):
        if not given or type(given[0]) is not list:
            break
        if not all(type(each) is list for each in given):
            raise wrong
        given = [element for each in given for element in each]
        if len(given) > count:
            raise wrong
    return given


def _wanted(given: object) -> Wanted:
    if not isinstance(given, dict) or not isinstance(given.get("name"), str):
        raise InvalidInput("an output that is asked for has no name", remedy="name it")
    parameters = _parameters(given.get("parameters"), f"output {given['name'][:80]!r}")
    if parameters.get("classification"):
        raise InvalidInput(
            f"output {given['name'][:80]!r} is asked for as a classification",
            remedy="ask for the output itself; the model's labels are in its card",
        )
    binary = parameters.get("binary_data")
    return Wanted(name=given["name"], binary=None if binary is None else bool(binary))


def _parameters(given: object, where: str) -> Parameters:
    if given is None:
        return {}
    if not isinstance(given, dict) or len(given) > MAX_PARAMETERS:
        raise InvalidInput(
            f"the parameters of {where} are no small object",
            remedy=f"give at most {MAX_PARAMETERS} names with a text, a number or a boolean each",
        )
    return given


def _list(given: object, what: str) -> list[Any]:
    if not isinstance(given, list) or len(given) > MAX_TENSORS:
        raise InvalidInput(f"{what} is no list", remedy=f"give a list, of at most {MAX_TENSORS}")
    return given


def _id(given: object) -> str:
    if not isinstance(given, str) or len(given) > MAX_ID:
        raise InvalidInput("the id is no text", remedy=f"give at most {MAX_ID} characters")
    return given
