"""A node's own chain, with the contract and the models: ``world``."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from oracle.chain.local import LocalChain
from tests.support.harness import World, deployed_world


@pytest.fixture
async def world(chain: LocalChain) -> AsyncIterator[World]:
    async with deployed_world(chain.url) as deployed:
        yield deployed
