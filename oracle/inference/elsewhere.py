"""Run as a program by another Python: a model under whatever ONNX Runtime that one has.

usage: python elsewhere.py <folder>

The folder holds ``model.onnx``, ``inputs.npz`` (``<row>/<input>``) and ``outputs.json`` (name and,
for maps, keys of each output); ``found.npz`` (``<row>/<place>``) and the version on the standard
output are the answer. It imports nothing of this package.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime


def main() -> None:
    """Run every row on its own, one thread, as the canonical run does."""
    folder = Path(sys.argv[1])
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
    )
    wanted = json.loads((folder / "outputs.json").read_text())
    rows: dict[str, dict[str, Any]] = {}
    with np.load(folder / "inputs.npz") as inputs:
        for key in inputs.files:
            row, _, name = key.partition("/")
            array = inputs[key]
            rows.setdefault(row, {})[name] = (
                array.astype(object) if array.dtype.kind == "U" else array
            )
    found = {}
    for row, feeds in rows.items():
        outputs = session.run([name for name, _ in wanted], feeds)
        for place, ((_, keys), output) in enumerate(zip(wanted, outputs)):  # noqa: B905
            if keys is not None:
                named = [{str(k): v for k, v in each.items()} for each in output]
                output = np.array([[each[k] for k in keys] for each in named])
            array = np.asarray(output)
            found[f"{row}/{place}"] = array.astype(str) if array.dtype == object else array
    np.savez(folder / "found.npz", **found)  # type: ignore[arg-type]
    sys.stdout.write(onnxruntime.__version__)


if __name__ == "__main__":
    main()
