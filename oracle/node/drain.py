"""A graceful end: what is under way is finished first, and nothing new is begun.

Nothing would be lost without it, since all is in the journal; but whoever waits for an answer gets
it, and an answer that is made is sent instead of lying until the next start.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from oracle.core.errors import OracleError
from oracle.core.lifecycle import State
from oracle.core.transaction import TxState
from oracle.journal import requests, transactions
from oracle.node.node import Node
from oracle.node.parts import log

PAUSE = 0.05


async def drain(node: Node, under_way: Callable[[], int], *, within: float) -> bool:
    """Let the node finish; it says so in its readiness from now on.

    Args:
        under_way: how many calls of the API wait for their answer.
        within: seconds, after which it is given up.

    Returns:
        Whether everything was finished.
    """
    node.draining = True
    await node.parts.announce()
    log.info("draining", within=within)
    left = ""
    try:
        async with asyncio.timeout(within):
            while True:
                left = await _left(node, under_way())
                if not left:
                    break
                await asyncio.sleep(PAUSE)
    except TimeoutError:
        log.warning("drain_cut_short", left=left)
        return False
    log.info("drained")
    return True


async def _left(node: Node, calls: int) -> str:
    """What is not finished, in words; empty where nothing is left.

    What is sent and not mined, or waits for other members, is not waited for: that may take long,
    and goes on at the next start.
    """
    if node.halted:
        return ""
    try:
        asked = await node.parts.journal.read(requests.counts)
        sending = await node.parts.journal.read(transactions.counts)
    except OracleError as error:
        return str(error)
    found = {
        "calls": calls,
        "requests": asked.get(State.CONFIRMED, 0) + asked.get(State.VOUCHED, 0),
        "transactions": sending.get(TxState.QUEUED, 0) + sending.get(TxState.SIGNED, 0),
    }
    return ", ".join(f"{count} {name}" for name, count in found.items() if count)
