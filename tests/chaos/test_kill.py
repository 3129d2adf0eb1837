"""kill -9 at every stage: after a restart every request is answered, none of them twice."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from oracle.chain.local import local_chain
from oracle.core.prediction import subject_of
from oracle.journal import Journal, requests, transactions
from tests.support.harness import OPERATOR, World, deployed_world, until

pytestmark = pytest.mark.chaos

STAGES = (
    "seen",
    "confirmed",
    "inferred",
    "vouched",
    "signed",
    "broadcast",
    "submitted",
    "mined",
    "final",
)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with (
        local_chain(folder=tmp_path / "chain") as chain,
        deployed_world(chain.url) as deployed,
    ):
        yield deployed


class Victim:
    """A node's process, and the folder that survives it."""

    def __init__(self, world: World, folder: Path) -> None:
        self._world = world
        self._folder = folder

    async def start(self, **options: object) -> asyncio.subprocess.Process:
        given = {
            "rpc": self._world.url,
            "contract": self._world.contract.address,
            "folder": str(self._folder),
            **options,
        }
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.support.victim", json.dumps(given)),
            cwd=Path(__file__).parents[2],
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )

    async def dies(self, **options: object) -> None:
        """Run until it kills itself."""
        process = await self.start(**options)
        try:
            async with asyncio.timeout(90):
                assert await process.wait() == -signal.SIGKILL
        finally:
            _kill(process)


def _kill(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()


async def all_final(folder: Path) -> bool:
    journal = Journal.at(folder / "journal.db")
    async with await journal.open({}) as opened:
        by_request = await opened.read(requests.counts)
        by_transaction = await opened.read(transactions.counts)
    return set(by_request) == {"final"} and set(by_transaction) == {"final"}


async def healed(world: World, victim: Victim, folder: Path, ids: list[bytes]) -> None:
    """Start again, unharmed; then hold every promise against the chain."""
    process = await victim.start()
    try:
        await world.decided(ids, within=90)
        await until(lambda: all_final(folder), within=90)
    finally:
        _kill(process)
        await process.wait()
    made = [each.prediction.subject for each in await world.decisions()]
    assert sorted(made) == sorted(ids), "each exactly once"


@pytest.mark.parametrize("stage", STAGES)
async def test_kill__at_a_stage__every_request_is_answered_once(
    world: World, tmp_path: Path, stage: str
) -> None:
    folder = tmp_path / "node"
    victim = Victim(world, folder)
    before = await world.rpc.nonce(OPERATOR.address, block="latest")
    ids = await world.ask(3)
    await victim.dies(kill_at=stage)
    ids += await world.ask(2)
    await healed(world, victim, folder, ids)
    spent = await world.rpc.nonce(OPERATOR.address, block="pending") - before
    by = {each.tx_hash for each in await world.decisions()}
    assert spent == len(by), "no transaction was sent twice under two nonces"


@pytest.mark.parametrize("stage", ["vouched", "signed", "broadcast", "submitted", "mined"])
async def test_kill__with_answers_that_share_a_transaction__each_is_decided_once(
    world: World, tmp_path: Path, stage: str
) -> None:
    """Two callback gases, so two are shared; then two requests more, while the node is dead."""
    folder = tmp_path / "node"
    victim = Victim(world, folder)
    before = await world.rpc.nonce(OPERATOR.address, block="latest")
    ids = await world.ask_at_once(7, callback_gas=(0, 0, 30_000))
    await victim.dies(kill_at=stage)
    ids += await world.ask_at_once(2)
    await healed(world, victim, folder, ids)
    spent = await world.rpc.nonce(OPERATOR.address, block="pending") - before
    by = Counter(each.tx_hash for each in await world.decisions())
    assert spent == len(by), "no transaction was sent twice under two nonces"
    assert sorted(by.values()) == [2, 2, 5], "they shared"


@pytest.mark.parametrize("stage", ["accepted", *STAGES[2:]])
async def test_kill__at_a_stage__what_the_api_accepted_is_decided_once(
    world: World, tmp_path: Path, stage: str
) -> None:
    folder = tmp_path / "node"
    victim = Victim(world, folder)
    vector = world.model.vectors[0]
    await victim.dies(
        kill_at=stage,
        api_decision={
            "model_id": world.model.model_id.hex(),
            "input": vector.input.hex(),
            "reference": "loan 7",
        },
    )
    await healed(world, victim, folder, [subject_of("loan 7")])


async def test_kill__again_and_again__every_request_is_answered_once(
    world: World, tmp_path: Path
) -> None:
    """Dies at another stage each time, with new requests arriving in between."""
    folder = tmp_path / "node"
    victim = Victim(world, folder)
    ids: list[bytes] = []
    for skip, stage in enumerate(("signed", "inferred", "broadcast", "vouched", "mined")):
        ids += await world.ask(2)
        await victim.dies(kill_at=stage, skip=skip % 2)
    await healed(world, victim, folder, ids)


async def test_kill__the_journal_is_lost_too__open_requests_are_found_on_chain(
    world: World, tmp_path: Path
) -> None:
    victim = Victim(world, tmp_path / "node")
    ids = await world.ask(3)
    await victim.dies(kill_at="broadcast")
    fresh = tmp_path / "fresh"
    again = Victim(world, fresh)
    process = await again.start()
    try:
        made = await world.decided(ids, within=90)
    finally:
        _kill(process)
        await process.wait()
    assert sorted(each.prediction.subject for each in made) == sorted(ids)


async def test_kill__an_old_journal_is_restored__nothing_is_answered_twice(
    world: World, tmp_path: Path
) -> None:
    folder = tmp_path / "node"
    victim = Victim(world, folder)
    ids = await world.ask(2)
    await victim.dies(kill_at="vouched")
    old = {file.name: file.read_bytes() for file in folder.iterdir()}
    ids += await world.ask(2)
    await healed(world, victim, folder, ids)
    for file in folder.iterdir():
        file.unlink()
    for name, content in old.items():
        (folder / name).write_bytes(content)
    ids += await world.ask(1)
    process = await victim.start()
    try:
        await world.decided(ids, within=90)
    finally:
        _kill(process)
        await process.wait()
    made = [each.prediction.subject for each in await world.decisions()]
    assert sorted(made) == sorted(ids)
