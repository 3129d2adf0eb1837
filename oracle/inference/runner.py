"""From input bytes to outputs for one model, on the caller's thread.

The canonical run is one input at a time. Several inputs run as one batch only where the card says
that the model does not care, and a bad input never fails its neighbours.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracle.core import dtypes
from oracle.core.errors import InferenceError, OracleError
from oracle.core.model_input import InputCodec
from oracle.core.scoring import Outputs, score, score_rows
from oracle.inference.folder import StoredModel
from oracle.inference.remote import RemoteSession, read_engine
from oracle.inference.session import Session

QUICK_SECONDS = 300e-6
"""A run below this may hold up an event loop; handing it to a thread would cost as much."""

INLINE_ROWS = 128
"""Most rows that may, however quick each is."""
PROBE_ROWS = 64


class Runner:
    """A loaded model.

    Args:
        model: a verified model.

    Raises:
        InferenceError: ONNX Runtime refuses it.
        InvalidInput: its inputs or outputs are not the card's.
    """

    def __init__(self, model: StoredModel) -> None:
        self.model = model
        self.card = model.card
        self.codec = InputCodec(model.card)
        self.remote = read_engine(model.folder)
        self.session: Session | RemoteSession = (
            Session(model.card, model.onnx, model.external)
            if self.remote is None
            else RemoteSession(model.card, self.remote)
        )
        fixed = all(
            isinstance(dim, int) for spec in self.card.input.tensors for dim in spec.shape[1:]
        ) and all(spec.shape and spec.dtype != "string" for spec in self.card.input.tensors)
        self.ends = fixed and not model.graph.may_not_end
        """Whether no input can make a run of the model go on and on."""
        self._seconds = None if self.ends else float(self.card.limits.max_seconds)
        self.quick = (
            self.remote is None and self._seconds is None and self._measure() < QUICK_SECONDS
        )
        if not self.quick:
            self._seconds = float(self.card.limits.max_seconds)
        self.inline_rows = self._inline_rows() if self.quick else 0
        """Most rows of the model's own tensors that may hold up an event loop together."""

    def run(self, message: bytes) -> Outputs:
        """The canonical run of one input.

        Raises:
            InvalidInput: the bytes are not an input of this card.
            InferenceError: the model failed, ran too long, or its outputs break the card.
        """
        feeds = self.codec.decode(message)
        return score(self.card, self.session.run(feeds, seconds=self._seconds))

    def run_tensors(self, feeds: dict[str, NDArray[Any]], rows: int) -> list[NDArray[Any]]:
        """The raw outputs for the model's own inputs, in the card's order, nothing rounded.

        Args:
            rows: how many inputs these are together; each has the card's time.

        Raises:
            InferenceError: the model failed or ran too long.
        """
        return self.session.run(
            feeds, seconds=None if self._seconds is None else self._seconds * rows
        )

    def run_many(self, messages: Sequence[bytes]) -> list[Outputs | OracleError]:
        """One element for each input, in order: its outputs, or the error that refused it."""
        if not self.card.batching.allowed or len(messages) < 2:
            return [self._one(message) for message in messages]
        found: list[Outputs | OracleError | None] = [None] * len(messages)
        feeds: dict[str, NDArray[Any]] | None
        try:
            good, feeds = list(range(len(messages))), self.codec.decode_rows(messages)
        except OracleError:
            good, feeds = self._sift(messages, found)
        if feeds is not None:
            for place, outputs in zip(good, self._batch(feeds, messages, good), strict=True):
                found[place] = outputs
        return [
            self._one(message) if outputs is None else outputs
            for message, outputs in zip(messages, found, strict=True)
        ]

    def _sift(
        self, messages: Sequence[bytes], found: list[Outputs | OracleError | None]
    ) -> tuple[list[int], dict[str, NDArray[Any]] | None]:
        """Set the refused inputs aside; the rest as a batch, or none where they are no rows."""
        good = []
        for place, message in enumerate(messages):
            try:
                self.codec.decode(message)
                good.append(place)
            except OracleError as error:
                found[place] = error
        try:
            return good, self.codec.decode_rows([messages[place] for place in good])
        except OracleError:
            return [], None

    def _batch(
        self, feeds: dict[str, NDArray[Any]], messages: Sequence[bytes], good: list[int]
    ) -> list[Outputs | OracleError]:
        if not good:
            return []
        seconds = None if self._seconds is None else self._seconds * len(good)
        try:
            raw = self.session.run(feeds, seconds=seconds)
            return score_rows(self.card, raw, len(good))
        except InferenceError:
            return [self._one(messages[place]) for place in good]

    def _one(self, message: bytes) -> Outputs | OracleError:
        try:
            return self.run(message)
        except OracleError as error:
            return error

    def _inline_rows(self) -> int:
        took = self._measure(PROBE_ROWS)
        return min(INLINE_ROWS, max(1, int(PROBE_ROWS * QUICK_SECONDS / took)))

    def _measure(self, rows: int = 1) -> float:
        """Seconds of one bare run on zeros; infinite where zeros do not run."""
        feeds = {
            spec.name: np.zeros(
                [dim if isinstance(dim, int) else rows for dim in spec.shape],
                dtypes.numpy_dtype(spec.dtype),
            )
            for spec in self.card.input.tensors
        }
        best = float("inf")
        try:
            for _ in range(4):
                start = time.perf_counter()
                self.session.run(feeds)
                best = min(best, time.perf_counter() - start)
                if best > 100 * QUICK_SECONDS:
                    break
        except InferenceError:
            pass
        return best
