"""Four members in processes of their own, three have to agree: one may do whatever it likes."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import httpx
import pytest

from oracle.chain.local import dev_account, local_chain
from oracle.chain.signer import AccountSigner
from oracle.core.transaction import GWEI
from oracle.journal import Journal, votes
from tests.support.harness import CHAIN_ID, REQUESTER, World, deployed_world, until
from tests.support.member import BASE_INDEX, LIE

pytestmark = pytest.mark.chaos

SIZE, THRESHOLD, TURN = 4, 3, 0.8
ADDRESSES = [
    str(dev_account(BASE_INDEX + index, chain_id=CHAIN_ID).address) for index in range(SIZE)
]


class Members:
    """The processes of a committee, and what survives them."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world = world
        self._folder = folder
        self._ports = [_free_port() for _ in range(SIZE)]
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

            await until(up, within=30)

    async def metric(self, index: int, name: str) -> float:
        async with httpx.AsyncClient() as http:
            text = (await http.get(f"{self.url(index)}/metrics")).text
        for line in text.splitlines():
            if line.startswith(name):
                return float(line.split()[-1])
        return 0.0

    def first_collector(self, subject: bytes) -> int:
        from oracle.core.quorum import Committee

        committee = Committee(
            attestor=ADDRESSES[0],
            chain_id=CHAIN_ID,
            members=tuple(ADDRESSES),
            threshold=THRESHOLD,
        )
        return ADDRESSES.index(committee.turns(subject)[0])


@asynccontextmanager
async def committee(
    tmp_path: Path, behaviours: Sequence[str | None] = ("honest",) * SIZE, *, name: str = ""
) -> AsyncIterator[Members]:
    """A committee on a chain of its own; a member whose behaviour is None is not started."""
    async with AsyncExitStack() as stack:
        chain = await stack.enter_async_context(local_chain(folder=tmp_path / "chain"))
        world = await stack.enter_async_context(
            deployed_world(chain.url, committee=(ADDRESSES, THRESHOLD), name=name)
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


async def decided_once(members: Members, ids: Sequence[bytes], *, within: float = 30) -> None:
    made = await members.world.decided(ids, within=within)
    assert sorted(m.prediction.subject for m in made) == sorted(ids), "each exactly once"
    assert {m.trust_level for m in made} == {2}
    honest = {v.input_hash: v.value for v in members.world.model.vectors}
    for each in made:
        allowed = members.world.model.card.tolerance if not members.world.model.card.labels else 0
        assert abs(each.prediction.value - honest[each.prediction.input_hash]) <= allowed


async def test_committee__all_honest__decides_with_trust_level_quorum(tmp_path: Path) -> None:
    async with committee(tmp_path) as members:
        ids = await members.world.ask(4)
        await decided_once(members, ids)


@pytest.mark.parametrize("behaviour", ["silent", "lies", "garbage", "equivocates"])
async def test_committee__one_misbehaves__the_others_decide_the_honest_value(
    tmp_path: Path, behaviour: str
) -> None:
    async with committee(
        tmp_path, (behaviour, "honest", "honest", "honest"), name="delivery-time"
    ) as members:
        ids = await members.world.ask(4)
        await decided_once(members, ids)


async def test_committee__one_differs_in_the_last_digit__still_agrees(tmp_path: Path) -> None:
    """Two say 7, two say 8: no three the same, yet all within tolerance."""
    async with committee(
        tmp_path, ("last digit", "last digit", "honest", "honest"), name="delivery-time"
    ) as members:
        ids = await members.world.ask(3)
        await decided_once(members, ids)


async def test_committee__one_equivocates__is_shown_with_both_signatures(tmp_path: Path) -> None:
    async with committee(
        tmp_path, ("equivocates", "honest", "honest", None), name="delivery-time"
    ) as members:
        await members.world.ask(2)

        async def caught() -> bool:
            for index in (1, 2):
                journal = Journal.at(members.folder(index) / "journal.db")
                async with await journal.open({}) as opened:
                    found = await opened.read(votes.equivocations)
                if any(e.member == ADDRESSES[0] and len(e.said) > 1 for e in found):
                    return True
            return False

        await until(caught, within=20, pause=0.3)


@pytest.mark.parametrize("behaviour", ["dies after collecting", "holds back"])
async def test_committee__the_first_collector_fails__a_backup_relays(
    tmp_path: Path, behaviour: str
) -> None:
    async with committee(tmp_path, (behaviour, "honest", "honest", "honest")) as members:
        ids: list[bytes] = []
        while not any(members.first_collector(each) == 0 for each in ids):
            ids += await members.world.ask(1)
        await decided_once(members, ids)


async def test_committee__two_collect_at_once__one_decision_and_one_fee(tmp_path: Path) -> None:
    async with committee(tmp_path, ("everybody's turn",) * SIZE) as members:
        world = members.world
        ids = await world.ask(5)
        await decided_once(members, ids)
        assert world.model.policy is not None
        model = await world.contract.model_of(world.model.model_id, block="latest")
        assert model is not None
        earned = await world.contract.credit_of(model.attestor, block="latest")
        assert earned == len(ids) * world.model.policy.fee_gwei * GWEI


async def test_committee__a_member_restarts_mid_round__keeps_its_word(tmp_path: Path) -> None:
    async with committee(tmp_path) as members:
        ids = await members.world.ask(3)
        await members.kill(1)
        ids += await members.world.ask(3)
        await members.start(1)
        ids += await members.world.ask(3)
        await decided_once(members, ids)


async def test_committee__too_few_are_left__no_decision_and_the_fee_comes_back(
    tmp_path: Path,
) -> None:
    async with committee(tmp_path, ("honest", "honest", None, None)) as members:
        world = members.world
        (asked,) = await world.ask(lifetime=60)
        await asyncio.sleep(4 * TURN)
        assert await world.decisions() == []
        await world.rpc.call("evm_increaseTime", [61])
        await world.rpc.call("evm_mine")
        refund = world.contract.encode_refund(world.model.model_id, asked)
        await AccountSigner(world.rpc, REQUESTER).send_transaction(
            to=world.contract.address, calldata=refund
        )
        assert world.model.policy is not None
        credit = await world.contract.credit_of(REQUESTER.address, block="latest")
        assert credit == world.model.policy.fee_gwei * GWEI


async def test_committee__a_majority_lies_differently__nothing_is_decided(tmp_path: Path) -> None:
    async with committee(
        tmp_path, ("lies", "last digit", "garbage", "silent"), name="delivery-time"
    ) as members:
        await members.world.ask(1)
        await asyncio.sleep(4 * TURN)
        assert await members.world.decisions() == []
        assert members.world.model.card.tolerance < LIE


async def test_committee__two_hundred_at_once__are_all_decided(tmp_path: Path) -> None:
    async with committee(tmp_path) as members:
        ids = await members.world.ask(200)
        await decided_once(members, ids, within=120)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
