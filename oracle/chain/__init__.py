"""Everything that speaks to a chain: endpoints, contracts, events, deployment, keys."""

import contextlib
import sys

# eth-account imports py_ecc, which raises the recursion limit of the whole process to 100,000. With
# that, deeply nested JSON from a peer or an endpoint overflows the C stack and kills the process,
# where Python would raise RecursionError. It is imported here first, and its limit taken back; none
# of its deep recursions is used.
with contextlib.suppress(ImportError):
    import py_ecc  # noqa: F401

if sys.getrecursionlimit() >= 100_000:
    sys.setrecursionlimit(1_000)
