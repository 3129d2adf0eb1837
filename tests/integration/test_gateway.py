"""Gasless reads through a running node: ethers, viem and web3.py do them by themselves."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
import pytest_asyncio
from aiohttp import ClientResponseError
from eth_abi.abi import encode
from eth_account import Account

from oracle.chain.abi import interface
from oracle.chain.gateway import AskCall, url_template, write_answer, write_call
from oracle.core.errors import Reverted
from oracle.core.policy import Verdict
from oracle.core.prediction import Prediction, subject_of
from oracle.core.reading import reading_digest
from tests.support.gateway import Gateway, answer_in, open_gateway
from tests.support.harness import CHAIN_ID, OPERATOR, REQUESTER

pytestmark = pytest.mark.asyncio(loop_scope="module")

CODEC = interface("DecisionGateway")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gateway]:
    folder = tmp_path_factory.mktemp("gateway")
    async with open_gateway(folder, hardfork="prague") as opened:  # it has EIP-7702
        yield opened


@pytest.fixture(autouse=True)
def web3_may_look_at_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """web3.py looks at public addresses only, and has no switch for tests."""
    monkeypatch.setattr("web3.utils.ccip_url_validation._check_ip_blocked", lambda _: False)


async def read(gateway: Gateway, client: str, function: str, about: bytes, **k: Any) -> Any:
    return await gateway.read_with(client, function, about, **k)


CLIENTS = pytest.mark.parametrize("client", ["ethers", "viem", "web3.py"])


@CLIENTS
@pytest.mark.parametrize("by_post", [False, True])
async def test_ask__from_a_client_that_knows_nothing_of_us__is_the_models_answer(
    gateway: Gateway, client: str, by_post: bool
) -> None:
    await gateway.serve_at(url_template(gateway.api, None if by_post else 16))
    vector = gateway.world.model.vectors[0]
    reading = await read(gateway, client, "ask", vector.input, max_age=3600)
    head = await gateway.world.rpc.timestamp("latest")
    assert int(reading["value"]) == vector.value
    assert int(reading["confidence"]) == vector.confidence
    assert Verdict(int(reading["verdict"])).name == vector.verdict
    assert int(reading["trustLevel"]) == 1
    assert 0 <= head - int(reading["asOf"]) <= 60


@CLIENTS
async def test_find__decided_on_chain__needs_no_node(gateway: Gateway, client: str) -> None:
    await gateway.serve_at("http://127.0.0.1:9/{sender}/{data}")
    model = gateway.world.model
    subject = subject_of(f"asked on chain, read with {client}")
    await decide(gateway, subject)
    reading = await read(gateway, client, "find", subject, max_age=3600)
    decision = await gateway.world.contract.decision_of(model.model_id, subject, block="latest")
    assert decision is not None
    assert int(reading["value"]) == decision.value == model.vectors[0].value
    assert int(reading["asOf"]) == decision.decided_at
    assert int(reading["verdict"]) == decision.verdict
    assert int(reading["trustLevel"]) == 1


@CLIENTS
async def test_find__nothing_known__says_so(gateway: Gateway, client: str) -> None:
    await gateway.serve_at(url_template(gateway.api, 16))
    if client == "web3.py":
        with pytest.raises(ClientResponseError) as raised:
            await read(gateway, client, "find", bytes(32))
        assert raised.value.status == 404
        return
    found = await gateway.read_with(client, "find", bytes(32))
    assert "nothing about 0x00" in found["message"] or "Not Found" in found["message"]


@CLIENTS
async def test_ask__first_node_is_down__goes_on_to_the_next(gateway: Gateway, client: str) -> None:
    gone = "http://127.0.0.1:9/ccip/{sender}/{data}"
    await gateway.serve_at(gone, url_template(gateway.api, 16))
    vector = gateway.world.model.vectors[1]
    reading = await read(gateway, client, "ask", vector.input)
    assert int(reading["value"]) == vector.value


async def test_ask__no_url_published__says_so(gateway: Gateway) -> None:
    await gateway.serve_at()
    found = await gateway.read_with("viem", "ask", gateway.world.model.vectors[0].input)
    assert found["error"] == "NoGateway"


async def test_ask__input_does_not_fit__says_what_is_wrong(gateway: Gateway) -> None:
    await gateway.serve_at(url_template(gateway.api, 16))
    found = await gateway.read_with("ethers", "ask", b"\1\2")
    assert "the packed input has 2 bytes" in found["message"]


async def test_ask__operators_address_delegates_to_code__is_answered_as_before(
    gateway: Gateway,
) -> None:
    """EIP-7702: the code that it delegates to knows nothing of signatures; its key signs on."""
    await gateway.serve_at(url_template(gateway.api, 16))
    rpc = gateway.world.rpc
    await delegate(gateway, gateway.address)
    try:
        code = await rpc.code(OPERATOR.address, "latest")
        assert code == b"\xef\x01\x00" + bytes.fromhex(gateway.address[2:])
        vector = gateway.world.model.vectors[2]
        assert int((await read(gateway, "viem", "ask", vector.input))["value"]) == vector.value
    finally:
        await delegate(gateway, "0x" + "00" * 20)
    assert await rpc.code(OPERATOR.address, "latest") == b""


async def test_callback__another_operators_signature__is_refused(gateway: Gateway) -> None:
    prediction, _ = await answer(gateway)
    forged = Account.unsafe_sign_hash(
        reading_digest(chain_id=CHAIN_ID, gateway=gateway.address, prediction=prediction),
        REQUESTER.key,
    )
    with pytest.raises(Reverted) as refused:
        await call_back(gateway, prediction, bytes(forged.signature))
    assert refused.value.error == "NotVouched"


@pytest.mark.parametrize("field", ["value", "confidence", "output_hash"])
async def test_callback__the_node_lies__is_refused(gateway: Gateway, field: str) -> None:
    prediction, evidence = await answer(gateway)
    was = getattr(prediction, field)
    lie = replace(prediction, **{field: bytes(32) if isinstance(was, bytes) else was - 1})
    with pytest.raises(Reverted) as refused:
        await call_back(gateway, lie, evidence)
    assert refused.value.error == "NotVouched"


async def test_callback__answer_to_another_input__is_refused(gateway: Gateway) -> None:
    prediction, evidence = await answer(gateway, vector=1)
    with pytest.raises(Reverted) as refused:
        await call_back(gateway, prediction, evidence, vector=0)
    assert refused.value.error == "AnotherInput"


async def test_callback__answer_of_before__is_refused_where_the_caller_wants_a_fresh_one(
    gateway: Gateway,
) -> None:
    prediction, evidence = await answer(gateway)
    old = await gateway.world.rpc.timestamp("latest") - prediction.predicted_at
    reading = await call_back(gateway, prediction, evidence, max_age=old + 300)
    assert reading["value"] == prediction.value
    await gateway.world.rpc.call("evm_increaseTime", [400])
    await gateway.world.rpc.call("evm_mine")
    with pytest.raises(Reverted) as refused:
        await call_back(gateway, prediction, evidence, max_age=old + 300)
    assert refused.value.error == "PredictionTooOld"


async def test_ccip__another_contract__is_refused(gateway: Gateway) -> None:
    reply = await fetch(gateway, sender=gateway.world.contract.address)
    assert reply.status_code == 400
    assert gateway.address in reply.json()["message"]


async def test_ccip__another_chain__is_refused(gateway: Gateway) -> None:
    reply = await fetch(gateway, chain_id=1)
    assert reply.status_code == 400
    assert "the call is of chain 1, this node serves 31337" in reply.json()["message"]


async def test_ccip__a_model_of_others__is_refused(gateway: Gateway) -> None:
    reply = await fetch(gateway, model_id=bytes(32))
    assert reply.status_code == 404
    assert reply.headers["access-control-allow-origin"] == "*"


async def test_ccip__an_old_block_asks__is_refused(gateway: Gateway) -> None:
    head = await gateway.world.rpc.timestamp("latest")
    reply = await fetch(gateway, as_of=head - 100_000)
    assert reply.status_code == 400
    assert "ask at the latest block" in reply.json()["message"]


async def test_ccip__the_caller_is_ahead__gets_no_prediction_from_the_future(
    gateway: Gateway,
) -> None:
    head = await gateway.world.rpc.timestamp("latest")
    prediction, _ = await answer(gateway, as_of=head + 50)
    assert prediction.predicted_at <= await gateway.world.rpc.timestamp("latest")


@pytest.mark.parametrize(
    ("sender", "data"),
    [
        ("nobody", "0x"),
        ("0x" + "00" * 20, "0x"),
        ("gateway", "0x"),
        ("gateway", "0x12345"),
        ("gateway", "0x" + "ff" * 100),
        ("gateway", "hello"),
    ],
)
async def test_ccip__malformed__is_refused(gateway: Gateway, sender: str, data: str) -> None:
    sender = gateway.address if sender == "gateway" else sender
    async with httpx.AsyncClient() as http:
        got = await http.get(f"{gateway.api}/ccip/{sender}/{data}")
        posted = await http.post(f"{gateway.api}/ccip", json={"sender": sender, "data": data})
    for reply in (got, posted):
        assert reply.status_code == 400
        assert reply.json()["message"]


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"sender": 1, "data": null}'])
async def test_ccip__malformed_body__is_refused(gateway: Gateway, body: bytes) -> None:
    async with httpx.AsyncClient() as http:
        reply = await http.post(f"{gateway.api}/ccip", content=body)
    assert reply.status_code == 400


async def test_ccip__a_page_of_another_origin__may_read(gateway: Gateway) -> None:
    origin = {"origin": "https://dapp.example", "sec-fetch-site": "cross-site"}
    asking = {"access-control-request-method": "POST"}
    async with httpx.AsyncClient(headers=origin) as http:
        preflight = await http.options(f"{gateway.api}/ccip", headers=asking)
        reply = await http.post(
            f"{gateway.api}/ccip",
            json={"sender": gateway.address, "data": "0x" + (await call_of(gateway)).hex()},
        )
        elsewhere = await http.post(f"{gateway.api}/api/decisions", json={})
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert "content-type" in preflight.headers["access-control-allow-headers"].lower()
    assert reply.status_code == 200
    assert reply.headers["access-control-allow-origin"] == "*"
    assert elsewhere.status_code == 403


async def test_ccip__a_small_model__answers_within_15_ms(gateway: Gateway) -> None:
    url = f"{gateway.api}/ccip/{gateway.address}/0x{(await call_of(gateway)).hex()}"
    seconds = []
    async with httpx.AsyncClient() as http:
        for _ in range(60):
            began = time.perf_counter()
            reply = await http.get(url)
            seconds.append(time.perf_counter() - began)
            assert reply.status_code == 200
    assert sorted(seconds)[len(seconds) // 4] < 0.015, seconds


async def delegate(gateway: Gateway, to: str) -> None:
    """Let the operator's address act as that contract; the zero address ends it."""
    rpc = gateway.world.rpc
    nonce = int(await rpc.call("eth_getTransactionCount", [OPERATOR.address, "latest"]), 16)
    authorization = OPERATOR.sign_authorization(
        {"chainId": CHAIN_ID, "address": to, "nonce": nonce}
    )
    sender = REQUESTER
    signed = sender.sign_transaction(
        {
            "type": 4,
            "chainId": CHAIN_ID,
            "nonce": int(await rpc.call("eth_getTransactionCount", [sender.address, "latest"]), 16),
            "to": sender.address,
            "value": 0,
            "gas": 200_000,
            "maxFeePerGas": 10**11,
            "maxPriorityFeePerGas": 10**9,
            "authorizationList": [authorization],
        }
    )
    await rpc.call("eth_sendRawTransaction", ["0x" + bytes(signed.raw_transaction).hex()])
    await rpc.call("evm_mine")


