"""The protocol over gRPC, on a port of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio
import numpy as np
from numpy.typing import NDArray

from oracle.api.access import is_loopback
from oracle.api.body import MAX_BYTES
from oracle.api.inference.door import Door
from oracle.api.inference.proto import SERVICE, message
from oracle.api.inference.service import EXTENSIONS, PLATFORM, SERVER, Inference
from oracle.api.keys import ApiKeys
from oracle.api.limits import Limits
from oracle.core import dtypes
from oracle.core.errors import ConfigError, InvalidInput
from oracle.inference.protocol.body import MAX_ID, MAX_PARAMETERS, MAX_TENSORS
from oracle.inference.protocol.messages import InferReply, InferRequest, Parameter, Wanted
from oracle.inference.protocol.tensors import (
    count_of,
    datatype_of,
    dtype_of,
    from_raw,
    text_of,
    to_raw,
)

GRACE_SECONDS = 3.0
IN_FLIGHT = 512
NEED_KEY = frozenset({"ModelInfer", "RepositoryIndex"})

Infer = message("ModelInferRequest")
Inferred = message("ModelInferResponse")
_Output = message("ModelInferResponse.InferOutputTensor")

_CONTENTS = {
    "bool": "bool_contents",
    **dict.fromkeys(("int8", "int16", "int32"), "int_contents"),
    "int64": "int64_contents",
    **dict.fromkeys(("uint8", "uint16", "uint32"), "uint_contents"),
    "uint64": "uint64_contents",
    "float32": "fp32_contents",
    "float64": "fp64_contents",
    "string": "bytes_contents",
}
"""dtype → the field that carries it where it is not raw."""


@asynccontextmanager
async def rpc_server(
    inference: Inference,
    keys: ApiKeys,
    host: str,
    port: int,
    *,
    limits: Limits | None = None,
) -> AsyncIterator[int]:
    """Serve until the block ends; gives the port, a free one for 0.

    Args:
        limits: those of the API, so that a caller has one rate for both.

    Raises:
        ConfigError: the port is in use, or others could reach it without a key.
    """
    if not keys and not is_loopback(host):
        raise ConfigError(
            f"gRPC would listen on {host} without an API key",
            remedy="set ORACLE_API_KEYS, or listen on 127.0.0.1",
        )
    server = grpc.aio.server(
        maximum_concurrent_rpcs=IN_FLIGHT,
        options=[
            ("grpc.max_receive_message_length", MAX_BYTES),
            ("grpc.max_send_message_length", 4 * MAX_BYTES),
            ("grpc.so_reuseport", 0),
        ],
    )
    server.add_generic_rpc_handlers((_handlers(Calls(inference), Door(keys, limits or Limits())),))
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        bound = server.add_insecure_port(address)
    except RuntimeError:
        bound = 0
    if not bound:
        raise ConfigError(
            f"gRPC can not listen on {address}",
            remedy="stop what listens there, or choose another port with --grpc-port",
        )
    await server.start()
    try:
        yield bound
    finally:
        await server.stop(GRACE_SECONDS)


class Calls:
    """The service's calls, by their names in the ``.proto``."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference

    async def ServerLive(self, request: Any) -> Any:  # noqa: N802
        """It answers, so it lives."""
        return message("ServerLiveResponse")(live=True)

    async def ServerReady(self, request: Any) -> Any:  # noqa: N802
        """Whether every model can be asked."""
        return message("ServerReadyResponse")(ready=self._inference.ready())

    async def ModelReady(self, request: Any) -> Any:  # noqa: N802
        """Whether one model can be asked."""
        ready = self._inference.model_ready(request.name, request.version)
        return message("ModelReadyResponse")(ready=ready)

    async def ServerMetadata(self, request: Any) -> Any:  # noqa: N802
        """Name, version and extensions."""
        return message("ServerMetadataResponse")(
            name=SERVER, version=self._inference.version, extensions=EXTENSIONS
        )

    async def ModelMetadata(self, request: Any) -> Any:  # noqa: N802
        """A model's inputs and outputs."""
        found = self._inference.metadata(request.name, request.version)
        tensor = message("ModelMetadataResponse.TensorMetadata")
        return message("ModelMetadataResponse")(
            name=found.name,
            versions=[found.version],
            platform=PLATFORM,
            inputs=[
                tensor(name=each.name, datatype=each.datatype, shape=each.shape)
                for each in found.inputs
            ],
            outputs=[
                tensor(name=each.name, datatype=each.datatype, shape=each.shape)
                for each in found.outputs
            ],
        )

    async def RepositoryIndex(self, request: Any) -> Any:  # noqa: N802
        """Every model."""
        line = message("RepositoryIndexResponse.ModelIndex")
        return message("RepositoryIndexResponse")(
            models=[
                line(
                    name=each.name,
                    version=each.version,
                    state="READY" if each.ready else "UNAVAILABLE",
                    reason=each.reason,
                )
                for each in self._inference.index(ready=request.ready)
            ]
        )

    async def ModelInfer(self, request: Any) -> Any:  # noqa: N802
        """Run a model."""
        name, version = request.model_name, request.model_version
        asked = _asked(request, self._inference.max_elements(name, version))
        return _replied(await self._inference.infer(name, version, asked))


