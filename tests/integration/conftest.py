"""Real chains: ``anvil``, ``hardhat_chain``, ``deployed``, ``world``, and ``chain`` for one test;
``api``, a node with its API; ``up``, an ``oracle up``.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from oracle.chain.deployment import Deployed
from oracle.chain.local import Engine, LocalChain, local_chain
from tests.support.api import Api, serving
from tests.support.ports import free_port
from tests.support.shell import Shell, Up
from tests.support.world import World, deploy_models, open_world


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def anvil(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LocalChain]:
    """An Anvil of this module's own."""
    async with local_chain(folder=tmp_path_factory.mktemp("anvil")) as chain:
        yield chain


@pytest.fixture
async def chain(tmp_path: Path) -> AsyncIterator[LocalChain]:
    """An Anvil of this test's own."""
    async with local_chain(folder=tmp_path / "chain") as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hardhat_chain(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LocalChain]:
    """A Hardhat node of this module's own."""
    folder = tmp_path_factory.mktemp("hardhat")
    async with local_chain(folder=folder, engine=Engine.HARDHAT) as chain:
        yield chain


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def deployed(anvil: LocalChain) -> Deployed:
    """The decision contract, two policies and two models on the module's Anvil."""
    return await deploy_models(anvil)


@pytest_asyncio.fixture
async def world(anvil: LocalChain, deployed: Deployed) -> AsyncIterator[World]:
    """The module's Anvil as one test sees it: what the test does is undone after it."""
    async with open_world(anvil, deployed) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    """A node with its API, for this module."""
    async with serving(tmp_path_factory.mktemp("api")) as opened:
        yield opened


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A node that a user started, for this module."""
    shell = Shell(tmp_path_factory.mktemp("up"))
    port, chain_port = free_port(), free_port()
    began = time.monotonic()
    with shell.running(
        "up", "--port", str(port), "--chain-port", str(chain_port), until="Ctrl-C stops"
    ) as process:
        yield Up(
            shell=shell,
            api=f"http://127.0.0.1:{port}",
            rpc=f"http://127.0.0.1:{chain_port}",
            process=process,
            seconds=time.monotonic() - began,
        )
