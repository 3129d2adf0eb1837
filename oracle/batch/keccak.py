"""Keccak-256 of many equally long messages: eight at a time in vector registers, without the GIL.

Messages lie in rows that already have room for the padding (``padded``), seen as little-endian
64-bit words. The permutation is written once in LLVM's vector types, so that it becomes AVX-512,
AVX2 or NEON, whatever the machine has; numba compiles it and keeps the machine code on disk.
Source: FIPS 202's permutation with Keccak's own padding (0x01 … 0x80), as Ethereum uses it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic
from numpy.typing import NDArray

RATE = 136
"""Bytes that one permutation takes in."""

WORDS = RATE // 8
LANES = 8
"""Messages that go through one permutation together."""

Words = NDArray[np.uint64]
_Function = TypeVar("_Function", bound=Callable[..., Any])

_ROTATIONS = (
    (0, 36, 3, 41, 18),
    (1, 44, 10, 45, 2),
    (62, 6, 43, 15, 61),
    (28, 55, 25, 21, 56),
    (27, 20, 39, 8, 14),
)


def _round_constants() -> list[int]:
    """The 24 constants, from the linear feedback shift register that defines them."""
    constants, state = [], 1
    for _ in range(24):
        constant = 0
        for power in range(7):
            constant |= (state & 1) << ((1 << power) - 1)
            state = (state << 1) ^ (0x171 if state & 0x80 else 0)
        constants.append(constant)
    return constants


def padded(rows: int, width: int) -> NDArray[np.uint8]:
    """Room for ``rows`` messages of ``width`` bytes each: zeros there, and the padding after."""
    blocks = width // RATE + 1
    room = np.zeros((rows, blocks * RATE), dtype=np.uint8)
    room[:, width] = 0x01
    room[:, -1] |= 0x80
    return room


def keccak_rows(room: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The hash of every row of a room made by ``padded``: 32 bytes each."""
    hashes = np.empty((len(room), 4), dtype=np.uint64)
    _keccak(room.view(np.uint64), hashes)
    return hashes.view(np.uint8)


def keccak_messages(messages: list[bytes]) -> NDArray[np.uint8]:
    """The hash of messages of any lengths, 32 bytes each, in their order."""
    hashes = np.empty((len(messages), 32), dtype=np.uint8)
    lengths = np.fromiter(map(len, messages), dtype=np.int64, count=len(messages))
    for length in np.unique(lengths).tolist():
        places = np.flatnonzero(lengths == length)
        room = padded(len(places), length)
        octets = b"".join(messages[place] for place in places.tolist())
        room[:, :length] = np.frombuffer(octets, np.uint8).reshape(len(places), length)
        hashes[places] = keccak_rows(room)
    return hashes


