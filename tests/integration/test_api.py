"""The API over a real node on Anvil: decisions, their account, replays, refusals, readiness."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from eth_utils.crypto import keccak

from tests.support.api import WITH_KEY, Api

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_decide__waited_for__is_final_with_its_whole_account(api: Api):
    reply = await api.decide(subject="the whole account")

    assert reply.status_code == 200
    account = reply.json()
    subject = "0x" + keccak(text="the whole account").hex()
    model_id = "0x" + api.world.model.model_id.hex()
    assert reply.headers["location"] == f"/api/decisions/{subject}?model={model_id}"
    assert account["state"] == "final"
    assert account["subject"] == subject
    assert account["model"] == {"name": api.model, "id": model_id}
    vector = api.world.model.vectors[0]
    said, decision, (sent,) = account["prediction"], account["decision"], account["transactions"]
    assert said["input_hash"] == "0x" + vector.input_hash.hex()
    assert said["output_hash"] == "0x" + vector.output_hash.hex()
    assert said["value"] == str(vector.value)
    assert isinstance(said["value"], str)
    assert said["text"] == api.world.model.card.value_text(vector.value)
    assert decision["verdict"] == vector.verdict.lower()
    assert decision["tx_hash"] == sent["hash"]
    assert sent["succeeded"] is True
    assert sent["gas_used"] < 60_000
    assert int(sent["fee_wei"]) == sent["gas_used"] * int(sent["gas_price_wei"])
    assert account["request"]["input"] == "0x" + vector.input.hex()
    states = [stage["state"] for stage in account["timeline"]]
    assert states == ["confirmed", "inferred", "vouched", "submitted", "final"]
    assert all(stage["seconds"] >= 0 for stage in account["timeline"])

    again = await api.http.get(reply.headers["location"])
    assert again.json() == account
    without_model = await api.http.get(f"/api/decisions/{subject}")
    assert without_model.json() == account


async def test_decide__not_waited_for__is_accepted_and_found_at_its_location(api: Api):
    reply = await api.decide(wait=0)

    assert reply.status_code == 202
    later = await api.http.get(reply.headers["location"], params={"wait": 15})
    assert later.json()["state"] == "final"


@pytest.mark.parametrize("form", ["list", "bytes", "numbers"])
async def test_decide__input_in_any_form__is_the_same_input(api: Api, form: str):
    vector = api.world.model.vectors[0]
    given: Any = {
        "list": list(vector.features.values()),
        "bytes": "0x" + vector.input.hex(),
        "numbers": {k: float(v) if _is_number(v) else v for k, v in vector.features.items()},
    }[form]
    account = (await api.decide(input=given)).json()

    assert account["prediction"]["input_hash"] == "0x" + vector.input_hash.hex()


async def test_decide__same_key_and_body__is_one_decision(api: Api):
    headers = {"idempotency-key": "one-of-these"}
    body = {"model": api.model, "input": api.example(1), "wait": 15}
    both = await asyncio.gather(
        *(api.http.post("/api/decisions", json=body, headers=headers) for _ in range(5))
    )
    assert {reply.json()["subject"] for reply in both} == {both[0].json()["subject"]}

    other = body | {"input": api.example(2)}
    refused = await api.http.post("/api/decisions", json=other, headers=headers)
    assert refused.status_code == 409
    assert "idempotency key" in refused.json()["detail"]


async def test_decide__subject_decided_already__is_a_conflict(api: Api):
    assert (await api.decide(subject="once")).status_code == 200
    again = await api.decide(subject="once")

    assert again.status_code == 409
    assert "another subject" in again.json()["remedy"]


@pytest.mark.parametrize(
    ("fields", "status", "names"),
    [
        ({"model": "nope"}, 404, "nope"),
        ({"model": "0x" + "ab" * 32}, 404, "abab"),
        ({"input": {}}, 422, "lacks"),
        ({"input": []}, 422, "features"),
        ({"input": "0x00"}, 422, "bytes"),
        ({"input": "0xzz"}, 422, "hex"),
        ({"input": "words"}, 422, "hex"),
        ({"input": {"tensors": {}}}, 422, "lacks"),
        ({"input": None}, 422, "input"),
        ({"input": 3}, 422, "input"),
        ({"subject": ""}, 422, "subject"),
        ({"subject": "0xd0ec1510" + "00" * 28}, 422, "tag"),
        ({"subject": "x" * 2000}, 422, "subject"),
        ({"wait": -1}, 422, "wait"),
        ({"wait": 1e9}, 422, "wait"),
        ({"wait": "soon"}, 422, "wait"),
        ({"surprise": 1}, 422, "surprise"),
    ],
)
async def test_decide__bad_request__is_refused_with_the_reason(
    api: Api, fields: dict[str, Any], status: int, names: str
):
    reply = await api.decide(**fields)

    assert reply.status_code == status
    assert reply.headers["content-type"] == "application/problem+json"
    assert names in reply.json()["detail"]
    assert reply.json()["remedy"]


async def test_decide__numbers_the_model_can_not_take__are_refused(api: Api):
    first = next(f for f in api.world.model.card.input.features if f.labels is None)
    for value in (10**12, -1, "1e3", "NaN", "", None, True, [1], 2**60):
        reply = await api.decide(input=api.example() | {first.name: value})
        assert reply.status_code == 422, value


@pytest.mark.parametrize("body", [b"", b"{", b'{"model": NaN}', b"\x00" * 10])
async def test_decide__body_that_is_no_json__is_400(api: Api, body: bytes):
    assert (await api.http.post("/api/decisions", content=body)).status_code == 400


@pytest.mark.parametrize("body", [b"[]", b"3", b"null", b'"text"'])
async def test_decide__json_that_is_no_object__is_422(api: Api, body: bytes):
    assert (await api.http.post("/api/decisions", content=body)).status_code == 422


async def test_decide__body_of_megabytes__is_413(api: Api):
    reply = await api.http.post("/api/decisions", content=b" " * (9 * 2**20))
    assert reply.status_code == 413


async def test_writing__needs_the_key__reading_does_not_but_hides_inputs(api: Api):
    body = {"model": api.model, "input": api.example(3), "wait": 15}
    assert (await api.guarded.post("/api/decisions", json=body)).status_code == 401

    made = await api.guarded.post("/api/decisions", json=body, headers=WITH_KEY)
    assert made.status_code == 200
    where = made.headers["location"]
    strangers = (await api.guarded.get(where)).json()
    owners = (await api.guarded.get(where, headers=WITH_KEY)).json()
    assert strangers["request"]["input"] is None
    assert owners["request"]["input"] == "0x" + api.world.model.vectors[3].input.hex()
    assert strangers["request"]["input_hash"] == owners["request"]["input_hash"]


async def test_request_on_chain__shows_with_its_requester_and_fee(api: Api):
    (asked,) = await api.world.ask()
    await api.world.decided([asked])
    account = (await api.http.get(f"/api/decisions/0x{asked.hex()}", params={"wait": 15})).json()

    assert account["state"] == "final"
    assert account["request"]["origin"] == "chain"
    assert account["request"]["fee_gwei"] == api.world.model.policy.fee_gwei
    assert account["request"]["requester"].startswith("0x")
    assert account["decision"]["callback"] == "none"
    assert [stage["state"] for stage in account["timeline"]][:2] == ["seen", "confirmed"]


async def test_list__pages_newest_first_and_filters(api: Api):
    made = [(await api.decide(subject=f"listed {n}")).json()["subject"] for n in range(3)]
    seen: list[str] = []
    cursor = None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await api.http.get("/api/decisions", params=query)).json()
        seen += [line["subject"] for line in page["decisions"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert [subject for subject in seen if subject in made] == made[::-1]
    assert len(seen) == len(set(seen)) >= 3

    by_model = (await api.http.get("/api/decisions", params={"model": api.model})).json()
    assert {line["model"]["name"] for line in by_model["decisions"]} == {api.model}
    refused = (await api.http.get("/api/decisions", params={"state": "refused"})).json()
    assert refused == {"decisions": [], "next": None}
    line = by_model["decisions"][0]
    assert line["verdict"] in ("accept", "reject", "review")
    assert line["tx_hash"]


async def test_list__by_verdict_and_beginning_of_the_subject__leaves_the_others_out(api: Api):
    account = (await api.decide(subject="found by its beginning")).json()
    subject, verdict = account["subject"], account["decision"]["verdict"]

    for beginning in (subject, subject[:9], subject[:10]):
        query = {"subject": beginning, "verdict": verdict, "model": api.model}
        found = (await api.http.get("/api/decisions", params=query)).json()["decisions"]
        assert [line["subject"] for line in found] == [subject]
    others = {"accept", "reject", "review"} - {verdict}
    for other in others:
        query = {"subject": subject, "verdict": other}
        assert not (await api.http.get("/api/decisions", params=query)).json()["decisions"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"verdict": "maybe"}, 422),
        ({"subject": "0xno"}, 422),
        ({"cursor": "1-2"}, 422),
        ({"cursor": "9999999999999999999-9999999999999999999-9999999999999999999"}, 200),
        ({"state": "sideways"}, 422),
        ({"limit": 0}, 422),
        ({"limit": 1000}, 422),
        ({"cursor": "1; drop table"}, 422),
        ({"model": "nope"}, 404),
    ],
)
async def test_list__bad_query__is_refused(api: Api, query: dict[str, Any], status: int):
    assert (await api.http.get("/api/decisions", params=query)).status_code == status


@pytest.mark.parametrize(
    ("path", "status"), [("0x" + "00" * 32, 404), ("0x00", 422), ("nonsense", 422)]
)
async def test_read__unknown_or_malformed_subject__is_refused(api: Api, path: str, status: int):
    assert (await api.http.get(f"/api/decisions/{path}")).status_code == status


async def test_chain_gone__is_503_with_retry_and_no_address(api: Api, monkeypatch):
    from oracle.core.errors import Transient

    async def gone(*_: object, **__: object) -> None:
        raise Transient("no RPC endpoint answers: http://user:pw@127.0.0.1:1/key", remedy="wait")

    monkeypatch.setattr(api.world.contract.__class__, "model_of", gone)
    reply = await api.decide()

    assert reply.status_code == 503
    assert reply.headers["retry-after"]
    assert "user:pw" not in reply.text
    assert "/key" not in reply.text


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).lstrip("-").isdigit()
