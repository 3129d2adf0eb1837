"""A committee of four processes on a chain of its own, for the chaos tests and the bench."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import httpx

from oracle.chain.local import dev_account, local_chain
from oracle.core.quorum import Committee
from tests.support.harness import CHAIN_ID, World, deployed_world, until
from tests.support.member import BASE_INDEX
from tests.support.ports import free_port

SIZE, THRESHOLD, TURN = 4, 3, 0.8
ADDRESSES = [
    str(dev_account(BASE_INDEX + index, chain_id=CHAIN_ID).address) for index in range(SIZE)
]


class Members:
    """The processes of a committee, and what survives them."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world = world
        self._folder = folder
        self._ports = [free_port() for _ in range(SIZE)]
        self.running: dict[int, asyncio.subprocess.Process] = {}

    def folder(self, index: int) -> Path:
        return self._folder / f"member-{index}"

    def url(self, index: int) -> str:
        return f"http://127.0.0.1:{self._ports[index]}"

    async def start(self, index: int, behaviour: str = "honest") -> None:
        given = {
            "index": index,
            "behaviour": behaviour,
            "rpc": self.world.url,
            "contract": self.world.contract.address,
            "folder": str(self.folder(index)),
            "port": self._ports[index],
            "turn_seconds": TURN,
            "peers": {ADDRESSES[other]: self.url(other) for other in range(SIZE) if other != index},
        }
        self.folder(index).mkdir(parents=True, exist_ok=True)
        with (self.folder(index) / "log").open("ab") as log:
            self.running[index] = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.support.member", json.dumps(given)),
                cwd=Path(__file__).parents[2],
                stdout=log,
                stderr=log,
            )

    async def kill(self, index: int) -> None:
        process = self.running.pop(index)
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()

    async def serving(self, indices: Sequence[int]) -> None:
        async with httpx.AsyncClient() as http:

            async def up() -> bool:
                try:
                    for index in indices:
                        (await http.get(f"{self.url(index)}/healthz")).raise_for_status()
                except httpx.HTTPError:
                    return False
                return True

            await until(up, within=90)

    async def metric(self, index: int, name: str) -> float:
        async with httpx.AsyncClient() as http:
            text = (await http.get(f"{self.url(index)}/metrics")).text
        for line in text.splitlines():
            if line.startswith(name):
                return float(line.split()[-1])
        return 0.0

    def first_collector(self, subject: bytes) -> int:
        committee = Committee(
            attestor=ADDRESSES[0],
            chain_id=CHAIN_ID,
            members=tuple(ADDRESSES),
            threshold=THRESHOLD,
        )
        return ADDRESSES.index(committee.turns(subject)[0])


@asynccontextmanager
async def committee(
    tmp_path: Path,
    behaviours: Sequence[str | None] = ("honest",) * SIZE,
    *,
    name: str = "",
    sealed: tuple[int, int, int] | None = None,
) -> AsyncIterator[Members]:
    """A committee on a chain of its own; a member whose behaviour is None is not started.

    Args:
        sealed: both windows, seconds, and the bond, wei, where its members vote on chain.
    """
    async with AsyncExitStack() as stack:
        chain = await stack.enter_async_context(local_chain(folder=tmp_path / "chain"))
        world = await stack.enter_async_context(
            deployed_world(chain.url, committee=(ADDRESSES, THRESHOLD), sealed=sealed, name=name)
        )
        members = Members(world, tmp_path)
        try:
            for index, behaviour in enumerate(behaviours):
                if behaviour is not None:
                    await members.start(index, behaviour)
            await members.serving([i for i, b in enumerate(behaviours) if b is not None])
            yield members
        finally:
            for index in [*members.running]:
                await members.kill(index)
