"""Inputs of bundled models in columns, resampled from the files that they were trained on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from oracle.batch.engine import Run
from oracle.batch.manifest import Manifest, fix_manifest
from oracle.batch.source import Source
from oracle.inference.folder import StoredModel, load_model

ROOT = Path(__file__).resolve().parents[2]
PREDICTED_AT = 1_900_000_000


def bundled(name: str) -> StoredModel:
    return load_model(ROOT / "models" / name)


def vectors_table(model: StoredModel, rows: int, seed: int = 7) -> pa.Table:
    """Rows drawn from the model's golden vectors, as numbers and labels."""
    drawn = np.random.default_rng(seed).integers(0, len(model.vectors), rows).tolist()
    columns: dict[str, list[object]] = {}
    for feature in model.card.input.features:
        found = [model.vectors[at].features[feature.name] for at in drawn]
        columns[feature.name] = found if feature.labels else [float(str(x)) for x in found]
    return pa.table({**columns, "reference": [f"row/{n}" for n in range(rows)]})


def write_table(table: pa.Table, path: Path, *, group: int = 1 << 20) -> Path:
    if path.suffix == ".csv":
        pacsv.write_csv(table, path)
    else:
        pq.write_table(table, path, row_group_size=group)
    return path


def run_of(
    model: StoredModel,
    path: Path,
    folder: Path,
    *,
    first_index: int = 0,
    column: str | None = None,
) -> Run:
    source = Source(path)
    wanted = Manifest(
        model="0x" + model.model_id.hex(),
        source=path.name,
        fingerprint=source.fingerprint(),
        rows=source.rows,
        subject_column=column,
        subject_prefix=None if column else "loan/",
        predicted_at=PREDICTED_AT,
    )
    manifest = fix_manifest(folder, wanted, given_time=True)
    return Run(
        model=model, source=source, manifest=manifest, folder=folder, first_index=first_index
    )
