"""Receipts of decisions by sealed votes: built from the chain, counted again, held to events."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from oracle.chain.local import dev_account, local_chain
from oracle.chain.quorum import committee_at
from oracle.chain.sealed import encode_commit, encode_reveal, encode_tally, rounds_about
from oracle.chain.signer import AccountSigner
from oracle.core.errors import NotFound, VerificationError
from oracle.core.prediction import Prediction, subject_of
from oracle.core.receipt import ContractEvidence, PlainInput, Receipt
from oracle.core.receipt_json import write_receipt
from oracle.core.sealed import (
    RoundKey,
    SealedCommittee,
    encode_round,
    opening_of,
    salt_of,
    seal_of,
)
from oracle.core.shown_round import Moment, ShownRound
from oracle.inference.runtime import runtime_record
from oracle.verify import parse_receipt, verify
from oracle.verify.build import Said, decision_about, receipt_of
from oracle.verify.sealed import shown_round
from tests.support.harness import CHAIN_ID, OPERATOR, World, deployed_world
from tests.support.javascript import outcomes_in_javascript

pytestmark = pytest.mark.asyncio(loop_scope="module")

MEMBERS = [dev_account(index, chain_id=CHAIN_ID) for index in (2, 3, 4, 5)]
BOND, COMMIT, REVEAL = 10**15, 60, 30
IN_JAVASCRIPT = ("a vote hidden", "a seal swapped", "no tolerance", "another time of the tally")
"""Each costs a process and a run of the model."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    committee = ([str(each.address) for each in MEMBERS], 2)
    async with (
        local_chain(folder=tmp_path_factory.mktemp("chain")) as chain,
        deployed_world(
            chain.url, committee=committee, sealed=(COMMIT, REVEAL, BOND), name="credit-default"
        ) as deployed,
    ):
        yield deployed


async def committee_of(world: World) -> SealedCommittee:
    model = await world.contract.model_of(world.model.model_id, block="latest")
    assert model is not None
    found = await committee_at(world.rpc, model.attestor, block="latest")
    assert isinstance(found, SealedCommittee)
    return found


async def pass_time(world: World, seconds: int) -> None:
    await world.rpc.call("evm_increaseTime", [seconds])
    await world.rpc.call("evm_mine")


async def vote(world: World, committee: SealedCommittee, key: RoundKey, *, reveals: int) -> None:
    """A round of all four members about the model's first vector; so many reveal."""
    said = said_of(world, key.subject)
    openings = {}
    for account in MEMBERS:
        member = str(account.address)
        openings[member] = opening_of(said, salt_of(b"s" * 32 + account.key, committee, key))
        seal = seal_of(committee, key, member, openings[member])
        await AccountSigner(world.rpc, account).send_transaction(
            to=committee.attestor, calldata=encode_commit(key, seal), value=BOND
        )
    signer = AccountSigner(world.rpc, OPERATOR)
    found = await latest_round(world, committee, key)
    for member in committee.members[:reveals]:
        await signer.send_transaction(
            to=committee.attestor, calldata=encode_reveal(found, member, openings[member]), value=0
        )
    await pass_time(world, COMMIT + REVEAL + 10)
    found = await latest_round(world, committee, key)
    await signer.send_transaction(to=committee.attestor, calldata=encode_tally(found), value=0)


async def latest_round(world: World, committee: SealedCommittee, key: RoundKey):
    return (await rounds_about(world.rpc, committee, key.model_id, key.subject))[key.number]


def said_of(world: World, subject: bytes) -> Prediction:
    vector = world.model.vectors[0]
    return Prediction(
        model_id=world.model.model_id,
        subject=subject,
        input_hash=vector.input_hash,
        output_hash=vector.output_hash,
        value=vector.value,
        confidence=vector.confidence,
        predicted_at=1,
    )


async def decided_receipt(world: World, reference: str) -> Receipt:
    """Of a subject whose first round decided nothing, and whose second one did, one vote secret."""
    committee, subject = await committee_of(world), subject_of(reference)
    key = RoundKey(model_id=world.model.model_id, subject=subject, number=0)
    await vote(world, committee, key, reveals=1)
    key = replace(key, number=1)
    await vote(world, committee, key, reveals=3)
    closed = (await latest_round(world, committee, key)).closed
    assert closed is not None
    assert closed.prediction is not None
    await AccountSigner(world.rpc, OPERATOR).send_transaction(
        to=world.contract.address,
        calldata=world.contract.encode_relay_decision(closed.prediction, encode_round(1)),
        value=0,
    )
    vector = world.model.vectors[0]
    said = Said(
        card=world.model.card,
        input=PlainInput(octets=vector.input),
        outputs=vector.outputs,
        runtime=runtime_record(),
        rule=world.model.policy.rule if world.model.policy else None,
    )
    return await receipt_of(world.contract, await decision_about(world.contract, subject), said)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def receipt(world: World) -> Receipt:
    return await decided_receipt(world, "sealed 1")


async def checked(world: World, receipt: Receipt) -> dict[str, str]:
    report = await verify(
        parse_receipt(write_receipt(receipt)),
        {world.model.card.model.onnx.file: world.model.onnx},
        world.rpc,
        expected=world.contract.address,
    )
    return {check.name: check.outcome for check in report.checks}


def round_in(receipt: Receipt) -> ShownRound:
    assert receipt.decision is not None
    evidence = receipt.decision.evidence
    assert isinstance(evidence, ContractEvidence)
    assert evidence.round is not None
    return evidence.round


