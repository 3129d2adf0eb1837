"""A model under another version of ONNX Runtime, in the Python that has it."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from oracle.core import dtypes
from oracle.core.errors import InferenceError, InvalidInput
from oracle.core.model_card import ModelCard
from oracle.inference.runtime import short

Rows: TypeAlias = list[list[NDArray[Any]]]
"""The raw outputs of every input."""

PROGRAM = Path(__file__).with_name("elsewhere.py")
SECONDS = 300.0


def run_elsewhere(
    python: Path,
    card: ModelCard,
    onnx: bytes,
    feeds: Sequence[Mapping[str, NDArray[Any]]],
    *,
    external: Mapping[str, bytes] | None = None,
) -> tuple[str, Rows]:
    """The version of that Python's ONNX Runtime, and its raw outputs in the card's order.

    Raises:
        InvalidInput: it is no Python, or has no ONNX Runtime.
        InferenceError: it refuses the model, fails, or takes too long.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, octets in {**(external or {}), "model.onnx": onnx}.items():
            (folder / file).write_bytes(octets)
        wanted = [(spec.name, spec.keys) for spec in card.outputs]
        (folder / "outputs.json").write_text(json.dumps(wanted))
        np.savez(
            folder / "inputs.npz",
            **{  # type: ignore[arg-type]
                f"{row}/{key}": array.astype(str) if array.dtype == object else array
                for row, feed in enumerate(feeds)
                for key, array in feed.items()
            },
        )
        try:
            done = subprocess.run(
                [str(python), "-I", str(PROGRAM), name],
                capture_output=True,
                text=True,
                timeout=SECONDS,
                check=True,
            )
            return done.stdout.strip(), _read(folder / "found.npz", card, len(feeds))
        except (OSError, subprocess.SubprocessError, ValueError, KeyError) as error:
            said = (getattr(error, "stderr", "") or short(error)).strip().splitlines()[-1]
            if isinstance(error, OSError) or "ModuleNotFoundError" in said:
                raise InvalidInput(
                    f"{python} has no ONNX Runtime: {said}",
                    remedy="name a Python with onnxruntime and numpy installed",
                ) from None
            raise InferenceError(f"{python} can not run the model: {said}") from None


def _read(path: Path, card: ModelCard, rows: int) -> Rows:
    with np.load(path) as found:
        return [
            [
                found[f"{row}/{place}"].astype(dtypes.numpy_dtype(spec.dtype), copy=False)
                for place, spec in enumerate(card.outputs)
            ]
            for row in range(rows)
        ]
