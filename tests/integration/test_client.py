"""The JavaScript client, its README, and web3.js by itself, against a node: ``tests/js/live``."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from oracle.chain.toolchain import find_node
from tests.support.harness import REQUESTER
from tests.support.page import Served, served_node

pytestmark = pytest.mark.asyncio(loop_scope="module")

SCRIPTS = Path(__file__).parents[1] / "js" / "live"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    async with served_node(tmp_path_factory.mktemp("client")) as opened:
        yield opened


@pytest.mark.parametrize("script", sorted(SCRIPTS.glob("*.test.js")), ids=lambda path: path.stem)
async def test_script__node_runs__passes(served: Served, script: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        find_node(),
        "--test",
        script,
        env=os.environ
        | {
            "ORACLE_NODE_URL": served.url,
            "ORACLE_RPC_URL": served.chain.url,
            "REQUESTER_KEY": "0x" + bytes(REQUESTER.key).hex(),
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(240):
        output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
