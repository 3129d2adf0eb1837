"""A member's word: given when it is due, to whom it is due, once; and nothing to copy."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from oracle.core.errors import NotFound, VerificationError
from oracle.core.peer import Envelope, Proposal, Question, write_questions
from oracle.core.signatures import signer_of
from oracle.journal import Journal, votes
from tests.support.desk import (
    BY_ADDRESS,
    COMMITTEE,
    FIRST,
    ME,
    MODEL,
    NOW,
    SUBJECT,
    TURNS,
    Desk,
    opinions,
    proposal,
    said,
)
from tests.support.signatures import opinion_of, sign


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


async def test_vote__collector_commits_again_after_it_saw__is_refused(desk: Desk) -> None:
    """It learnt 700 with a commitment to something else, and would now have known it all along."""
    await desk.compute()
    await desk.ask(own=1)
    assert (await desk.ask(own=700)).opinion is not None
    reply = await desk.propose(proposal(700, 700, 700))
    assert reply.vote is None
    assert "committed to" in reply.refusal


async def test_message__with_a_model_of_others_in_it__is_not_answered(desk: Desk) -> None:
    """Else one committee's members could have a member vote about another committee's request."""
    await desk.compute()
    envelope = Envelope(sender=FIRST, receiver=ME, at=NOW)
    ours = Question(model_id=MODEL, subject=SUBJECT, commitment=b"c" * 32)
    body = write_questions(envelope, [ours, replace(ours, model_id=b"n" * 32)])
    signature = sign(BY_ADDRESS[FIRST], COMMITTEE.message(body).digest)
    with pytest.raises(NotFound, match="in no one committee"):
        await desk.member.opinions(body, signature)


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
    signature = sign(BY_ADDRESS[key], COMMITTEE.message(body).digest)
    with pytest.raises(error):
        await desk.member.opinions(body, signature)
