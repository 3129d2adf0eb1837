"""The Merkle tree of a whole batch in one file: built level by level, read node by node.

The file is the array of ``oracle.core.merkle``: node i at byte 32 i, the root first, leaf i at node
2n − 2 − i. A level's nodes are neighbours and so are their children, so a level is a pass over the
file in pieces, which threads share; nothing of it stays in memory.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from oracle.batch.keccak import hash_pairs
from oracle.core.errors import JournalError
from oracle.core.merkle import proof_places

NODE = 32
PIECE = 1 << 16
"""Parents that one thread hashes at a time: 4 MiB of children."""


def write_leaves(path: Path, count: int, leaves: Iterable[NDArray[np.uint8]]) -> None:
    """Put all leaves into a new file at ``path``, in their order; the nodes above come later."""
    with path.open("wb") as file:
        file.truncate((2 * count - 1) * NODE)
        end = (2 * count - 1) * NODE
        for piece in leaves:
            octets = np.ascontiguousarray(piece[::-1]).tobytes()
            end -= len(octets)
            if end < (count - 1) * NODE:
                raise JournalError(
                    f"there are more than {count} leaves for {path}", remedy="run the batch again"
                )
            file.seek(end)
            file.write(octets)
        if end != (count - 1) * NODE:
            raise JournalError(
                f"leaves are missing in {path}: it ends at byte {end}", remedy="run it again"
            )


def build(path: Path, count: int, pool: Executor, *, above: int | None = None) -> bytes:
    """Hash every node above the leaves; the root, 32 bytes.

    Args:
        above: only the nodes above this depth, where others have hashed the subtrees from it on.
    """
    with _descriptor(path, os.O_RDWR) as file:
        for first, stop in reversed(list(levels(count))[:above]):
            pieces = [(at, min(at + PIECE, stop)) for at in range(first, stop, PIECE)]
            if len(pieces) == 1:
                _hash_piece(file, *pieces[0])
            else:
                list(pool.map(lambda piece: _hash_piece(file, *piece), pieces))
        return os.pread(file, NODE, 0)


def build_subtree(path: Path, count: int, depth: int, number: int) -> None:
    """Hash every inner node from the ``number``-th node at a depth downwards.

    Subtrees of one depth share no node, so many machines can work on one file.
    """
    with _descriptor(path, os.O_RDWR) as file:
        ranges = []
        first, width = (1 << depth) - 1 + number, 1
        while first < count - 1:
            ranges.append((first, min(first + width, count - 1)))
            first, width = 2 * first + 1, 2 * width
        for first, stop in reversed(ranges):
            for at in range(first, stop, PIECE):
                _hash_piece(file, at, min(at + PIECE, stop))


def levels(count: int) -> Iterator[tuple[int, int]]:
    """The inner nodes of each level, the root's first, as ranges of their places."""
    first = 0
    while first < count - 1:
        yield first, min(2 * first + 1, count - 1)
        first = 2 * first + 1


def read_proof(path: Path, position: int, count: int) -> tuple[bytes, ...]:
    """The proof of one leaf, from the stored nodes.

    Raises:
        InvalidInput: there is no such leaf.
        JournalError: the file is cut short.
    """
    places = proof_places(position, count)
    with _descriptor(path, os.O_RDONLY) as file:
        nodes = [os.pread(file, NODE, place * NODE) for place in places]
    if any(len(node) != NODE for node in nodes):
        raise JournalError(f"{path} is cut short", remedy="run the batch again: it mends the tree")
    return tuple(nodes)


def _hash_piece(file: int, first: int, stop: int) -> None:
    octets = os.pread(file, 2 * (stop - first) * NODE, (2 * first + 1) * NODE)
    children = np.frombuffer(octets, np.uint8).reshape(-1, NODE)
    os.pwrite(file, hash_pairs(children).tobytes(), first * NODE)


@contextmanager
def _descriptor(path: Path, flags: int) -> Iterator[int]:
    file = os.open(path, flags)
    try:
        yield file
    finally:
        os.close(file)
