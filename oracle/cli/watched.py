"""Child processes that are watched: one that dies is reported and started again.

None outlives its parent, not even one that was killed: each dies with the process that started it,
as a local chain does.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from oracle.chain.toolchain import LAUNCHERS

PAUSES = (0.2, 1.0, 2.0, 5.0, 15.0)
"""Seconds before a child is started again, by how often it died shortly after its start."""
LIVED = 30.0
"""Seconds after which a child counts as having worked."""
STOP_SECONDS = 15.0
SAID = 600
"""Most characters of a log that are shown."""


@dataclass(slots=True, kw_only=True)
class Child:
    """A process to keep running.

    Attributes:
        name: for people.
        command: program and arguments.
        environment: the whole of it.
        log: where its output goes, earlier starts' included.
        pid: of the process that runs now; None between two.
        starts: how often it was started.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)
    log: Path
    pid: int | None = None
    starts: int = 0

    def last_words(self) -> str:
        """The end of its log."""
        with suppress(OSError):
            return self.log.read_text(encoding="utf-8", errors="replace").strip()[-SAID:]
        return ""


Told = Callable[[Child, str], None]


@asynccontextmanager
async def watched(children: Sequence[Child], *, told: Told) -> AsyncIterator[None]:
    """Run the children until the block ends; then stop them all.

    Args:
        told: called with a child and what became of it, in words.
    """
    async with asyncio.TaskGroup() as group:
        keepers = [group.create_task(_keep(child, told)) for child in children]
        try:
            yield
        finally:
            for keeper in keepers:
                keeper.cancel()


async def _keep(child: Child, told: Told) -> None:
    deaths = 0
    while True:
        began = time.monotonic()
        process = await _start(child)
        try:
            status = await process.wait()
        finally:
            child.pid = None
            await _stop(process)
        deaths = 0 if time.monotonic() - began > LIVED else deaths
        pause = PAUSES[min(deaths, len(PAUSES) - 1)]
        deaths += 1
        told(child, f"{ending(status)}; started again in {pause:g} s (log: {child.log})")
        await asyncio.sleep(pause)


async def _start(child: Child) -> asyncio.subprocess.Process:
    child.log.parent.mkdir(parents=True, exist_ok=True)
    with child.log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", str(LAUNCHERS / "guard.py"), str(os.getpid())),
            *child.command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=dict(child.environment),
            start_new_session=True,
        )
    child.pid = process.pid
    child.starts += 1
    return process


async def _stop(process: asyncio.subprocess.Process) -> None:
    for sign in (signal.SIGTERM, signal.SIGKILL):
        if process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()


def ending(status: int) -> str:
    """How a process ended, in words."""
    if status >= 0:
        return f"ended with {status}"
    try:
        return f"was killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"was killed by signal {-status}"
