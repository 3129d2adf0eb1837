"""A million rows of 30 features through ``oracle batch``, beside bare batched ONNX Runtime.

    python -m tests.support.batch_bench ROWS [--spark]

The rows are those of scikit-learn's breast-cancer set, drawn again and again, with all 30 features.
Each run is a process of its own, so that its memory is its own. Bare is the same model on the same
cores, in the same batches, on rows that are tensors already: nothing is read, rounded or hashed.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table
from skl2onnx import to_onnx
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from oracle.batch.engine import cores, embedded
from oracle.batch.keccak import hash_pairs, keccak_rows, padded
from oracle.batch.scorer import BATCH
from oracle.core.card_json import card_to_json
from oracle.core.model_card import Feature, InputSpec, TensorSpec
from oracle.inference.folder import CARD, StoredModel, digest_of, load_model
from oracle.inference.session import Session
from tests.support.batch import ROOT, bundled, run_of

SHARE, MEMORY = 0.6, 1.5
"""Least share of bare rows a second, for the forest; most GB of memory."""
KINDS = ["linear", "small-forest", "forest"]
PIECE = 1 << 16
MODULE = "tests.support.batch_bench"


def make(kind: str, rows: int, folder: Path) -> None:
    """A model with its card, and its input file."""
    make_model(kind, folder)
    known = load_breast_cancer()
    numbers = known.data.astype(np.float32)
    random = np.random.default_rng(7)
    names = [str(name).replace(" ", "_") for name in known.feature_names]
    with pq.ParquetWriter(
        folder / f"{kind}.parquet", pa.schema([(name, pa.float32()) for name in names])
    ) as writer:
        for first in range(0, rows, PIECE):
            drawn = numbers[random.integers(0, len(numbers), min(PIECE, rows - first))]
            drawn = np.round(drawn * random.uniform(0.9, 1.1, drawn.shape), 4).astype(np.float32)
            writer.write_table(pa.table(dict(zip(names, drawn.T, strict=True))))


def make_model(kind: str, folder: Path, *, trees: int | None = None) -> Path:
    """A model with its card, in a folder of its own below this one.

    Args:
        kind: ``linear``; ``small-forest``, 100 trees grown on the set's 569 rows; or ``forest``,
            250 trees grown on 10,000 rows like them, each 250 nodes large.
        trees: another number of them.
    """
    known = load_breast_cancer()
    numbers, target = known.data.astype(np.float32), known.target
    if kind == "linear":
        trained = LogisticRegression(max_iter=5000).fit(numbers, target)
    else:
        number = trees or (250 if kind == "forest" else 100)
        grown = RandomForestClassifier(number, random_state=7, n_jobs=-1)
        if kind == "forest":
            random = np.random.default_rng(3)
            drawn = random.integers(0, len(numbers), 10_000)
            near = numbers[drawn] * random.uniform(0.9, 1.1, (len(drawn), numbers.shape[1]))
            trained = grown.fit(near.astype(np.float32), target[drawn])
        else:
            trained = grown.fit(numbers, target)
    options = {"zipmap": False}
    onnx = to_onnx(trained, numbers[:1], options=options, target_opset=18)
    onnx.graph.input[0].name = "features"
    for node in onnx.graph.node:
        node.input[:] = ["features" if name == "X" else name for name in node.input]
    octets = onnx.SerializeToString()
    like = bundled("breast-tumour").card
    features = tuple(
        Feature(name=name.replace(" ", "_"), signed=False, bits=32, decimals=4)
        for name in known.feature_names
    )
    card = replace(
        like,
        name=f"thirty-{kind}",
        model=replace(like.model, onnx=digest_of("model.onnx", octets)),
        input=InputSpec(
            encoding="packed",
            tensors=(TensorSpec(name="features", dtype="float32", shape=(None, 30)),),
            features=features,
        ),
    )
    there = folder / card.name
    there.mkdir(parents=True)
    (there / "model.onnx").write_bytes(octets)
    (there / CARD).write_text(json.dumps(card_to_json(card)))
    return there


def bare(model: StoredModel, rows: int) -> tuple[float, float]:
    """Rows a second of the runtime alone on all cores, and rows a second of processor time."""
    session = Session(model.card, model.onnx, model.external).bare
    share = np.ascontiguousarray(
        load_breast_cancer().data[np.arange(PIECE) % 569], dtype=np.float32
    )

    def piece(_: int) -> None:
        for at in range(0, PIECE, BATCH):
            session.run(["probabilities"], {"features": share[at : at + BATCH]})

    pieces = max(rows // PIECE, cores())
    with ThreadPoolExecutor(cores()) as pool:
        list(pool.map(piece, range(cores())))
        started, spent = time.perf_counter(), time.process_time()
        list(pool.map(piece, range(pieces)))
    scored = pieces * PIECE
    return scored / (time.perf_counter() - started), scored / (time.process_time() - spent)


def measure(kind: str, rows: int, folder: Path, engine: str) -> dict[str, float | str]:
    """One run in this process: rows a second from the file to the root, and peak memory."""
    model = load_model(folder / f"thirty-{kind}")
    out = folder / f"out-{engine}"
    shutil.rmtree(out, ignore_errors=True)
    run = run_of(model, folder / f"{kind}.parquet", out)
    spent = 1.0
    if engine == "spark":
        from oracle.batch.spark import root_on, spark_session

        with spark_session("local[*]") as session:
            started = time.perf_counter()
            root = root_on(session, run, lambda _: None)
            seconds = time.perf_counter() - started
    else:
        keccak_rows(padded(1, 1)), hash_pairs(np.zeros((2, 32), np.uint8))  # compiled once
        started, used = time.perf_counter(), time.process_time()
        root = embedded(run, lambda _: None)
        seconds = time.perf_counter() - started
        spent = time.process_time() - used
    alone, alone_spent = bare(model, min(rows, 1 << 18)) if engine == "embedded" else (0.0, 0.0)
    return {
        "rate": rows / seconds,
        "spent": rows / spent,
        "bare_spent": alone_spent,
        "gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
        "root": root.hex(),
        "bare": alone,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One run.

    Attributes:
        rate, bare: rows a second, of the whole run and of the runtime alone.
        of_processor: the same share in processor time, which says what a busy machine's clock
            does not; 0 where it is not known.
        gigabytes: of this process; of Spark's driver only.
    """

    kind: str
    engine: str
    rows: int
    rate: float
    bare: float
    of_processor: float
    gigabytes: float
    root: str

    @property
    def share(self) -> float:
        """Of bare rows a second."""
        return self.rate / self.bare


