"""The pool over real sockets: kept-alive connections, two engines, broken servers."""

from __future__ import annotations

import asyncio
import logging

import pytest
from eth_account import Account

from oracle.chain.endpoint import EndpointStatus
from oracle.chain.errors import BlockUnknown, MethodMissing
from oracle.chain.local import LocalChain, dev_account
from oracle.chain.replies import SendOutcome
from oracle.chain.rpc import RpcPool
from oracle.core.errors import ConfigError, Transient

DEAD = "http://user:secret@127.0.0.1:9/secret"
UNKNOWN = b"\x12" * 32


@pytest.fixture(params=["anvil", "hardhat_chain"])
def chain(request: pytest.FixtureRequest) -> LocalChain:
    found: LocalChain = request.getfixturevalue(request.param)
    return found


async def test_reads__unknown_block__block_unknown_on_both_engines(chain: LocalChain) -> None:
    address = "0x" + "11" * 20
    async with RpcPool([chain.url], chain_id=31337) as rpc:
        for block in (UNKNOWN, 10**6):
            with pytest.raises(BlockUnknown):
                await rpc.block(block)
            with pytest.raises(BlockUnknown):
                await rpc.balance(address, block)
            with pytest.raises(BlockUnknown):
                await rpc.eth_call(address, b"", block=block)
        with pytest.raises(BlockUnknown):
            await rpc.logs(address=address, block_hash=UNKNOWN)
        with pytest.raises(MethodMissing):
            await rpc.call("eth_noSuchMethod")
        with pytest.raises(BlockUnknown):
            await rpc.logs_between(address=address, first=0, last=10**6)


async def test_fees__first_block__are_typed(chain: LocalChain) -> None:
    async with RpcPool([chain.url], chain_id=31337) as rpc:
        history = await rpc.fee_history(5, (25, 75))
        assert len(history.base_fees) == len(history.fullness) + 1
        assert all(len(row) == 2 for row in history.tips)


async def test_broadcast__each_refusal__has_its_type(chain: LocalChain) -> None:
    account = dev_account(7, chain_id=31337)
    poor = Account.create()
    async with RpcPool([chain.url], chain_id=31337) as rpc:
        nonce = await rpc.nonce(str(account.address), "pending")

        def signed(signer: object = account, **changes: int) -> bytes:
            fields = {
                "type": 2,
                "chainId": 31337,
                "nonce": nonce,
                "to": "0x" + "11" * 20,
                "value": 1,
                "gas": 21_000,
                "maxFeePerGas": 10**11,
                "maxPriorityFeePerGas": 10**9,
            }
            raw = signer.sign_transaction({**fields, **changes}).raw_transaction  # type: ignore[attr-defined]
            return bytes(raw)

        async def outcome(raw: bytes) -> SendOutcome:
            return (await rpc.broadcast(raw)).outcome

        assert await outcome(signed(poor, nonce=0)) is SendOutcome.INSUFFICIENT_FUNDS
        assert await outcome(signed(gas=20_000)) is SendOutcome.REFUSED
        assert await outcome(signed(chainId=1)) is SendOutcome.REFUSED
        assert await outcome(signed(maxFeePerGas=1, maxPriorityFeePerGas=1)) in (
            SendOutcome.UNDERPRICED,
            SendOutcome.ACCEPTED,
        )
        assert await outcome(signed()) is SendOutcome.ACCEPTED
        async with asyncio.timeout(5):
            while await rpc.nonce(str(account.address), "latest") == nonce:
                await asyncio.sleep(0.01)
        assert await outcome(signed()) in (SendOutcome.NONCE_TOO_LOW, SendOutcome.ALREADY_KNOWN)
        assert await outcome(b"\x02nonsense") is SendOutcome.REFUSED


async def test_broadcast__unmined__replacement_rules(anvil: LocalChain) -> None:
    account = dev_account(8, chain_id=31337)
    async with RpcPool([anvil.url], chain_id=31337) as rpc:
        await rpc.call("evm_setAutomine", [False])
        fields = {
            "type": 2,
            "chainId": 31337,
            "nonce": await rpc.nonce(str(account.address), "pending"),
            "to": "0x" + "11" * 20,
            "gas": 21_000,
            "maxFeePerGas": 10**11,
            "maxPriorityFeePerGas": 10**9,
        }
        try:
            raw = bytes(account.sign_transaction(fields).raw_transaction)
            assert (await rpc.broadcast(raw)).outcome is SendOutcome.ACCEPTED
            assert (await rpc.broadcast(raw)).outcome is SendOutcome.ALREADY_KNOWN
            other = bytes(account.sign_transaction({**fields, "value": 1}).raw_transaction)
            assert (await rpc.broadcast(other)).outcome is SendOutcome.UNDERPRICED
        finally:
            await rpc.call("evm_setAutomine", [True])
            await rpc.call("evm_mine")


async def test_broadcast_many__hundreds__all_are_mined(anvil: LocalChain) -> None:
    account = dev_account(9, chain_id=31337)
    async with RpcPool([anvil.url], chain_id=31337) as rpc:
        first = await rpc.nonce(str(account.address), "pending")
        raws = [
            bytes(
                account.sign_transaction(
                    {
                        "type": 2,
                        "chainId": 31337,
                        "nonce": first + n,
                        "to": "0x" + "11" * 20,
                        "gas": 21_000,
                        "maxFeePerGas": 10**11,
                        "maxPriorityFeePerGas": 1,
                    }
                ).raw_transaction
            )
            for n in range(250)
        ]
        sent = await rpc.broadcast_many(raws)
        assert {each.outcome for each in sent} == {SendOutcome.ACCEPTED}
        async with asyncio.timeout(20):
            while None in await rpc.receipts([each.tx_hash for each in sent]):
                await asyncio.sleep(0.05)


async def test_failover__dead_first_endpoint__second_answers(
    anvil: LocalChain, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with RpcPool([DEAD, anvil.url], chain_id=31337) as rpc:
        assert (await rpc.block("latest")).number >= 0
        states = await rpc.check()
        assert states[0].fault == "no connection to http://127.0.0.1:9"
        assert states[1].status is EndpointStatus.READY
    async with RpcPool([DEAD], chain_id=31337) as rpc:
        with pytest.raises(Transient) as caught:
            await rpc.check()
    assert "secret" not in f"{caplog.text}{caught.value}{states}"


async def test_chain_id__wrong__names_both(anvil: LocalChain) -> None:
    async with RpcPool([anvil.url], chain_id=1) as rpc:
        with pytest.raises(ConfigError, match="serves chain 31337, not 1"):
            await rpc.check()


async def test_server__garbage_and_closed_connections__are_transient() -> None:
    answers = [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>",
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 429 Slow\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n",
    ]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(answers.pop(0) if answers else b"")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, RpcPool([f"http://127.0.0.1:{port}"], chain_id=1, rounds=1) as rpc:
        while answers:
            with pytest.raises(Transient):
                await rpc.block("latest")
        assert rpc.health()[0].status is EndpointStatus.RATE_LIMITED
        assert rpc.health()[0].pause > 2


async def test_pools__several_in_one_loop__close_apart(anvil: LocalChain) -> None:
    one = RpcPool([anvil.url], chain_id=31337)
    async with RpcPool([anvil.url], chain_id=31337) as two:
        await asyncio.gather(*(pool.block("latest") for pool in (one, two) for _ in range(20)))
    await one.block("latest")
    await one.aclose()
