"""The pinned runtime: one version, one set of options, written into every receipt.

One thread, in sequence, on the CPU, with ONNX Runtime's own optimisations: what a model says must
not depend on how busy or how large the machine is.
"""

from __future__ import annotations

import functools
import platform
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnxruntime

from oracle.core.errors import InferenceError

PINNED = "1.32.0"
PROVIDER = "CPUExecutionProvider"
MEMORY_LIMIT = 4 << 30
"""Bytes that all sessions of a process may hold together: a shape that an input asks for inside the
model fails its run instead of the machine."""

_ENTRIES = {
    "session.x64quantprecision": "1",  # int8 saturates as WebAssembly and ARM do
    "session.intra_op.allow_spinning": "0",
    "session.inter_op.allow_spinning": "0",
    "session.use_env_allocators": "1",
}
_SILENT = 4


def session_options() -> onnxruntime.SessionOptions:
    """The options of the canonical run."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.use_deterministic_compute = True
    options.log_severity_level = _SILENT
    for name, value in _ENTRIES.items():
        options.add_session_config_entry(name, value)
    return options


def run_options() -> onnxruntime.RunOptions:
    """Options of one run, which another thread may end."""
    options = onnxruntime.RunOptions()
    options.log_severity_level = _SILENT
    return options


def runtime_record() -> dict[str, str]:
    """What ran, as texts, for receipts: versions, machine and options."""
    return {
        "runtime": "onnxruntime",
        "version": onnxruntime.__version__,
        "provider": PROVIDER,
        "threads": "intra 1, inter 1, sequential",
        "optimisation": "all",
        "deterministic_compute": "true",
        "memory_limit": str(MEMORY_LIMIT),
        **_ENTRIES,
        "numpy": np.__version__,
        "machine": platform.machine(),
        "system": platform.system(),
    }


def open_session(
    onnx: bytes,
    *,
    external: Mapping[str, bytes] | None = None,
    options: onnxruntime.SessionOptions | None = None,
) -> onnxruntime.InferenceSession:
    """A session of the model in ``onnx``.

    Args:
        onnx: the file's bytes, those that were verified.
        external: verified bytes of the files that hold larger weights, by name.
        options: others than those of the canonical run, for measurements.

    Raises:
        InferenceError: ONNX Runtime refuses the model.
    """
    _limit_memory()
    options = options or session_options()
    if external:
        names: Sequence[str] = list(external)
        options.add_external_initializers_from_files_in_memory(
            names, list(external.values()), [len(octets) for octets in external.values()]
        )
    try:
        return onnxruntime.InferenceSession(onnx, options, providers=[PROVIDER])
    except Exception as error:  # ONNX Runtime's errors share no narrower base
        raise InferenceError(
            f"ONNX Runtime {onnxruntime.__version__} refuses the model: {short(error)}",
            remedy="export it again with an operator set that this version knows",
        ) from error


def check_runtime() -> list[str]:
    """What is wrong with the installed runtime; empty when nothing is.

    ONNX Runtime 1.21 to 1.31 answered int64 Max, Min and Clip wrongly on x86 beyond 2**31.
    """
    faults = []
    if onnxruntime.__version__ != PINNED:
        faults.append(f"ONNX Runtime is {onnxruntime.__version__}, pinned is {PINNED}")
    big = np.array([2**31 + 5, -(2**40)], dtype=np.int64)
    small = np.array([7, 3], dtype=np.int64)
    found = open_session(_max_model()).run(None, {"a": big, "b": small})[0]
    if found.tolist() != [2**31 + 5, 3]:
        faults.append(f"int64 Max of {big.tolist()} and {small.tolist()} gives {found.tolist()}")
    return faults


@functools.cache
def _limit_memory() -> None:
    """Give the process's sessions one arena with a limit, once."""
    exactly_what_is_asked = 1
    onnxruntime.create_and_register_allocator(
        onnxruntime.OrtMemoryInfo(
            "Cpu",
            onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR,
            0,
            onnxruntime.OrtMemType.DEFAULT,
        ),
        onnxruntime.OrtArenaCfg(
            {"max_mem": MEMORY_LIMIT, "arena_extend_strategy": exactly_what_is_asked}
        ),
    )


def short(error: BaseException) -> str:
    """An error of the runtime in one line, without its source location."""
    return " ".join(str(error).split())[:300]


def _max_model() -> bytes:
    from onnx import TensorProto, helper

    def pair(name: str) -> Any:
        return helper.make_tensor_value_info(name, TensorProto.INT64, [2])

    graph = helper.make_graph(
        [helper.make_node("Max", ["a", "b"], ["c"])], "max", [pair("a"), pair("b")], [pair("c")]
    )
    opset = [helper.make_opsetid("", 13)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=8)
    return bytes(model.SerializeToString())
