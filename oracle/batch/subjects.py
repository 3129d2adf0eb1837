"""The subject of every row: what a column says, or a prefix and the row's number.

Both are references of the operator's own, read as ``oracle.core.prediction.subject_of`` reads one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from oracle.batch.keccak import keccak_rows, padded
from oracle.core.errors import InvalidInput
from oracle.core.prediction import REQUEST_TAG, subject_of

_AS_IT_IS = 66
"""Length of ``0x`` and 64 digits, which may stand for themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectRule:
    """Where subjects come from: exactly one of the two.

    Attributes:
        column: the column that has each row's reference.
        prefix: what stands before the row's number, counted from 0.
    """

    column: str | None = None
    prefix: str | None = None

    def __post_init__(self) -> None:
        if (self.column is None) == (self.prefix is None):
            raise InvalidInput(
                "the subject needs a column or a prefix",
                remedy="name a column of references, or give a text that no other batch has",
            )

    def references(self, rows: pa.RecordBatch, first_row: int) -> pa.Array:
        """Each row's reference, as texts."""
        if self.column is not None:
            return rows.column(self.column).cast(pa.string())
        numbers = pa.array(np.arange(first_row, first_row + len(rows))).cast(pa.string())
        return pc.binary_join_element_wise(self.prefix, numbers, "")


def subjects_of(references: pa.Array, first_row: int) -> NDArray[np.uint8]:
    """The subject of each reference, 32 bytes.

    Raises:
        InvalidInput: a reference is missing, empty or a request's id; the message has its row.
    """
    if references.null_count:
        row = first_row + pc.index(references.is_null(), True).as_py()
        raise InvalidInput(f"row {row} has no subject", remedy="name what each row is about")
    count = len(references)
    _, offsets_buffer, octets_buffer = references.buffers()
    offsets = np.frombuffer(offsets_buffer, np.int32)[references.offset :][: count + 1]
    offsets = offsets.astype(np.int64)
    octets = np.frombuffer(octets_buffer or b"", np.uint8)
    lengths = np.diff(offsets)
    subjects = np.empty((count, 32), dtype=np.uint8)
    for length in np.unique(lengths).tolist():
        places = np.flatnonzero(lengths == length)
        if length in (0, _AS_IT_IS):
            for place in places.tolist():
                subjects[place] = _one(references[place].as_py(), first_row + place)
            continue
        room = padded(len(places), length)
        room[:, :length] = octets[offsets[places, None] + np.arange(length)]
        subjects[places] = keccak_rows(room)
    tagged = (subjects[:, :4] == np.frombuffer(REQUEST_TAG, np.uint8)).all(axis=1)
    if tagged.any():
        place = int(np.flatnonzero(tagged)[0])
        _one(references[place].as_py(), first_row + place)
    return subjects


def _one(reference: str, row: int) -> NDArray[np.uint8]:
    try:
        return np.frombuffer(subject_of(reference), np.uint8)
    except InvalidInput as error:
        raise InvalidInput(f"row {row}: {error.what}", remedy=error.remedy) from error
