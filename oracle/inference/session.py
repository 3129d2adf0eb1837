"""One ONNX Runtime session, held to its card: named tensors in, arrays out, an end in time."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from oracle.core import dtypes
from oracle.core.errors import InferenceError, InvalidInput
from oracle.core.model_card import ModelCard, OutputSpec, Shape
from oracle.inference.runtime import open_session, run_options, short

TYPES = {
    "float": "float32",
    "double": "float64",
    "float8e4m3fn": "float8_e4m3fn",
    "float8e4m3fnuz": "float8_e4m3fnuz",
    "float8e5m2": "float8_e5m2",
    "float8e5m2fnuz": "float8_e5m2fnuz",
}
"""ONNX Runtime's names for element types, where they differ from ours."""

MAP_TYPES = {
    "seq(map(int64,tensor(float)))": "float32",
    "seq(map(string,tensor(float)))": "float32",
    "seq(map(int64,tensor(double)))": "float64",
    "seq(map(string,tensor(double)))": "float64",
}
"""What ZipMap gives, and the dtype of the matrix it becomes."""


def tensor_dtype(kind: str) -> str | None:
    """The dtype name of ONNX Runtime's ``tensor(…)``, None for anything else."""
    if not kind.startswith("tensor("):
        return None
    name = TYPES.get(kind[7:-1], kind[7:-1])
    return name if name in dtypes.CODES else None


class Session:
    """A model that can be run.

    Args:
        card: what the model is held to.
        onnx: the verified file.
        external: its verified weight files.
        session: one that is already open, for measurements.

    Raises:
        InferenceError: ONNX Runtime refuses the model.
        InvalidInput: the model's inputs or outputs are not the card's.
    """

    def __init__(
        self,
        card: ModelCard,
        onnx: bytes,
        external: Mapping[str, bytes] | None = None,
        *,
        session: onnxruntime.InferenceSession | None = None,
    ) -> None:
        self.card = card
        self._session = session or open_session(onnx, external=external)
        _check_inputs(card, self._session)
        _check_outputs(card, self._session)
        self._names = [spec.name for spec in card.outputs]
        self._maps = any(spec.keys is not None for spec in card.outputs)
        used = [spec.dtype for spec in card.input.tensors] + [spec.dtype for spec in card.outputs]
        self._foreign = any(_is_foreign(dtype) for dtype in used)

    @property
    def bare(self) -> onnxruntime.InferenceSession:
        """The runtime's own session, for measurements."""
        return self._session

    def run(
        self, feeds: Mapping[str, NDArray[Any]], *, seconds: float | None = None
    ) -> list[NDArray[Any]]:
        """The raw outputs in the card's order.

        Args:
            feeds: every input of the card.
            seconds: end the run after so long; None for models that can not run on.

        Raises:
            InferenceError: the model failed, or ran longer than ``seconds``.
        """
        ready = {name: _aligned(array) for name, array in feeds.items()}
        if seconds is None:
            return self._run(ready, None)
        options = run_options()
        expired = threading.Event()

        def end() -> None:
            expired.set()
            options.terminate = True

        timer = threading.Timer(seconds, end)
        timer.daemon = True
        timer.start()
        try:
            return self._run(ready, options)
        except InferenceError as error:
            if not expired.is_set():
                raise
            raise InferenceError(
                f"model {self.card.name} ran longer than {seconds:g} s and was ended",
                remedy="send a smaller input, or use a card with a higher limits.max_seconds",
            ) from error
        finally:
            timer.cancel()

    def _run(
        self, feeds: dict[str, NDArray[Any]], options: onnxruntime.RunOptions | None
    ) -> list[NDArray[Any]]:
        try:
            if self._foreign:
                found = self._run_foreign(feeds, options)
            else:
                found = self._session.run(self._names, feeds, options)
        except Exception as error:  # ONNX Runtime's errors share no narrower base
            raise InferenceError(
                f"model {self.card.name} failed: {short(error)}",
                remedy="check the input against the card",
            ) from error
        if self._maps:
            pairs = zip(self.card.outputs, found, strict=True)
            found = [_matrix(spec, output) for spec, output in pairs]
        return found

    def _run_foreign(
        self, feeds: dict[str, NDArray[Any]], options: onnxruntime.RunOptions | None
    ) -> list[NDArray[Any]]:
        """Element types that NumPy lacks pass as raw memory."""
        values = {}
        for spec in self.card.input.tensors:
            array = feeds[spec.name]
            octets = array.view(f"u{array.itemsize}") if _is_foreign(spec.dtype) else array
            values[spec.name] = onnxruntime.OrtValue.ortvalue_from_numpy_with_onnx_type(
                octets, dtypes.code_of(spec.dtype)
            )
        found = self._session.run_with_ort_values(self._names, values, options)
        return [
            _copied(value, spec) if _is_foreign(spec.dtype) else value.numpy()
            for spec, value in zip(self.card.outputs, found, strict=True)
        ]


