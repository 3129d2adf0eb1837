"""Merkle trees as ``@openzeppelin/merkle-tree`` has them, with ``sortLeaves: false``.

A tree of n leaves is an array of 2n − 1 nodes: the root is node 0, the children of node i are
2i + 1 and 2i + 2, and leaf i is node 2n − 2 − i. A pair is hashed in ascending order, so a proof
needs no sides. Leaves are hashed twice, and a leaf's place fixes the length of its proof: no inner
node can pass for a leaf. ``tests/vectors/merkle.json`` holds Python, Solidity and JavaScript to it.
"""

from __future__ import annotations

from collections.abc import Sequence

from oracle.core.canonical import keccak256
from oracle.core.errors import InvalidInput, VerificationError

MAX_LEAVES = 2**32 - 1
"""A batch's count is a uint32."""


def hash_leaf(encoded: bytes) -> bytes:
    """The leaf of ABI-encoded values, 32 bytes: keccak256 of their keccak256."""
    return keccak256(keccak256(encoded))


def hash_pair(one: bytes, other: bytes) -> bytes:
    """The parent of two nodes, whichever comes first, 32 bytes."""
    return keccak256(one + other if one <= other else other + one)


def proof_length(position: int, count: int) -> int:
    """How many nodes the proof of the leaf at this position has in a tree of ``count`` leaves.

    Raises:
        InvalidInput: there is no such leaf.
    """
    _require_place(position, count)
    return (2 * count - 1 - position).bit_length() - 1


class MerkleTree:
    """All nodes of one tree, in memory.

    Args:
        leaves: 32 bytes each, in the order of their positions; at least one.

    Raises:
        InvalidInput: there is no leaf, or one has another length.
    """

    __slots__ = ("_count", "_nodes")

    def __init__(self, leaves: Sequence[bytes]) -> None:
        count = len(leaves)
        if not 1 <= count <= MAX_LEAVES:
            raise InvalidInput(
                f"a tree of {count} leaves", remedy=f"give between 1 and {MAX_LEAVES} leaves"
            )
        nodes = [b""] * (count - 1) + list(reversed(leaves))
        for place, leaf in enumerate(leaves):
            if len(leaf) != 32:
                raise InvalidInput(f"leaf {place} has {len(leaf)} bytes", remedy="give 32")
        for place in range(count - 2, -1, -1):
            nodes[place] = hash_pair(nodes[2 * place + 1], nodes[2 * place + 2])
        self._count = count
        self._nodes = nodes

    def __len__(self) -> int:
        """How many leaves there are."""
        return self._count

    @property
    def root(self) -> bytes:
        """The root, 32 bytes; of a single leaf it is the leaf."""
        return self._nodes[0]

    def proof(self, position: int) -> tuple[bytes, ...]:
        """The siblings on the way from a leaf up to the root, 32 bytes each.

        Raises:
            InvalidInput: there is no such leaf.
        """
        return tuple(self._nodes[place] for place in proof_places(position, self._count))


def proof_places(position: int, count: int) -> list[int]:
    """Where in the array of nodes the proof of a leaf is, lowest first: for stored trees.

    Raises:
        InvalidInput: there is no such leaf.
    """
    _require_place(position, count)
    places = []
    place = 2 * count - 2 - position
    while place > 0:
        places.append(place + 1 if place % 2 else place - 1)
        place = (place - 1) // 2
    return places


def root_from(leaf: bytes, proof: Sequence[bytes]) -> bytes:
    """The root that a proof leads to from this leaf, 32 bytes; it proves nothing by itself."""
    node = leaf
    for sibling in proof:
        node = hash_pair(node, sibling)
    return node


def verify_proof(
    root: bytes, leaf: bytes, proof: Sequence[bytes], *, position: int, count: int
) -> None:
    """Return where the leaf is in the tree with this root.

    Args:
        position, count: the leaf's place among how many; they fix the length of the proof.

    Raises:
        VerificationError: there is no such place, the proof has another length, a node is not 32
            bytes, or the proof leads to another root.
    """
    if not 0 <= position < count <= MAX_LEAVES:
        raise VerificationError(f"there is no leaf {position} in a tree of {count}")
    length = proof_length(position, count)
    if len(proof) != length:
        raise VerificationError(
            f"the proof of leaf {position} of {count} has {len(proof)} nodes, not {length}",
            remedy="take the proof of this leaf, from this batch",
        )
    if len(leaf) != 32 or any(len(node) != 32 for node in proof):
        raise VerificationError("a node of the proof is not 32 bytes")
    reached = root_from(leaf, proof)
    if reached != root:
        raise VerificationError(
            f"the proof leads to root 0x{reached.hex()}, not to 0x{root.hex()}",
            remedy="the leaf, the proof and the root must be of one batch",
        )


def _require_place(position: int, count: int) -> None:
    if not 0 <= position < count <= MAX_LEAVES:
        raise InvalidInput(
            f"there is no leaf {position} in a tree of {count}",
            remedy="positions count from 0 within the batch",
        )
