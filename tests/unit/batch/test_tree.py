"""The tree in a file is the tree in memory."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from oracle.batch import tree
from oracle.core.errors import JournalError
from oracle.core.merkle import MerkleTree


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "PIECE", 16)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7, 8, 9, 100, 127, 128, 129, 1000])
def test_any_count__in_pieces__has_the_root_and_the_proofs_of_the_tree_in_memory(
    tmp_path: Path, count: int
):
    leaves = np.random.default_rng(count).integers(0, 256, (count, 32), np.uint8)
    path = tmp_path / "nodes"
    tree.write_leaves(path, count, [leaves[: count // 3], leaves[count // 3 :]])
    with ThreadPoolExecutor(2) as pool:
        root = tree.build(path, count, pool)
    wanted = MerkleTree([leaf.tobytes() for leaf in leaves])
    assert root == wanted.root
    for position in {0, count // 2, count - 1}:
        assert tree.read_proof(path, position, count) == wanted.proof(position)


@pytest.mark.parametrize("given", [9, 11])
def test_leaves__fewer_or_more_than_said__are_refused(tmp_path: Path, given: int):
    with pytest.raises(JournalError):
        tree.write_leaves(tmp_path / "nodes", 10, [np.zeros((given, 32), np.uint8)])


@pytest.mark.parametrize("count", [2, 3, 9, 100, 129])
@pytest.mark.parametrize("depth", [0, 1, 3])
def test_subtrees_of_a_depth__hashed_apart__leave_the_same_root(
    tmp_path: Path, count: int, depth: int
):
    leaves = np.random.default_rng(count).integers(0, 256, (count, 32), np.uint8)
    path = tmp_path / "nodes"
    tree.write_leaves(path, count, [leaves])
    for number in reversed(range(1 << depth)):
        tree.build_subtree(path, count, depth, number)
    with ThreadPoolExecutor(2) as pool:
        root = tree.build(path, count, pool, above=depth)
    assert root == MerkleTree([leaf.tobytes() for leaf in leaves]).root
