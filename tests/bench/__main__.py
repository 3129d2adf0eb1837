"""Every figure that is promised, into ``docs/benchmarks.md``; ``--only gas,node`` measures less.

Sections that were not measured stay as they are, each with its own time and machine. 1 where a
figure misses its target; the page says which.
"""

from __future__ import annotations

import argparse
import asyncio
import inspect
import logging
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil
import structlog

from tests.bench import anchoring, batch, gas, growth, node, serving, start
from tests.bench.sheet import Sheet, put, store

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "benchmarks.md"
SECTIONS: dict[str, Callable[[Path], Sheet | Awaitable[Sheet]]] = {
    "gas": gas.measure,
    "node": node.measure,
    "serving": serving.measure,
    "anchoring": anchoring.measure,
    "batch": batch.measure,
    "growth": growth.measure,
    "start": start.measure,
}
INTRODUCTION = """# Benchmarks

Written by `make bench`; `make bench ONLY=gas,node` measures those sections alone and leaves the
others. Times are of one run on one machine that also plays the chain and the clients: compare
ratios, not microseconds. A figure that misses its target is marked **missed**. Gas is exact.

"""


def setting() -> str:
    """Where, when and with what a section was measured."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    memory = psutil.virtual_memory().total / 2**30
    load = os.getloadavg()[0]
    wares = ", ".join(
        f"{name} {version(name)}" for name in ("onnxruntime", "numpy", "sqlalchemy", "web3")
    )
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC · {commit or 'no commit'} · {_processor()}, "
        f"{len(os.sched_getaffinity(0))} cores, {memory:.0f} GiB · {platform.system()}, Python "
        f"{platform.python_version()}, {wares} · load before: {load:.1f}"
    )


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.machine()


async def run(name: str) -> int:
    """Measure a section and write it."""
    began, where = time.monotonic(), setting()
    print(f"{name} …", flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        measured = SECTIONS[name](Path(scratch))
        sheet = await measured if inspect.isawaitable(measured) else measured
    page = PAGE.read_text(encoding="utf-8") if PAGE.exists() else INTRODUCTION
    page = put(page, name, sheet.markdown(where), list(SECTIONS))
    PAGE.write_text(page.rstrip("\n") + "\n", encoding="utf-8")
    store(PAGE.parent / "benchmarks", sheet.plots)
    print(sheet.markdown(where))
    print(f"{name}: {time.monotonic() - began:.0f} s")
    for each in sheet.missed:
        print(f"missed: {each}")
    return 1 if sheet.missed else 0


def main() -> int:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help=f"of {', '.join(SECTIONS)}")
    asked = parser.parse_args().only.replace(",", " ").split()
    unknown = sorted(set(asked) - set(SECTIONS))
    if unknown:
        parser.error(f"there is no section {', '.join(unknown)}; there are {', '.join(SECTIONS)}")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    names = [name for name in SECTIONS if not asked or name in asked]
    if len(names) == 1:
        return asyncio.run(run(names[0]))
    # A process for each: what one section leaves in memory is not the next one's.
    each = [sys.executable, "-m", "tests.bench", "--only"]
    return max(subprocess.run([*each, name], cwd=ROOT, check=False).returncode for name in names)


if __name__ == "__main__":
    sys.exit(main())
