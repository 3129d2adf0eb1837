"""A run gives, row by row, what the node would say, and one root whatever became of the run."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from oracle.batch import engine, scorer, source
from oracle.batch.engine import build_tree, score_embedded
from oracle.batch.tree import read_proof
from oracle.core.anchor import leaf_of
from oracle.core.errors import Conflict, InvalidInput, VerificationError
from oracle.core.merkle import MerkleTree
from oracle.core.prediction import subject_of
from oracle.inference.runner import Runner
from tests.support.batch import PREDICTED_AT, bundled, run_of, vectors_table, write_table

ROWS = 333


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "CHUNK", 100)
    monkeypatch.setattr(scorer, "BLOCK", 70)


def nothing(rows: int) -> None:
    assert rows > 0


def finish(run: engine.Run) -> bytes:
    score_embedded(run, nothing, threads=2)
    return build_tree(run)


@pytest.mark.parametrize(
    "name", ["breast-tumour", "credit-default", "delivery-time", "wine-origin"]
)
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_bundled_model__csv_or_parquet__every_row_is_the_nodes_own_prediction(
    tmp_path: Path, name: str, form: str
):
    model = bundled(name)
    table = vectors_table(model, ROWS)
    path = write_table(table, tmp_path / f"in.{form}", group=150)
    run = run_of(model, path, tmp_path / "out", first_index=41, column="reference")
    root = finish(run)
    runner, leaves = Runner(model), []
    for row, given in enumerate(table.to_pylist()):
        reference = given.pop("reference")
        message = runner.codec.encode(given)
        wanted = runner.run(message).prediction(
            model_id=model.model_id,
            subject=subject_of(reference),
            input_hash=scorer.keccak_messages([message])[0].tobytes(),
            predicted_at=PREDICTED_AT,
        )
        stored = run.parts.row(run.chunks, row)
        assert (stored.prediction, stored.input) == (wanted, message)
        leaves.append(leaf_of(41 + row, wanted))
    tree = MerkleTree(leaves)
    assert root == tree.root
    nodes = run.parts.tree_folder(41) / "nodes"
    assert read_proof(nodes, 200, ROWS) == tree.proof(200)


def test_rows_one_by_one__as_for_cards_without_batching__give_the_same_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    model = bundled("credit-default")
    path = write_table(vectors_table(model, ROWS), tmp_path / "in.parquet")
    together = finish(run_of(model, path, tmp_path / "one"))
    monkeypatch.setattr(scorer.PackedRows, "narrow", False)
    assert not scorer.Scorer(model, run_of(model, path, tmp_path / "two").manifest.rule).vectorised
    assert finish(run_of(model, path, tmp_path / "two")) == together


def test_a_cut_off_run__parts_missing_or_torn__is_finished_to_the_same_root(tmp_path: Path):
    model = bundled("wine-origin")
    path = write_table(vectors_table(model, ROWS), tmp_path / "in.csv")
    wanted = finish(run_of(model, path, tmp_path / "whole"))
    folder = tmp_path / "cut"
    finish(run_of(model, path, folder))
    (folder / "predictions" / "0000000100.parquet").unlink()
    torn = folder / "predictions" / "0000000200.parquet"
    torn.write_bytes(torn.read_bytes()[:-9])
    (folder / "tree-0" / "leaves-0000000300.parquet").unlink()
    (folder / "tree-0" / "tree.json").unlink()
    (folder / "tree-0" / "nodes").write_bytes(b"torn")
    assert finish(run_of(model, path, folder)) == wanted


def test_another_place_in_the_log__stored_predictions__are_only_hashed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    model = bundled("wine-origin")
    path = write_table(vectors_table(model, ROWS), tmp_path / "in.csv")
    wanted = finish(run_of(model, path, tmp_path / "fresh", first_index=9))
    finish(run_of(model, path, tmp_path / "moved"))
    monkeypatch.setattr(scorer.Scorer, "score", lambda *_: pytest.fail("scored again"))
    assert finish(run_of(model, path, tmp_path / "moved", first_index=9)) == wanted


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("alcohol", None, "row 222: feature alcohol is missing"),
        ("alcohol", float("inf"), "row 222: feature alcohol is 'inf'"),
        ("alcohol", -5.0, "row 222: feature alcohol is -5"),
        ("reference", "", "row 222: the subject is empty"),
    ],
)
def test_a_row_that_is_refused__ends_the_run_and_is_named(
    tmp_path: Path, column: str, value: object, said: str
):
    model = bundled("wine-origin")
    table = vectors_table(model, ROWS)
    items = table.column(column).to_pylist()
    items[222] = value
    table = table.set_column(table.column_names.index(column), column, pa.array(items))
    run = run_of(
        model, write_table(table, tmp_path / "in.parquet"), tmp_path / "out", column="reference"
    )
    with pytest.raises(InvalidInput, match=said):
        score_embedded(run, nothing)


def test_a_folder_of_another_run__is_left_alone(tmp_path: Path):
    model = bundled("wine-origin")
    first = write_table(vectors_table(model, 9), tmp_path / "a.csv")
    other = write_table(vectors_table(model, 9, seed=1), tmp_path / "b.csv")
    run_of(model, first, tmp_path / "out")
    with pytest.raises(Conflict, match="fingerprint"):
        run_of(model, other, tmp_path / "out")


def test_an_input_that_changes_under_the_run__is_noticed(tmp_path: Path):
    model = bundled("wine-origin")
    path = write_table(vectors_table(model, 50), tmp_path / "in.csv")
    run = run_of(model, path, tmp_path / "out")
    path.write_bytes(path.read_bytes().replace(b"row/49", b"row/94"))
    with pytest.raises(VerificationError, match="fingerprint"):
        score_embedded(run, nothing)


def test_csv_with_a_blank_line__is_refused_before_rows_shift(tmp_path: Path):
    model = bundled("wine-origin")
    path = write_table(vectors_table(model, 50), tmp_path / "in.csv")
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([*lines[:20], b"", *lines[20:]]))
    with pytest.raises(InvalidInput, match="blank lines"):
        score_embedded(run_of(model, path, tmp_path / "out"), nothing)


def test_numbers_on_and_near_halves__round_as_exact_decimals_do():
    from oracle.batch.columns import column_units
    from oracle.core.model_input import feature_units

    feature = bundled("delivery-time").card.input.features[0]
    halves = np.arange(0.005, 20, 0.005)
    numbers = np.concatenate([halves, np.nextafter(halves, 99), np.nextafter(halves, -1)[1:]])
    numbers = numbers[numbers <= 23]
    found = column_units(feature, pa.array(numbers), 0)
    assert found.tolist() == [feature_units(feature, float(x)) for x in numbers]
    texts = pa.array([f"{Decimal(repr(float(x))):f}" for x in numbers])
    assert column_units(feature, texts, 0).tolist() == found.tolist()
