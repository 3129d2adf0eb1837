"""A seeded random walk: requests, faults, kills and restarts on a hostile chain, then a reckoning.

    python -m tests.support.walk --seed 7 --minutes 10

A node in a process of its own sees its chain through two hostile endpoints, while this program
asks for decisions, kills and freezes the node, reorganises the chain, drops transactions and raises
fees. At the end everything is healed, and every promise is held against the chain (``reckoning``).
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.support.reckoning import Promises, reckon
from tests.support.walking import FINALITY, Walk, walking

PATIENCE = 60.0
"""Seconds in which the healed node has to finish something more, until nothing is open."""


async def take(
    seed: int, folder: Path, *, requests: int = 1000, faults: int = 100, seconds: float = 0
) -> tuple[Walk, Promises]:
    """Walk until there were that many requests and faults and that much time; heal; reckon.

    Raises:
        AssertionError: a promise was broken.
    """
    async with walking(seed, folder) as walk:
        begun = time.monotonic()
        while walk.asked < requests or walk.faults < faults or time.monotonic() - begun < seconds:
            await walk.step()
        await walk.heal()
        fewest, since = sys.maxsize, time.monotonic()
        while True:
            promises = await reckon(walk.world, walk.folder, walk.accepted, walk.offered, FINALITY)
            if len(promises.open) < fewest:
                fewest, since = len(promises.open), time.monotonic()
            if not promises.open or time.monotonic() - since > PATIENCE:
                break
            await asyncio.sleep(2.0)
        return walk, promises


def tell(walk: Walk, promises: Promises, seconds: float) -> str:
    """The walk in a few lines."""
    injected: Counter[str] = sum((proxy.injected for proxy in walk.proxies), Counter())
    broken = promises.broken + promises.open
    return "\n".join(
        [
            f"seed {walk.seed}: {walk.asked} requests asked, {walk.faults} faults, {seconds:.0f} s",
            f"  at the end: {promises.requests} requests and {promises.decisions} decisions",
            "  " + ", ".join(f"{name} {n}" for name, n in sorted(walk.events.items())),
            "  " + ", ".join(f"{name} {n}" for name, n in sorted(injected.items())),
            *(f"  BROKEN: {each}" for each in broken),
            "  every promise was kept" if not broken else f"  {len(broken)} promises were broken",
        ]
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seed", type=int, default=secrets.randbelow(2**31))
    options.add_argument("--minutes", type=float, default=0.0)
    options.add_argument("--requests", type=int, default=1000)
    options.add_argument("--keep", type=Path, help="a folder for logs and the journal")
    given = options.parse_args()
    print(f"seed {given.seed}", flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        begun = time.monotonic()
        walk, promises = asyncio.run(
            take(
                given.seed,
                given.keep or Path(scratch),
                requests=given.requests,
                seconds=given.minutes * 60,
            )
        )
        print(tell(walk, promises, time.monotonic() - begun))
    sys.exit(bool(promises.broken or promises.open))


if __name__ == "__main__":
    main()
