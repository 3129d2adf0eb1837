"""Several endpoints: wrong chains, pauses, time-outs, broadcasts, and what is never shown."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import aiohttp
import pytest
from eth_utils.crypto import keccak

from oracle.chain.endpoint import EndpointStatus, HttpFault, redacted
from oracle.chain.replies import SendOutcome
from oracle.chain.rpc import RpcPool
from oracle.core.errors import ConfigError, Transient
from tests.support.fake_rpc import FakeProvider, Refusal, chain, failing, pool_of

RAW = b"\x02signed"


async def test_chain_id__wrong_everywhere__config_error_names_both() -> None:
    pool = pool_of(FakeProvider(chain().answer, chain_id=5))
    with pytest.raises(ConfigError, match="http://node0.test: it serves chain 5, not 31337"):
        await pool.block("latest")


async def test_chain_id__wrong_at_one__is_left_out() -> None:
    wrong, right = FakeProvider(chain(9).answer, chain_id=5), FakeProvider(chain(3).answer)
    pool = pool_of(wrong, right)
    assert (await pool.block("latest")).number == 2
    assert wrong.methods() == []
    states = await pool.check()
    assert [state.status for state in states] == [EndpointStatus.WRONG_CHAIN, EndpointStatus.READY]
    assert "chain 5" in states[0].fault


async def test_chain_id__lost_connection__is_asked_again() -> None:
    source, up = chain(), True

    def answer(method: str, params: Any) -> Any:
        if not up:
            raise ConnectionResetError
        return source.answer(method, params)

    provider = FakeProvider(answer)
    pool = pool_of(provider)
    await pool.block("latest")
    up = False
    with pytest.raises(Transient):
        await pool.block("latest")
    up, provider.chain_id = True, 1
    with pytest.raises(Transient, match="serves chain 1 now, and served 31337 before"):
        await pool.block("latest")
    with pytest.raises(Transient):
        await pool.call("eth_gasPrice")
    assert "eth_gasPrice" not in provider.methods()


async def test_chain_id__another_everywhere_for_a_while__is_waited_out() -> None:
    """A node that ran must not end because its providers sent it elsewhere for a moment."""
    providers = [FakeProvider(chain().answer), FakeProvider(chain().answer)]
    pool = pool_of(*providers)
    await pool.check()
    for provider, endpoint in zip(providers, pool.endpoints, strict=True):
        endpoint.failed(Transient("the connection broke", remedy=""), connected=False)
        provider.chain_id = 1
    with pytest.raises(Transient, match="serves chain 1 now"):
        await pool.block("latest")
    assert (await pool.broadcast(RAW)).why == "no endpoint was reached"
    for provider in providers:
        provider.chain_id = 31337
    assert (await pool.block("latest")).number == 4


@pytest.mark.parametrize(
    "fault",
    [
        ConnectionRefusedError(),
        aiohttp.ServerDisconnectedError(),
        TimeoutError(),
        HttpFault(503, None),
        HttpFault(429, "1"),
        json.JSONDecodeError("bad", "<html>", 0),
        Refusal(-32603, "internal error"),
        Refusal(-32005, "rate limit reached"),
        Refusal(429, "slow down"),
        Refusal(-32601, "method not found"),
    ],
)
async def test_call__first_endpoint_fails__second_answers(fault: Exception) -> None:
    bad, good = failing(fault), FakeProvider(chain(3).answer)
    assert (await pool_of(bad, good).block("latest")).number == 2


async def test_rate_limit__pauses_the_endpoint_until_its_time() -> None:
    now = 100.0
    limited = failing(HttpFault(429, "7"))
    pool = pool_of(limited, FakeProvider(chain(3).answer), clock=lambda: now)
    await pool.block("latest")
    state = pool.health()[0]
    assert (state.status, state.pause) == (EndpointStatus.RATE_LIMITED, 7.0)
    asked = len(limited.calls)
    await pool.block("latest")
    assert len(limited.calls) == asked
    now += 8
    limited.answer = chain(3).answer
    await pool.block("latest")
    assert pool.health()[0].status is EndpointStatus.READY


async def test_backoff__grows_and_ends_with_success() -> None:
    now = 0.0
    bad = failing(Refusal(-32603, "internal"))
    pool = pool_of(bad, FakeProvider(chain().answer), clock=lambda: now, rounds=1)
    pauses = []
    for _ in range(12):
        await pool.block("latest")
        pauses.append(pool.health()[0].pause)
        now += 60
    assert pauses[:3] == [0.25, 0.5, 1.0]
    assert max(pauses) == 30.0
    bad.answer = chain().answer
    await pool.block("latest")
    assert pool.health()[0].failures == 0


async def test_timeout__endpoint_hangs__next_is_asked() -> None:
    class Hanging(FakeProvider):
        async def make_request(self, method: str, params: Any) -> Any:
            await asyncio.sleep(60)

    pool = pool_of(Hanging(chain().answer), FakeProvider(chain(3).answer), timeout=0.02)
    assert (await pool.block("latest")).number == 2
    assert "no answer within 0.02 s" in pool.health()[0].fault


async def broadcast(*faults: Exception | None) -> tuple[SendOutcome, list[FakeProvider]]:
    providers = [
        failing(fault) if fault else FakeProvider(lambda *_: "0x" + keccak(RAW).hex())
        for fault in faults
    ]
    sent = await pool_of(*providers).broadcast(RAW)
    assert sent.tx_hash == keccak(RAW)
    return sent.outcome, providers


async def test_broadcast__goes_to_every_endpoint() -> None:
    outcome, providers = await broadcast(None, None, None)
    assert outcome is SendOutcome.ACCEPTED
    assert all(p.methods() == ["eth_sendRawTransaction"] for p in providers)


@pytest.mark.parametrize(
    ("faults", "outcome"),
    [
        ([Refusal(-32000, "already known"), TimeoutError()], SendOutcome.ALREADY_KNOWN),
        ([Refusal(-32000, "nonce too low"), None], SendOutcome.ACCEPTED),
        ([Refusal(-32000, "nonce too low"), TimeoutError()], SendOutcome.MAYBE_SENT),
        ([Refusal(-32000, "nonce too low"), ConnectionRefusedError()], SendOutcome.NONCE_TOO_LOW),
        ([Refusal(-32000, "something new")], SendOutcome.MAYBE_SENT),
        ([ConnectionRefusedError()], SendOutcome.MAYBE_SENT),
        ([HttpFault(429, None)], SendOutcome.MAYBE_SENT),
        ([aiohttp.ServerDisconnectedError()], SendOutcome.MAYBE_SENT),
        (
            [Refusal(-32000, "insufficient funds for gas * price + value")],
            SendOutcome.INSUFFICIENT_FUNDS,
        ),
    ],
)
async def test_broadcast__several_answers__surest_one_counts(
    faults: list[Exception | None], outcome: SendOutcome
) -> None:
    assert (await broadcast(*faults))[0] is outcome


async def test_broadcast__wrong_chain__never_gets_the_transaction() -> None:
    wrong = FakeProvider(lambda *_: "0x", chain_id=1)
    with pytest.raises(ConfigError):
        await pool_of(wrong).broadcast(RAW)
    assert wrong.methods() == []


async def test_errors_and_states__never_show_credentials(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    pool = pool_of(failing(ConnectionRefusedError()), failing(HttpFault(401, None)))
    with pytest.raises(Transient) as caught:
        await pool.block("latest")
    shown = f"{caught.value!r} {caught.value} {pool.health()} {caplog.text}"
    assert "secret" not in shown
    assert "http://node0.test" in shown
    assert caught.value.__cause__ is None


def test_url__not_http__config_error_without_credentials() -> None:
    with pytest.raises(ConfigError) as caught:
        RpcPool(["ws://user:secret@host/secret"], chain_id=1)
    assert "secret" not in str(caught.value)
    assert redacted("https://u:p@host:8545/key?x=1") == "https://host:8545"
    with pytest.raises(ConfigError, match="no RPC endpoint"):
        RpcPool([], chain_id=1)


async def test_close__closes_every_connection() -> None:
    providers = [FakeProvider(chain().answer), FakeProvider(chain().answer)]
    async with pool_of(*providers) as pool:
        await pool.block("latest")
    assert all(provider.closed for provider in providers)
