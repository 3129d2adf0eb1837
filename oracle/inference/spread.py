"""How far a model's answers move when the machine's set-up does: ``oracle model check``.

The canonical run is compared with other thread counts, optimisation levels and batch sizes. What
moves by less than the card's last decimal may be batched and vouched for by several machines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from oracle.core import dtypes
from oracle.core.errors import InferenceError, InvalidInput, OracleError
from oracle.core.model_card import ModelCard, ScoreHead
from oracle.core.model_input import InputCodec
from oracle.core.scoring import Outputs, score, score_rows
from oracle.inference.other_runtime import Rows, run_elsewhere
from oracle.inference.runtime import open_session, session_options
from oracle.inference.session import Session

BATCHES = (2, 16, 64)
THREADS = (2, 4)
MAX_DECIMALS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Variation:
    """One other set-up against the canonical run.

    Attributes:
        name: such as ``batch 64``.
        batch: rows run together, 1 for single runs.
        largest: the largest difference between raw floats.
        apart: inputs whose rounded outputs differ.
        disagreeing: inputs whose values differ beyond the card's tolerance.
        failed: why the set-up could not run at all, or nothing.
    """

    name: str
    batch: int
    largest: float
    apart: int
    disagreeing: int
    failed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Every variation over the same inputs, and what follows.

    Attributes:
        inputs: how many were run.
        variations: one for each set-up.
        decimals: the most decimals at which no input rounded apart, at most 6; None without floats.
        tolerance: units of the card's last decimal that cover what was seen, 1 at least.
        batching: whether batches of every size gave the same answers.
    """

    inputs: int
    variations: tuple[Variation, ...]
    decimals: int | None
    tolerance: int
    batching: bool

    def batching_words(self) -> str:
        """What the card says about batching; no figures that another machine would not repeat."""
        sizes = ", ".join(str(size) for size in BATCHES)
        if self.batching:
            return (
                f"{self.inputs} inputs in batches of {sizes} gave the same rounded outputs as "
                "one by one"
            )
        return f"not run in batches: {self.inputs} inputs in batches of {sizes} differed or failed"


def measure_spread(
    card: ModelCard,
    onnx: bytes,
    inputs: Sequence[bytes],
    *,
    external: Mapping[str, bytes] | None = None,
    runtimes: Sequence[Path] = (),
) -> Spread:
    """Run every input under every set-up.

    Args:
        runtimes: Python interpreters whose ONNX Runtime is another version.

    Raises:
        InvalidInput: no input is given, or one is refused, or a Python has no ONNX Runtime.
        InferenceError: the canonical run fails.
    """
    if not inputs:
        raise InvalidInput("there is no input to compare", remedy="give a few real inputs")
    codec = InputCodec(card)
    feeds = [codec.decode(message) for message in inputs]
    canonical = Session(card, onnx, external)
    seconds = float(card.limits.max_seconds)
    base = [canonical.run(feed, seconds=seconds) for feed in feeds]
    scored = [score(card, raw) for raw in base]
    variations: list[Variation] = []
    others: list[Rows] = []
    for name, options in _set_ups():
        session = Session(
            card, onnx, session=open_session(onnx, external=external, options=options)
        )
        rows = [session.run(feed, seconds=seconds) for feed in feeds]
        others.append(rows)
        again = score_each(card, rows)
        variations.append(_variation(card, name, 1, (base, scored), (rows, again)))
    for python in runtimes:
        name = str(python)
        try:
            version, rows = run_elsewhere(python, card, onnx, feeds, external=external)
            again = score_each(card, rows)
        except InferenceError as error:
            variations.append(_failed(name, 1, error))
            continue
        others.append(rows)
        variations.append(
            _variation(card, f"onnxruntime {version}", 1, (base, scored), (rows, again))
        )
    for size in BATCHES:
        name = f"batch {size}"
        try:
            rows, again = _in_batches(card, canonical, codec, inputs, size)
        except OracleError as error:
            variations.append(_failed(name, size, error))
            continue
        others.append(rows)
        variations.append(_variation(card, name, size, (base, scored), (rows, again)))
    return Spread(
        inputs=len(inputs),
        variations=tuple(variations),
        decimals=_decimals(card, base, others),
        tolerance=_tolerance(card, variations),
        batching=all(
            not variation.failed and not variation.apart
            for variation in variations
            if variation.batch > 1
        ),
    )


