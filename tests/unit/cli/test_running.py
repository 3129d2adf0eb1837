"""What a signal does to a command: it ends, or is asked to; a second one does not ask."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

SCRIPT = """
import asyncio
from oracle.cli.running import gently, run

async def command():
    with gently() as asked:
        print("ready", flush=True)
        await asked.wait()
        print("asked", flush=True)
        await asyncio.sleep({linger})
    print("finished", flush=True)

try:
    run(command())
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


def said(linger: float, *signals: signal.Signals) -> list[str]:
    """What the command printed, sent one signal after each of its first lines."""
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT.format(linger=linger)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    lines = []
    for name in signals:
        lines.append(process.stdout.readline().strip())
        process.send_signal(name)
    lines += process.communicate(timeout=30)[0].split()
    return lines


def test_sigterm__is_asked_and_ends_by_itself() -> None:
    assert said(0, signal.SIGTERM) == ["ready", "asked", "finished"]


@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGHUP])
def test_ctrl_c_or_hangup__is_asked_too_and_counts_as_interrupted(name: signal.Signals) -> None:
    assert said(0, name) == ["ready", "asked", "finished", "interrupted"]


def test_second_signal__stops_at_once() -> None:
    assert said(600, signal.SIGTERM, signal.SIGTERM) == ["ready", "asked", "interrupted"]
