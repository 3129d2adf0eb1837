"""A node with its API, without keys and with one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from oracle.api.app import create_app
from oracle.api.keys import ApiKeys
from oracle.chain.local import local_chain
from oracle.node.metrics import Metrics
from oracle.node.node import Node
from tests.support.asgi import client
from tests.support.harness import World, deployed_world, running_node

KEY = "a-key-of-sixteen-characters"


WITH_KEY = {"authorization": f"Bearer {KEY}"}


@dataclass
class Api:
    """Two faces of one node: without keys, and with one."""

    world: World
    node: Node
    http: httpx.AsyncClient
    guarded: httpx.AsyncClient

    @property
    def model(self) -> str:
        return self.world.model.name

    def example(self, number: int = 0) -> dict[str, str]:
        return dict(self.world.model.vectors[number].features)

    async def decide(self, **fields: Any) -> httpx.Response:
        body = {"model": self.model, "input": self.example(), "wait": 15} | fields
        return await self.http.post("/api/decisions", json=body)


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[Api]:
    """A node of its own on a chain of its own."""
    metrics = Metrics()
    async with (
        local_chain(folder=folder) as chain,
        deployed_world(chain.url) as world,
        running_node(world, folder, observers=[metrics]) as node,
        client(create_app(node, metrics)) as http,
        client(create_app(node, metrics, api_keys=ApiKeys([KEY]))) as guarded,
    ):
        yield Api(world=world, node=node, http=http, guarded=guarded)
