"""The head of many rows as arrays: what ``oracle.core.head.read_head`` reads, without a list.

Anything out of the ordinary (texts, numbers beyond 64 bits, rows that break the card) has no array
form; the caller then reads the rows as the node does, which names the fault.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracle.core import dtypes
from oracle.core.model_card import Confidence, ModelCard, ScoreHead
from oracle.core.prediction import PPM

Columns = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Values, and confidences in parts per million."""


def head_columns(card: ModelCard, stacks: Sequence[NDArray[Any]]) -> Columns | None:
    """Values and confidences of all rows; None where only a list of readings tells.

    Args:
        stacks: rounded outputs, ``[rows, *shape of one run]``.
    """
    head = card.head
    place, spec = card.output(head.output)
    stack = stacks[place]
    winners: NDArray[np.int64] | None = None
    values: NDArray[np.int64] | None
    if isinstance(head, ScoreHead):
        values = _element(stack, head.index)
    elif dtypes.kind_of(spec.dtype) == "float":
        flat = stack.reshape(len(stack), -1)
        if flat.shape[1] != len(head.labels):
            return None
        values = flat.argmax(axis=1)
        if head.scores == "probability":
            winners = flat[np.arange(len(flat)), values]
    else:
        values = _whole(stack.reshape(len(stack), -1)[:, 0]) if stack[0].size == 1 else None
        if values is None or ((values < 0) | (values >= len(head.labels))).any():
            return None
    if values is None:
        return None
    confidences = _confidences(card, head.confidence, stacks, winners, len(values))
    return None if confidences is None else (values, confidences)


def _whole(array: NDArray[Any]) -> NDArray[np.int64] | None:
    if array.dtype.kind not in "iub" or (array.dtype == np.uint64 and (array >= 2**63).any()):
        return None
    return array.astype(np.int64)


def _element(stack: NDArray[Any], index: tuple[int, ...]) -> NDArray[np.int64] | None:
    if len(index) != stack.ndim - 1 or any(
        at >= extent for at, extent in zip(index, stack.shape[1:], strict=True)
    ):
        return None
    place: tuple[Any, ...] = (slice(None), *index)
    return _whole(stack[place])


def _confidences(
    card: ModelCard,
    confidence: Confidence | None,
    stacks: Sequence[NDArray[Any]],
    winners: NDArray[np.int64] | None,
    rows: int,
) -> NDArray[np.int64] | None:
    if confidence is not None:
        place, spec = card.output(confidence.output)
        stack = stacks[place]
        if not stack[0].size:
            return None
        units = (
            _whole(stack.reshape(len(stack), -1).max(axis=1))
            if confidence.take == "max"
            else _element(stack, confidence.take)
        )
    elif winners is not None:
        units, (_, spec) = winners, card.output(card.head.output)
    else:
        return np.zeros(rows, dtype=np.int64)
    if units is None or spec.decimals > 6:
        return None
    most = PPM // 10 ** (6 - spec.decimals)
    if ((units < 0) | (units > most)).any():
        return None
    return units * np.int64(10 ** (6 - spec.decimals))
