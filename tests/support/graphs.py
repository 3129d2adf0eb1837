"""Small ONNX models, made here, and cards for them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from onnx import TensorProto, helper

from oracle.core.card_json import card_to_json
from oracle.core.card_reader import card_from_json
from oracle.core.model_card import (
    Batching,
    ClassHead,
    InputSpec,
    Limits,
    ModelCard,
    OutputSpec,
    Provenance,
    ScoreHead,
    TensorSpec,
)
from oracle.core.policy import Policy
from oracle.inference.writing import Example, Written, model_file, write_folder

FLOAT, INT64, BOOL, STRING = (
    TensorProto.FLOAT,
    TensorProto.INT64,
    TensorProto.BOOL,
    TensorProto.STRING,
)


def info(name: str, kind: int, shape: list[Any] | None) -> Any:
    return helper.make_tensor_value_info(name, kind, shape)


def model_bytes(
    nodes: list[Any],
    inputs: list[Any],
    outputs: list[Any],
    constants: list[Any] | None = None,
    *,
    opsets: dict[str, int] | None = None,
) -> bytes:
    graph = helper.make_graph(nodes, "g", inputs, outputs, constants or [])
    imports = [helper.make_opsetid(*item) for item in (opsets or {"": 18}).items()]
    model = helper.make_model(graph, opset_imports=imports, ir_version=9, producer_name="test")
    return bytes(model.SerializeToString())


def doubling(rows: Any = "rows", width: Any = 3) -> bytes:
    """y = 2 x, float rows."""
    return model_bytes(
        [helper.make_node("Mul", ["x", "two"], ["y"])],
        [info("x", FLOAT, [rows, width])],
        [info("y", FLOAT, [rows, width])],
        [helper.make_tensor("two", FLOAT, [1], [2.0])],
    )


def endless() -> bytes:
    """A loop whose condition never turns false."""
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["c"], ["again"]),
            helper.make_node("Add", ["v", "v"], ["w"]),
        ],
        "body",
        [info("i", INT64, []), info("c", BOOL, []), info("v", FLOAT, [1, 1])],
        [info("again", BOOL, []), info("w", FLOAT, [1, 1])],
    )
    return model_bytes(
        [helper.make_node("Loop", ["", "true", "x"], ["y"], body=body)],
        [info("x", FLOAT, [1, 1])],
        [info("y", FLOAT, [1, 1])],
        [helper.make_tensor("true", BOOL, [], [True])],
    )


def card_of(
    onnx: bytes,
    *,
    inputs: list[tuple[str, str, tuple[Any, ...]]],
    output: tuple[str, str, tuple[Any, ...]],
    name: str = "sample",
    labels: tuple[str, ...] = (),
    decimals: int = 3,
    max_elements: int = 1000,
    max_seconds: int = 1,
    batching: bool = False,
) -> ModelCard:
    is_float = "float" in output[1]
    kept = decimals if is_float else 0
    head: ScoreHead | ClassHead = ScoreHead(
        output=output[0], index=(0,) * len(output[2]), decimals=kept
    )
    if labels:
        head = ClassHead(output=output[0], labels=labels, ambiguous=Decimal(0), scores="any")
    card = ModelCard(
        name=name,
        title="A sample",
        description="Made in a test.",
        model=model_file(onnx),
        input=InputSpec(
            encoding="tensors",
            tensors=tuple(TensorSpec(name=n, dtype=d, shape=s) for n, d, s in inputs),
        ),
        outputs=(OutputSpec(name=output[0], dtype=output[1], shape=output[2], decimals=kept),),
        head=head,
        tolerance=1,
        allow_non_finite_inputs=False,
        limits=Limits(max_elements=max_elements, max_seconds=max_seconds),
        batching=Batching(allowed=batching, measured="by the test"),
        provenance=Provenance(source="a test", licence="MIT", trained_with="nothing"),
    )
    return card_from_json(card_to_json(card))


def write(
    folder: Path,
    card: ModelCard,
    onnx: bytes,
    *,
    policy: Policy | None = None,
    examples: tuple[bytes, ...] = (),
    probes: tuple[bytes, ...] = (),
) -> Written:
    made = [Example(note=f"example {place}", input=m) for place, m in enumerate(examples)]
    return write_folder(folder, card, onnx, policy=policy, examples=made, probes=probes)