def _handlers(calls: Calls, door: Door) -> grpc.GenericRpcHandler:
    """Every call as one that takes a stream: of one message, but it is read within a time."""
    names = [name for name in vars(Calls) if name[0].isupper()]
    return grpc.method_handlers_generic_handler(
        SERVICE,
        {
            name: grpc.stream_unary_rpc_method_handler(
                door.guarded(
                    getattr(calls, name),
                    parse=_class(name + "Request").FromString,
                    needs_key=name in NEED_KEY,
                ),
                response_serializer=_class(name + "Response").SerializeToString,
            )
            for name in names
        },
    )


def _class(name: str) -> Any:
    return message(name)


def _asked(request: Any, max_elements: int) -> InferRequest:
    if len(request.inputs) > MAX_TENSORS or len(request.outputs) > MAX_TENSORS:
        raise InvalidInput(f"more than {MAX_TENSORS} tensors", remedy="send fewer")
    if len(request.id) > MAX_ID:
        raise InvalidInput("the id is too long", remedy=f"give at most {MAX_ID} characters")
    raw = request.raw_input_contents
    if raw and len(raw) != len(request.inputs):
        raise InvalidInput(
            f"there are {len(raw)} raw contents for {len(request.inputs)} inputs",
            remedy="give one for every input, in their order, or none at all",
        )
    inputs: dict[str, NDArray[Any]] = {}
    for place, tensor in enumerate(request.inputs):
        where = f"input {tensor.name[:80]!r}"
        if tensor.name in inputs:
            raise InvalidInput(f"{where} is there twice", remedy="give it once")
        dtype = dtype_of(tensor.datatype, where)
        shape = tuple(tensor.shape)
        count = count_of(shape, max_elements, where)
        max_elements -= count
        if not raw:
            inputs[tensor.name] = _typed(tensor.contents, dtype, shape, count, where)
        elif tensor.HasField("contents"):
            raise InvalidInput(f"{where} has contents twice", remedy="give raw contents or typed")
        else:
            inputs[tensor.name] = from_raw(raw[place], dtype, shape, count, where)
    if not inputs:
        raise InvalidInput("the request has no inputs", remedy="give the model's inputs")
    return InferRequest(
        inputs=inputs,
        id=request.id,
        wanted=tuple(Wanted(name=each.name) for each in request.outputs),
        parameters=_parameters(request.parameters),
    )


def _typed(
    contents: Any, dtype: str, shape: tuple[int, ...], count: int, where: str
) -> NDArray[Any]:
    name = _CONTENTS.get(dtype)
    if name is None:
        raise InvalidInput(
            f"{where} is {datatype_of(dtype)}", remedy="send that type as raw_input_contents"
        )
    given = getattr(contents, name)
    filled = [field.name for field, _ in contents.ListFields()]
    if len(given) != count or filled not in ([name], []):
        raise InvalidInput(
            f"{where} has {len(given)} elements in {name}, of {', '.join(filled) or 'nothing'}",
            remedy=f"its shape {list(shape)} of {datatype_of(dtype)} takes {count} there",
        )
    if dtype == "string":
        texts = np.empty(count, dtype=object)
        texts[:] = [text_of(each, where) for each in given]
        return texts.reshape(shape)
    try:
        return np.array(given, dtype=dtypes.numpy_dtype(dtype)).reshape(shape)
    except OverflowError:
        raise InvalidInput(
            f"{where} has an element that is no {datatype_of(dtype)}", remedy="keep to its range"
        ) from None


def _parameters(given: Any) -> dict[str, Parameter]:
    if len(given) > MAX_PARAMETERS:
        raise InvalidInput(f"more than {MAX_PARAMETERS} parameters", remedy="give fewer")
    found: dict[str, Parameter] = {}
    for name, value in given.items():
        choice = value.WhichOneof("parameter_choice")
        if choice is not None:
            found[name] = getattr(value, choice)
    return found


def _replied(reply: InferReply) -> Any:
    answer = Inferred(model_name=reply.model, model_version=reply.version, id=reply.id)
    for name, array in reply.outputs.items():
        datatype = datatype_of(dtypes.name_of(array.dtype))
        answer.outputs.append(_Output(name=name, datatype=datatype, shape=array.shape))
        answer.raw_output_contents.append(to_raw(array))
    for name, value in reply.parameters.items():
        _set(answer.parameters[name], value)
    return answer


def _set(parameter: Any, value: Parameter) -> None:
    match value:
        case bool():
            parameter.bool_param = value
        case int():
            parameter.int64_param = value
        case float():
            parameter.double_param = value
        case _:
            parameter.string_param = value
