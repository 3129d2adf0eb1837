"""A member's word about gasless reads: computed on what the question brings, given once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from oracle.core.errors import InvalidInput
from oracle.core.peer import (
    MAX_INPUT,
    Asked,
    Envelope,
    Question,
    commitment_to,
    read_questions,
    write_questions,
)
from oracle.core.prediction import Prediction
from oracle.core.signatures import signer_of
from oracle.journal import Journal, reads, votes
from oracle.node.committee.reads import BURST
from oracle.node.reads import OLDEST_BLOCK
from tests.support.desk import (
    COMMITTEE,
    FIRST,
    ME,
    MODEL,
    NOW,
    SALT,
    SUBJECT,
    TURNS,
    Desk,
    proposal,
    proposal_of,
)

ASKED = Asked(input=b"an input", as_of=NOW - 3)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with await Journal.at(tmp_path / "journal.db").open({}) as journal:
        yield Desk(journal)


async def test_opinion__on_a_read__is_computed_on_the_input_that_the_question_brings(
    desk: Desk,
) -> None:
    reply = await desk.ask_read(ASKED)
    assert reply.opinion is not None
    assert reply.opinion.prediction == desk.read(ASKED)
    digest = COMMITTEE.opinion_digest(desk.read(ASKED))
    assert signer_of(digest, reply.opinion.signature) == ME
    assert reply.subject[0] == 0, "no request's id begins so"


@pytest.mark.parametrize(
    "other",
    [replace(ASKED, input=b"another"), replace(ASKED, as_of=NOW - 4)],
    ids=["another input", "another time"],
)
async def test_opinion__subject_of_something_else__is_not_given(desk: Desk, other: Asked) -> None:
    reply = await desk.ask_read(ASKED, subject=desk.read(other).subject)
    assert reply.opinion is None
    assert "not the one of this input and time" in reply.refusal
    assert desk.engine.runs == 0


@pytest.mark.parametrize(
    ("as_of", "words"),
    [(NOW + 1, "ahead of this member's head"), (NOW - OLDEST_BLOCK - 1, "behind the chain's head")],
)
async def test_opinion__read_of_another_time__is_not_given(
    desk: Desk, as_of: int, words: str
) -> None:
    reply = await desk.ask_read(replace(ASKED, as_of=as_of))
    assert reply.opinion is None
    assert words in reply.refusal


async def test_opinion__model_is_unfit_here__is_not_given(desk: Desk) -> None:
    desk.parts.unfit[MODEL] = "vector 0 differs"
    assert "vector 0 differs" in (await desk.ask_read(ASKED)).refusal


async def test_opinion__a_second_collector__has_to_wait_a_turn(desk: Desk) -> None:
    """A member that is asked, and would rather copy, gets nothing while the first one collects."""
    assert (await desk.ask_read(ASKED)).opinion is not None
    lazy = await desk.ask_read(ASKED, collector=TURNS[1])
    assert lazy.opinion is None
    assert "not your turn" in lazy.refusal
    desk.now += 1.1
    assert (await desk.ask_read(ASKED, collector=TURNS[1])).opinion is not None
    assert desk.engine.runs == 1


async def test_opinion__one_member_collects_without_end__others_are_answered_all_the_same(
    desk: Desk,
) -> None:
    answered = 0
    for number in range(int(BURST) + 5):
        reply = await desk.ask_read(replace(ASKED, input=bytes([number])))
        answered += reply.opinion is not None
    assert answered == int(BURST)
    assert (await desk.ask_read(ASKED, collector=TURNS[1])).opinion is not None
    desk.now += 1
    assert (await desk.ask_read(ASKED)).opinion is not None, "and it again, a second later"


async def test_vote__on_a_read__is_given_and_recorded(desk: Desk) -> None:
    await desk.ask_read(ASKED)
    about = desk.read(ASKED)
    reply = await desk.propose(proposal_of(about, about, about))
    assert reply.vote is not None
    assert signer_of(COMMITTEE.vote_digest(about), reply.vote) == ME
    recorded = await desk.parts.journal.read(lambda db: votes.find_vote(db, MODEL, about.subject))
    assert recorded is not None
    assert recorded.signature == reply.vote


async def test_vote__read_that_nobody_asked_about__is_refused(desk: Desk) -> None:
    about = desk.read(ASKED)
    assert (await desk.propose(proposal_of(about, about, about))).refusal == "not seen yet"


async def test_vote__on_a_read_for_a_second_prediction__is_refused(desk: Desk) -> None:
    await desk.ask_read(ASKED)
    about, other = desk.read(ASKED), desk.read(ASKED, 701)
    first = await desk.propose(proposal_of(about, about, about))
    again = await desk.propose(proposal_of(other, other, other))
    assert again.vote == first.vote
    assert again.earlier == proposal_of(about, about, about)


async def test_vote__on_a_read_at_another_time_than_its_subjects__is_refused(desk: Desk) -> None:
    await desk.ask_read(ASKED, commitment=commitment_to(_later(desk), SALT))
    reply = await desk.propose(proposal_of(*[_later(desk)] * 3))
    assert reply.vote is None
    assert "predictedAt" in reply.refusal


def _later(desk: Desk) -> Prediction:
    return replace(desk.read(ASKED), predicted_at=ASKED.as_of + 1)


async def test_vote__on_a_read__collector_copied_after_it_saw__is_refused(desk: Desk) -> None:
    await desk.ask_read(ASKED, commitment=commitment_to(desk.read(ASKED, 1), SALT))
    await desk.ask_read(ASKED)
    about = desk.read(ASKED)
    reply = await desk.propose(proposal_of(about, about, about))
    assert reply.vote is None
    assert "committed to" in reply.refusal


async def test_vote__on_a_read_that_may_have_been_forgotten__is_refused(desk: Desk) -> None:
    """The chain's head went back, and the member was started again: its journal still knows."""
    old = replace(ASKED, as_of=NOW - reads.TAKEN - 4)
    about = desk.read(ASKED)
    await desk.ask_read(ASKED)
    assert (await desk.propose(proposal_of(about, about, about))).vote is not None
    again = Desk(desk.parts.journal)
    again.chain.time = old.as_of
    await again.ask_read(old)
    reply = await again.propose(proposal_of(*[again.read(old)] * 3))
    assert reply.vote is None
    assert "too old" in reply.refusal


