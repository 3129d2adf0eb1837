"""A receipt checked for callers that block, in notebooks, too, where a loop runs already."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from oracle.chain.rpc import RpcPool
from oracle.core.receipt import Receipt
from oracle.verify import Report, verify, verify_offline


def check(
    receipt: Receipt, files: Mapping[str, bytes], *, rpc: str | None, contract: str | None
) -> Report:
    """Check everything; without an endpoint everything but the chain, and the report says so.

    Raises:
        VerificationError: the first check that does not hold.
        ChainError, ConfigError: the chain can not be read, or the endpoint serves another one.
    """
    if rpc is None:
        report = verify_offline(receipt, files)
        report.skip("chain", "no endpoint of the chain was given: Client(rpc=…)")
        return report

    async def read() -> Report:
        async with RpcPool([rpc], chain_id=receipt.chain_id) as pool:
            await pool.check()
            return await verify(receipt, files, pool, expected=contract)

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, read()).result()
