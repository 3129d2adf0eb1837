"""A member's word: given when it is due, to whom it is due, once; and nothing to copy."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount

from oracle.core.errors import NotFound, VerificationError
from oracle.core.lifecycle import Origin, Request, State
from oracle.core.model_card import ModelCard
from oracle.core.peer import (
    Envelope,
    Opinion,
    Proposal,
    Question,
    Reply,
    commitment_to,
    message_digest,
    read_replies,
    write_proposals,
    write_questions,
)
from oracle.core.prediction import Prediction
from oracle.core.quorum import Committee
from oracle.core.signatures import signer_of
from oracle.core.transaction import FeePolicy
from oracle.inference.store import CardStore
from oracle.journal import Journal, requests, votes
from oracle.node.committee.ballot import opinion_of, sign
from oracle.node.committee.member import Member
from oracle.node.parts import NodeOptions, Parts
from oracle.node.roles import Role
from tests.support.harness import MODELS

KEYS = [Account.from_key(bytes([n]) * 32) for n in range(1, 5)]
COMMITTEE = Committee(
    attestor="0x" + "Aa" * 20,
    chain_id=31337,
    members=tuple(str(key.address) for key in KEYS),
    threshold=3,
)
CARD = CardStore.open(MODELS).find("delivery-time").card
MODEL, SUBJECT, SALT, NOW = b"m" * 32, b"s" * 32, b"x" * 32, 10_000
BY_ADDRESS = {str(key.address): key for key in KEYS}
TURNS = COMMITTEE.turns(SUBJECT)
ME, FIRST = TURNS[3], TURNS[0]
"""The member under test is the last to collect."""


def said(value: int = 700) -> Prediction:
    return Prediction(
        model_id=MODEL,
        subject=SUBJECT,
        input_hash=b"i" * 32,
        output_hash=b"o" * 32,
        value=value,
        confidence=0,
        predicted_at=NOW - 5,
    )


class FakeRpc:
    async def timestamp(self, _: object) -> int:
        return NOW


class FakeContract:
    address_bytes = b"c" * 20


class FakeEngine:
    def card(self, _: bytes) -> ModelCard:
        return CARD


class FakeRoles:
    async def of(self, model_id: bytes, *, block: object) -> Role:
        return Role(committee=COMMITTEE) if model_id == MODEL else Role()


class Desk:
    """A member with a journal, and what the others would send it."""

    def __init__(self, journal: Journal) -> None:
        self.now = float(NOW)
        self.parts = Parts(
            rpc=FakeRpc(),  # type: ignore[arg-type]
            contract=FakeContract(),  # type: ignore[arg-type]
            journal=journal,
            engine=FakeEngine(),  # type: ignore[arg-type]
            account=BY_ADDRESS[ME],
            chain_id=31337,
            fees=FeePolicy(ceiling=10, priority=1),
            options=NodeOptions(turn_seconds=2.0),
            clock=lambda: self.now,
        )
        self.parts.roles = FakeRoles()  # type: ignore[assignment]
        self.member = Member(self.parts)

    async def compute(self, value: int = 700) -> None:
        request = Request(
            model_id=MODEL,
            subject=SUBJECT,
            origin=Origin.CHAIN,
            input=b"x",
            state=State.INFERRED,
            deadline=NOW + 100,
            prediction=said(value),
        )
        await self.parts.journal.write(lambda db: requests.save(db, request, at=0))

    async def ask(self, collector: str = FIRST, own: int = 700) -> Reply:
        question = Question(
            model_id=MODEL, subject=SUBJECT, commitment=commitment_to(said(own), SALT)
        )
        envelope = Envelope(sender=collector, receiver=ME, at=NOW)
        body = write_questions(envelope, [question])
        return await self._send("opinions", body, BY_ADDRESS[collector])

    async def propose(self, proposal: Proposal, collector: str = FIRST) -> Reply:
        envelope = Envelope(sender=collector, receiver=ME, at=NOW)
        body = write_proposals(envelope, [proposal])
        return await self._send("ballots", body, BY_ADDRESS[collector])

    async def _send(self, what: str, body: bytes, key: LocalAccount) -> Reply:
        signature = sign(key, message_digest(COMMITTEE.domain_separator, body))
        handle = self.member.opinions if what == "opinions" else self.member.ballots
        answer, signed = await handle(body, signature)
        digest = message_digest(COMMITTEE.domain_separator, answer)
        assert signer_of(digest, signed) == ME
        (reply,) = read_replies(answer)[1]
        return reply


def opinions(*values: int) -> tuple[Opinion, ...]:
    """The first members' opinions, in the order of their turns."""
    return tuple(
        opinion_of(BY_ADDRESS[member], COMMITTEE, said(value))
        for member, value in zip(TURNS, values, strict=False)
    )


def proposal(*values: int, prediction: int = 700, salt: bytes = SALT) -> Proposal:
    return Proposal(prediction=said(prediction), opinions=opinions(*values), salt=salt)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with await Journal.at(tmp_path / "journal.db").open({}) as journal:
        yield Desk(journal)


async def test_opinion__its_turn__is_this_members_own_and_signed(desk: Desk) -> None:
    await desk.compute()
    reply = await desk.ask()
    assert reply.opinion is not None
    assert reply.opinion.prediction == said()
    assert signer_of(COMMITTEE.opinion_digest(said()), reply.opinion.signature) == ME


async def test_opinion__not_computed__is_not_made_up(desk: Desk) -> None:
    reply = await desk.ask()
    assert reply.opinion is None
    assert reply.refusal == "not seen yet"