async def test_vote__much_later_than_others_on_reads__those_are_forgotten(desk: Desk) -> None:
    for seconds in (0, 1, reads.KEPT, reads.KEPT + 2):
        desk.now = desk.chain.time = NOW + seconds
        asked = replace(ASKED, as_of=NOW + seconds)
        await desk.ask_read(asked)
        assert (await desk.propose(proposal_of(*[desk.read(asked)] * 3))).vote is not None
    assert [await voted(desk, at) for at in (0, 1, reads.KEPT, reads.KEPT + 2)] == [
        False,
        False,
        True,
        True,
    ]


async def voted(desk: Desk, seconds: int) -> bool:
    subject = desk.read(replace(ASKED, as_of=NOW + seconds)).subject
    found = await desk.parts.journal.read(lambda db: votes.find_vote(db, MODEL, subject))
    return found is not None


async def test_forget__votes_on_requests__stay_for_ever(desk: Desk) -> None:
    await desk.compute()
    await desk.ask()
    await desk.propose(proposal(700, 700, 700))
    desk.now = desk.chain.time = NOW + 10 * reads.KEPT
    asked = replace(ASKED, as_of=desk.chain.time)
    await desk.ask_read(asked)
    await desk.propose(proposal_of(*[desk.read(asked)] * 3))
    kept = await desk.parts.journal.read(lambda db: votes.find_vote(db, MODEL, SUBJECT))
    assert kept is not None


def test_question__with_a_read__is_read_back() -> None:
    envelope = Envelope(sender=FIRST, receiver=ME, at=NOW)
    question = Question(model_id=MODEL, subject=SUBJECT, commitment=SALT, asked=ASKED)
    assert read_questions(write_questions(envelope, [question])) == (envelope, [question])


def test_question__input_is_too_large__is_refused() -> None:
    envelope = Envelope(sender=FIRST, receiver=ME, at=NOW)
    asked = replace(ASKED, input=bytes(MAX_INPUT + 1))
    question = Question(model_id=MODEL, subject=SUBJECT, commitment=SALT, asked=asked)
    with pytest.raises(InvalidInput):
        read_questions(write_questions(envelope, [question]))
