"""Start-up and memory, of the real commands in processes of their own."""

from __future__ import annotations

import os
import signal
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

import psutil

from tests.bench.sheet import Sheet

ROOT = Path(__file__).parents[2]
ORACLE = (sys.executable, "-m", "oracle.cli")
HELP, UP = 0.5, 15.0
TRIES = 5


def measure(scratch: Path) -> Sheet:
    """Measure ``oracle --help``, and ``oracle up`` to its first decision."""
    sheet = Sheet(name="start", title="Start and memory", command="make bench ONLY=start")
    helped = statistics.median(_seconds("--help", folder=scratch) for _ in range(TRIES))
    sheet.figure(
        f"`oracle --help`, median of {TRIES}", f"{helped:.2f} s", f"{HELP} s", held=helped <= HELP
    )
    up, first, memory, chain = _first_decision(scratch)
    sheet.figure(
        "`oracle up` to the first decision on chain",
        f"{first:.1f} s",
        f"{UP:g} s",
        held=first <= UP,
    )
    sheet.table(
        ("what", "measured"),
        [
            ["`oracle up` says that it is ready", f"{up:.1f} s"],
            ["memory of the node and its API then, four models loaded", f"{memory:.0f} MB"],
            ["memory of the local chain", f"{chain:.0f} MB"],
        ],
    )
    sheet.say(
        "The first decision is made by `oracle decide credit-default --example` in a second "
        "process, whose own start counts."
    )
    return sheet


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ORACLE_")}
    return kept | {"PYTHONPATH": str(ROOT), "COLUMNS": "120"}


def _seconds(*words: str, folder: Path) -> float:
    began = time.perf_counter()
    subprocess.run(
        [*ORACLE, *words], cwd=folder, env=_environment(), check=True, capture_output=True
    )
    return time.perf_counter() - began


def _first_decision(folder: Path) -> tuple[float, float, float, float]:
    """Seconds until it is up and until the first decision; megabytes of the node and the chain."""
    words = ("up", "--port", _port(), "--chain-port", _port())
    began = time.perf_counter()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*ORACLE, *words],
            cwd=folder,
            env=_environment(),
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if "Ctrl-C stops" in line:
                break
        else:
            raise RuntimeError((folder / "log").read_text(errors="replace")[-800:])
        up = time.perf_counter() - began
        _seconds("decide", "credit-default", "--example", folder=folder)
        first = time.perf_counter() - began
        whole = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        sizes = {each.pid: each.memory_info().rss / 1e6 for each in whole}
        chain = sum(sizes[each.pid] for each in whole if "anvil" in each.name())
        return up, first, sizes[process.pid], chain
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)


def _port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])
