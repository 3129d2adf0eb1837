"""The vectorised hash is the hash."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracle.batch.keccak import RATE, hash_pairs, keccak_messages, keccak_rows, padded
from oracle.core.canonical import keccak256
from oracle.core.merkle import hash_pair

EDGES = [0, 1, 31, 32, 64, 134, 135, 136, 137, 256, 271, 272, 273, 1000]


@pytest.mark.parametrize("width", EDGES)
@pytest.mark.parametrize("rows", [1, 7, 8, 9, 17])
def test_rows_of_a_width__hashed_together__each_has_its_own_hash(width: int, rows: int):
    octets = np.random.default_rng(width * 31 + rows).integers(0, 256, (rows, width), np.uint8)
    room = padded(rows, width)
    room[:, :width] = octets
    assert room.shape[1] % RATE == 0
    assert [row.tobytes() for row in keccak_rows(room)] == [
        keccak256(row.tobytes()) for row in octets
    ]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=600), min_size=1, max_size=40))
def test_messages_of_any_lengths__are_hashed_in_their_order(messages: list[bytes]):
    assert [row.tobytes() for row in keccak_messages(messages)] == [
        keccak256(message) for message in messages
    ]


def test_pairs__any_order_equal_or_alike_up_to_one_byte__are_hashed_as_the_tree_hashes_them():
    rng = np.random.default_rng(5)
    nodes = rng.integers(0, 256, (400, 32), np.uint8)
    for place in range(0, 128, 2):  # alike but for one byte, in either order
        nodes[place + 1] = nodes[place]
        nodes[place + 1, (place // 2) % 32] ^= 1 + (place & 0x7E)
    nodes[129] = nodes[128]
    wanted = [
        hash_pair(nodes[place].tobytes(), nodes[place + 1].tobytes()) for place in range(0, 400, 2)
    ]
    assert [row.tobytes() for row in hash_pairs(nodes)] == wanted
