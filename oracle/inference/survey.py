"""What can be learnt of a model from elsewhere, by reading its graph and by trying it once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import version_converter

from oracle.core.errors import InferenceError, InvalidInput, NotFound
from oracle.core.model_card import Shape, TensorSpec
from oracle.inference.graph import GraphFacts, read_graph
from oracle.inference.runtime import open_session
from oracle.inference.session import MAP_TYPES, tensor_dtype
from oracle.inference.trial import try_zeros

NEWER_OPSET = 13
_LABELS = ("classlabels_strings", "classlabels_int64s", "classlabels_ints")


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundOutput:
    """One output that could be scored.

    Attributes:
        name: in the graph.
        dtype, shape: as the graph says, completed by the trial run.
        keys: of a ZipMap output, else None.
        sample: what the trial gave, None where it failed.
    """

    name: str
    dtype: str
    shape: Shape
    keys: tuple[str, ...] | None = None
    sample: NDArray[Any] | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """A model file, read and tried.

    Attributes:
        onnx: the bytes of the file, or of its conversion to newer operators.
        external: the bytes of its weight files by name.
        facts: what the graph says.
        inputs: every input.
        outputs: every output that can be rounded or compared.
        labels: class labels written in the graph, or nothing.
        softmax: names of outputs that a Softmax gives.
        trial: the input of the trial run, None where zeros do not run.
        notes: what was left out or could not be learnt, one sentence each.
    """

    onnx: bytes = field(repr=False)
    external: dict[str, bytes] = field(repr=False)
    facts: GraphFacts
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[FoundOutput, ...]
    labels: tuple[str, ...]
    softmax: frozenset[str]
    trial: dict[str, NDArray[Any]] | None = field(repr=False)
    notes: tuple[str, ...]


def survey(path: Path) -> Survey:
    """Read and try the ONNX file at ``path``.

    Raises:
        NotFound: no such file, or a weight file is missing beside it.
        InvalidInput: not ONNX, custom operators, weights elsewhere, inputs that are no tensors or
            have no shape, or no output that can be scored.
        InferenceError: ONNX Runtime refuses the model.
    """
    if not path.is_file():
        raise NotFound(f"{path} does not exist", remedy="name an .onnx file")
    octets = path.read_bytes()
    facts = read_graph(octets)
    external = {name: _beside(path, name) for name in facts.external}
    notes: list[str] = []
    octets, session = _open(octets, external, notes)
    facts = read_graph(octets)
    graph = onnx.load_model_from_string(octets).graph
    inputs = tuple(_input(node, graph) for node in session.get_inputs())
    if not inputs:
        raise InvalidInput("the model has no input", remedy="a constant needs no oracle")
    trial, samples = try_zeros(session, inputs, notes)
    outputs = _outputs(session, graph, samples, notes)
    if not outputs:
        raise InvalidInput(
            "the model has no output that can be scored", remedy=" ".join(notes) or "export one"
        )
    return Survey(
        onnx=octets,
        external=external,
        facts=facts,
        inputs=inputs,
        outputs=outputs,
        labels=_labels(graph),
        softmax=frozenset(
            n for node in graph.node if node.op_type == "Softmax" for n in node.output
        ),
        trial=trial,
        notes=tuple(notes),
    )


def _open(
    octets: bytes, external: Mapping[str, bytes], notes: list[str]
) -> tuple[bytes, onnxruntime.InferenceSession]:
    """A session of the model, converted to newer operators where the runtime lacks its own."""
    try:
        return octets, open_session(octets, external=external)
    except InferenceError:
        if external:
            raise
        try:
            model = onnx.load_model_from_string(octets)
            converted = version_converter.convert_version(model, NEWER_OPSET).SerializeToString()
            session = open_session(converted)
        except Exception:  # noqa: BLE001 - the first error is the one that tells
            session = None
        if session is None:
            raise
    notes.append(
        f"The runtime lacks operators of its age: it was converted to operator set {NEWER_OPSET}, "
        "and the converted file is the model."
    )
    return converted, session


def _beside(path: Path, name: str) -> bytes:
    file = path.parent / name
    if file.resolve().parent != path.parent.resolve():
        raise InvalidInput(f"{file} leads elsewhere", remedy="copy the weights beside the model")
    if not file.is_file():
        raise NotFound(f"{file} does not exist", remedy="put the weight file beside the model")
    return file.read_bytes()


def _input(node: Any, graph: Any) -> TensorSpec:
    dtype = tensor_dtype(node.type)
    if dtype is None:
        raise InvalidInput(
            f"input {node.name} is {node.type}", remedy="export the model with tensor inputs"
        )
    info = next((item for item in graph.input if item.name == node.name), None)
    if info is None or not info.type.tensor_type.HasField("shape"):
        raise InvalidInput(
            f"input {node.name} has no shape, so its size can not be limited",
            remedy="give it one with onnx.tools.update_model_dims, open extents may stay open",
        )
    return TensorSpec(name=node.name, dtype=dtype, shape=_shape(node.shape))


def _shape(found: list[Any]) -> Shape:
    return tuple(dim if isinstance(dim, int) and dim >= 0 else _symbol(dim) for dim in found)


def _symbol(dim: object) -> str | None:
    return dim if isinstance(dim, str) and dim else None


def _outputs(
    session: onnxruntime.InferenceSession, graph: Any, samples: Mapping[str, Any], notes: list[str]
) -> tuple[FoundOutput, ...]:
    found = []
    for node in session.get_outputs():
        sample = samples.get(node.name)
        if node.type in MAP_TYPES:
            if not isinstance(sample, list) or not sample:
                notes.append(f"Output {node.name} is a ZipMap whose keys could not be learnt.")
                continue
            keys = tuple(str(key) for key in sample[0])
            found.append(
                FoundOutput(
                    name=node.name,
                    dtype=MAP_TYPES[node.type],
                    shape=(None, len(keys)),
                    keys=keys,
                    sample=np.array([list(row.values()) for row in sample]),
                )
            )
            continue
        dtype = tensor_dtype(node.type)
        if dtype is None or dtype.startswith("complex"):
            notes.append(f"Output {node.name} is {node.type} and is left out.")
            continue
        array = sample if isinstance(sample, np.ndarray) else None
        shape = _output_shape(node, graph, array)
        if shape is None:
            notes.append(f"Output {node.name} has no known shape and is left out.")
            continue
        found.append(FoundOutput(name=node.name, dtype=dtype, shape=shape, sample=array))
    return tuple(found)


def _output_shape(node: Any, graph: Any, sample: NDArray[Any] | None) -> Shape | None:
    info = next(item for item in graph.output if item.name == node.name)
    if info.type.tensor_type.HasField("shape") and (
        sample is None or len(node.shape) == sample.ndim
    ):
        return _shape(node.shape)
    return None if sample is None else tuple(None for _ in sample.shape)


def _labels(graph: Any) -> tuple[str, ...]:
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.name in _LABELS and (attribute.strings or attribute.ints):
                texts = [item.decode("utf-8", "replace") for item in attribute.strings]
                return tuple(texts or [str(item) for item in attribute.ints])
    return ()