async def decide(gateway: Gateway, subject: bytes) -> None:
    """The operator's own decision on the first golden vector."""
    model, vector = gateway.world.model, gateway.world.model.vectors[0]
    prediction = Prediction(
        model_id=model.model_id,
        subject=subject,
        input_hash=vector.input_hash,
        output_hash=vector.output_hash,
        value=vector.value,
        confidence=vector.confidence,
        predicted_at=await gateway.world.rpc.timestamp("latest"),
    )
    calldata = gateway.world.contract.encode_make_decision(prediction)
    await gateway.signer.send_transaction(to=gateway.world.contract.address, calldata=calldata)


async def call_of(
    gateway: Gateway,
    *,
    vector: int = 0,
    chain_id: int = CHAIN_ID,
    model_id: bytes | None = None,
    as_of: int | None = None,
) -> bytes:
    model = gateway.world.model
    head = await gateway.world.rpc.timestamp("latest")
    return write_call(
        AskCall(
            chain_id=chain_id,
            model_id=model.model_id if model_id is None else model_id,
            input=model.vectors[vector].input,
            as_of=head if as_of is None else as_of,
        )
    )


async def fetch(gateway: Gateway, *, sender: str | None = None, **call: Any) -> httpx.Response:
    encoded = "0x" + (await call_of(gateway, **call)).hex()
    async with httpx.AsyncClient() as http:
        return await http.get(f"{gateway.api}/ccip/{sender or gateway.address}/{encoded}")


async def answer(gateway: Gateway, **call: Any) -> tuple[Prediction, bytes]:
    """What the node answers."""
    reply = await fetch(gateway, **call)
    return answer_in(reply)


async def call_back(
    gateway: Gateway, prediction: Prediction, evidence: bytes, *, vector: int = 0, max_age: int = 0
) -> Any:
    """What the gateway makes of an answer to the question about a vector's input."""
    model = gateway.world.model
    extra = encode(
        ("bytes32", "bytes32", "uint32"),
        (model.model_id, model.vectors[vector].input_hash, max_age),
    )
    calldata = CODEC.encode("askCallback", write_answer(prediction, evidence), extra)
    body = await gateway.world.rpc.eth_call(gateway.address, calldata, block="latest")
    (reading,) = CODEC.decode_output("askCallback", body).values()
    return reading
