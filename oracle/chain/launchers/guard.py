"""Run a program that dies with the process that started it.

usage: python guard.py <pid of the starter> <program> [arguments]

On Linux the kernel sends the signal; elsewhere this process stays and watches its parent.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Become the program, or watch over it."""
    starter, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() == starter:
            os.execv(command[0], command)  # noqa: S606
        return
    child = subprocess.Popen(command)
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    while child.poll() is None:
        if os.getppid() != starter:
            child.terminate()
        time.sleep(0.25)
    sys.exit(child.returncode)


main()
