"""A contract's logs in a range of any width, however few blocks an endpoint searches at once."""

from __future__ import annotations

from collections.abc import Sequence

from oracle.chain.errors import RangeRefused
from oracle.chain.rpc import RpcPool
from oracle.chain.wire import Log


async def logs_in(
    rpc: RpcPool, address: str, first: int, last: int, *, topics: Sequence[bytes | None] = ()
) -> list[Log]:
    """The logs in blocks ``first`` to ``last``, in order; a range that is refused is halved.

    Args:
        topics: as ``RpcPool.logs_between`` takes them.

    Raises:
        ChainError: the chain can not be read.
    """
    try:
        found, _ = await rpc.logs_between(address=address, first=first, last=last, topics=topics)
    except RangeRefused:
        if first == last:
            raise
        middle = (first + last) // 2
        return [
            *await logs_in(rpc, address, first, middle, topics=topics),
            *await logs_in(rpc, address, middle + 1, last, topics=topics),
        ]
    return found
