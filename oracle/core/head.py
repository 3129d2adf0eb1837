"""The head: which element of the rounded outputs becomes the value, and with what confidence.

It reads rounded integers only, so whoever holds the rounded outputs can compute it again.
Outputs arrive stacked, ``[rows, *shape of one run]``, one row a prediction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from oracle.core import dtypes
from oracle.core.decimals import ceiling_units, from_units, to_units
from oracle.core.errors import InferenceError
from oracle.core.model_card import ClassHead, Confidence, ModelCard, ScoreHead
from oracle.core.prediction import PPM

Reading: TypeAlias = tuple[int, int, bool]
"""Value, confidence in parts per million (0 when not stated), and whether it is ambiguous."""


def read_head(card: ModelCard, stacks: Sequence[NDArray[Any]]) -> list[Reading | InferenceError]:
    """The head of every row; a row that breaks the card gives its error in place of a reading.

    The value is an int128 in units of the head's last decimal, or the index of the label.
    """
    head = card.head
    if isinstance(head, ScoreHead):
        place, _ = card.output(head.output)
        values = _element(stacks[place], head.index, head.output)
        winners: list[int] | None = None
        ambiguous = [False] * len(values)
    else:
        values, winners, ambiguous = _labels(card, head, stacks)
    confidences = _confidences(card, head.confidence, stacks, winners, len(values))
    return [
        value
        if isinstance(value, InferenceError)
        else confidence
        if isinstance(confidence, InferenceError)
        else (value, confidence, unsure)
        for value, confidence, unsure in zip(values, confidences, ambiguous, strict=True)
    ]


def _element(stack: NDArray[Any], index: tuple[int, ...], name: str) -> list[Any]:
    if len(index) != stack.ndim - 1 or any(
        at >= extent for at, extent in zip(index, stack.shape[1:], strict=True)
    ):
        raise InferenceError(
            f"output {name} has the shape {list(stack.shape[1:])}, the head reads {list(index)}",
            remedy="correct the card's head, or send an input that gives more rows",
        )
    place: tuple[Any, ...] = (slice(None), *index)
    return [int(item) for item in stack[place].tolist()]


def _labels(
    card: ModelCard, head: ClassHead, stacks: Sequence[NDArray[Any]]
) -> tuple[list[Any], list[int] | None, list[bool]]:
    place, spec = card.output(head.output)
    stack = stacks[place]
    flat = stack.reshape(len(stack), -1)
    kind = dtypes.kind_of(spec.dtype)
    if kind != "float":
        if flat.shape[1] != 1:
            raise InferenceError(
                f"output {spec.name} gives {flat.shape[1]} labels", remedy="run one row at a time"
            )
        labels = [_label(item, head.labels, kind) for item in flat[:, 0].tolist()]
        return labels, None, [False] * len(labels)
    if flat.shape[1] != len(head.labels):
        raise InferenceError(
            f"output {spec.name} has {flat.shape[1]} scores, the card {len(head.labels)} labels",
            remedy="run one row at a time, or correct the card's labels",
        )
    winners = flat.argmax(axis=1)
    best = flat[np.arange(len(flat)), winners]
    ambiguous = [False] * len(flat)
    if flat.shape[1] > 1:
        second = np.partition(flat, -2, axis=1)[:, -2]
        band = ceiling_units(head.ambiguous, spec.decimals)
        pairs = zip(best.tolist(), second.tolist(), strict=True)
        ambiguous = [first - other < band for first, other in pairs]
    scores = best.tolist() if head.scores == "probability" else None
    return winners.tolist(), scores, ambiguous


def _label(item: Any, labels: tuple[str, ...], kind: str) -> int | InferenceError:
    if kind == "string":
        if item in labels:
            return labels.index(item)
    elif 0 <= item < len(labels):
        return int(item)
    return InferenceError(
        f"the model gives the label {item!r}",
        remedy=f"the card knows {', '.join(labels)}; name every label in it",
    )


def _confidences(
    card: ModelCard,
    confidence: Confidence | None,
    stacks: Sequence[NDArray[Any]],
    winners: list[int] | None,
    rows: int,
) -> list[int | InferenceError]:
    if confidence is not None:
        place, spec = card.output(confidence.output)
        if not stacks[place].size:
            raise InferenceError(
                f"output {spec.name} is empty", remedy="send an input that gives a confidence"
            )
        if confidence.take == "max":
            stack = stacks[place]
            units = [int(item) for item in stack.reshape(len(stack), -1).max(axis=1).tolist()]
        else:
            units = _element(stacks[place], confidence.take, spec.name)
    elif winners is not None and isinstance(card.head, ClassHead):
        _, spec = card.output(card.head.output)
        units = winners
    else:
        return [0] * rows
    if spec.decimals <= 6:
        scale = 10 ** (6 - spec.decimals)
        parts = [unit * scale for unit in units]
    else:
        parts = [to_units(from_units(unit, spec.decimals), 6) for unit in units]
    return [
        ppm if 0 <= ppm <= PPM else _no_probability(unit, spec.decimals, spec.name)
        for ppm, unit in zip(parts, units, strict=True)
    ]


def _no_probability(units: int, decimals: int, name: str) -> InferenceError:
    return InferenceError(
        f"output {name} is no probability: {units} units of 10^-{decimals}",
        remedy='write "scores": "any" into the card\'s head, or name a confidence output',
    )