def measured_rows(folder: Path, rows: int, kinds: list[str], *, spark: bool) -> list[Measured]:
    """Every run, each in a process of its own."""
    found: list[Measured] = []
    for kind in kinds:
        there = folder / f"{kind}-{rows}"
        make(kind, rows, there)
        bare = 0.0
        for engine in ["embedded", "spark"] if spark else ["embedded"]:
            words = (MODULE, "--measure", kind, engine, str(there), str(rows))
            printed = subprocess.run(
                (sys.executable, "-m", *words), cwd=ROOT, check=True, stdout=subprocess.PIPE
            ).stdout
            said = json.loads(printed.splitlines()[-1])
            bare = said["bare"] or bare
            found.append(
                Measured(
                    kind=kind,
                    engine=engine,
                    rows=rows,
                    rate=said["rate"],
                    bare=bare,
                    of_processor=said["spent"] / said["bare_spent"] if said["bare_spent"] else 0,
                    gigabytes=said["gb"],
                    root=said["root"],
                )
            )
        shutil.rmtree(there)
    return found


def table_of(rows: int, kinds: list[str], *, spark: bool) -> tuple[Table, bool]:
    """Every run, and whether the figures hold: the forest's share, memory, one root."""
    table = Table(title=f"oracle batch, {rows:,} rows of 30 features", title_justify="left")
    for heading in ("model", "engine", "rows/s", "bare rows/s", "share", "of CPU", "memory"):
        table.add_column(heading, justify="left" if heading in ("model", "engine") else "right")
    with tempfile.TemporaryDirectory() as scratch:
        found = measured_rows(Path(scratch), rows, kinds, spark=spark)
    within = all(len({e.root for e in found if e.kind == kind}) == 1 for kind in kinds)
    for each in found:
        within &= each.gigabytes < MEMORY
        within &= each.kind != "forest" or each.engine == "spark" or each.share >= SHARE
        alone = each.engine == "embedded"
        table.add_row(
            each.kind,
            each.engine,
            f"{each.rate:,.0f}",
            f"{each.bare:,.0f}",
            f"{each.share:.0%}",
            f"{each.of_processor:.0%}" if alone else "",
            f"{each.gigabytes:.2f} GB" if alone else "",
        )
    return table, within


def main() -> int:
    """Print the table; 1 where a figure misses its limit."""
    if "--measure" in sys.argv:
        kind, engine, folder, rows = sys.argv[-4:]
        print(json.dumps(measure(kind, int(rows), Path(folder), engine)))
        return 0
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--kind", action="append", choices=KINDS)
    parser.add_argument("--spark", action="store_true")
    given = parser.parse_args()
    table, within = table_of(given.rows, given.kind or KINDS, spark=given.spark)
    Console(width=120).print(table)
    return 0 if within else 1


if __name__ == "__main__":
    sys.exit(main())
