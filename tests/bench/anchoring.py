"""A million leaves to a root and proofs, on disk, in a process of its own for its memory."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from oracle.batch import tree
from oracle.batch.engine import cores
from oracle.core.merkle import MerkleTree, verify_proof
from tests.bench.sheet import Sheet

ROOT = Path(__file__).parents[2]
LEAVES, MEMORY_MB = 1_000_000, 500
PIECE = 1 << 16
MODULE = "tests.bench.anchoring"


def measure(_scratch: Path) -> Sheet:
    """Measure the tree in a process of its own."""
    printed = subprocess.run(
        (sys.executable, "-m", MODULE), cwd=ROOT, check=True, stdout=subprocess.PIPE
    ).stdout
    found = json.loads(printed.splitlines()[-1])
    sheet = Sheet(name="anchoring", title="Anchoring", command="make bench ONLY=anchoring")
    sheet.figure(
        f"{LEAVES:,} leaves to a root: memory of the whole process",
        f"{found['mb']:.0f} MB",
        f"{MEMORY_MB} MB",
        held=found["mb"] <= MEMORY_MB,
    )
    sheet.table(
        ("step", "measured"),
        [
            ["leaves written", f"{found['written']:.2f} s"],
            ["tree hashed, on all cores", f"{found['hashed']:.2f} s"],
            ["one proof read and checked", f"{found['proof'] * 1e3:.2f} ms"],
            ["memory before", f"{found['before']:.0f} MB"],
        ],
    )
    sheet.say(
        "The tree is a file; a proof is its siblings, read in place. On chain a batch is one word "
        "whatever its size: its gas stands above, and `oracle batch`, from rows to the root, below."
    )
    return sheet


def _leaves() -> Iterator[NDArray[np.uint8]]:
    random = np.random.default_rng(7)
    for first in range(0, LEAVES, PIECE):
        yield random.integers(0, 256, (min(PIECE, LEAVES - first), 32), dtype=np.uint8)


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def _measured(folder: Path) -> dict[str, float]:
    with ThreadPoolExecutor(cores()) as pool:
        few = [piece[:3] for piece in _leaves()][:1]
        tree.write_leaves(folder / "few", 3, few)
        root = tree.build(folder / "few", 3, pool)  # compiled once, and held to the plain tree
        assert root == MerkleTree([bytes(leaf) for leaf in few[0]]).root
        before, began = _megabytes(), time.perf_counter()
        tree.write_leaves(folder / "tree", LEAVES, _leaves())
        written = time.perf_counter()
        root = tree.build(folder / "tree", LEAVES, pool)
        hashed = time.perf_counter()
    places = [0, LEAVES // 3, LEAVES - 1]
    pieces = dict(_chosen(places))
    proving = time.perf_counter()
    for place in places:
        proof = tree.read_proof(folder / "tree", place, LEAVES)
        verify_proof(root, pieces[place], proof, position=place, count=LEAVES)
    proved = time.perf_counter()
    return {
        "written": written - began,
        "hashed": hashed - written,
        "proof": (proved - proving) / len(places),
        "before": before,
        "mb": _megabytes(),
    }


def _chosen(places: list[int]) -> Iterator[tuple[int, bytes]]:
    for number, piece in enumerate(_leaves()):
        for place in places:
            if place // PIECE == number:
                yield place, bytes(piece[place % PIECE])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        print(json.dumps(_measured(Path(scratch))))