def with_round(receipt: Receipt, shown: ShownRound | None) -> Receipt:
    assert receipt.decision is not None
    evidence = receipt.decision.evidence
    assert isinstance(evidence, ContractEvidence)
    changed = replace(receipt.decision, evidence=replace(evidence, round=shown))
    return replace(receipt, decision=changed)


async def test_receipt__of_sealed_votes__shows_them_and_holds_everywhere(
    world: World, receipt: Receipt
) -> None:
    shown = round_in(receipt)
    assert [vote.opening is not None for vote in shown.votes] == [True, True, True, False]
    outcomes = await checked(world, receipt)
    for name in ("votes", "tally", "round", "attestor"):
        assert outcomes[name] == "held"
    assert "skipped" not in outcomes.values()
    assert outcomes == await outcomes_in_javascript(
        receipt, world.url, world.model, world.contract.address
    )


async def test_receipt__votes_not_shown__says_that_only_the_contract_can_tell(
    world: World, receipt: Receipt
) -> None:
    bare = with_round(receipt, None)
    outcomes = await checked(world, bare)
    assert (outcomes["votes"], outcomes["attestor"]) == ("skipped", "held")
    assert outcomes == await outcomes_in_javascript(
        bare, world.url, world.model, world.contract.address
    )


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("a vote hidden", "the opening of seal 1"),
        ("a vote void", "whether vote 3 is void"),
        ("a seal left out", "the number of sealed votes is 3, it has to be 4"),
        ("a seal swapped", "seal 3 is"),
        ("a longer window", "the window for revealing is 31, it has to be 30"),
        ("no tolerance", "the tolerance is (None|undefined), it has to be"),
        ("another block", "no round 1 was counted"),
        ("an earlier block", "the block of the first seal is"),
        ("another time of the tally", "the (block|time) of the tally is"),
    ],
)
async def test_receipt__votes_are_not_the_chains__is_refused(
    world: World, receipt: Receipt, name: str, why: str
) -> None:
    """What is consistent in itself, and only the events show to be made up."""
    shown = round_in(receipt)
    first, second, third, fourth = shown.votes
    opened, counted = shown.opened, shown.counted
    changed = {
        "a vote hidden": replace(
            shown, votes=(first, replace(second, opening=None), third, fourth)
        ),
        "a vote void": replace(shown, votes=(first, second, third, replace(fourth, void=True))),
        "a seal left out": replace(shown, votes=(first, second, third)),
        "a seal swapped": replace(
            shown, votes=(first, second, third, replace(fourth, seal=bytes(31) + fourth.seal[31:]))
        ),
        "a longer window": replace(shown, reveal_window=REVEAL + 1),
        "no tolerance": replace(shown, tolerance=None),
        "another block": replace(
            shown,
            counted=Moment(block_number=counted.block_number - 1, timestamp=counted.timestamp),
        ),
        "an earlier block": replace(
            shown, opened=Moment(block_number=opened.block_number - 1, timestamp=opened.timestamp)
        ),
        "another time of the tally": replace(
            shown,
            counted=Moment(block_number=counted.block_number, timestamp=counted.timestamp - 1),
        ),
    }[name]
    with pytest.raises(VerificationError, match=why):
        await checked(world, with_round(receipt, changed))
    if name not in IN_JAVASCRIPT:
        return
    outcomes = await outcomes_in_javascript(
        with_round(receipt, changed), world.url, world.model, world.contract.address
    )
    assert re.search(why, list(outcomes.values())[-1])


async def test_rounds__long_history__only_blocks_from_the_first_seal_on_are_searched(
    world: World, receipt: Receipt, monkeypatch: pytest.MonkeyPatch
) -> None:
    ranges: list[tuple[int, int]] = []
    honest = world.rpc.logs_between

    async def noted(*, first: int, last: int, **rest: object):
        ranges.append((first, last))
        assert len(rest["topics"]) == 3  # type: ignore[arg-type]
        return await honest(first=first, last=last, **rest)  # type: ignore[arg-type]

    monkeypatch.setattr(world.rpc, "logs_between", noted, raising=False)
    assert receipt.decision is not None
    last = receipt.decision.place.block_number
    key = RoundKey(
        model_id=receipt.prediction.model_id, subject=receipt.prediction.subject, number=1
    )
    committee = await committee_of(world)
    assert await shown_round(world.rpc, committee, key, last=last) == round_in(receipt)
    ((first, end),) = ranges
    opened = round_in(receipt).opened
    assert first <= opened.block_number
    assert (await world.rpc.block(first)).timestamp == opened.timestamp
    assert end == last


async def test_shown_round__never_opened_or_logs_not_kept__is_not_found(
    world: World, receipt: Receipt, monkeypatch: pytest.MonkeyPatch
) -> None:
    said, committee = receipt.prediction, await committee_of(world)
    head = (await world.rpc.block("latest")).number
    key = RoundKey(model_id=said.model_id, subject=said.subject, number=2)
    with pytest.raises(NotFound, match="no events of round 2"):
        await shown_round(world.rpc, committee, key, last=head)

    async def none(*, last: int, **_: object):
        return [], await world.rpc.block(last)

    monkeypatch.setattr(world.rpc, "logs_between", none, raising=False)
    with pytest.raises(NotFound, match="no events of round 1"):
        await shown_round(world.rpc, committee, replace(key, number=1), last=head)
