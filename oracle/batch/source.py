"""The input file as spans that can be read alone, in any order, by anyone who has the file.

A span of CSV is a range of bytes with a known number of lines; a span of Parquet is a row group.
The whole file is never in memory: finding a CSV file's spans is one pass that counts line ends.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from oracle.core.errors import InvalidInput, NotFound

CHUNK = 1 << 16
"""Rows that are read, scored and written together."""

_READ = 1 << 24
_SAMPLES, _SAMPLE = 64, 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A part of the input.

    Attributes:
        number: consecutive from 0.
        first_row, rows: of the whole input.
        offset, length: bytes of a CSV file; the row group and 0 of a Parquet file.
    """

    number: int
    first_row: int
    rows: int
    offset: int
    length: int

    def chunks(self) -> list[tuple[int, int]]:
        """First row and number of rows of each chunk."""
        end = self.first_row + self.rows
        return [(at, min(CHUNK, end - at)) for at in range(self.first_row, end, CHUNK)]


class Source:
    """A CSV file with a line of headings, or a Parquet file, by its name's ending.

    Args:
        path: the file.

    Raises:
        NotFound: it does not exist.
        InvalidInput: it is neither, or has no rows.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise NotFound(f"{path} does not exist", remedy="name a CSV or Parquet file")
        self.path = path
        self.is_csv = path.suffix.lower() == ".csv"
        if not self.is_csv and path.suffix.lower() not in (".parquet", ".pq"):
            raise InvalidInput(
                f"{path} is neither .csv nor .parquet", remedy="rename or convert it"
            )
        try:
            self.names, self.spans = self._csv() if self.is_csv else self._parquet()
        except pa.ArrowInvalid as error:
            raise InvalidInput(
                f"{path} can not be read: {error}", remedy="check its form"
            ) from error
        self.rows = sum(span.rows for span in self.spans)
        if not self.rows:
            raise InvalidInput(f"{path} has no rows", remedy="give at least one")

    def fingerprint(self) -> str:
        """Tells files apart: SHA-256 over the size and evenly spaced samples, all of a small file.

        It guards a run against another file under the same name; what a prediction is about is
        bound by its own input hash.
        """
        size = self.path.stat().st_size
        digest = hashlib.sha256(str(size).encode())
        step = max((size - _SAMPLE) // (_SAMPLES - 1), _SAMPLE)
        with self.path.open("rb") as file:
            for place in range(0, size, step):
                file.seek(place)
                digest.update(file.read(_SAMPLE))
            file.seek(max(size - _SAMPLE, 0))
            digest.update(file.read(_SAMPLE))
        return digest.hexdigest()

    def read(
        self, span: Span, columns: list[str], types: Mapping[str, pa.DataType]
    ) -> Iterator[tuple[int, pa.RecordBatch]]:
        """The chunks of a span, each with its first row.

        Raises:
            InvalidInput: the file is not what it was, or a cell is not of its column's type.
        """
        try:
            batches = (
                self._csv_chunks(span, columns, types)
                if self.is_csv
                else pq.ParquetFile(self.path, memory_map=True).iter_batches(
                    batch_size=CHUNK, row_groups=[span.offset], columns=columns, use_threads=False
                )
            )
            for (first, rows), batch in zip(span.chunks(), batches, strict=True):
                if len(batch) != rows:
                    raise InvalidInput(
                        f"{self.path} has {len(batch)} rows from row {first} on, not {rows}",
                        remedy="take blank lines out; line ends within a field are not read",
                    )
                yield first, batch
        except (pa.ArrowInvalid, ValueError) as error:
            raise InvalidInput(
                f"{self.path}, from row {span.first_row} on: {error}", remedy="correct the file"
            ) from error

    def _csv(self) -> tuple[list[str], list[Span]]:
        spans: list[Span] = []
        with self.path.open("rb") as file:
            headings = file.readline()
            names = pacsv.read_csv(pa.BufferReader(headings)).column_names
            start, lines, row = len(headings), 0, 0
            place = start
            last = b"\n"
            while block := file.read(_READ):
                ends = np.flatnonzero(np.frombuffer(block, np.uint8) == ord("\n"))
                while lines + len(ends) >= CHUNK:
                    cut = CHUNK - lines - 1
                    end = place + int(ends[cut]) + 1
                    spans.append(_span(len(spans), row, CHUNK, start, end - start))
                    row, start, lines, ends = row + CHUNK, end, 0, ends[cut + 1 :]
                lines += len(ends)
                place += len(block)
                last = block[-1:]
            lines += last != b"\n"
            if lines:
                spans.append(_span(len(spans), row, lines, start, place - start))
        return names, spans

    def _csv_chunks(
        self, span: Span, columns: list[str], types: Mapping[str, pa.DataType]
    ) -> Iterator[pa.RecordBatch]:
        with self.path.open("rb") as file:
            octets = os.pread(file.fileno(), span.length, span.offset)
        table = pacsv.read_csv(
            pa.BufferReader(octets),
            read_options=pacsv.ReadOptions(
                use_threads=False, column_names=self.names, block_size=max(len(octets), 1)
            ),
            convert_options=pacsv.ConvertOptions(
                column_types=types, include_columns=columns, strings_can_be_null=False
            ),
        )
        yield from table.combine_chunks().to_batches()

    def _parquet(self) -> tuple[list[str], list[Span]]:
        metadata = pq.read_metadata(self.path)
        spans: list[Span] = []
        row = 0
        for group in range(metadata.num_row_groups):
            rows = metadata.row_group(group).num_rows
            if rows:
                spans.append(_span(len(spans), row, rows, group, 0))
            row += rows
        return metadata.schema.to_arrow_schema().names, spans


def _span(number: int, first_row: int, rows: int, offset: int, length: int) -> Span:
    return Span(number=number, first_row=first_row, rows=rows, offset=offset, length=length)
