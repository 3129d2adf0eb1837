"""A clinic's cases find their queue: ``contracts/examples/TriageDesk.sol`` on Anvil."""

from enum import IntEnum

import pytest
from eth_utils.crypto import keccak

from oracle.chain.deployment import ContractSpec
from oracle.chain.events import RequestByHashLog
from oracle.core.errors import Reverted
from tests.support.dapps import Dapp, answer, deploy_dapp, register
from tests.support.world import STRANGER, World, address_of

FEATURES = bytes(range(60))
CLINIC = 4
MALIGNANT, BENIGN, UNKNOWN = range(3)

POLICY = ContractSpec(
    contract="ClassPolicy", arguments=(bytes([2, 1]).ljust(32, b"\0"), 2, 900_000)
)
"""Malignant is accepted, to the specialist; benign is not; less sure than 0.9 goes to a person."""


class Queue(IntEnum):
    NONE = 0
    WAITING = 1
    SPECIALIST = 2
    ROUTINE = 3
    DOCTOR = 4


@pytest.fixture
async def model_id(world: World) -> bytes:
    return await register(world, POLICY)


@pytest.fixture
async def desk(world: World, model_id: bytes) -> Dapp:
    return await deploy_dapp(world, "TriageDesk", model_id, address_of(CLINIC))


async def queue_of(desk: Dapp, request_id: bytes) -> Queue:
    return Queue(await desk.read("queueOf", request_id))


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
    world, model_id, desk, label, confidence, queue
):
    request_id = await desk.ask(CLINIC, "admit", FEATURES)
    assert await queue_of(desk, request_id) is Queue.WAITING
    await answer(world, model_id, request_id, FEATURES, label, confidence)
    assert await queue_of(desk, request_id) is queue


async def test_admit__by_a_stranger__is_refused(desk):
    with pytest.raises(Reverted) as refusal:
        await desk.send(STRANGER, "admit", FEATURES)
    assert refusal.value.error == "NotClinic"


async def test_admit_privately__only_the_hash_is_on_chain__and_is_answered(world, model_id, desk):
    uri = "https://clinic.example/cases/17"
    receipt = await desk.send(CLINIC, "admitPrivately", keccak(FEATURES), uri)
    (asked,) = world.logs(receipt)
    assert isinstance(asked, RequestByHashLog)
    assert (asked.input_hash, asked.evidence_uri) == (keccak(FEATURES), uri)

    with pytest.raises(Reverted) as refusal:
        await answer(world, model_id, asked.request_id, b"another case", BENIGN, 950_000)
    assert refusal.value.error == "InputMismatch"

    await answer(world, model_id, asked.request_id, FEATURES, BENIGN, 950_000)
    assert await queue_of(desk, asked.request_id) is Queue.ROUTINE


async def test_answer__label_without_a_verdict__is_refused(world, model_id, desk):
    request_id = await desk.ask(CLINIC, "admit", FEATURES)
    with pytest.raises(Reverted) as refusal:
        await answer(world, model_id, request_id, FEATURES, UNKNOWN, 990_000)
    assert refusal.value.error == "UnknownLabel"
    assert await queue_of(desk, request_id) is Queue.WAITING


async def test_give_up__no_answer_in_time__a_doctor_takes_the_case(world, desk):
    request_id = await desk.ask(CLINIC, "admit", FEATURES)
    await world.pass_time(3601)
    await desk.send(STRANGER, "giveUp", request_id)
    assert await queue_of(desk, request_id) is Queue.DOCTOR
