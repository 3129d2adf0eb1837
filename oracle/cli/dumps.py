"""Keys in this process's memory do not end up in files: no core dump is written of it.

A limit of zero stops the kernel from writing a core file, but not from piping one to a collector
such as systemd-coredump; not being dumpable stops both, and other processes of the same user from
looking into the memory.
"""

from __future__ import annotations

import sys
from contextlib import suppress

_PR_SET_DUMPABLE = 4


def forbid() -> None:
    """From now on the kernel writes no core dump of this process; nothing where it can not be."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        with suppress(ImportError, OSError, AttributeError):
            import ctypes

            ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
