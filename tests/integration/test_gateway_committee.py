"""Gasless reads of a committee's model: four members, each a process, of whom three must agree."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio

from oracle.chain.deployment import deploy, plan_deployment
from oracle.chain.gateway import AskCall, gateway_spec, publish, url_template, write_call
from oracle.chain.signer import AccountSigner
from oracle.core.policy import Verdict
from tests.support.committee import Members, committee
from tests.support.gateway import answer_in, read_with
from tests.support.harness import CHAIN_ID, OPERATOR, REQUESTER

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.xdist_group("gateway-committee"),
]

LIAR = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Reads:
    """A committee behind a gateway."""

    members: Members
    gateway: str

    async def serve_at(self, members: Sequence[int]) -> None:
        world = self.members.world
        urls = [url_template(self.members.url(each), 16) for each in members]
        signer = AccountSigner(world.rpc, OPERATOR)
        await publish(world.rpc, signer, self.gateway, {world.model.model_id: urls})

    async def read(self, client: str, vector: int) -> dict[str, Any]:
        world = self.members.world
        about = world.model.vectors[vector].input
        return await read_with(world, self.gateway, client, "ask", about, max_age=3600)

    async def fetch(self, member: int, vector: int) -> httpx.Response:
        """What one member answers, at the chain's head."""
        world = self.members.world
        call = AskCall(
            chain_id=CHAIN_ID,
            model_id=world.model.model_id,
            input=world.model.vectors[vector].input,
            as_of=await world.rpc.timestamp("latest"),
        )
        url = f"{self.members.url(member)}/ccip/{self.gateway}/0x{write_call(call).hex()}"
        async with httpx.AsyncClient(timeout=20) as http:
            return await http.get(url)

    async def next_block(self) -> None:
        """Later reads are other ones: a read is about a time, which blocks of one second share."""
        rpc = self.members.world.rpc
        await rpc.call("evm_mine", [await rpc.timestamp("latest") + 1])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def reads(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Reads]:
    folder = tmp_path_factory.mktemp("reads")
    async with committee(
        folder, ("honest", "honest", "honest", "lies"), name="delivery-time"
    ) as members:
        world = members.world
        spec = gateway_spec(world.contract.address)
        await deploy(plan_deployment(others=[spec]), world.rpc, AccountSigner(world.rpc, OPERATOR))
        yield Reads(members=members, gateway=str(spec.address))


@pytest.fixture(autouse=True)
def web3_may_look_at_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """web3.py looks at public addresses only, and has no switch for tests."""
    monkeypatch.setattr("web3.utils.ccip_url_validation._check_ip_blocked", lambda _: False)


@pytest.mark.parametrize("client", ["ethers", "viem", "web3.py"])
async def test_ask__one_of_four_members_lies__is_the_others_answer_at_trust_level_2(
    reads: Reads, client: str
) -> None:
    await reads.next_block()
    await reads.serve_at([0, 1, 2])
    vector = reads.members.world.model.vectors[0]
    reading = await reads.read(client, 0)
    assert int(reading["value"]) == vector.value
    assert int(reading["trustLevel"]) == 2
    assert Verdict(int(reading["verdict"])).name == vector.verdict


async def test_ask__the_liar_is_asked_first__the_next_one_answers(reads: Reads) -> None:
    await reads.next_block()
    await reads.serve_at([LIAR, 1])
    reading = await reads.read("viem", 1)
    assert int(reading["value"]) == reads.members.world.model.vectors[1].value
    assert int(reading["trustLevel"]) == 2


async def test_ask__two_members_at_once__say_the_same(reads: Reads) -> None:
    await reads.next_block()
    replies = await asyncio.gather(*[reads.fetch(member, 2) for member in (0, 1, 0, 1)])
    assert [each.status_code for each in replies] == [200] * 4, [each.text for each in replies]
    predictions = {answer_in(each)[0] for each in replies}
    assert len(predictions) == 1


async def test_ask__once_answered__anyone_may_make_it_a_decision_about_that_very_read(
    reads: Reads,
) -> None:
    """The votes are what the decision contract takes; they say this input, this time, no more."""
    await reads.next_block()
    world = reads.members.world
    prediction, evidence = answer_in(await reads.fetch(0, 0))
    calldata = world.contract.encode_relay_decision(prediction, evidence)
    await AccountSigner(world.rpc, REQUESTER).send_transaction(
        to=world.contract.address, calldata=calldata
    )
    found = await read_with(world, reads.gateway, "viem", "find", prediction.subject)
    assert int(found["value"]) == prediction.value
    assert int(found["trustLevel"]) == 2


async def test_ask__members_fall_away__is_answered_by_three_and_refused_by_two(
    reads: Reads,
) -> None:
    await reads.members.kill(LIAR)
    await reads.serve_at([LIAR, 0, 1])
    reading = await reads.read("ethers", 3)
    assert int(reading["value"]) == reads.members.world.model.vectors[3].value
    seconds = []
    for number in range(12):
        await reads.next_block()
        began = time.perf_counter()
        assert (await reads.fetch(0, number % 4)).status_code == 200
        seconds.append(time.perf_counter() - began)
    assert sorted(seconds)[len(seconds) // 2] < 1, seconds

    await reads.members.kill(2)
    await reads.next_block()
    refused = await reads.fetch(0, 0)
    assert refused.status_code == 503
    assert "2 of 4 members answer, 3 have to agree" in refused.json()["message"]
    assert "request a decision on chain" in refused.json()["remedy"]
    found = await reads.read("viem", 0)
    assert found["message"]
