"""Servers of the Open Inference Protocol over models made here, without a chain."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from onnx import TensorProto, helper

from oracle.api.access import Gate
from oracle.api.app import Api
from oracle.api.inference.rest import Rest
from oracle.api.inference.rpc import rpc_server
from oracle.api.inference.service import Inference
from oracle.api.keys import ApiKeys
from oracle.api.limits import Limits
from oracle.api.server import bind, serve, url_of
from oracle.core.model_card import OutputSpec, ScoreHead
from oracle.inference.engine import Engine
from oracle.inference.folder import StoredModel, load_model
from tests.support.graphs import card_of, info, model_bytes, write

KINDS = {
    "BOOL": ("bool", TensorProto.BOOL),
    "UINT8": ("uint8", TensorProto.UINT8),
    "UINT16": ("uint16", TensorProto.UINT16),
    "UINT32": ("uint32", TensorProto.UINT32),
    "UINT64": ("uint64", TensorProto.UINT64),
    "INT8": ("int8", TensorProto.INT8),
    "INT16": ("int16", TensorProto.INT16),
    "INT32": ("int32", TensorProto.INT32),
    "INT64": ("int64", TensorProto.INT64),
    "FP16": ("float16", TensorProto.FLOAT16),
    "FP32": ("float32", TensorProto.FLOAT),
    "FP64": ("float64", TensorProto.DOUBLE),
    "BF16": ("bfloat16", TensorProto.BFLOAT16),
    "BYTES": ("string", TensorProto.STRING),
}
"""The protocol's element types, ours, and ONNX's."""


def echo(folder: Path, datatype: str) -> StoredModel:
    """A model of two inputs and two outputs: ``y`` is ``x`` of this type, ``sum`` is ``score``."""
    dtype, kind = KINDS[datatype]
    onnx = model_bytes(
        [
            helper.make_node("Identity", ["x"], ["y"]),
            helper.make_node("Add", ["score", "score"], ["sum"]),
        ],
        [info("x", kind, ["rows", None]), info("score", TensorProto.FLOAT, ["rows", 1])],
        [info("y", kind, ["rows", None]), info("sum", TensorProto.FLOAT, ["rows", 1])],
    )
    card = card_of(
        onnx,
        inputs=[("x", dtype, ("rows", None)), ("score", "float32", ("rows", 1))],
        output=("sum", "float32", ("rows", 1)),
        name=f"echo-{datatype.lower()}",
    )
    decimals = 3 if "float" in dtype else 0
    echoed = OutputSpec(name="y", dtype=dtype, shape=("rows", None), decimals=decimals)
    card = replace(
        card,
        outputs=(echoed, *card.outputs),
        head=ScoreHead(output="sum", index=(0, 0), decimals=3),
    )
    write(folder / card.name, card, onnx)
    return load_model(folder / card.name)


@dataclass(frozen=True)
class Serving:
    """A running server.

    Attributes:
        http, grpc: ``host:port`` of each.
    """

    http: str
    grpc: str
    node: Any


def chainless(engine: Engine) -> Any:
    """As much of a node's context as the protocol needs where nothing is decided."""
    parts = SimpleNamespace(engine=engine, unfit={})
    node = SimpleNamespace(parts=parts, models=object(), halted=None)
    return SimpleNamespace(node=node, models=engine.store, model=engine.store.find)


@asynccontextmanager
async def serving(
    models: Iterable[StoredModel], *, keys: tuple[str, ...] = (), rate: float | None = None
) -> AsyncIterator[Serving]:
    """Serve models over HTTP and gRPC; ``rate`` is how many requests a second a caller may send."""
    api_keys, limits = ApiKeys(keys), Limits(rate=rate)
    async with Engine(models) as engine:
        context = chainless(engine)
        inference = Inference(context)
        app = Api()
        app.state.stream = SimpleNamespace(close=lambda: None)
        app.entry = Gate(Rest(app.entry, inference), api_keys, limits)
        listener = bind("127.0.0.1", 0)
        url = url_of(listener)
        running = asyncio.create_task(serve(app, listener))
        try:
            async with rpc_server(inference, api_keys, "127.0.0.1", 0, limits=limits) as port:
                yield Serving(
                    http=url.removeprefix("http://"), grpc=f"127.0.0.1:{port}", node=context.node
                )
        finally:
            running.cancel()
            await asyncio.wait([running])
