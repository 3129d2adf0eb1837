"""A clinic's cases find their queue: ``contracts/examples/TriageDesk.sol`` on Anvil."""

from enum import IntEnum

import pytest
from eth_utils.crypto import keccak

from oracle.core.errors import Reverted
from tests.support.stage import (
    ALICE,
    BOB,
    MODEL_ID,
    Deployed,
    Stage,
    answer,
    events,
    open_stage,
    request_id_in,
)

FEATURES = bytes(range(60))
CLINIC, STRANGER = ALICE, BOB
MALIGNANT, BENIGN = 0, 1
VERDICTS = bytes([2, 1]).ljust(32, b"\0")  # malignant: accept, to the specialist; benign: reject


class Queue(IntEnum):
    NONE = 0
    WAITING = 1
    SPECIALIST = 2
    ROUTINE = 3
    DOCTOR = 4


@pytest.fixture
async def stage(tmp_path):
    async with open_stage(tmp_path) as stage:
        yield stage


@pytest.fixture
async def oracle(stage: Stage) -> Deployed:
    """Two labels; a prediction less sure than 0.9 goes to a person."""
    return await stage.oracle("ClassPolicy", VERDICTS, 2, 900_000)


@pytest.fixture
async def desk(stage: Stage, oracle: Deployed) -> Deployed:
    return await stage.deploy("TriageDesk", oracle.address, MODEL_ID, CLINIC)


async def admit(desk: Deployed, oracle: Deployed) -> bytes:
    return request_id_in(await desk.send("admit", FEATURES, sender=CLINIC), oracle)


@pytest.mark.parametrize(
    ("label", "confidence", "queue"),
    [
        (MALIGNANT, 990_000, Queue.SPECIALIST),
        (BENIGN, 900_000, Queue.ROUTINE),
        (BENIGN, 899_999, Queue.DOCTOR),
        (MALIGNANT, 510_000, Queue.DOCTOR),
    ],
)
async def test_admit__label_and_confidence__choose_the_queue(
    oracle, desk, label, confidence, queue
):
    request_id = await admit(desk, oracle)
    assert await desk.read("queueOf", request_id) == Queue.WAITING

    receipt = await answer(oracle, request_id, FEATURES, value=label, confidence=confidence)

    assert await desk.read("queueOf", request_id) == queue
    assert events(receipt, desk) == [("CaseQueued", {"requestId": request_id, "queue": queue})]


async def test_admit__by_a_stranger__is_refused(desk):
    with pytest.raises(Reverted) as refusal:
        await desk.send("admit", FEATURES, sender=STRANGER)
    assert refusal.value.error == "NotClinic"


async def test_admit_privately__only_the_hash_is_on_chain__and_is_answered(oracle, desk):
    uri = "https://clinic.example/cases/17"
    receipt = await desk.send("admitPrivately", keccak(FEATURES), uri, sender=CLINIC)
    (asked,) = (fields for name, fields in events(receipt, oracle))
    assert (asked["inputHash"], asked["evidenceURI"]) == (keccak(FEATURES), uri)
    request_id = request_id_in(receipt, oracle)

    with pytest.raises(Reverted) as refusal:
        await answer(oracle, request_id, b"another case", value=BENIGN, confidence=950_000)
    assert refusal.value.error == "InputMismatch"

    await answer(oracle, request_id, FEATURES, value=BENIGN, confidence=950_000)
    assert await desk.read("queueOf", request_id) == Queue.ROUTINE


async def test_answer__label_without_a_verdict__is_refused(oracle, desk):
    request_id = await admit(desk, oracle)
    with pytest.raises(Reverted) as refusal:
        await answer(oracle, request_id, FEATURES, value=2, confidence=990_000)
    assert refusal.value.error == "UnknownLabel"
    assert await desk.read("queueOf", request_id) == Queue.WAITING


async def test_give_up__no_answer_in_time__a_doctor_takes_the_case(stage, oracle, desk):
    request_id = await admit(desk, oracle)
    await stage.pass_time(3601)
    await desk.send("giveUp", request_id, sender=STRANGER)
    assert await desk.read("queueOf", request_id) == Queue.DOCTOR
