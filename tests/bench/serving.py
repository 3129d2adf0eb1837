"""Serving: beside bare ONNX Runtime in batches, beside MLServer one row at a time, and crowded."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

from oracle.inference import bench as inference
from tests.bench.plot import bars
from tests.bench.sheet import Sheet
from tests.bench_inference import __main__ as beside
from tests.integration.test_api_load import (
    CONNECTIONS,
    test_thousand_connections__at_once__no_error_but_429,
)
from tests.support.harness import MODELS

MODEL = "delivery-time"
TIMES, RATIO = 3.0, 1.25
PINS = ("mlserver==1.7.1", "onnxruntime==1.32.0", "uvloop==0.21.0")
INSTALL_SECONDS = 400
HOME = Path(__file__).parents[2] / ".bench" / "mlserver"


async def measure(_scratch: Path) -> Sheet:
    """Measure the runs, the requests, and the crowd."""
    sheet = Sheet(name="serving", title="Serving", command="make bench ONLY=serving")
    figures = await inference.measure_all(MODELS)
    worst = max(figures, key=lambda each: each.ratio)
    sheet.figure(
        "a run of 64 rows, of bare ONNX Runtime's time, worst model",
        f"{worst.ratio:.2f} ({worst.name})",
        f"{RATIO:g}",
        held=worst.ratio <= RATIO,
    )
    held = await asyncio.to_thread(beside.batched, MODEL)
    sheet.figure(
        "the same with the request held to the card, as `/v2` does",
        f"{held:.2f} ({MODEL})",
        f"{RATIO:g}",
        held=held <= RATIO,
    )
    await asyncio.to_thread(_beside_mlserver, sheet)
    began = time.perf_counter()
    try:
        await test_thousand_connections__at_once__no_error_but_429()
        said, kept = f"held, in {time.perf_counter() - began:.1f} s", True
    except (AssertionError, TimeoutError, OSError) as error:
        said, kept = f"{type(error).__name__}", False
    sheet.figure(f"{CONNECTIONS:,} connections at once", said, "no error but 429", held=kept)
    sheet.table(
        ("model", "bare µs", "run µs", "ratio", "score µs", "hash µs", "whole µs", "rows/s"),
        [
            [
                each.name,
                f"{each.bare:.0f}",
                f"{each.run:.0f}",
                f"{each.ratio:.2f}",
                f"{each.scored:.0f}",
                f"{each.hashed:.0f}",
                f"{each.whole:.0f}",
                f"{each.batch / each.whole * 1e6:,.0f}",
            ]
            for each in figures
        ],
    )
    sheet.say(
        "Batches of 64. *Whole* is the way from input bytes to scored outputs, with decoding, "
        "rounding and encoding of every row; hashing comes on top."
    )
    return sheet


def _beside_mlserver(sheet: Sheet) -> None:
    body = beside.body_of(beside.rows_of(MODEL, 1))
    with beside.ours(MODEL) as port:
        mine = beside.measure(port, MODEL, body)
    home, why = _mlserver()
    theirs = {}
    if home is not None:
        with beside.mlserver(home, MODEL) as port:
            theirs = beside.measure(port, MODEL, body)
    shown: list[tuple[str, float, bool]] = []
    for connections, (rate, p99) in mine.items():
        said, kept = f"{rate:,.0f} a second, p99 {p99 * 1e3:.0f} ms", False
        shown.append((f"{connections} connections: ours", rate, True))
        if connections in theirs:
            other, their_p99 = theirs[connections]
            kept = rate >= TIMES * other
            said += f"; MLServer {other:,.0f}, {their_p99 * 1e3:.0f} ms: {rate / other:.1f} ×"
            shown.append((f"{connections} connections: MLServer", other, False))
        else:
            said += "; MLServer not measured"
        sheet.figure(
            f"one-row requests, {connections} connections", said, f"{TIMES:g} ×", held=kept
        )
    if theirs:
        sheet.plot("serving", "Requests a second", bars("One-row requests a second", shown))
        sheet.say(
            f"MLServer as {', '.join(PINS)}, without parallel workers and gzip, where it is "
            "fastest; both serve the same model with one process to the same client, one after "
            "the other."
        )
    else:
        sheet.say(f"MLServer could not be measured: {why}.")


def _mlserver() -> tuple[Path | None, str]:
    """A virtual environment with MLServer, made where there is none; or why there is none."""
    if given := os.environ.get("MLSERVER"):
        return Path(given), ""
    if (HOME / "bin" / "mlserver").exists():
        return HOME, ""
    try:
        subprocess.run([sys.executable, "-m", "venv", HOME], check=True, capture_output=True)
        subprocess.run(
            [HOME / "bin" / "pip", "install", "--quiet", *PINS],
            check=True,
            capture_output=True,
            timeout=INSTALL_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return None, f"it was not installed within {INSTALL_SECONDS} s"
    except subprocess.CalledProcessError as error:
        last = error.stderr.decode(errors="replace").strip().splitlines()[-1:]
        return None, f"it can not be installed here ({(last or ['no reason given'])[0][:120]})"
    return HOME, ""