def _aligned(array: NDArray[Any]) -> NDArray[Any]:
    """The same elements where the runtime may read them; a view into a message may lie anywhere."""
    flags = array.flags
    return array if flags.aligned and flags.c_contiguous else np.array(array, order="C")


def _is_foreign(dtype: str) -> bool:
    return dtype.startswith(("bfloat", "float8"))


def _copied(value: Any, spec: OutputSpec) -> NDArray[Any]:
    octets = ctypes.string_at(value.data_ptr(), value.tensor_size_in_bytes())
    return np.frombuffer(octets, dtypes.numpy_dtype(spec.dtype)).reshape(value.shape())


def _matrix(spec: OutputSpec, output: Any) -> NDArray[Any]:
    """A list of maps, one a row, as a matrix with the card's keys as columns."""
    if spec.keys is None:
        return np.asarray(output)
    rows = [{str(key): value for key, value in row.items()} for row in output]
    for row in rows:
        if set(row) != set(spec.keys):
            raise InferenceError(
                f"output {spec.name} has the keys {sorted(row)}",
                remedy=f"the card knows {list(spec.keys)}; correct it",
            )
    matrix = [[row[key] for key in spec.keys] for row in rows]
    return np.array(matrix, dtype=dtypes.numpy_dtype(spec.dtype)).reshape(len(rows), -1)


def _check_inputs(card: ModelCard, session: onnxruntime.InferenceSession) -> None:
    asked = {node.name: node for node in session.get_inputs()}
    named = {spec.name: spec for spec in card.input.tensors}
    if set(asked) != set(named):
        raise InvalidInput(
            f"model {card.name} asks for {sorted(asked)}, its card names {sorted(named)}",
            remedy="name exactly the model's inputs in the card",
        )
    for name, spec in named.items():
        node = asked[name]
        if tensor_dtype(node.type) != spec.dtype or not _compatible(node.shape, spec.shape):
            raise InvalidInput(
                f"input {name} of {card.name} is {node.type} {node.shape}",
                remedy=f"the card says {spec.dtype} {list(spec.shape)}; correct it",
            )


def _check_outputs(card: ModelCard, session: onnxruntime.InferenceSession) -> None:
    given = {node.name: node for node in session.get_outputs()}
    for spec in card.outputs:
        node = given.get(spec.name)
        if node is None:
            raise InvalidInput(
                f"model {card.name} has no output {spec.name!r}",
                remedy=f"it has {', '.join(given)}",
            )
        dtype = MAP_TYPES.get(node.type) if spec.keys is not None else tensor_dtype(node.type)
        shape = None if spec.keys is not None else node.shape
        if dtype != spec.dtype or not _compatible(shape, spec.shape):
            raise InvalidInput(
                f"output {spec.name} of {card.name} is {node.type} {node.shape}",
                remedy=f"the card says {spec.dtype} {list(spec.shape)}; correct it",
            )


def _compatible(found: Sequence[Any] | None, wanted: Shape) -> bool:
    """Whether a graph's shape allows the card's; an unknown extent or shape allows any."""
    if not found:
        return True
    return len(found) == len(wanted) and all(
        not isinstance(have, int) or have == want for have, want in zip(found, wanted, strict=True)
    )
