"""Whether a member agrees with its committee, from the journal's own words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from eth_account import Account

from oracle.core.lifecycle import Origin, Request, State
from oracle.core.peer import Proposal
from oracle.core.prediction import Prediction
from oracle.core.quorum import Committee, Rule
from oracle.journal import Journal, chain_view, requests, votes
from oracle.journal.chain_view import DecisionRecord
from oracle.journal.votes import Case
from oracle.node.committee.standing import (
    BEFORE,
    OTHERWISE,
    QUICKER,
    UNCOMPUTED,
    Standing,
    standing_of,
)
from tests.support.signatures import opinion_of

KEYS = [Account.from_key(bytes([n]) * 32) for n in range(1, 5)]
MEMBERS = tuple(str(key.address) for key in KEYS)
COMMITTEE = Committee(attestor="0x" + "Aa" * 20, chain_id=31337, members=MEMBERS, threshold=3)
MODEL, ME, PEER = b"m" * 32, MEMBERS[0], MEMBERS[1]


def said(value: int, subject: int = 1) -> Prediction:
    return Prediction(
        model_id=MODEL,
        subject=subject.to_bytes(32, "big"),
        input_hash=b"i" * 32,
        output_hash=b"o" * 32,
        value=value,
        confidence=0,
        predicted_at=10,
    )


def case(own: int | None = 7, vote: int | None = None, reason: str = "", **heard: int) -> Case:
    return Case(
        decided=said(7),
        own=None if own is None else said(own),
        reason=reason,
        vote=None if vote is None else said(vote),
        heard={MEMBERS[int(name[1:])]: value for name, value in heard.items()},
    )


def standing(*cases: Case, tolerance: int | None = 1) -> Standing:
    return standing_of(COMMITTEE, ME, Rule(tolerance=tolerance), MODEL, cases)


def test_standing__agreeing_and_voting__is_whole():
    found = standing(*[case(vote=7, m1=7, m2=8)] * 4)
    assert (found.agreement, found.share, found.left_out, found.sound) == (1.0, 1.0, {}, True)
    assert [(p.heard, p.apart) for p in found.peers] == [(4, 0), (4, 0), (0, 0)]


def test_standing__why_it_was_left_out__is_told_by_reason():
    found = standing(
        case(vote=7),
        case(),
        case(own=40),
        case(vote=8),
        case(own=None),
        case(own=None, reason="out of memory"),
    )
    assert found.left_out == {
        QUICKER: 1,
        OTHERWISE: 1,
        BEFORE: 1,
        UNCOMPUTED: 1,
        f"{UNCOMPUTED} (out of memory)": 1,
    }
    assert (found.decided, found.voted, found.agreed, found.apart) == (6, 1, 3, 1)
    assert "voted for 1 of the latest 6" in found.words()


def test_standing__mostly_apart__is_not_sound_but_two_cases_tell_nothing():
    assert not standing(*[case(own=40)] * 3).sound
    assert standing(*[case(own=40)] * 2).sound
    assert standing(*[case(own=None)] * 9).sound


def test_standing__a_peer_that_says_something_else__is_named_with_its_count():
    found = standing(case(m1=90), case(m1=7), case(own=None, m1=90))
    assert (found.peers[0].heard, found.peers[0].apart) == (3, 1)
    assert f"{PEER} said something else than this node 1 of 3 times" in found.words()


def test_standing__labels__agree_only_when_equal():
    assert standing(case(own=8), tolerance=None).apart == 1


def test_standing__nothing_decided__says_so():
    found = standing()
    assert (found.agreement, found.share) == (None, None)
    assert "nothing decided yet" in found.words()


async def test_recent_cases__from_the_journal__has_own_vote_and_what_was_heard(tmp_path: Path):
    opinions = tuple(opinion_of(key, COMMITTEE, said(7, 2)) for key in KEYS[1:])
    proposal = Proposal(prediction=said(7, 2), opinions=opinions, salt=b"x" * 32)
    digest = COMMITTEE.vote_digest(said(7, 2))
    async with await Journal.at(tmp_path / "journal.db").open({"chain_id": "1"}) as journal:

        def record(db) -> None:
            for subject in (1, 2, 3):
                chain_view.add_decision(
                    db,
                    DecisionRecord(
                        prediction=said(7, subject),
                        verdict=2,
                        trust_level=2,
                        block_number=subject,
                        block_hash=b"h" * 32,
                        log_index=0,
                        tx_hash=b"t" * 32,
                        decided_at=9,
                    ),
                )
            asked = Request(
                model_id=MODEL,
                subject=said(7, 2).subject,
                origin=Origin.CHAIN,
                input=b"1",
                state=State.FINAL,
                prediction=said(8, 2),
            )
            refused = replace(
                asked, subject=said(7, 1).subject, state=State.REFUSED, prediction=None, reason="no"
            )
            requests.save(db, asked, at=1.0)
            requests.save(db, refused, at=1.0)
            votes.cast(db, proposal, digest)
            for opinion in opinions:
                votes.hear(db, opinion, 9)

        await journal.write(record)
        found = await journal.read(lambda db: votes.recent_cases(db, MODEL, 2))
        everything = await journal.read(lambda db: votes.recent_cases(db, MODEL, 50))
        none = await journal.read(lambda db: votes.recent_cases(db, b"n" * 32, 50))

    assert [each.decided.subject[-1] for each in found] == [3, 2]
    newest, middle = found
    assert (newest.own, newest.vote, newest.heard) == (None, None, {})
    assert (middle.own, middle.vote) == (said(8, 2), said(7, 2))
    assert middle.heard == dict.fromkeys(MEMBERS[1:], 7)
    assert (everything[2].own, everything[2].reason, none) == (None, "no", [])
