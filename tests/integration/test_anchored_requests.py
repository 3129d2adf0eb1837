"""Requests of a model that the operator's anchor log vouches for: answered by the node itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from oracle.chain.abi import Interface
from oracle.chain.artifacts import load_artifact
from oracle.chain.events import RequestLog, decode_logs
from oracle.chain.local import LocalChain
from oracle.chain.signer import AccountSigner
from oracle.core.lifecycle import Request, State
from oracle.core.policy import Verdict
from oracle.core.receipt import ContractEvidence
from oracle.core.transaction import GWEI
from oracle.journal import promises
from oracle.journal.promises import Promised
from oracle.node.accept import accept, account_of
from oracle.node.anchoring.promise import Asked, promise
from oracle.node.anchoring.receipts import promised_receipt
from oracle.node.node import Node
from oracle.verify import verify
from tests.support.harness import (
    OPERATOR,
    REQUESTER,
    World,
    deployed_world,
    request_of,
    running_node,
    until,
)
from tests.support.world import MOCKS

EVERY = 0.3


@pytest.fixture
async def world(chain: LocalChain) -> AsyncIterator[World]:
    async with deployed_world(chain.url, anchored=True) as deployed:
        yield deployed


async def promised_about(node: Node, subject: bytes) -> list[Promised]:
    return await node.parts.journal.read(lambda db: promises.about(db, subject))


async def final(node: Node, world: World, subject: bytes) -> None:
    async def is_final() -> bool:
        return (await request_of(node, world, subject)).state is State.FINAL

    await until(is_final)


async def test_consumer__asks__is_called_back_with_the_anchored_prediction(
    world: World, tmp_path: Path
) -> None:
    artifact = load_artifact("SlotConsumer", MOCKS)
    codec = Interface(artifact.abi)
    signer = AccountSigner(world.rpc, REQUESTER)
    code = artifact.creation_code(codec.encode_constructor(world.contract.address))
    consumer = (await signer.send_transaction(to=None, calldata=code)).contract
    assert consumer is not None
    model, vector = world.model, world.model.vectors[0]
    assert model.policy is not None
    deadline = (await world.rpc.block("latest")).timestamp + 3600
    async with running_node(world, tmp_path, anchor_every=EVERY) as node:
        asked = await signer.send_transaction(
            to=consumer,
            calldata=codec.encode("ask", model.model_id, vector.input, 60_000, deadline),
            value=model.policy.fee_gwei * GWEI,
        )
        (event,) = decode_logs(asked.logs, world.contract.address)
        assert isinstance(event, RequestLog)
        await world.decided([event.request_id])
        answer = await world.rpc.eth_call(
            consumer, codec.encode("verdictOf", event.request_id), block="latest"
        )
        assert Verdict(int.from_bytes(answer, "big")).name == vector.verdict
        await final(node, world, event.request_id)
        account = await account_of(node.parts, model.model_id, event.request_id)
        assert account.decision is not None
        assert account.decision.trust_level == 1
        assert not account.decision.callback_failed
        states = [entry.state for entry in account.timeline]
        assert states == ["seen", "confirmed", "inferred", "vouched", "submitted", "final"]
        (made,) = await promised_about(node, event.request_id)
        assert made.prediction == account.decision.prediction


async def test_receipt__of_a_decided_promise__has_all_sections_and_verifies(
    world: World, tmp_path: Path
) -> None:
    (asked,) = await world.ask()
    async with running_node(world, tmp_path, anchor_every=EVERY) as node:
        await world.decided([asked])
        await final(node, world, asked)
        receipt = await promised_receipt(node.parts, asked, None, trusted=False)
        assert receipt is not None
        assert receipt.promise is not None
        assert receipt.anchor is not None
        assert receipt.decision is not None
        evidence = receipt.decision.evidence
        assert isinstance(evidence, ContractEvidence)
        assert evidence.kind == "anchor"
        model_file = (world.model.folder / "model.onnx").read_bytes()
        expected = world.contract.address
        report = await verify(receipt, {"model.onnx": model_file}, world.rpc, expected=expected)
        assert {"promise", "proof", "anchored in time", "evidence", "root on chain", "event"} <= {
            check.name for check in report.checks
        }


async def test_requests__many__share_a_batch(world: World, tmp_path: Path) -> None:
    asked = await world.ask(4)
    async with running_node(world, tmp_path, anchor_every=EVERY) as node:
        await world.decided(asked)
        made = [each for subject in asked for each in await promised_about(node, subject)]
        assert len(made) == 4
        assert len({each.batch_id for each in made}) == 1


async def test_request__deadline_before_the_batch_is_due__closes_it_early(
    world: World, tmp_path: Path
) -> None:
    async with running_node(world, tmp_path, anchor_every=600.0) as node:
        asked = await world.ask(lifetime=20)
        await world.decided(asked, within=20)
        (made,) = await promised_about(node, asked[0])
        request = await request_of(node, world, asked[0])
        assert request.deadline is not None
        assert made.anchor_by <= request.deadline


async def test_reorg__under_anchor_and_answer__both_come_back(world: World, tmp_path: Path) -> None:
    async with running_node(world, tmp_path, anchor_every=EVERY, finality=20) as node:
        asked = await world.ask()
        await world.decided(asked)
        await world.rpc.call("anvil_reorg", [2, []])
        await world.mine()
        await world.decided(asked)
        assert len(await world.decisions()) == 1
        (made,) = await promised_about(node, asked[0])
        assert made.batch_id is not None


async def test_decision__of_the_operators_own__goes_through_the_log(
    world: World, tmp_path: Path
) -> None:
    async with running_node(world, tmp_path, anchor_every=EVERY) as node:
        accepted = await accept(
            node.parts,
            model_id=world.model.model_id,
            input_bytes=world.model.vectors[0].input,
            reference="loan 1",
            private=True,
        )
        await world.decided([accepted.subject])
        await final(node, world, accepted.subject)
        hidden = await promised_receipt(node.parts, accepted.subject, None, trusted=False)
        shown = await promised_receipt(node.parts, accepted.subject, None, trusted=True)
        assert hidden is not None
        assert shown is not None
        assert hidden.prediction == shown.prediction
        assert hidden.input != shown.input


async def test_answer__a_models_rules_change_while_it_is_run__goes_through_the_log(
    world: World, tmp_path: Path
) -> None:
    """The follower forgets what the operator is to a model when it meets such a change."""
    async with running_node(world, tmp_path, anchor_every=EVERY) as node:

        def change(stage: str, _: Request | None) -> None:
            if stage == "inferred":
                node.parts.roles.forget()

        node.parts.observers.append(change)
        (asked,) = await world.ask()
        await world.decided([asked])
        await final(node, world, asked)


async def test_decision__somebody_else_relayed__is_followed(world: World, tmp_path: Path) -> None:
    """Another's transaction decides on an anchored prediction: the receipt has it all the same."""
    from oracle.core.anchor import encode_evidence
    from oracle.node.anchoring.filed import filed
    from oracle.node.anchoring.receipts import proof_of

    async with running_node(world, tmp_path, anchor_every=EVERY) as node:
        row = Asked(input=world.model.vectors[0].input, reference="loan 1")
        (made,) = await promise(node.parts, world.model.model_id, [row])

        async def anchored() -> bool:
            return (await filed(node.parts, made.receipt_id)).is_anchored

        await until(anchored)
        found = await filed(node.parts, made.receipt_id)
        assert found.batch is not None
        assert found.index is not None
        evidence = encode_evidence(found.batch, found.index, await proof_of(node.parts, found))
        await AccountSigner(world.rpc, REQUESTER).send_transaction(
            to=world.contract.address,
            calldata=world.contract.encode_relay_decision(made.prediction, evidence),
        )

        async def decided() -> bool:
            return (await filed(node.parts, made.receipt_id)).stage == "decided"

        await until(decided)
        receipt = await promised_receipt(node.parts, made.receipt_id, None, trusted=True)
        assert receipt is not None
        assert receipt.stage == "decided"
        assert receipt.operator == OPERATOR.address