def hash_pairs(children: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The parents of neighbouring nodes, as ``oracle.core.merkle.hash_pair`` has them.

    Args:
        children: 2n nodes of 32 bytes.

    Returns:
        n nodes of 32 bytes.
    """
    parents = np.empty((len(children) // 2, 4), dtype=np.uint64)
    _pairs(np.ascontiguousarray(children).view(np.uint64).reshape(-1, 8), parents)
    return parents.view(np.uint8)


def _compiled(function: _Function) -> _Function:
    return cast(_Function, numba.njit(cache=True, nogil=True, boundscheck=False)(function))


def _permutation(context: Any, state: Any) -> Any:
    """Keccak-f[1600] on eight states at once; ``state`` is a C array of [25, 8] words."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        vector = ir.VectorType(ir.IntType(64), LANES)
        base = builder.bitcast(array.data, vector.as_pointer())
        lanes = [cgutils.alloca_once(builder, vector) for _ in range(25)]
        places = [builder.gep(base, [ir.Constant(ir.IntType(64), n)]) for n in range(25)]
        for lane, place in zip(lanes, places, strict=True):
            builder.store(builder.load(place, align=8), lane)
        constants = cgutils.global_constant(
            builder,
            "keccak_round_constants",
            ir.Constant(
                ir.ArrayType(vector, 24),
                [ir.Constant(vector, [each] * LANES) for each in _round_constants()],
            ),
        )
        with cgutils.for_range(builder, ir.Constant(ir.IntType(64), 24)) as loop:
            constant = builder.load(
                builder.gep(constants, [ir.Constant(ir.IntType(64), 0), loop.index])
            )
            for lane, value in zip(
                lanes, _round(builder, vector, [builder.load(x) for x in lanes]), strict=True
            ):
                builder.store(value, lane)
            builder.store(builder.xor(builder.load(lanes[0]), constant), lanes[0])
        for lane, place in zip(lanes, places, strict=True):
            builder.store(builder.load(lane), place, align=8)
        return context.get_dummy_value()

    return types.void(state), generate


def _round(builder: Any, vector: Any, lanes: list[Any]) -> list[Any]:
    """Theta, rho, pi and chi; lane x + 5y as the standard names them."""

    def rotate(value: Any, by: int) -> Any:
        if not by:
            return value
        function = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(vector, [vector] * 3), f"llvm.fshl.v{LANES}i64"
        )
        return builder.call(function, [value, value, ir.Constant(vector, [by] * LANES)])

    ones = ir.Constant(vector, [2**64 - 1] * LANES)
    columns = []
    for x in range(5):
        column = lanes[x]
        for y in range(1, 5):
            column = builder.xor(column, lanes[x + 5 * y])
        columns.append(column)
    mixed = list(lanes)
    for x in range(5):
        parity = builder.xor(columns[(x + 4) % 5], rotate(columns[(x + 1) % 5], 1))
        for y in range(5):
            mixed[x + 5 * y] = builder.xor(lanes[x + 5 * y], parity)
    moved: list[Any] = [None] * 25
    for x in range(5):
        for y in range(5):
            moved[y + 5 * ((2 * x + 3 * y) % 5)] = rotate(mixed[x + 5 * y], _ROTATIONS[x][y])
    return [
        builder.xor(
            moved[x + 5 * y],
            builder.and_(builder.xor(moved[(x + 1) % 5 + 5 * y], ones), moved[(x + 2) % 5 + 5 * y]),
        )
        for y in range(5)
        for x in range(5)
    ]


_permute: Any = intrinsic(_permutation)


@_compiled
def _keccak(messages: Words, hashes: Words) -> None:
    state = np.empty((25, LANES), dtype=np.uint64)
    rows, words = messages.shape
    for first in range(0, rows, LANES):
        together = min(LANES, rows - first)
        state[:] = 0
        for block in range(0, words, WORDS):
            for lane in range(together):
                for word in range(WORDS):
                    state[word, lane] ^= messages[first + lane, block + word]
            _permute(state)
        for lane in range(together):
            for word in range(4):
                hashes[first + lane, word] = state[word, lane]


@_compiled
def _pairs(children: Words, parents: Words) -> None:
    state = np.empty((25, LANES), dtype=np.uint64)
    rows = children.shape[0]
    for first in range(0, rows, LANES):
        together = min(LANES, rows - first)
        state[:] = 0
        for lane in range(together):
            pair = children[first + lane]
            # As numbers in the order of their bytes: the first bytes that differ decide.
            left, right = 0, 4
            for word in range(4):
                if pair[word] != pair[4 + word]:
                    differ = pair[word] ^ pair[4 + word]
                    lowest = differ & (~differ + np.uint64(1))
                    shift = np.uint64(0)
                    while (lowest >> shift) > np.uint64(0xFF):
                        shift += np.uint64(8)
                    mine = (pair[word] >> shift) & np.uint64(0xFF)
                    other = (pair[4 + word] >> shift) & np.uint64(0xFF)
                    if other < mine:
                        left, right = 4, 0
                    break
            for word in range(4):
                state[word, lane] = pair[left + word]
                state[4 + word, lane] = pair[right + word]
            state[8, lane] = np.uint64(0x01)
            state[16, lane] = np.uint64(0x8000000000000000)
        _permute(state)
        for lane in range(together):
            for word in range(4):
                parents[first + lane, word] = state[word, lane]
