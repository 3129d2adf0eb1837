"""That a prediction is in an anchored batch: its leaf, the path, the root, the batch's id.

The tree is ``StandardMerkleTree`` of ``@openzeppelin/merkle-tree`` with ``sortLeaves: false``: a
complete binary tree in an array, node *i* above nodes 2i+1 and 2i+2, the leaves at its end in
reverse order. A leaf is hashed twice, so that no node can pass for one; a pair is hashed in the
order of its values, so that a path needs no directions.
"""

from __future__ import annotations

from collections.abc import Sequence

from eth_abi.abi import encode

from oracle.core.canonical import keccak256
from oracle.core.errors import InvalidInput
from oracle.core.prediction import Prediction
from oracle.core.receipt import Batch

LEAF_TYPES = (
    "uint64",
    "bytes32",
    "bytes32",
    "bytes32",
    "bytes32",
    "int128",
    "uint32",
    "uint40",
)


def leaf_of(types: Sequence[str], values: Sequence[object]) -> bytes:
    """The leaf of a value: keccak256(keccak256(abi.encode(value))), 32 bytes."""
    return keccak256(keccak256(encode(types, values)))


def prediction_leaf(index: int, prediction: Prediction) -> bytes:
    """The leaf of the prediction at ``index`` of an anchor log, 32 bytes."""
    return leaf_of(LEAF_TYPES, (index, *prediction.as_abi()))


def parent_of(one: bytes, other: bytes) -> bytes:
    """The node above two nodes, 32 bytes."""
    return keccak256(min(one, other) + max(one, other))


def root_by(leaf: bytes, path: Sequence[bytes]) -> bytes:
    """The root that a path leads to from a leaf, 32 bytes."""
    for node in path:
        leaf = parent_of(leaf, node)
    return leaf


def path_length(place: int, count: int) -> int:
    """How many nodes lead from the leaf at ``place`` of ``count`` leaves to the root.

    Raises:
        InvalidInput: there is no such leaf.
    """
    if not 0 <= place < count:
        raise InvalidInput(f"leaf {place} of {count} does not exist")
    return (2 * count - 1 - place).bit_length() - 1


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over a few leaves in their order, 32 bytes.

    Raises:
        InvalidInput: there are none.
    """
    if not leaves:
        raise InvalidInput("a tree without leaves has no root")
    tree = [b""] * (len(leaves) - 1) + list(reversed(leaves))
    for node in reversed(range(len(leaves) - 1)):
        tree[node] = parent_of(tree[2 * node + 1], tree[2 * node + 2])
    return tree[0]


def path_of(leaves: Sequence[bytes], place: int) -> tuple[bytes, ...]:
    """The path from the leaf at ``place`` to the root, over a few leaves."""
    tree = [b""] * (len(leaves) - 1) + list(reversed(leaves))
    for node in reversed(range(len(leaves) - 1)):
        tree[node] = parent_of(tree[2 * node + 1], tree[2 * node + 2])
    at, path = 2 * len(leaves) - 2 - place, []
    while at:
        path.append(tree[at - 1 if at % 2 == 0 else at + 1])
        at = (at - 1) // 2
    return tuple(path)


def batch_id(chain_id: int, log: str, batch: Batch) -> bytes:
    """keccak256(abi.encode(chainId, anchorLog, batch)), 32 bytes."""
    return keccak256(
        encode(
            ["uint256", "address", "uint64", "uint64", "uint32", "bytes32", "bytes32"],
            [
                chain_id,
                log,
                batch.number,
                batch.first_index,
                batch.count,
                batch.root,
                batch.previous,
            ],
        )
    )
