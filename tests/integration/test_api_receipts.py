"""Receipts and inputs over HTTP: who gets what, what is kept, what is forgotten."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from oracle.core.canonical import keccak256
from oracle.core.receipt import PrivateInput, ShownField
from oracle.core.receipt_json import write_receipt
from oracle.evidence import EvidenceStore
from oracle.verify import parse_receipt, verify
from tests.support.api import WITH_KEY, Api

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def with_store(
    api: Api,  # noqa: F811
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Api]:
    api.node.parts.evidence = EvidenceStore(str(tmp_path_factory.mktemp("evidence")))
    yield api


async def decided(api: Api, subject: str, **fields: Any) -> str:  # noqa: F811
    account = (await api.decide(subject=subject, **fields)).json()
    assert account["state"] == "final"
    found: str = account["subject"]
    return found


async def checked(api: Api, reply: httpx.Response) -> Any:  # noqa: F811
    assert reply.status_code == 200
    receipt = parse_receipt(reply.content)
    assert write_receipt(receipt) == reply.content
    model = api.world.model
    await verify(receipt, {model.card.model.onnx.file: model.onnx}, api.world.rpc)
    return receipt


async def test_receipt__of_a_decision__is_canonical_and_holds(with_store: Api) -> None:
    subject = await decided(with_store, "a receipt")
    reply = await with_store.http.get(f"/api/receipts/{subject}")
    await checked(with_store, reply)
    assert reply.headers["cache-control"] == "no-store"


async def test_receipt__of_an_input_that_is_not_on_chain__needs_the_key(with_store: Api) -> None:
    subject = await decided(with_store, "a plain input")
    path = f"/api/receipts/{subject}"
    refused = await with_store.guarded.get(path)
    assert refused.status_code == 409
    assert "not on chain" in refused.json()["detail"]
    await checked(with_store, await with_store.guarded.get(path, headers=WITH_KEY))


async def test_private_input__is_hidden_from_others_and_forgotten_for_all(
    with_store: Api,
) -> None:
    subject = await decided(with_store, "a person", private=True)
    path, plain = f"/api/receipts/{subject}", with_store.world.model.vectors[0]
    hidden = await checked(with_store, await with_store.guarded.get(path))
    assert isinstance(hidden.input, PrivateInput)
    assert not any(isinstance(field, ShownField) for field in hidden.input.fields)
    account = (await with_store.guarded.get(f"/api/decisions/{subject}")).text
    assert plain.input.hex() not in account
    assert plain.input_hash.hex() not in account
    whole = await checked(with_store, await with_store.guarded.get(path, headers=WITH_KEY))
    assert all(isinstance(field, ShownField) for field in whole.input.fields)

    forget = f"/api/decisions/{subject}/input"
    assert (await with_store.guarded.delete(forget)).status_code == 401
    assert (await with_store.guarded.delete(forget, headers=WITH_KEY)).status_code == 204
    assert (await with_store.guarded.delete(forget, headers=WITH_KEY)).status_code == 404
    gone = await with_store.guarded.get(path, headers=WITH_KEY)
    assert gone.status_code == 404
    assert "forgotten" in gone.json()["detail"]
    after = (await with_store.http.get(f"/api/decisions/{subject}")).json()
    assert after["request"]["input"] is None
    await checked(
        with_store, httpx.Response(200, content=write_receipt(whole))
    )  # what was given out still holds


async def test_forget__a_plain_input__is_not_found(with_store: Api) -> None:
    subject = await decided(with_store, "a plain one")
    reply = await with_store.http.delete(f"/api/decisions/{subject}/input")
    assert reply.status_code == 404


async def test_private__same_key_without_it__is_another_body(with_store: Api) -> None:
    body = {"model": with_store.model, "input": with_store.example(), "subject": "twice"}
    headers = {"Idempotency-Key": "private-or-not"}
    first = await with_store.http.post(
        "/api/decisions", json=body | {"private": True}, headers=headers
    )
    assert first.status_code in (200, 202)
    again = await with_store.http.post("/api/decisions", json=body, headers=headers)
    assert again.status_code == 409


async def test_put_input__needs_the_key_and_answers_with_the_hash(with_store: Api) -> None:
    octets = with_store.world.model.vectors[1].input
    assert (await with_store.guarded.put("/api/inputs", content=octets)).status_code == 401
    reply = await with_store.guarded.put("/api/inputs", content=octets, headers=WITH_KEY)
    assert reply.status_code == 201
    assert reply.json() == {"input_hash": "0x" + keccak256(octets).hex(), "size": len(octets)}
    assert (await with_store.http.put("/api/inputs", content=b"")).status_code == 422
    assert (await with_store.http.put("/api/inputs", content=bytes(9 << 20))).status_code == 413


@pytest.mark.parametrize(
    ("subject", "status"), [("0x" + "ab" * 32, 404), ("0x12", 422), ("loan 1", 422)]
)
async def test_receipt__unknown_or_malformed_subject__is_refused(
    with_store: Api, subject: str, status: int
) -> None:
    assert (await with_store.http.get(f"/api/receipts/{subject}")).status_code == status
