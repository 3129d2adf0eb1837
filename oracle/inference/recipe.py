"""From a table of real rows to a model's folder: fit, export, measure, write.

For ``train.py`` files; needs the ``train`` extra. The same rows give the same ``model.onnx`` byte
for byte: one thread, fixed seeds, fitted numbers rounded well above a machine's own noise.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import skl2onnx
import sklearn
from numpy.typing import NDArray
from onnx.helper import make_opsetid
from skl2onnx.common.data_types import FloatTensorType
from sklearn.model_selection import train_test_split

from oracle.core.card_json import model_id
from oracle.core.decimals import from_units
from oracle.core.model_card import (
    Batching,
    ClassHead,
    Feature,
    InputSpec,
    Limits,
    ModelCard,
    OutputSpec,
    Provenance,
    ScoreHead,
    TensorSpec,
)
from oracle.core.model_input import InputCodec
from oracle.core.policy import Policy
from oracle.inference.runner import Runner
from oracle.inference.writing import Example, Written, model_file, write_folder

OPSETS = {"": 18, "ai.onnx.ml": 3}
EXAMPLES = 10
PROBES = 200
SEED = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of real numbers.

    Attributes:
        rows: ``[n, features]`` in the features' units; labelled features as their index.
        target: ``[n]``, class indices or numbers.
        names: of the target's classes, for notes; none for numbers.
    """

    rows: NDArray[np.float64]
    target: NDArray[Any]
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the model's figures: ours, and that of a baseline without features."""

    name: str
    ours: str
    baseline: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that makes one model.

    Attributes:
        folder: where ``train.py`` lies; its name is the model's.
        features: the packed input.
        table: reads the data.
        fit: trains a scikit-learn estimator on rows and target.
        output: name of the output that counts.
        head: which element of it is the value.
        figures: compares held-out targets with the raw outputs ``[n, k]``, given the training
            targets for the baseline.
        policy: what is registered for it.
        about, limits: prose for its README.
    """

    folder: Path
    title: str
    description: str
    features: tuple[Feature, ...]
    table: Callable[[], Table]
    fit: Callable[[NDArray[np.float64], NDArray[Any]], Any]
    output: OutputSpec
    head: ScoreHead | ClassHead
    figures: Callable[[NDArray[Any], NDArray[np.float64], NDArray[Any]], list[Figure]]
    policy: Policy
    source: str
    licence: str
    about: str
    limits: str


def number(
    name: str,
    kind: str,
    low: str,
    high: str,
    what: str,
    *,
    decimals: int = 0,
    unit: str | None = None,
) -> Feature:
    """A numeric feature; ``kind`` is its Solidity type, such as ``uint16``."""
    signed = kind.startswith("int")
    return Feature(
        name=name,
        signed=signed,
        bits=int(kind.removeprefix("u").removeprefix("int")),
        decimals=decimals,
        low=Decimal(low),
        high=Decimal(high),
        unit=unit,
        description=what,
    )


def choice(name: str, labels: Sequence[str], what: str) -> Feature:
    """A category, sent as the index of its label in one byte."""
    return Feature(
        name=name, signed=False, bits=8, decimals=0, labels=tuple(labels), description=what
    )


def main(recipe: Recipe) -> None:
    """Train from the command line: ``python train.py [--into FOLDER]``."""
    parser = argparse.ArgumentParser(description=f"Train {recipe.title} again.")
    parser.add_argument("--into", type=Path, default=recipe.folder, help="the folder to write")
    folder = parser.parse_args().into
    written, figures = train(recipe, folder)
    print(f"{folder}: model id 0x{written.model.model_id.hex()}")  # noqa: T201 - a script's answer
    for figure in figures:
        print(f"  {figure.name}: {figure.ours} (baseline {figure.baseline})")  # noqa: T201


def train(recipe: Recipe, folder: Path) -> tuple[Written, list[Figure]]:
    """Fit, export, measure and write the model of ``recipe`` into ``folder``.

    Figures are those of the exported file, run as the oracle runs it, on rows it never saw.
    """
    table = recipe.table()
    rows = _as_packed(recipe.features, table.rows)
    index = np.arange(len(rows))
    stratify = table.target if table.names else None
    seen, held = train_test_split(index, test_size=0.25, random_state=SEED, stratify=stratify)
    estimator = recipe.fit(rows[seen], table.target[seen])
    onnx = export(estimator, recipe)
    draft = _card(recipe, onnx)
    codec = InputCodec(draft)
    inputs = [codec.encode(_texts(recipe.features, rows[at])) for at in held]
    order = _spread_out(estimator, rows, held)
    written = write_folder(
        folder,
        draft,
        onnx,
        policy=recipe.policy,
        examples=[Example(note=_note(table, int(held[at])), input=inputs[at]) for at in order],
        probes=inputs[:PROBES],
    )
    runner = Runner(written.model)
    raw = np.array([runner.run(message).raw[0].reshape(-1) for message in inputs])
    figures = recipe.figures(table.target[held], raw.astype(np.float64), table.target[seen])
    sizes = (len(seen), len(held))
    (folder / "README.md").write_text(_readme(recipe, written, figures, sizes), encoding="utf-8")
    return written, figures


def export(estimator: Any, recipe: Recipe) -> bytes:
    """The estimator as ONNX, without ZipMap and without anything that changes between runs."""
    options = {"zipmap": False} if hasattr(estimator, "predict_proba") else {}
    final = None
    if not options:
        final = [(recipe.output.name, FloatTensorType([None, 1]))]
    model = skl2onnx.to_onnx(
        estimator,
        name=recipe.folder.name,
        initial_types=[("features", FloatTensorType([None, len(recipe.features)]))],
        final_types=final,
        options={id(estimator): options} if options else None,
        target_opset=OPSETS,
    )
    opsets = sorted((item.domain, item.version) for item in model.opset_import)
    del model.opset_import[:]  # skl2onnx keeps them in a set, whose order changes
    model.opset_import.extend(make_opsetid(domain, version) for domain, version in opsets)
    model.graph.doc_string = ""
    model.doc_string = ""
    return bytes(model.SerializeToString(deterministic=True))


def rounded(array: NDArray[Any], digits: int) -> NDArray[np.float64]:
    """Fitted numbers with so many significant digits, the same on machines that differ in the last.

    Args:
        array: any shape.
        digits: significant ones, at least 1.
    """
    exponents = np.floor(np.log10(np.abs(np.where(array == 0, 1, array))))
    scale = 10.0 ** (digits - 1 - exponents)
    return np.asarray(np.round(array * scale) / scale, dtype=np.float64)


def _card(recipe: Recipe, onnx: bytes) -> ModelCard:
    return ModelCard(
        name=recipe.folder.name,
        title=recipe.title,
        description=recipe.description,
        model=model_file(onnx),
        input=InputSpec(
            encoding="packed",
            tensors=(
                TensorSpec(name="features", dtype="float32", shape=(None, len(recipe.features))),
            ),
            features=recipe.features,
        ),
        outputs=(recipe.output,),
        head=recipe.head,
        tolerance=1 if isinstance(recipe.head, ScoreHead) else 0,
        allow_non_finite_inputs=False,
        limits=Limits(max_elements=4096, max_seconds=5),
        batching=Batching(allowed=False, measured="not measured"),
        provenance=Provenance(
            source=recipe.source,
            licence=recipe.licence,
            trained_with=f"scikit-learn {sklearn.__version__}, skl2onnx {skl2onnx.__version__}",
        ),
    )


def _as_packed(features: Sequence[Feature], rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """The rows with the decimals that callers can send, so that training sees what they see."""
    scale = np.array([10.0**feature.decimals for feature in features])
    return np.asarray(np.rint(rows * scale) / scale)


def _texts(features: Sequence[Feature], row: NDArray[np.float64]) -> list[str]:
    units = [int(np.rint(x * 10.0**f.decimals)) for f, x in zip(features, row, strict=True)]
    return [
        feature.labels[unit] if feature.labels else f"{from_units(unit, feature.decimals):f}"
        for feature, unit in zip(features, units, strict=True)
    ]


def _spread_out(estimator: Any, rows: NDArray[np.float64], held: NDArray[np.intp]) -> list[int]:
    """Places of held-out rows from the lowest to the highest answer, evenly."""
    if hasattr(estimator, "predict_proba"):
        odds = estimator.predict_proba(rows[held])
        answer = odds[:, 1] if odds.shape[1] == 2 else odds @ np.arange(odds.shape[1])
    else:
        answer = estimator.predict(rows[held])
    order = np.argsort(answer, kind="stable")
    places = np.linspace(0, len(order) - 1, EXAMPLES).round().astype(int)
    return [int(order[place]) for place in places]


def _note(table: Table, row: int) -> str:
    target = table.target[row]
    truth = table.names[int(target)] if table.names else f"{float(target):.2f}"
    return f"held-out row {row}, in truth {truth}"


def _readme(
    recipe: Recipe, written: Written, figures: Sequence[Figure], sizes: tuple[int, int]
) -> str:
    card, policy = written.model.card, recipe.policy
    fed = "\n".join(
        f"| `{f.name}` | `{f.solidity_type}` | {f.decimals} | {_range(f)} | {f.description or ''} |"
        for f in card.input.features
    )
    table = "\n".join(f"| {f.name} | {f.ours} | {f.baseline} |" for f in figures)
    verdicts = "\n".join(f"- **{name}**: {words}" for name, words in policy.meaning.items())
    name = recipe.folder.name
    return f"""# {recipe.title}

{recipe.about}

Model id `0x{model_id(card).hex()}`. This page is written by `train.py`.

## Data

{recipe.source}. {recipe.licence}.

## Input: {card.input.packed_size} bytes, `abi.encodePacked`

| feature | type | decimals | range | what |
| --- | --- | --- | --- | --- |
{fed}

## Figures

Trained on {sizes[0]} rows. These are of {sizes[1]} others, through the exported file, as the oracle
runs it.

| figure | this model | baseline |
| --- | --- | --- |
{table}

## Verdicts

{verdicts}

## Limits

{recipe.limits}

## Train again

    pip install 'decision-oracle[train]'
    python models/{name}/train.py

The same versions give the same `model.onnx` byte for byte.
"""


def _range(feature: Feature) -> str:
    if feature.labels is not None:
        return ", ".join(feature.labels)
    low, high = (f"{from_units(bound, feature.decimals):f}" for bound in feature.bounds)
    return f"{low} … {high} {feature.unit or ''}".strip()
