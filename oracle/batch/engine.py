"""A whole run on this machine: every core takes the next span; then the tree is built.

What is done already is not done again: a run that was killed at any point is simply run again, and
gives the same root, because the manifest fixed all that enters it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from oracle.batch import tree
from oracle.batch.columns import columns_needed, csv_types
from oracle.batch.manifest import Manifest, read_manifest
from oracle.batch.parts import Parts
from oracle.batch.scorer import Scorer
from oracle.batch.source import Source, Span
from oracle.core.errors import NotFound, VerificationError
from oracle.inference.folder import StoredModel

Progress = Callable[[int], None]
"""Told how many more rows are done."""

Subtrees = Callable[[Path, int], int]
"""Hashes the subtrees of a depth in the file of nodes, given the number of leaves; the depth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run that is ready to go.

    Attributes:
        first_index: how many predictions the anchor log has before this batch.
    """

    model: StoredModel
    source: Source
    manifest: Manifest
    folder: Path
    first_index: int = 0

    @property
    def chunks(self) -> list[tuple[int, int]]:
        """First row and rows of every chunk."""
        return [chunk for span in self.source.spans for chunk in span.chunks()]

    @property
    def parts(self) -> Parts:
        """Where its parts are."""
        return Parts(self.folder, self.manifest)

    def require_source(self) -> None:
        """Refuse an input file that is not the manifest's.

        Raises:
            VerificationError: it changed.
        """
        if (found := self.source.fingerprint()) != self.manifest.fingerprint:
            raise VerificationError(
                f"{self.source.path} has the fingerprint {found}, not {self.manifest.fingerprint}",
                remedy="the file changed while it was read: run it again into a new folder",
            )


def score_embedded(run: Run, progress: Progress, *, threads: int | None = None) -> None:
    """Score and store every chunk that is not there yet, on all cores.

    Raises:
        InvalidInput, InferenceError: a row is refused; the message has its number.
        JournalError: a part can not be written.
    """
    scorer = Scorer(run.model, run.manifest.rule)
    many = threads or cores()
    with ThreadPoolExecutor(many, thread_name_prefix="batch") as pool:
        spans = iter(run.source.spans)
        running: set[Future[None]] = set()
        try:
            while True:
                for span in spans:
                    running.add(pool.submit(score_span, run, scorer, span, progress))
                    if len(running) > many:
                        break
                if not running:
                    break
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for each in done:
                    each.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    run.require_source()


def score_span(run: Run, scorer: Scorer, span: Span, progress: Progress) -> None:
    """Score and store the chunks of one span that are not there yet."""
    parts = run.parts
    missing = {
        first
        for first, rows in span.chunks()
        if not parts.has_leaves(run.first_index, first, rows)
        or not parts.has_predictions(first, rows)
    }
    for first, rows in span.chunks():
        if first in missing and parts.has_predictions(first, rows):
            parts.renew_leaves(run.first_index, first)
            missing.remove(first)
        if first not in missing:
            progress(rows)
    if not missing:
        return
    for first, chunk in run.source.read(span, *_columns(run)):
        if first in missing:
            parts.write(first, scorer.score(chunk, first), run.first_index)
            progress(len(chunk))


def build_tree(run: Run, *, threads: int | None = None, subtrees: Subtrees | None = None) -> bytes:
    """The root over all stored leaves, 32 bytes; the nodes stay on disk.

    Args:
        subtrees: hashes the subtrees elsewhere; this machine does what is left.
    """
    known = run.parts.root(run.first_index)
    if known is not None:
        return known
    return _build(run.parts, run.chunks, run.first_index, threads=threads, subtrees=subtrees)


def stored_root(folder: Path, first_index: int) -> bytes:
    """The root of a scored batch from an index on, 32 bytes, from what is stored of it alone.

    Raises:
        NotFound: not every row of it is scored and stored.
    """
    manifest = read_manifest(folder)
    parts = Parts(folder, manifest)
    known = parts.root(first_index)
    if known is not None:
        return known
    chunks = [each for each in parts.chunks() if parts.has_predictions(*each)]
    scored = sum(rows for _, rows in chunks)
    if scored != manifest.rows:
        raise NotFound(
            f"{scored} of {manifest.rows} rows of {folder} are scored",
            remedy="score the others: oracle batch MODEL INPUT -o FOLDER --no-anchor",
        )
    for first, rows in chunks:
        if not parts.has_leaves(first_index, first, rows):
            parts.renew_leaves(first_index, first)
    return _build(parts, chunks, first_index)


def _build(
    parts: Parts,
    chunks: list[tuple[int, int]],
    first_index: int,
    *,
    threads: int | None = None,
    subtrees: Subtrees | None = None,
) -> bytes:
    path = parts.tree_folder(first_index) / "nodes"
    count = sum(rows for _, rows in chunks)
    tree.write_leaves(path, count, parts.read_leaves(first_index, chunks))
    above = None if subtrees is None else subtrees(path, count)
    with ThreadPoolExecutor(threads or cores()) as pool:
        root = tree.build(path, count, pool, above=above)
    parts.finish_tree(first_index, root)
    return root


def embedded(run: Run, progress: Progress) -> bytes:
    """The root of a run on this machine, 32 bytes: scored, stored, hashed.

    Raises:
        InvalidInput, InferenceError, JournalError, VerificationError: as ``score_embedded``.
    """
    score_embedded(run, progress)
    return build_tree(run)


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _columns(run: Run) -> tuple[list[str], dict[str, pa.DataType]]:
    card, column = run.model.card, run.manifest.subject_column
    names = columns_needed(card)
    types = csv_types(card)
    if column is not None and column not in names:
        names = [*names, column]
        types = {**types, column: pa.string()}
    return names, types
