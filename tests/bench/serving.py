"""Serving: one row beside MLServer, batches beside bare ONNX Runtime, gasless reads, a crowd."""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from oracle.inference import bench as inference
from oracle.inference.folder import load_model
from tests.bench.plot import bars
from tests.bench.sheet import Sheet
from tests.bench_inference import __main__ as protocol
from tests.bench_inference import batches, load, reads, servers
from tests.integration.test_api_load import test_thousand_connections__at_once__no_error_but_429
from tests.support.crowd import CONNECTIONS
from tests.support.harness import MODELS

MODEL = "delivery-time"
ROOT = Path(__file__).parents[2]
MLSERVER = ROOT / ".venv-mlserver"
INSTALL_SECONDS = 400


async def measure(scratch: Path) -> Sheet:
    """Measure requests, batches, runs, reads and the crowd."""
    sheet = Sheet(name="serving", title="Serving", command="make bench ONLY=serving")
    await asyncio.to_thread(_one_row, sheet)
    await asyncio.to_thread(_in_batches, sheet)
    await _runs(sheet)
    read = await reads.measure()
    sheet.figure(
        "a gasless read at the node, median",
        f"{read.median * 1e3:.1f} ms, p99 {read.p99 * 1e3:.1f}",
        f"{protocol.CCIP_SECONDS * 1e3:.0f} ms",
        held=read.median <= protocol.CCIP_SECONDS,
    )
    await _crowd(sheet, scratch)
    return sheet


def _one_row(sheet: Sheet) -> None:
    folder, why = MODELS / MODEL, _install()
    shown: list[tuple[str, float, bool]] = []
    with ExitStack() as running:
        opened = [running.enter_context(servers.ours(folder))]
        if not why:
            opened.append(running.enter_context(servers.mlserver(MLSERVER, folder)))
        body = protocol.body_of(load_model(folder))
        for client, asking in protocol.clients_of(MODEL, body).items():
            for connections in protocol.CONNECTIONS:
                rounds = protocol.in_turns(asking, opened, connections)
                mine, *others = zip(*([bore for bore, _ in each] for each in rounds), strict=True)
                who = f"{client}, {connections} connections"
                said, kept = _of(mine), False
                shown.append((f"{who}: ours", _median(mine, "rate"), True))
                for other in others:
                    times = statistics.median(
                        a.rate / b.rate for a, b in zip(mine, other, strict=True)
                    )
                    kept = times >= protocol.TIMES_MLSERVER
                    said += f"; MLServer {_of(other)}: {times:.1f} ×"
                    shown.append((f"{who}: MLServer", _median(other, "rate"), False))
                sheet.figure(
                    f"one-row requests over HTTP by {who}",
                    said if others else said + "; MLServer not measured",
                    f"{protocol.TIMES_MLSERVER:g} ×",
                    held=kept,
                )
    if why:
        sheet.say(f"MLServer could not be measured: {why}.")
    else:
        sheet.plot("serving", "Requests a second", bars("One-row requests a second", shown))
        sheet.say(
            "MLServer 1.7.1 without parallel workers and gzip, where it is fastest; both servers "
            "run the same model file with one process, asked in turns by the same client; medians "
            f"of {protocol.ROUNDS} rounds."
        )


def _of(rounds: Sequence[load.Load]) -> str:
    return f"{_median(rounds, 'rate'):,.0f} a second, p99 {_median(rounds, 'p99') * 1e3:.0f} ms"


def _median(rounds: Sequence[load.Load], name: str) -> float:
    return float(statistics.median(getattr(each, name) for each in rounds))


def _install() -> str:
    """Install MLServer where it is not; why it can not be, or nothing."""
    if (MLSERVER / "bin" / "mlserver").exists():
        return ""
    try:
        subprocess.run(
            ["make", "--silent", ".venv-mlserver/.installed"],
            cwd=ROOT,
            check=True,
            capture_output=True,
            timeout=INSTALL_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return f"it was not installed within {INSTALL_SECONDS} s"
    except subprocess.CalledProcessError as error:
        last = error.stderr.decode(errors="replace").strip().splitlines()[-1:]
        return f"it can not be installed here ({(last or ['no reason given'])[0][:120]})"
    return ""


def _in_batches(sheet: Sheet) -> None:
    found = list(batches.measure())
    largest = max(each.rows for each in found)
    for each in found:
        if each.rows == largest:
            sheet.figure(
                f"batches of {each.rows:,} rows over HTTP, {each.lanes} at once, of bare ONNX "
                "Runtime's rows a second",
                f"{each.ratio:.0%} ({each.cpu:.0%} by CPU time)",
                f"{protocol.OF_BARE:.0%}",
                held=each.ratio >= protocol.OF_BARE,
            )
    layers = "·".join(map(str, batches.LAYERS))
    sheet.say(f"Batches as raw tensors over HTTP, through a network of {layers}:")
    sheet.table(
        ("rows", "clients", "bare rows/s", "served rows/s", "of bare", "by CPU time"),
        [
            [
                f"{each.rows:,}",
                f"{each.lanes}",
                f"{each.bare:,.0f}",
                f"{each.served:,.0f}",
                f"{each.ratio:.0%}",
                f"{each.cpu:.0%}",
            ]
            for each in found
        ],
    )


async def _runs(sheet: Sheet) -> None:
    held = await asyncio.to_thread(batches.held, MODEL)
    sheet.figure(
        f"64 rows of {MODEL} held to the card, of bare ONNX Runtime's time",
        f"{held:.2f}",
        f"{protocol.HELD:g}",
        held=held <= protocol.HELD,
    )
    figures = await inference.measure_all(MODELS)
    worst = max(figures, key=lambda each: each.ratio)
    sheet.figure(
        "the node's run of 64 rows, of bare ONNX Runtime's time, worst model",
        f"{worst.ratio:.2f} ({worst.name})",
        f"{inference.LIMIT:g}",
        held=worst.ratio <= inference.LIMIT,
    )
    sheet.say(
        "The node's own runs, 64 rows at a time. *Whole* is the way from input bytes to scored "
        "outputs, with decoding, rounding and encoding of every row; hashing comes on top:"
    )
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


async def _crowd(sheet: Sheet, scratch: Path) -> None:
    began = time.perf_counter()
    try:
        await test_thousand_connections__at_once__no_error_but_429(scratch)
        said, kept = f"held, in {time.perf_counter() - began:.1f} s", True
    except (AssertionError, TimeoutError, OSError) as error:
        said, kept = type(error).__name__, False
    sheet.figure(f"{CONNECTIONS:,} connections at once", said, "no error but 429", held=kept)
