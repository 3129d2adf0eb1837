"""The chain, to read only: no key is needed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from oracle.chain.rpc import RpcPool
from oracle.cli.client import running_node
from oracle.cli.place import network_of
from oracle.cli.settings import Settings


@asynccontextmanager
async def reading(settings: Settings) -> AsyncIterator[RpcPool]:
    """The chain, to read only: that of the settings, else the running node's; no key is needed.

    Raises:
        ConfigError: no endpoint is known, or it serves another chain.
        Transient: none answers.
    """
    note = running_node(settings)
    url = note.rpc if note and note.rpc and not settings.urls else None
    if note and "network" not in settings.model_fields_set and not settings.urls:
        settings = settings.model_copy(update={"network": note.network})
    network = network_of(settings, url=url)
    async with RpcPool(network.rpc_urls, chain_id=network.chain_id) as rpc:
        await rpc.check()
        yield rpc