def score_each(card: ModelCard, rows: Rows) -> list[Outputs | OracleError]:
    """The scores of single runs."""
    return [score(card, raw) for raw in rows]


def _failed(name: str, batch: int, error: OracleError) -> Variation:
    return Variation(name=name, batch=batch, largest=0, apart=0, disagreeing=0, failed=error.what)


def _set_ups() -> Iterator[tuple[str, onnxruntime.SessionOptions]]:
    levels = onnxruntime.GraphOptimizationLevel

    def changed(change: Callable[[onnxruntime.SessionOptions], None]) -> Any:
        options = session_options()
        change(options)
        return options

    for threads in THREADS:
        yield (
            f"{threads} threads",
            changed(lambda o, threads=threads: setattr(o, "intra_op_num_threads", threads)),  # type: ignore[misc]
        )
    for name, level in (
        ("no optimisation", levels.ORT_DISABLE_ALL),
        ("basic optimisation", levels.ORT_ENABLE_BASIC),
        ("extended optimisation", levels.ORT_ENABLE_EXTENDED),
    ):
        yield name, changed(lambda o, level=level: setattr(o, "graph_optimization_level", level))  # type: ignore[misc]


def _in_batches(
    card: ModelCard, session: Session, codec: InputCodec, inputs: Sequence[bytes], size: int
) -> tuple[Rows, list[Outputs | OracleError]]:
    if any(spec.shape and isinstance(spec.shape[0], int) for spec in card.input.tensors):
        raise InvalidInput("the first extent is fixed", remedy="export with an open batch")
    rows: Rows = []
    scored: list[Outputs | OracleError] = []
    for start in range(0, len(inputs), size):
        part = [inputs[at % len(inputs)] for at in range(start, start + size)]
        seconds = float(card.limits.max_seconds * size)
        raw = session.run(codec.decode_rows(part), seconds=seconds)
        scored += score_rows(card, raw, size)
        rows += [[array[at : at + 1] for array in raw] for at in range(size)]
    return rows[: len(inputs)], scored[: len(inputs)]


def _variation(
    card: ModelCard,
    name: str,
    batch: int,
    canonical: tuple[Rows, list[Outputs]],
    other: tuple[Rows, list[Outputs | OracleError]],
) -> Variation:
    largest, apart, disagreeing = 0.0, 0, 0
    for raw, mine, raw_other, theirs in zip(*canonical, *other, strict=True):
        for spec, left, right in zip(card.outputs, raw, raw_other, strict=True):
            if dtypes.kind_of(spec.dtype) == "float" and left.size:
                gap = np.abs(left.astype(np.float64) - right.astype(np.float64))
                largest = max(largest, float(gap.max()))
        if isinstance(theirs, OracleError):
            apart, disagreeing = apart + 1, disagreeing + 1
            continue
        apart += mine.output_hash != theirs.output_hash
        disagreeing += not card.agrees(mine.value, theirs.value)
    return Variation(name=name, batch=batch, largest=largest, apart=apart, disagreeing=disagreeing)


def _decimals(card: ModelCard, base: Rows, others: Sequence[Rows]) -> int | None:
    floats = [
        place for place, spec in enumerate(card.outputs) if dtypes.kind_of(spec.dtype) == "float"
    ]
    if not floats:
        return None
    best = 0
    for decimals in range(MAX_DECIMALS + 1):
        scale = 10.0**decimals
        for rows in others:
            for raw, raw_other in zip(base, rows, strict=True):
                for place in floats:
                    left = np.rint(raw[place].astype(np.float64) * scale)
                    right = np.rint(raw_other[place].astype(np.float64) * scale)
                    if not np.array_equal(left, right):
                        return best
        best = decimals
    return best


def _tolerance(card: ModelCard, variations: Sequence[Variation]) -> int:
    if not isinstance(card.head, ScoreHead):
        return 0
    largest = max((variation.largest for variation in variations), default=0.0)
    return 1 + int(largest * 10.0**card.head.decimals)
