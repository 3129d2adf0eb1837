"""``from oracle import Client``, against a node as its users run it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from oracle import Client
from oracle.core.errors import (
    ConfigError,
    Conflict,
    InvalidInput,
    NotFound,
    Undecided,
    VerificationError,
)
from tests.support.harness import MODELS
from tests.support.ports import free_port
from tests.support.up import Ways

ORDER = {"hour": 19.5, "day": "Fri", "distance": 2.4, "items": 3}


@pytest.fixture(scope="module")
def client(ways: Ways) -> Iterator[Client]:
    with Client(ways.url, rpc=ways.rpc) as opened:
        yield opened


def test_decide__by_names__is_final_and_verifies_on_chain(client: Client):
    decision = client.decide("delivery-time", ORDER, subject="python 1")

    assert decision.state == "final"
    assert isinstance(decision.value, Decimal)
    assert str(decision.value) == decision.text
    assert decision.verdict in ("accept", "reject", "review")
    assert (decision.origin, decision.trust_level) == ("api", 1)
    assert client.decision("python 1") == decision
    report = client.verify(decision)
    assert {check.outcome for check in report.checks} == {"held"}
    assert {"run again", "signed transaction", "storage"} <= {each.name for each in report.checks}


def test_decide__numbers_of_numpy_and_bytes__are_the_same_input(client: Client):
    plain = client.decide("delivery-time", [19.5, "Fri", 2.4, 3])
    numbers = {"hour": np.float64(19.5), "distance": Decimal("2.4"), "items": np.int64(3)}
    again = client.decide("delivery-time", {"day": "Fri", **numbers})
    encoded = bytes.fromhex(plain.account["request"]["input"][2:])
    hashes = {
        each.account["prediction"]["input_hash"]
        for each in (plain, again, client.decide("delivery-time", encoded))
    }
    assert len(hashes) == 1


def test_decide__same_key_again__is_one_decision(client: Client):
    first, second = (
        client.decide("credit-default", idempotency_key="python once") for _ in range(2)
    )
    assert first == second


def test_decide__about_the_same_again__is_a_conflict(client: Client):
    client.decide("wine-origin", subject="the only bottle")
    with pytest.raises(Conflict, match="decided"):
        client.decide("wine-origin", subject="the only bottle")


def test_decide__no_time__can_be_waited_for_later(client: Client):
    with pytest.raises(Undecided, match=r"client.decision\('0x[0-9a-f]{64}', timeout=60\)") as late:
        client.decide("delivery-time", ORDER, subject="python 2", timeout=0)
    assert "not decided yet" in late.value.what
    assert client.decision("python 2", timeout=30).state == "final"


def test_verify__within_a_running_loop__works_as_in_a_notebook(client: Client):
    decision = client.decide("wine-origin")

    async def cell() -> int:
        return len(client.verify(decision, model_file=MODELS / "wine-origin").checks)

    assert asyncio.run(cell()) > 10


def test_verify__without_an_endpoint__says_that_the_chain_was_not_asked(ways: Ways):
    with Client(ways.url) as offline:
        report = offline.verify(offline.decide("wine-origin"))
    assert (report.checks[-1].name, report.checks[-1].outcome) == ("chain", "skipped")


def test_verify__another_value__is_not_believed(client: Client):
    receipt = client.receipt(client.decide("credit-default"))
    forged = replace(receipt, prediction=replace(receipt.prediction, value=0))
    with pytest.raises(VerificationError, match="the value is 0"):
        client.verify(forged)
    with pytest.raises(VerificationError, match="contract"):
        client.verify(receipt, contract="0x" + "11" * 20)


def test_decisions__more_than_a_page__are_followed_and_framed(
    client: Client, monkeypatch: pytest.MonkeyPatch
):
    for number in range(3):
        client.decide("wine-origin", subject=f"bottle {number}")
    monkeypatch.setattr("oracle.client.client.PAGE", 2)
    everything = client.decisions(model="wine-origin", limit=None)
    assert len(everything) == len({each.subject for each in everything}) >= 3
    assert client.decisions(model="wine-origin", limit=3) == everything[:3]

    frame = client.frame(model="wine-origin", limit=3)
    assert frame["subject"].tolist() == [each.subject for each in everything[:3]]
    assert set(frame["state"]) == {"final"}
    assert frame["confidence"].between(0, 1).all()
    assert client.frame(everything).groupby("verdict").size().sum() == len(everything)


def test_predict__is_promised_then_anchored_then_decided(client: Client):
    promised = client.predict("breast-tumour", subject="sample 1")
    assert promised.state == "pending"
    assert promised.anchor_by > promised.predicted_at
    assert client.receipt(promised).promise is not None

    anchored = client.anchored(promised, timeout=60)
    assert (anchored.id, anchored.state) == (promised.id, "anchored")
    assert anchored.transaction is not None
    assert "root on chain" in {check.name for check in client.verify(anchored).checks}

    decision = client.decide_on(anchored)
    assert decision.state == "final"
    assert decision.value == promised.value
    assert client.verify(decision).checks[-1].outcome == "held"


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda c: c.decide("no-such-model", {}), NotFound, "no-such-model"),
        (lambda c: c.decide("delivery-time", {**ORDER, "day": "Someday"}), InvalidInput, "day"),
        (lambda c: c.decide("delivery-time", {"hour": object()}), InvalidInput, "JSON"),
        (lambda c: c.decision("nobody knows"), NotFound, "0x"),
        (lambda c: c.receipt("nobody knows"), NotFound, "0x"),
        (lambda c: c.decisions(verdict="perhaps"), InvalidInput, "verdict"),
        (lambda c: c.verify(c.decide("wine-origin"), model_file="/none"), NotFound, "/none"),
    ],
)
def test_refused__says_what_is_wrong_and_what_to_do(client: Client, call, error, says):
    with pytest.raises(error, match=says) as refusal:
        call(client)
    assert refusal.value.remedy


def test_no_node_there__says_where_and_what_to_do():
    url = f"http://127.0.0.1:{free_port()}"
    with Client(url) as lonely, pytest.raises(ConfigError, match=f"{url}.*oracle up"):
        lonely.models()


def test_models__have_an_example_that_can_be_decided(client: Client):
    models = {model.name: model for model in client.models()}
    assert models["credit-default"].kind == "score"
    assert models["wine-origin"].labels
    assert set(models["delivery-time"].example) == set(models["delivery-time"].features)
