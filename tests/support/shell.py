"""``oracle`` as a user runs it: a terminal in an empty folder, and what it leaves behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ORACLE = [sys.executable, "-m", "oracle.cli"]
ROOT = Path(__file__).parents[2]


@dataclass
class Shell:
    """A terminal in an empty folder."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("ORACLE_")}
        return kept | {"PYTHONPATH": str(ROOT), "COLUMNS": "120"}

    def run(self, *words: str, stdin: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*ORACLE, *words],
            cwd=self.folder,
            env=self.environment | environ,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )

    def json(self, *words: str, stdin: str = "") -> dict:
        done = self.run(*words, "--json", stdin=stdin)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    @contextmanager
    def running(self, *words: str, until: str, **environ: str) -> Iterator[subprocess.Popen[str]]:
        """A command that stays, until it printed a line; it is interrupted at the end."""
        process = subprocess.Popen(
            [*ORACLE, *words],
            cwd=self.folder,
            env=self.environment | environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        seen = ""
        for line in process.stdout:
            seen += line
            if until in line:
                break
        else:
            process.wait(10)
            raise AssertionError(f"{seen}\n{process.stderr.read()}")
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                process.wait(20)
            process.stdout.close()
            process.stderr.close()


@dataclass
class Up:
    """A running ``oracle up``."""

    shell: Shell
    api: str
    rpc: str
    process: subprocess.Popen[str]
    seconds: float


def processes_of(session: int) -> list[str]:
    """What still runs of a session, from /proc."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = stat.read_text().partition(") ")
            fields = rest.split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(name)
    return found


def anvils_below(folder: Path) -> list[int]:
    """Chains whose working folder is below ``folder``."""
    found = []
    for cwd in Path("/proc").glob("[0-9]*/cwd"):
        try:
            where = cwd.readlink()
        except OSError:
            continue
        if folder in (where, *where.parents):
            found.append(int(cwd.parent.name))
    return found
