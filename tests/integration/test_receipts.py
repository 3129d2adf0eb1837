"""Receipts of decisions on a real chain: built from it, held to it, refused where it differs."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from oracle.chain.events import DecisionLog, decode_logs
from oracle.chain.local import LocalChain, local_chain
from oracle.chain.signer import AccountSigner
from oracle.chain.wire import TxReceipt
from oracle.core.canonical import keccak256
from oracle.core.errors import Conflict, NotFound, VerificationError
from oracle.core.prediction import Prediction, subject_of
from oracle.core.private_input import input_hash_of
from oracle.core.receipt import PrivateInput, Receipt, ShownField
from oracle.core.receipt_json import write_receipt
from oracle.evidence import EvidenceStore, Fetcher, FetchRules
from oracle.evidence.fetch import Place
from oracle.node.accept import accept, account_of, is_over, wait_for
from oracle.node.inputs import put_input
from oracle.node.node import Node
from oracle.node.receipts import decision_receipt, forget_input
from oracle.verify import verify
from oracle.verify.build import decision_about, decision_in, receipt_of
from tests.integration.test_evidence import web  # noqa: F401 - a fixture
from tests.support.harness import (
    OPERATOR,
    REQUESTER,
    World,
    deployed_world,
    running_node,
    until,
)
from tests.support.verified import checked, files, moved, said_of

pytestmark = pytest.mark.asyncio(loop_scope="module")
NAME = "credit-default"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chain(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LocalChain]:
    async with local_chain(folder=tmp_path_factory.mktemp("chain")) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(chain: LocalChain) -> AsyncIterator[World]:
    async with deployed_world(chain.url, name=NAME) as deployed:
        yield deployed


async def decide(
    node: Node, world: World, reference: str, *, vector: int = 0, private: bool = False
) -> bytes:
    accepted = await accept(
        node.parts,
        model_id=world.model.model_id,
        input_bytes=world.model.vectors[vector].input,
        reference=reference,
        private=private,
    )
    await wait_for(node.parts, world.model.model_id, accepted.subject, is_over, 30)
    return accepted.subject


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def receipt(world: World, tmp_path_factory: pytest.TempPathFactory) -> Receipt:
    """One that holds."""
    async with running_node(world, tmp_path_factory.mktemp("node")) as node:
        subject = await decide(node, world, "loan 1")
        found = await decision_receipt(node.parts, world.model.model_id, subject, trusted=True)
    report = await checked(world, found)
    assert {check.outcome for check in report.checks} == {"held"}
    assert {"event", "storage", "policy", "signed transaction"} <= {c.name for c in report.checks}
    return found


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"block_hash": b"\xee" * 32}, "is not in it"),
        ({"block_number": 1}, "is not in it"),
        ({"block_number": 10**6}, "does not exist: the chain ends at"),
        ({"timestamp": 2_000_000_000}, "the block's time is"),
        ({"log_index": 99}, "the transaction has no log 99"),
    ],
)
async def test_verify__another_place_on_the_chain__is_refused(
    world: World, receipt: Receipt, changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(VerificationError, match=reason):
        await checked(world, moved(receipt, **changes))


async def test_verify__another_contract__is_refused(world: World, receipt: Receipt) -> None:
    with pytest.raises(VerificationError, match="the decision contract is"):
        await verify(receipt, files(world), world.rpc, expected=OPERATOR.address)


async def test_verify__a_policy_of_another_address__is_refused(
    world: World, receipt: Receipt
) -> None:
    decision = receipt.decision
    assert decision is not None
    policy = replace(decision.policy, contract=world.contract.address)
    with pytest.raises(VerificationError, match="the policy is"):
        await checked(world, moved(receipt, policy=policy))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            lambda log: replace(log, address=OPERATOR.address),
            "is of the contract 0xf39F.*, not of",
        ),
        (
            lambda log: replace(log, body=log.body[:64] + bytes(31) + b"\x63" + log.body[96:]),
            "the event's prediction is",
        ),
    ],
)
async def test_verify__another_event__is_refused(
    world: World,
    receipt: Receipt,
    change: Callable[[Any], Any],
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    honest = world.rpc.receipts

    async def receipts(hashes: list[bytes]) -> list[TxReceipt | None]:
        found = await honest(hashes)
        return [
            replace(each, logs=tuple(change(log) for log in each.logs)) if each else None
            for each in found
        ]

    monkeypatch.setattr(world.rpc, "receipts", receipts, raising=False)
    with pytest.raises(VerificationError, match=reason):
        await checked(world, receipt)


async def test_verify__reorganised_away__is_refused(world: World, receipt: Receipt) -> None:
    snapshot = await world.rpc.call("evm_snapshot", [])
    (asked,) = await world.ask()
    said = world.model.vectors[0]
    await AccountSigner(world.rpc, OPERATOR).send_transaction(
        to=world.contract.address,
        calldata=world.contract.encode_make_decision(
            Prediction(
                model_id=world.model.model_id,
                subject=asked,
                input_hash=said.input_hash,
                output_hash=said.output_hash,
                value=said.value,
                confidence=said.confidence,
                predicted_at=(await world.rpc.block("latest")).timestamp,
            )
        ),
    )
    log = await decision_about(world.contract, asked)
    made = await receipt_of(world.contract, log, said_of(world))
    await checked(world, made)
    await world.rpc.call("evm_revert", [snapshot])
    await world.rpc.call("anvil_mine", ["0x4"])
    with pytest.raises(VerificationError, match="is not in it"):
        await checked(world, made)


async def test_receipt__from_the_transaction_alone__is_the_nodes(
    world: World, receipt: Receipt
) -> None:
    assert receipt.decision is not None
    log = await decision_in(world.contract, receipt.decision.place.transaction)
    built = await receipt_of(world.contract, log, said_of(world))
    assert write_receipt(built) == write_receipt(receipt)


async def test_receipt__of_another_input__is_not_built(world: World, receipt: Receipt) -> None:
    log = await decision_about(world.contract, subject_of("loan 1"))
    with pytest.raises(VerificationError, match="the input hash to"):
        await receipt_of(world.contract, log, said_of(world, vector=1))


async def test_receipt__of_a_plain_input_that_is_not_on_chain__is_for_the_operator(
    world: World, tmp_path: Path
) -> None:
    async with running_node(world, tmp_path) as node:
        subject = await decide(node, world, "loan 2")
        with pytest.raises(Conflict, match="an input that is not on chain"):
            await decision_receipt(node.parts, world.model.model_id, subject, trusted=False)


async def test_private_input__only_the_commitment_is_on_chain_until_it_is_forgotten(
    world: World, tmp_path: Path
) -> None:
    plain = world.model.vectors[0]
    async with running_node(world, tmp_path) as node:
        subject = await decide(node, world, "person 1", private=True)
        parts, model = node.parts, world.model.model_id
        whole = await decision_receipt(parts, model, subject, trusted=True)
        hidden = await decision_receipt(parts, model, subject, trusted=False)
        account = await account_of(parts, model, subject)
        assert account.salt is not None
        await forget_input(parts, model, subject)
        with pytest.raises(NotFound, match="was forgotten"):
            await decision_receipt(parts, model, subject, trusted=True)
        with pytest.raises(NotFound, match="no private input"):
            await forget_input(parts, model, subject)
    for each in (whole, hidden):
        await checked(world, each)
    assert isinstance(hidden.input, PrivateInput)
    assert not any(isinstance(field, ShownField) for field in hidden.input.fields)
    assert whole.prediction.input_hash == input_hash_of(whole.input) != plain.input_hash
    journal = b"".join(path.read_bytes() for path in tmp_path.glob("journal.db*"))
    assert account.salt not in journal
    logs, _ = await world.rpc.logs_between(
        address=world.contract.address, first=0, last=(await world.rpc.block("latest")).number
    )
    decided = [
        log
        for log in decode_logs(logs, world.contract.address)
        if isinstance(log, DecisionLog) and log.prediction.subject == subject
    ]
    assert [log.prediction.input_hash for log in decided] == [whole.prediction.input_hash]


async def test_private_input__the_same_twice__has_two_commitments(
    world: World, tmp_path: Path
) -> None:
    async with running_node(world, tmp_path) as node:
        subjects = [await decide(node, world, f"person {n}", private=True) for n in (2, 3)]
        found = [
            await decision_receipt(node.parts, world.model.model_id, subject, trusted=True)
            for subject in subjects
        ]
    assert found[0].prediction.input_hash != found[1].prediction.input_hash


async def ask_by_hash(world: World, octets: bytes, uri: str) -> bytes:
    model = world.model
    assert model.policy is not None
    now = (await world.rpc.block("latest")).timestamp
    mined = await AccountSigner(world.rpc, REQUESTER).send_transaction(
        to=world.contract.address,
        calldata=world.contract.encode_request_by_hash(
            model.model_id, keccak256(octets), uri, callback_gas=0, deadline=now + 3600
        ),
        value=model.policy.fee_gwei * 10**9,
    )
    (log,) = decode_logs(mined.logs, world.contract.address)
    request_id: bytes = log.request_id  # type: ignore[union-attr]
    return request_id


async def test_request_by_hash__put_into_the_store_later__is_answered(
    world: World, tmp_path: Path
) -> None:
    octets = world.model.vectors[1].input
    async with running_node(world, tmp_path) as node:
        node.parts.evidence = EvidenceStore(str(tmp_path / "evidence"))
        asked = await ask_by_hash(world, octets, "")

        async def missing() -> bool:
            try:
                account = await account_of(node.parts, world.model.model_id, asked)
            except NotFound:
                return False
            return account.request is not None and "by its hash only" in account.request.reason

        await until(missing)
        assert await put_input(node.parts, octets) == keccak256(octets)
        await world.decided([asked])
        await wait_for(node.parts, world.model.model_id, asked, is_over, 30)
        found = await decision_receipt(node.parts, world.model.model_id, asked, trusted=True)
        with pytest.raises(Conflict, match="not on chain"):
            await decision_receipt(node.parts, world.model.model_id, asked, trusted=False)
    await checked(world, found)


async def test_request_by_hash__at_a_listed_place__is_fetched_kept_and_answered(
    world: World,
    tmp_path: Path,
    web: str,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    octets = world.model.vectors[2].input
    monkeypatch.setattr("tests.integration.test_evidence.INPUT", octets)
    async with running_node(world, tmp_path) as node:
        node.parts.evidence = EvidenceStore(str(tmp_path / "evidence"))
        node.parts.fetcher = Fetcher(rules=FetchRules(places=(Place.parse(web),)))
        asked = await ask_by_hash(world, octets, f"{web}/input")
        unlisted = await ask_by_hash(world, octets + b"!", "http://127.0.0.1:1/input")
        await world.decided([asked])

        async def refused() -> bool:
            account = await account_of(node.parts, world.model.model_id, unlisted)
            return account.request is not None and "not fetched from" in account.request.reason

        await until(refused)
        await put_input(node.parts, octets)  # again: nothing changes


async def test_receipt__with_the_database_lost_or_an_old_backup__is_the_same(
    world: World, tmp_path: Path
) -> None:
    model = world.model.model_id
    first, lost, old = (tmp_path / name for name in ("first", "lost", "old"))

    async def known(node: Node, subject: bytes) -> bytes:
        async def followed() -> bool:
            try:
                return is_over(await account_of(node.parts, model, subject))
            except NotFound:
                return False

        await until(followed)
        return write_receipt(await decision_receipt(node.parts, model, subject, trusted=True))

    async with running_node(world, first) as node:
        (before,) = await world.ask()
        await known(node, before)
    shutil.copytree(first, old)
    async with running_node(world, first) as node:
        (after,) = await world.ask()
        wanted = [await known(node, subject) for subject in (before, after)]
    for folder in (lost, old):
        async with running_node(world, folder) as node:
            assert [await known(node, subject) for subject in (before, after)] == wanted
