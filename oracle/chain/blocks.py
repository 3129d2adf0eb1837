"""Which block was the first to be as late as a time, or to have a contract, without a scan."""

from __future__ import annotations

from oracle.chain.errors import BlockUnknown
from oracle.chain.rpc import RpcPool


async def block_at(rpc: RpcPool, timestamp: int) -> int:
    """The first block at or after a time, Unix seconds; one after the head where there is none."""
    low, high = 0, (await rpc.block("latest")).number + 1
    while low < high:
        middle = (low + high) // 2
        if (await rpc.block(middle)).timestamp < timestamp:
            low = middle + 1
        else:
            high = middle
    return low


async def deployed_at(rpc: RpcPool, address: str, *, first: int, last: int) -> int:
    """The first block in which a contract has code, among these; ``first`` where the endpoint keeps
    no older state, ``last + 1`` where it has none.

    Raises:
        Transient: no endpoint answers.
    """
    low, high = first, last + 1
    while low < high:
        middle = (low + high) // 2
        try:
            there = bool(await rpc.code(address, middle))
        except BlockUnknown:
            return first
        if there:
            high = middle
        else:
            low = middle + 1
    return low
