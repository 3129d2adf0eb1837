"""One run on zeros, to learn what the graph leaves open: shapes, keys, whether it runs at all."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from oracle.core import dtypes
from oracle.core.model_card import TensorSpec
from oracle.inference.runtime import run_options, short

TRY_SECONDS = 10.0
MAX_ELEMENTS = 2**24
OPEN_EXTENTS = (1, 16, 512)
"""Tried in turn for open extents other than the batch; audio and text models need some length."""


def try_zeros(
    session: onnxruntime.InferenceSession, inputs: Sequence[TensorSpec], notes: list[str]
) -> tuple[dict[str, NDArray[Any]] | None, Mapping[str, Any]]:
    """The zeros (empty texts) that ran and the outputs by name; None and nothing where none ran.

    Args:
        session: the model.
        inputs: its inputs.
        notes: why no trial succeeded is added to these.
    """
    names = [node.name for node in session.get_outputs()]
    why = ""
    for extent in OPEN_EXTENTS:
        feeds = _zeros(inputs, extent)
        if feeds is None:
            why = why or "It was not tried: its inputs are too large, or of a type without zeros."
            break
        options = run_options()
        timer = threading.Timer(
            TRY_SECONDS, lambda given: setattr(given, "terminate", True), [options]
        )
        timer.daemon = True
        timer.start()
        try:
            found = session.run(names, feeds, options)
            return feeds, dict(zip(names, found, strict=True))
        except Exception as error:  # noqa: BLE001 - whatever it is, the trial failed
            why = why or f"It does not run on zeros: {short(error)}"
            if options.terminate:
                break
        finally:
            timer.cancel()
        if not _has_open(inputs):
            break
    notes.append(why)
    return None, {}


def _zeros(inputs: Sequence[TensorSpec], extent: int) -> dict[str, NDArray[Any]] | None:
    batch = {spec.shape[0] for spec in inputs if spec.shape} - {None}
    feeds: dict[str, NDArray[Any]] = {}
    for spec in inputs:
        shape = [
            dim if isinstance(dim, int) else 1 if not place or dim in batch else extent
            for place, dim in enumerate(spec.shape)
        ]
        if int(np.prod(shape, dtype=object)) > MAX_ELEMENTS or spec.dtype.startswith(
            ("bfloat", "float8", "complex")
        ):
            return None
        feeds[spec.name] = (
            np.full(shape, "", dtype=object)
            if spec.dtype == "string"
            else np.zeros(shape, dtypes.numpy_dtype(spec.dtype))
        )
    return feeds


def _has_open(inputs: Sequence[TensorSpec]) -> bool:
    return any(not isinstance(dim, int) for spec in inputs for dim in spec.shape[1:])
