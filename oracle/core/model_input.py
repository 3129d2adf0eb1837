"""From what a caller writes to input bytes, and from input bytes to the model's tensors.

There is one path: JSON is encoded first and decoded again, so what is hashed is what is run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracle.core import dtypes
from oracle.core.decimals import to_units
from oracle.core.errors import InvalidInput
from oracle.core.model_card import Feature, ModelCard, TensorSpec
from oracle.core.nested import array_of
from oracle.core.packed import PackedRows, encode_packed
from oracle.core.strict_json import DECIMAL
from oracle.core.tensors import check_shape, decode_tensor_rows, decode_tensors, encode_tensors


class InputCodec:
    """Reads and writes the inputs of one card."""

    def __init__(self, card: ModelCard) -> None:
        self._card = card
        self._packed = PackedRows(card.input) if card.input.encoding == "packed" else None

    def encode(self, given: object) -> bytes:
        """The input bytes of what a caller wrote.

        Args:
            given: for packed inputs an object of features or a list of them in order, each a
                number, a decimal text or a label's name; for tensor inputs
                ``{"tensors": {name: nested lists}}``. Numbers are rounded half to even to the
                feature's decimals.

        Raises:
            InvalidInput: missing, unknown, non-finite or out of range, or no such JSON.
        """
        if self._card.input.encoding == "packed":
            return self._encode_features(given)
        return self._encode_tensors(given)

    def decode(self, message: bytes) -> dict[str, NDArray[Any]]:
        """The model's inputs by name, as the canonical run takes them.

        Raises:
            InvalidInput: the bytes are not exactly one input of this card.
        """
        if self._packed is not None:
            return self._packed.decode([message])
        specs = self._card.input.tensors
        arrays = decode_tensors(message, specs, max_elements=self._card.limits.max_elements)
        self._refuse_non_finite(arrays)
        return {spec.name: array for spec, array in zip(specs, arrays, strict=True)}

    def decode_rows(self, messages: Sequence[bytes]) -> dict[str, NDArray[Any]]:
        """Many inputs as the rows of one batch.

        Raises:
            InvalidInput: a message is refused, or is not exactly one row, or the rows' shapes
                differ; decode them one by one then.
        """
        if self._packed is not None:
            return self._packed.decode(messages)
        specs = self._card.input.tensors
        limit = self._card.limits.max_elements
        together = decode_tensor_rows(messages, specs, max_elements=limit)
        if together is not None:
            self._refuse_non_finite(together)
            return {spec.name: array for spec, array in zip(specs, together, strict=True)}
        rows = [self.decode(message) for message in messages]
        batch = {}
        for spec in specs:
            arrays = [row[spec.name] for row in rows]
            if any(not a.ndim or a.shape[0] != 1 or a.shape != arrays[0].shape for a in arrays):
                raise InvalidInput(
                    f"the inputs {spec.name} are no rows of one shape",
                    remedy="run them one by one",
                )
            batch[spec.name] = np.concatenate(arrays)
        return batch

    def _refuse_non_finite(self, arrays: Sequence[NDArray[Any]]) -> None:
        if not self._card.allow_non_finite_inputs:
            for spec, array in zip(self._card.input.tensors, arrays, strict=True):
                refuse_non_finite(spec.name, array)

    def _encode_features(self, given: object) -> bytes:
        features = self._card.input.features
        names = [feature.name for feature in features]
        if isinstance(given, Mapping):
            missing = [name for name in names if name not in given]
            unknown = [str(name) for name in given if name not in names]
            if missing or unknown:
                wrong = [f"lacks {', '.join(missing)}"] if missing else []
                wrong += [f"has unknown {', '.join(unknown)}"] if unknown else []
                raise InvalidInput(
                    f"the input {' and '.join(wrong)}",
                    remedy=f"give {', '.join(names)}",
                )
            given = [given[name] for name in names]
        if not isinstance(given, list) or len(given) != len(features):
            count = len(given) if isinstance(given, list) else type(given).__name__
            raise InvalidInput(
                f"the input is {count}, not {len(features)} features",
                remedy=f"give {', '.join(names)} as an object or a list",
            )
        integers = [feature_units(feature, x) for feature, x in zip(features, given, strict=True)]
        return encode_packed(features, integers)

    def _encode_tensors(self, given: object) -> bytes:
        specs = self._card.input.tensors
        names = [spec.name for spec in specs]
        if (
            not isinstance(given, Mapping)
            or set(given) != {"tensors"}
            or not isinstance(given["tensors"], Mapping)
            or set(given["tensors"]) != set(names)
        ):
            raise InvalidInput(
                "the input is not an object of exactly this model's tensors",
                remedy=f'write {{"tensors": {{…}}}} with {", ".join(names)}',
            )
        budget = self._card.limits.max_elements
        arrays = []
        symbols: dict[str, int] = {}
        for spec in specs:
            array = self._array(spec, given["tensors"][spec.name], budget)
            check_shape(array.shape, spec.shape, symbols, f"tensor {spec.name!r}")
            budget -= array.size
            arrays.append(array)
        message = encode_tensors(arrays)
        self.decode(message)
        return message

    def _array(self, spec: TensorSpec, value: object, budget: int) -> NDArray[Any]:
        if isinstance(value, np.ndarray):
            if dtypes.name_of(value.dtype) != spec.dtype:
                raise InvalidInput(
                    f"tensor {spec.name!r} is {value.dtype}",
                    remedy=f"give {spec.dtype}",
                )
            return value
        return array_of(value, spec.dtype, f"tensor {spec.name!r}", max_elements=budget)


def feature_units(feature: Feature, value: object) -> int:
    """What a caller wrote for one feature, as the integer that is packed.

    Raises:
        InvalidInput: it is no finite number and no label of the feature.
    """
    wrong = InvalidInput(
        f"feature {feature.name} is {str(value)[:40]!r}",
        remedy=f"give one of {', '.join(feature.labels)}"
        if feature.labels
        else "give a finite number, or a decimal number as a text",
    )
    if isinstance(value, bool) or value is None:
        raise wrong
    if isinstance(value, str):
        if feature.labels is not None and value in feature.labels:
            return feature.labels.index(value)
        if DECIMAL.fullmatch(value) is None:
            raise wrong
        number = Decimal(value)
    elif isinstance(value, int):
        number = Decimal(value)
    elif isinstance(value, float) and np.isfinite(value):
        number = Decimal(repr(float(value)))
    else:
        raise wrong
    if abs(number) >= Decimal(2) ** 257:
        raise wrong
    return to_units(number, feature.decimals)


def refuse_non_finite(name: str, array: NDArray[Any]) -> None:
    """Refuse NaN and infinity."""
    if dtypes.kind_of(dtypes.name_of(array.dtype)) not in ("float", "complex"):
        return
    finite = np.isfinite(array)
    if not finite.all():
        place = [int(axis[0]) for axis in np.nonzero(~finite)]
        raise InvalidInput(
            f"tensor {name!r} holds {array[tuple(place)]} at {place}",
            remedy="send finite numbers; this model takes no NaN or infinity",
        )
