"""What an ONNX file asks for, read before it is run: tensors, operators, and files beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import onnx
from google.protobuf.message import DecodeError

from oracle.core.errors import InvalidInput

DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml", "com.microsoft"})
"""Operator domains that the pinned runtime holds itself."""

ENDLESS = frozenset({"Loop", "Scan", "SequenceMap"})
"""Operators whose number of steps an input may decide."""

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,127}")


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphFacts:
    """What the file says of itself.

    Attributes:
        opsets: domain → version, ``ai.onnx`` for the default domain.
        producer: name and version of what wrote it.
        operators: every operator used, subgraphs included.
        external: names of the files that hold its larger weights.
        metadata: its free texts.
    """

    opsets: dict[str, int]
    producer: str
    operators: frozenset[str]
    external: tuple[str, ...]
    metadata: dict[str, str]

    @property
    def may_not_end(self) -> bool:
        """Whether an input may decide how long it runs."""
        return bool(self.operators & ENDLESS)


def read_graph(octets: bytes) -> GraphFacts:
    """The facts of an ONNX file.

    Raises:
        InvalidInput: not an ONNX model, operators that only a plug-in has, or weights in a file
            outside the model's own folder.
    """
    try:
        model = onnx.load_model_from_string(octets)
    except (DecodeError, ValueError) as error:
        raise InvalidInput(
            f"{len(octets)} bytes are not an ONNX model: {str(error)[:120]}",
            remedy="give the .onnx file itself",
        ) from error
    if not model.HasField("graph") or not model.opset_import:
        raise InvalidInput("the file holds no ONNX graph", remedy="give the .onnx file itself")
    operators: set[str] = set()
    external: set[str] = set()
    own = {(function.domain, function.name) for function in model.functions}
    for node in _nodes(model):
        if node.domain not in DOMAINS and (node.domain, node.op_type) not in own:
            raise InvalidInput(
                f"operator {node.op_type} is of the domain {node.domain!r}",
                remedy="export the model with standard operators; plug-in libraries are not loaded",
            )
        operators.add(node.op_type)
    for tensor in _tensors(model):
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            external.add(_location(tensor))
    return GraphFacts(
        opsets={item.domain or "ai.onnx": item.version for item in model.opset_import},
        producer=f"{model.producer_name} {model.producer_version}".strip(),
        operators=frozenset(operators),
        external=tuple(sorted(external)),
        metadata={item.key: item.value for item in model.metadata_props},
    )


def _location(tensor: Any) -> str:
    places = [item.value for item in tensor.external_data if item.key == "location"]
    name = str(places[0]) if places else ""
    if _PLAIN_NAME.fullmatch(name) is None or ".." in name:
        raise InvalidInput(
            f"weights {tensor.name!r} lie in the file {name!r}",
            remedy="save the model with its weights inside, or in a file beside it",
        )
    return name


def _graphs(model: Any) -> Iterator[Any]:
    """Every graph and function body, the nested ones too."""
    waiting: list[Any] = [model.graph, *model.functions]
    while waiting:
        graph = waiting.pop()
        yield graph
        for node in graph.node:
            for attribute in node.attribute:
                waiting.extend(attribute.graphs)
                if attribute.HasField("g"):
                    waiting.append(attribute.g)


def _nodes(model: Any) -> Iterator[Any]:
    for graph in _graphs(model):
        yield from graph.node


def _tensors(model: Any) -> Iterator[Any]:
    for graph in _graphs(model):
        yield from getattr(graph, "initializer", ())
        for sparse in getattr(graph, "sparse_initializer", ()):
            yield sparse.values
            yield sparse.indices
        for node in graph.node:
            for attribute in node.attribute:
                yield from attribute.tensors
                if attribute.HasField("t"):
                    yield attribute.t
                for sparse in (*attribute.sparse_tensors, attribute.sparse_tensor):
                    yield sparse.values
                    yield sparse.indices
