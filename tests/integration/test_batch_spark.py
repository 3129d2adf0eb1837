"""The Spark engine: the embedded engine's root, also after it was killed in the middle."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from oracle.batch.engine import embedded
from oracle.batch.spark import root_on, score_on, spark_session
from oracle.core.errors import InvalidInput
from tests.support.batch import bundled, run_of, vectors_table, write_table
from tests.support.needs import program

pytestmark = [pytest.mark.xdist_group("spark"), pytest.mark.timeout(300)]

GROUP = 700
"""Rows of a row group: a partition."""


@pytest.fixture(scope="module")
def session() -> Iterator[Any]:
    program("java")
    with spark_session("local[2]") as opened:
        yield opened


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_spark__any_form_of_input__gives_the_embedded_engines_root(
    session: Any, tmp_path: Path, form: str
):
    model = bundled("credit-default")
    path = write_table(vectors_table(model, 2000), tmp_path / f"in.{form}", group=GROUP)
    here = run_of(model, path, tmp_path / "embedded", first_index=5)
    there = run_of(model, path, tmp_path / "spark", first_index=5)
    done: list[int] = []
    root = root_on(session, there, done.append)
    assert sum(done) == 2000
    assert root == embedded(here, lambda _: None)
    nodes = [run.parts.tree_folder(5) / "nodes" for run in (here, there)]
    assert nodes[0].read_bytes() == nodes[1].read_bytes()


def test_spark__a_row_that_is_refused__is_named_as_the_embedded_engine_does(
    session: Any, tmp_path: Path
):
    model = bundled("delivery-time")
    table = vectors_table(model, 20)
    hours = table.column("hour").to_pylist()
    hours[13] = 99.0
    path = write_table(table.set_column(0, "hour", [hours]), tmp_path / "in.parquet")
    with pytest.raises(InvalidInput, match="row 13: feature hour is 99"):
        score_on(session, run_of(model, path, tmp_path / "out"), lambda _: None)
