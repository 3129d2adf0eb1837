"""``oracle batch`` over millions of rows, beside bare batched ONNX Runtime on the same cores."""

from __future__ import annotations

from pathlib import Path
from shutil import which

from tests.bench.plot import bars
from tests.bench.sheet import Sheet
from tests.support.batch_bench import KINDS, MEMORY, SHARE, Measured, measured_rows

ROWS = (1_000_000, 4_000_000)


def measure(scratch: Path) -> Sheet:
    """Measure three models, the forest at two sizes; Spark at the smaller one."""
    sheet = Sheet(name="batch", title="Batches", command="make bench ONLY=batch")
    found: list[Measured] = []
    for rows in ROWS:
        kinds = KINDS if rows == ROWS[0] else ["forest"]
        for kind in kinds:
            spark = kind == "forest" and rows == ROWS[0] and bool(which("java"))
            found += measured_rows(scratch, rows, [kind], spark=spark)
    for each in found:
        if each.engine == "spark":
            continue
        about = f"{each.kind}, {each.rows:,} rows"
        if each.kind == "forest":
            sheet.figure(
                f"{about}: share of bare ONNX Runtime's rows a second",
                f"{each.share:.0%}",
                f"{SHARE:.0%}",
                held=each.share >= SHARE,
            )
        sheet.figure(
            f"{about}: memory",
            f"{each.gigabytes:.2f} GB",
            f"{MEMORY:g} GB",
            held=each.gigabytes < MEMORY,
        )
    same = all(len({e.root for e in found if (e.kind, e.rows) == key}) == 1 for key in _keys(found))
    if any(each.engine == "spark" for each in found):
        sheet.figure("Spark's root is the embedded engine's", str(same), "True", held=same)
    else:
        sheet.say("Spark was not measured: there is no Java here.")
    sheet.table(
        ("model, engine", "rows", "rows/s", "bare rows/s", "share", "of processor time", "memory"),
        [
            [
                f"{each.kind}, {each.engine}",
                f"{each.rows:,}",
                f"{each.rate:,.0f}",
                f"{each.bare:,.0f}",
                f"{each.share:.0%}",
                f"{each.of_processor:.0%}" if each.of_processor else "",
                f"{each.gigabytes:.2f} GB" if each.engine == "embedded" else "",
            ]
            for each in found
        ],
    )
    sheet.plot(
        "batch",
        "Rows a second",
        bars("Rows a second, from the file to the root", _bars(found)),
    )
    sheet.say(
        "Rows of 30 features, from a Parquet file to the stored leaves, tree and root. Bare is the "
        "same model on the same cores in the same batches of 64, on tensors that are there "
        "already: nothing is read, rounded, hashed or stored. The forest has 250 trees grown on "
        "10,000 rows (2.3 MB), the small one 100 trees grown on 569 (0.2 MB). What is ours costs "
        "the same for every model, so a linear model, a fraction of a microsecond a row, can not "
        "reach that share, and a small forest does not. The share of processor time says what a "
        "busy machine's clock does not."
    )
    return sheet


def _keys(found: list[Measured]) -> set[tuple[str, int]]:
    return {(each.kind, each.rows) for each in found}


def _bars(found: list[Measured]) -> list[tuple[str, float, bool]]:
    shown = []
    for each in found:
        about = f"{each.kind}, {each.rows // 1_000_000}M"
        shown.append((f"{about}, {each.engine}", each.rate, True))
        if each.engine == "embedded":
            shown.append((f"{about}, bare ONNX Runtime", each.bare, False))
    return shown
