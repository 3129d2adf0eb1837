"""The same run on Apache Spark: its executors score spans and hash subtrees; the root is the same.

Each partition is one span of the input. Executors read the input and write the parts under the same
paths as this machine, so both are on storage that all of them see; the model's folder is shipped to
them. The tree's upper levels, above the subtrees, are few nodes and are hashed here. Spark runs a
partition again that it lost, and one that is there already is not scored again.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from oracle.batch.engine import Progress, Run, build_tree, score_span
from oracle.batch.manifest import Manifest
from oracle.batch.scorer import Scorer
from oracle.batch.source import Source
from oracle.batch.tree import build_subtree, levels
from oracle.core.errors import ConfigError, OracleError
from oracle.inference.folder import load_model

SCORED = "first_row long, rows long, fault string, remedy string, kind string"


def spark_engine(master: str) -> Callable[[Run, Progress], bytes]:
    """An engine on the cluster at a master's URL, such as ``local[*]``.

    Raises:
        ConfigError: PySpark or Java is missing.
    """

    def root(run: Run, progress: Progress) -> bytes:
        with spark_session(master) as session:
            return root_on(session, run, progress)

    return root


@contextlib.contextmanager
def spark_session(master: str) -> Iterator[Any]:
    """A Spark session, ended afterwards.

    Raises:
        ConfigError: PySpark or Java is missing, or the master can not be reached.
    """
    try:
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ImportError:
        raise ConfigError(
            "the engine spark needs PySpark", remedy="pip install 'decision-oracle[spark]'"
        ) from None
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    try:
        builder = (
            SparkSession.builder.master(master)
            .appName("decision-oracle batch")
            .config("spark.ui.enabled", "false")
            .config("spark.ui.showConsoleProgress", "false")
        )
        if master.startswith("local"):
            builder = builder.config("spark.driver.host", "127.0.0.1")
        session = builder.getOrCreate()
    except (PySparkException, RuntimeError, OSError) as error:
        raise ConfigError(
            f"Spark does not start at {master}: {error}",
            remedy="Java 17 or newer is needed, and a master that answers",
        ) from error
    session.sparkContext.setLogLevel("ERROR")
    try:
        yield session
    finally:
        session.stop()


def root_on(session: Any, run: Run, progress: Progress) -> bytes:
    """The root of a run on the session's executors, 32 bytes.

    Raises:
        InvalidInput, InferenceError, JournalError, VerificationError: as the embedded engine's.
    """
    score_on(session, run, progress)

    def subtrees(path: Path, count: int) -> int:
        parallelism = int(session.sparkContext.defaultParallelism)
        depth = min(max(4 * parallelism - 1, 1).bit_length(), len(list(levels(count))))
        where = str(path.resolve())

        def hashed(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            for batch in batches:
                for number in batch.column("number").to_pylist():
                    build_subtree(Path(where), count, depth, number)
                yield batch

        numbers = session.range(0, 1 << depth, 1, 1 << depth).withColumnRenamed("id", "number")
        done = numbers.mapInArrow(hashed, "number long").count()
        assert done == 1 << depth
        return depth

    return build_tree(run, subtrees=subtrees)


def score_on(session: Any, run: Run, progress: Progress) -> None:
    """Score and store every chunk that is not there yet, on the session's executors.

    Raises:
        InvalidInput, InferenceError, JournalError: as the embedded engine's.
    """
    from pyspark import SparkFiles

    session.sparkContext.addFile(str(run.model.folder), recursive=True)
    model = run.model.folder.name
    where = (str(run.source.path.resolve()), str(run.folder.resolve()))
    manifest, first_index = run.manifest, run.first_index

    def score(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        there = _Executor.run(Path(SparkFiles.get(model)), where, manifest, first_index)
        scorer = _Executor.scorer
        for batch in batches:
            for number in batch.column("number").to_pylist():
                yield _scored(there, scorer, number)

    spans = len(run.source.spans)
    numbers = session.range(0, spans, 1, spans).withColumnRenamed("id", "number")
    for row in numbers.mapInArrow(score, SCORED).toLocalIterator(prefetchPartitions=True):
        if row.fault is not None:
            raise _KINDS.get(row.kind, OracleError)(row.fault, remedy=row.remedy)
        progress(row.rows)
    run.require_source()


class _Executor:
    """What an executor's Python keeps between partitions: the open run and its model."""

    _known: tuple[Any, ...] | None = None
    _run: Run
    scorer: Scorer

    @classmethod
    def run(cls, model: Path, where: tuple[str, str], manifest: Manifest, first_index: int) -> Run:
        wanted = (model, where, manifest.digest())
        if cls._known != wanted:
            cls._run = Run(
                model=load_model(model),
                source=Source(Path(where[0])),
                manifest=manifest,
                folder=Path(where[1]),
            )
            cls.scorer = Scorer(cls._run.model, manifest.rule)
            cls._known = wanted
        return replace(cls._run, first_index=first_index)


def _scored(run: Run, scorer: Scorer, number: int) -> pa.RecordBatch:
    span = run.source.spans[number]
    fault: OracleError | None = None
    try:
        score_span(run, scorer, span, lambda _: None)
    except OracleError as error:
        fault = error
    return pa.RecordBatch.from_pydict(
        {
            "first_row": [span.first_row],
            "rows": [span.rows],
            "fault": pa.array([fault.what if fault else None], pa.string()),
            "remedy": pa.array([fault.remedy if fault else None], pa.string()),
            "kind": pa.array([type(fault).__name__ if fault else None], pa.string()),
        }
    )


def _tree(kind: type[OracleError]) -> dict[str, type[OracleError]]:
    found = {kind.__name__: kind}
    for each in kind.__subclasses__():
        found |= _tree(each)
    return found


_KINDS = _tree(OracleError)
