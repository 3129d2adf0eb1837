"""A file to try a batch on: rows of the model's own training data, drawn again and again.

Where a model comes without its training data, the rows of its golden vectors are drawn.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from oracle.core.errors import InvalidInput
from oracle.inference.folder import StoredModel

PIECE = 1 << 16
REFERENCE = "reference"


def write_sample(model: StoredModel, rows: int, path: Path, seed: int) -> None:
    """Write ``rows`` rows with a column ``reference``; the same seed gives the same rows.

    Raises:
        InvalidInput: the model has packed features and neither data nor vectors, or the file's
            ending is neither .csv nor .parquet.
    """
    known = known_rows(model)
    columns = list(known)
    schema = pa.schema([(name, known[name].type) for name in columns] + [(REFERENCE, pa.string())])
    if path.suffix.lower() == ".csv":
        writer: Any = pacsv.CSVWriter(path, schema)
    elif path.suffix.lower() in (".parquet", ".pq"):
        writer = pq.ParquetWriter(path, schema)
    else:
        raise InvalidInput(f"{path} is neither .csv nor .parquet", remedy="name one of them")
    random = np.random.default_rng(seed)
    count = len(known[columns[0]])
    with writer:
        for first in range(0, rows, PIECE):
            drawn = random.integers(0, count, min(PIECE, rows - first))
            numbers = np.arange(first, first + len(drawn))
            references = pa.array([f"{model.name}/{number}" for number in numbers.tolist()])
            arrays = [known[name].take(pa.array(drawn)) for name in columns]
            writer.write_table(pa.Table.from_arrays([*arrays, references], schema=schema))


def known_rows(model: StoredModel) -> dict[str, pa.Array]:
    """Real inputs of a model with packed features, a column each.

    Raises:
        InvalidInput: it has other inputs, or neither data nor vectors.
    """
    features = model.card.input.features
    if not features or not (model.vectors or (model.folder / "train.py").is_file()):
        raise InvalidInput(
            f"model {model.name} has no packed features with examples",
            remedy="make a file of your own with a column for each input",
        )
    trained = _training_rows(model.folder)
    if trained is None or trained.shape[1] != len(features):
        found = [vector.features for vector in model.vectors]
        return {
            feature.name: pa.array(
                [row[feature.name] for row in found]
                if feature.labels
                else [float(str(row[feature.name])) for row in found]
            )
            for feature in features
        }
    columns = {}
    for place, feature in enumerate(features):
        numbers: NDArray[Any] = trained[:, place].astype(np.float64)
        low, high = (bound / 10**feature.decimals for bound in feature.bounds)
        numbers = np.round(np.clip(numbers, low, high), feature.decimals)
        columns[feature.name] = (
            pa.array([feature.labels[int(at)] for at in numbers])
            if feature.labels
            else pa.array(numbers)
        )
    return columns


def _training_rows(folder: Path) -> NDArray[Any] | None:
    """The rows that the model's ``train.py`` reads; None where it or its libraries are missing."""
    path = folder / "train.py"
    spec = importlib.util.spec_from_file_location("train_for_sample", path)
    if not path.is_file() or spec is None or spec.loader is None:
        return None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except ImportError:
        return None
    rows: NDArray[Any] = np.asarray(module.table().rows)
    return rows
