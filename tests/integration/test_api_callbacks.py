"""A failed callback over the API: why it failed is found out, and anybody can have it delivered."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from eth_abi.abi import encode as abi_encode

from oracle.api.app import create_app
from oracle.chain.abi import ERROR_STRING
from oracle.chain.local import dev_account, local_chain
from oracle.chain.signer import AccountSigner
from oracle.node.metrics import Metrics
from tests.support.harness import (
    CHAIN_ID,
    REQUESTER,
    World,
    deployed_world,
    running_node,
    until,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

STRANGER = dev_account(7, chain_id=CHAIN_ID)
STOPS = "0x00"
REVERTS = "0x60006000fd"
WRITES_FOUR_SLOTS = "0x6001600055600160015560016002556001600355"


def reverts_with(text: str) -> str:
    """Code that reverts with ``Error(text)``, whatever it is called with."""
    body = ERROR_STRING + abi_encode(("string",), (text,))
    words = [body[at : at + 32].ljust(32, b"\0") for at in range(0, len(body), 32)]
    stores = b"".join(
        b"\x7f" + word + b"\x60" + bytes([32 * at]) + b"\x52" for at, word in enumerate(words)
    )
    return "0x" + (stores + b"\x60" + bytes([len(body)]) + b"\x60\0\xfd").hex()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with (
        local_chain(folder=tmp_path_factory.mktemp("callbacks")) as chain,
        deployed_world(chain.url) as deployed,
    ):
        yield deployed


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def http(
    world: World, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[httpx.AsyncClient]:
    async with running_node(world, tmp_path_factory.mktemp("node")) as node:
        transport = httpx.ASGITransport(app=create_app(node, Metrics()))
        async with httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1:8550", timeout=30
        ) as client:
            yield client


async def account(http: httpx.AsyncClient, subject: bytes) -> dict[str, object]:
    reply = await http.get(f"/api/decisions/0x{subject.hex()}", params={"wait": 30})
    decision: dict[str, object] = reply.json()["decision"]
    return decision


async def test_callback__failed__says_why_and_what_delivers_it(
    world: World, http: httpx.AsyncClient
):
    told, failing = await world.ask(), await world.ask(callback_gas=50_000)
    await world.decided([*told, *failing])
    (subject,) = failing
    path = f"/api/decisions/0x{subject.hex()}/callback"

    async def is_marked() -> bool:
        return (await account(http, subject))["callback"] == "failed"

    await until(is_marked)
    try:
        for code, fault in (
            ("0x", "there is no contract at the requester's address"),
            (REVERTS, "it refuses, and does not say why"),
            (reverts_with("closed"), "it refuses: closed"),
            (WRITES_FOUR_SLOTS, "it needs more than the 50,000 gas that it asked for"),
            (STOPS, None),
        ):
            await world.rpc.call("anvil_setCode", [REQUESTER.address, code])
            found = (await http.get(path)).json()
            assert (found["requester"], found["gas"]) == (REQUESTER.address, 50_000)
            assert found["fault"] == fault

        retry = found["retry"]
        assert retry["to"] == world.contract.address
        await AccountSigner(world.rpc, STRANGER).send_transaction(
            to=retry["to"], calldata=bytes.fromhex(retry["data"][2:])
        )
    finally:
        await world.rpc.call("anvil_setCode", [REQUESTER.address, "0x"])

    async def is_delivered() -> bool:
        return (await account(http, subject))["callback"] == "delivered"

    await until(is_delivered)
    again = await http.get(path)
    assert again.status_code == 409
    assert "has not failed" in again.json()["detail"]


async def test_callback__of_what_nobody_asked_on_chain__is_not_found(http: httpx.AsyncClient):
    reply = await http.get(f"/api/decisions/0x{'ab' * 32}/callback")
    assert reply.status_code == 404
    assert reply.json()["remedy"]