async def test_opinion__another_members_turn__is_not_told(desk: Desk) -> None:
    """A lazy member that wants to copy asks before its turn, and learns nothing."""
    await desk.compute()
    reply = await desk.ask(TURNS[2])
    assert reply.opinion is None
    assert "not your turn" in reply.refusal
    desk.now += 4
    assert (await desk.ask(TURNS[2])).opinion is not None


async def test_vote__what_the_opinions_make__is_given_and_recorded(desk: Desk) -> None:
    await desk.compute()
    await desk.ask()
    reply = await desk.propose(proposal(700, 700, 700))
    assert reply.vote is not None
    assert signer_of(COMMITTEE.vote_digest(said()), reply.vote) == ME
    recorded = await desk.parts.journal.read(lambda db: votes.find_vote(db, MODEL, SUBJECT))
    assert recorded is not None
    assert recorded.signature == reply.vote


async def test_vote__asked_twice__is_the_same(desk: Desk) -> None:
    await desk.compute()
    await desk.ask()
    first = await desk.propose(proposal(700, 700, 700))
    assert await desk.propose(proposal(700, 700, 700)) == first


async def test_vote__for_a_second_prediction__is_refused_and_the_first_is_shown(
    desk: Desk,
) -> None:
    await desk.compute()
    await desk.ask()
    first = await desk.propose(proposal(700, 700, 700))
    await desk.ask(own=701)
    other = await desk.propose(proposal(701, 701, 701, prediction=701))
    assert other.vote == first.vote
    assert other.earlier == proposal(700, 700, 700)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (proposal(700, 700), "not what its opinions make"),
        (proposal(700, 700, 700, prediction=701), "not what its opinions make"),
        (proposal(900, 900, 900, prediction=900), "does not agree with 900"),
        (proposal(700, 700, 700, salt=b"y" * 32), "does not show the opinion that it committed to"),
        (
            replace(proposal(700, 700, 700), opinions=opinions(700, 700) * 2),
            "heard twice",
        ),
        (
            replace(
                proposal(700, 700, 700),
                opinions=(
                    *opinions(700, 700),
                    replace(opinions(700, 700, 700)[2], signature=b"\x01" * 64),
                ),
            ),
            "is signed by|is no signature",
        ),
        (
            replace(proposal(700, 700, 700), opinions=opinions(700, 700, 700)[1:]),
            "not what its opinions make",
        ),
    ],
)
async def test_vote__a_proposal_that_does_not_hold__is_refused(
    desk: Desk, given: Proposal, words: str
) -> None:
    await desk.compute()
    await desk.ask(own=max(o.prediction.value for o in given.opinions))
    reply = await desk.propose(given)
    assert reply.vote is None
    assert re.search(words, reply.refusal), reply.refusal


async def test_vote__collector_copied_after_it_saw__is_refused(desk: Desk) -> None:
    """It committed to 1 without computing, saw the others' 700, and shows 700 as its own."""
    await desk.compute()
    await desk.ask(own=1)
    reply = await desk.propose(proposal(700, 700, 700))
    assert reply.vote is None
    assert "committed to" in reply.refusal


async def test_vote__collector_that_never_asked__is_refused(desk: Desk) -> None:
    await desk.compute()
    assert (await desk.propose(proposal(700, 700, 700))).refusal == "ask for the opinion first"


async def test_vote__carried_on_with_another_members_vote__is_given(desk: Desk) -> None:
    """The first collector died after one vote; its backup carries the proposal on."""
    await desk.compute()
    second = sign(BY_ADDRESS[TURNS[2]], COMMITTEE.vote_digest(said()))
    carried = replace(proposal(700, 700, 700), seconded=second)
    assert (await desk.propose(carried, TURNS[1])).vote is not None


async def test_vote__carried_on_with_the_collectors_own_vote__is_refused(desk: Desk) -> None:
    await desk.compute()
    own = sign(BY_ADDRESS[TURNS[1]], COMMITTEE.vote_digest(said()))
    carried = replace(proposal(700, 700, 700), seconded=own)
    reply = await desk.propose(carried, TURNS[1])
    assert reply.vote is None
    assert "who can not" in reply.refusal


async def test_vote__a_member_said_something_else_before__is_not_counted(desk: Desk) -> None:
    await desk.compute()
    await desk.member.hear(
        [opinion_of(BY_ADDRESS[TURNS[1]], COMMITTEE, said(701))],
    )
    await desk.ask()
    reply = await desk.propose(proposal(700, 700, 700))
    assert reply.vote is None
    assert TURNS[1] in reply.refusal
    (caught,) = await desk.parts.journal.read(votes.equivocations)
    assert caught.member == TURNS[1]
    assert sorted(value for value, _ in caught.said) == [700, 701]


@pytest.mark.parametrize(
    ("envelope", "key", "error"),
    [
        (Envelope(sender=FIRST, receiver=FIRST, at=NOW), FIRST, VerificationError),
        (Envelope(sender=FIRST, receiver=ME, at=NOW - 61), FIRST, VerificationError),
        (Envelope(sender=FIRST, receiver=ME, at=NOW), TURNS[1], VerificationError),
        (Envelope(sender="0x" + "11" * 20, receiver=ME, at=NOW), FIRST, NotFound),
    ],
)
async def test_message__not_from_whom_it_says__is_not_answered(
    desk: Desk, envelope: Envelope, key: str, error: type[Exception]
) -> None:
    await desk.compute()
    question = Question(model_id=MODEL, subject=SUBJECT, commitment=b"c" * 32)
    body = write_questions(envelope, [question])
    signature = sign(BY_ADDRESS[key], message_digest(COMMITTEE.domain_separator, body))
    with pytest.raises(error):
        await desk.member.opinions(body, signature)
