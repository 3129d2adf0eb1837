"""A process that crashes with a key in memory leaves no core dump."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ABORT = "import os; os.abort()"
FORBIDDEN = "from oracle.cli import dumps; dumps.forbid()"
LIFT = "import resource as r; r.setrlimit(r.RLIMIT_CORE, (r.getrlimit(r.RLIMIT_CORE)[1],) * 2)"


def crash(script: str, folder: Path) -> int:
    """The wait status of a process that aborts, with core dumps allowed at first."""
    child = os.posix_spawn(
        sys.executable,
        [sys.executable, "-c", f"import os; os.chdir({str(folder)!r}); {LIFT}; {script}; {ABORT}"],
        {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    return os.waitpid(child, 0)[1]


def test_crash__after_dumps_were_forbidden__leaves_none(tmp_path: Path) -> None:
    status = crash(FORBIDDEN, tmp_path)
    assert os.WTERMSIG(status) == signal.SIGABRT
    assert not os.WCOREDUMP(status)
    assert not any(tmp_path.iterdir())


def test_crash__with_dumps_allowed__would_leave_one(tmp_path: Path) -> None:
    """So the test above can fail."""
    if not os.WCOREDUMP(crash("pass", tmp_path)):
        pytest.skip("this machine writes no core dumps: a limit of 0 from outside, or no disk")


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
def test_forbid__before_anything_else__is_what_the_command_does() -> None:
    script = (
        "import ctypes, resource; from oracle.cli import main as m; "
        "m.app = lambda: print(ctypes.CDLL(None).prctl(3), resource.getrlimit(4)); m.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["0", "(0,", "0)"]
