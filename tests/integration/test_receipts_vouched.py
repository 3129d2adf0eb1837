"""Receipts of what a quorum or an anchor log vouched for: held to the chain they are of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from oracle.chain.abi import interface
from oracle.chain.contracts import DecisionContract
from oracle.chain.deployment import ContractSpec, deploy, plan_deployment
from oracle.chain.local import dev_account, local_chain
from oracle.chain.rpc import RpcPool
from oracle.chain.signer import AccountSigner
from oracle.core.anchor import anchor_arguments, batch_after, leaf_of
from oracle.core.anchor import encode_evidence as encode_anchored
from oracle.core.errors import VerificationError
from oracle.core.merkle import MerkleTree
from oracle.core.prediction import Prediction, subject_of
from oracle.core.promise import Promise, promise_digest
from oracle.core.quorum import Committee, encode_evidence
from oracle.core.receipt import Anchor, PlainInput, Receipt
from oracle.core.receipt import Place as ReceiptPlace
from oracle.inference.runtime import runtime_record
from oracle.inference.store import CardStore
from oracle.node.registration import registration_of
from oracle.verify.build import decision_in, receipt_of
from tests.integration.test_evidence import web  # noqa: F401 - a fixture
from tests.support.harness import (
    CHAIN_ID,
    MODELS,
    OPERATOR,
    REQUESTER,
    World,
    deployed_world,
)
from tests.support.signatures import sign
from tests.support.verified import agreed, checked, moved, refused_in_javascript, said_of

NAME = "credit-default"


async def test_quorum__from_the_chain__holds_with_every_signature(tmp_path: Path) -> None:
    members = [dev_account(index, chain_id=CHAIN_ID) for index in (3, 4, 5)]
    async with local_chain(folder=tmp_path) as chain:
        addresses = [str(member.address) for member in members]
        async with deployed_world(chain.url, committee=(addresses, 2), name=NAME) as world:
            model = await world.contract.model_of(world.model.model_id, block="latest")
            assert model is not None
            committee = Committee(
                attestor=model.attestor,
                chain_id=CHAIN_ID,
                members=tuple(addresses),
                threshold=2,
            )
            vector = world.model.vectors[0]
            said = Prediction(
                model_id=world.model.model_id,
                subject=subject_of("loan 1"),
                input_hash=vector.input_hash,
                output_hash=vector.output_hash,
                value=vector.value,
                confidence=vector.confidence,
                predicted_at=(await world.rpc.block("latest")).timestamp,
            )
            digest = committee.vote_digest(said)
            votes = {str(m.address): sign(m, digest) for m in members[:2]}
            evidence = encode_evidence(committee, votes, said.subject)
            mined = await AccountSigner(world.rpc, REQUESTER).send_transaction(
                to=world.contract.address,
                calldata=world.contract.encode_relay_decision(said, evidence),
            )
            log = await decision_in(world.contract, mined.tx_hash)
            receipt = await receipt_of(world.contract, log, said_of(world))
            report = await checked(world, receipt)
            assert {"signatures", "attestor"} <= {check.name for check in report.checks}
            assert receipt.operator is None
            assert await agreed(world, receipt, report)

            decision = receipt.decision
            assert decision is not None
            fewer = replace(decision.evidence, members=(*addresses[:2], str(OPERATOR.address)))
            with pytest.raises(VerificationError, match="the committee is"):
                await checked(world, moved(receipt, evidence=fewer))
            reason = await refused_in_javascript(world, moved(receipt, evidence=fewer))
            assert "the committee is" in reason


async def test_anchored__then_decided__holds_and_is_refused_where_the_log_differs(
    tmp_path: Path,
) -> None:
    operator = str(OPERATOR.address)
    spec = ContractSpec(contract="AnchorLog", arguments=(operator, operator))
    store = CardStore.open(MODELS)
    model = store.find(NAME)
    async with (
        local_chain(folder=tmp_path) as chain,
        RpcPool([chain.url], chain_id=CHAIN_ID) as rpc,
    ):
        signer = AccountSigner(rpc, OPERATOR)
        plan = plan_deployment([registration_of(model, spec.address)], others=[spec])
        deployed = await deploy(plan, rpc, signer)
        world = World(
            rpc=rpc,
            contract=DecisionContract(rpc, deployed.address),
            store=store,
            url=chain.url,
            name=NAME,
        )
        now = (await rpc.block("latest")).timestamp
        said = [
            Prediction(
                model_id=model.model_id,
                subject=subject_of(f"loan {n}"),
                input_hash=vector.input_hash,
                output_hash=vector.output_hash,
                value=vector.value,
                confidence=vector.confidence,
                predicted_at=now,
            )
            for n, vector in enumerate(model.vectors[:5])
        ]
        tree = MerkleTree([leaf_of(n, each) for n, each in enumerate(said)])
        batch = batch_after(None, 5, tree.root, chain_id=CHAIN_ID, log=spec.address)
        mined = await signer.send_transaction(
            to=spec.address,
            calldata=interface("AnchorLog").encode("anchor", *anchor_arguments(None, batch)),
        )
        anchored_at = (await rpc.block(mined.block_hash)).timestamp
        digest = promise_digest(
            chain_id=CHAIN_ID, log=spec.address, prediction=said[3], anchor_by=now + 600
        )
        pending = Receipt(
            card=model.card,
            input=PlainInput(octets=model.vectors[3].input),
            outputs=model.vectors[3].outputs,
            prediction=said[3],
            runtime=runtime_record(),
            chain_id=CHAIN_ID,
            contract=deployed.address,
            operator=operator,
            promise=Promise(
                log=spec.address, anchor_by=now + 600, signature=sign(OPERATOR, digest)
            ),
        )
        await checked(world, pending)
        anchor = Anchor(
            log=spec.address,
            batch=batch,
            index=3,
            proof=tree.proof(3),
            place=ReceiptPlace(
                transaction=mined.tx_hash,
                block_number=mined.block_number,
                block_hash=mined.block_hash,
                timestamp=anchored_at,
            ),
        )
        anchored = pending.with_anchor(anchor)
        report = await checked(world, anchored)
        assert {"proof", "root on chain", "anchor log"} <= {each.name for each in report.checks}
        assert await agreed(world, anchored, report)

        forged = MerkleTree([leaf_of(n, each) for n, each in enumerate(said[::-1])])
        index = 1
        wrong = replace(
            anchor,
            batch=replace(batch, root=forged.root),
            index=index,
            proof=forged.proof(index),
        )
        with pytest.raises(VerificationError, match="the event's batch is"):
            await checked(world, anchored.with_anchor(wrong))
        later = replace(anchor, batch=replace(batch, number=1, previous=b"\x01" * 32), index=3)
        with pytest.raises(VerificationError, match="anchored no batch 1"):
            await checked(world, anchored.with_anchor(later))
        reason = await refused_in_javascript(world, anchored.with_anchor(later))
        assert "anchored no batch 1" in reason
        elsewhere = replace(anchor, log=deployed.address)
        with pytest.raises(VerificationError, match="the code at"):
            await checked(world, replace(anchored, promise=None, anchor=elsewhere))
        forged_log = replace(anchored, promise=None, anchor=elsewhere)
        assert "the code at" in await refused_in_javascript(world, forged_log)

        relayed = await AccountSigner(rpc, REQUESTER).send_transaction(
            to=deployed.address,
            calldata=world.contract.encode_relay_decision(
                said[3], encode_anchored(batch, 3, tree.proof(3))
            ),
        )
        log = await decision_in(world.contract, relayed.tx_hash)
        built = await receipt_of(world.contract, log, said_of(world, vector=3))
        assert built.anchor == anchor
        decided = replace(anchored, decision=built.decision)
        report = await checked(world, decided)
        assert {"evidence", "attestor", "root on chain"} <= {each.name for each in report.checks}
        assert await agreed(world, decided, report)
