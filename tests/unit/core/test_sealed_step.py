"""What a member of a sealed committee does next, for everything that the chain can show."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracle.core.sealed_round import (
    Stage,
)
from oracle.core.sealed_step import (
    MOST_ROUNDS,
    Commit,
    Relay,
    Rest,
    Reveal,
    Tally,
    Wait,
    order,
)
from tests.support.rounds import (
    COMMIT,
    COMMITTEE,
    MARGIN,
    REVEAL,
    START,
    TURN,
    A,
    B,
    C,
    Chain,
    D,
    sealed_by,
)

# Sealing


def test_none__computed_and_in_time__opens_the_round(chain: Chain) -> None:
    assert chain.step(A) == Commit(chain.rounds()[-1])


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"ready": False}, "not computed"),
        ({"decided": True}, "it is decided"),
        ({"deadline": None}, "a round might not end before the deadline"),
        (
            {"deadline": START + COMMIT + REVEAL + MARGIN - 1},
            "a round might not end before the deadline",
        ),
    ],
)
def test_none__no_use__seals_nothing(chain: Chain, changes: dict[str, Any], why: str) -> None:
    assert chain.step(A, **changes) == Rest(why)


def test_none__just_time_enough__seals(chain: Chain) -> None:
    assert isinstance(chain.step(A, deadline=START + COMMIT + REVEAL + MARGIN), Commit)


def test_sealing__another_opened__joins(chain: Chain) -> None:
    chain.seal(B)
    assert isinstance(chain.step(A), Commit)


def test_sealing__the_round_ends_too_late__does_not_join(chain: Chain) -> None:
    """From the first seal it counts, not from now."""
    chain.seal(B)
    chain.now += 10
    last = START + COMMIT + REVEAL + MARGIN
    assert isinstance(chain.step(A, deadline=last), Commit)
    assert chain.step(A, deadline=last - 1) == Wait(START + COMMIT + 1, "others may still seal")


def test_sealing__sealed__waits_for_the_window(chain: Chain) -> None:
    sealed_by(chain, A, B)
    assert chain.step(A) == Wait(START + COMMIT + 1, "others may still seal")


def test_sealing__the_last_second__still_seals(chain: Chain) -> None:
    chain.seal(B)
    chain.now = START + COMMIT
    assert isinstance(chain.step(A), Commit)


# Revealing


def test_revealing__the_window_passed__reveals(chain: Chain) -> None:
    sealed_by(chain, A, B, C)
    chain.now = START + COMMIT + 1
    assert isinstance(chain.step(A), Reveal)


def test_revealing__all_sealed__reveals_at_once(chain: Chain) -> None:
    sealed_by(chain, A, B, C, D)
    assert isinstance(chain.step(A), Reveal)


def test_revealing__the_last_seal_is_not_settled__waits(chain: Chain) -> None:
    sealed_by(chain, A, B, C, D)
    waits = Wait(START + 1, "the end of sealing is not settled")
    assert chain.step(A, settled_block=3) == waits
    assert isinstance(chain.step(A, settled_block=4), Reveal)


def test_revealing__the_windows_end_is_not_settled__waits(chain: Chain) -> None:
    sealed_by(chain, A, B, C)
    chain.now = START + COMMIT + 1
    assert isinstance(chain.step(A, settled_at=START + COMMIT), Wait)


def test_revealing__the_request_is_over__reveals_for_its_bond(chain: Chain) -> None:
    sealed_by(chain, A, B, C)
    chain.now = START + COMMIT + 1
    assert isinstance(chain.step(A, deadline=START, ready=False, decided=True), Reveal)


def test_revealing__revealed_or_void_or_silent__waits_for_the_window(chain: Chain) -> None:
    sealed_by(chain, A, B, C)
    chain.leak(B)
    chain.seal(D)
    chain.reveal(A)
    until = START + COMMIT + REVEAL + 1
    assert chain.step(A) == Wait(until, "others may still reveal")
    assert chain.step(B) == Wait(until, "others may still reveal")
    assert isinstance(chain.step(C), Reveal)


def test_revealing__too_few_sealed__is_due_instead(chain: Chain) -> None:
    sealed_by(chain, A, B)
    chain.now = START + COMMIT + 1
    assert chain.rounds()[-1].stage(chain.now) is Stage.DUE
    assert not isinstance(chain.step(A), Reveal)


# Counting


def tallying(chain: Chain) -> set[str]:
    return {m for m in COMMITTEE.members if isinstance(chain.step(m), Tally)}


def test_due__all_open__members_take_turns(chain: Chain) -> None:
    sealed_by(chain, *COMMITTEE.members)
    for member in COMMITTEE.members:
        chain.now += 1
        chain.reveal(member)
    turns = order(chain.rounds()[-1], COMMITTEE.members)
    assert tallying(chain) == {turns[0]}
    for place, member in enumerate(turns[1:], 1):
        turn = chain.now + place * TURN
        assert chain.step(member) == Wait(turn, "another member's turn to tally")
    chain.now += TURN
    assert tallying(chain) == set(turns[:2])
    chain.now += 2 * TURN
    assert tallying(chain) == set(turns)


def test_due__one_unrevealed__waits_for_the_window_then_counts(chain: Chain) -> None:
    sealed_by(chain, *COMMITTEE.members)
    for member in (A, B, C):
        chain.reveal(member)
    chain.now = START + COMMIT + REVEAL
    assert tallying(chain) == set()
    assert isinstance(chain.step(D), Reveal), "in the last second"
    chain.now += 1
    assert len(tallying(chain)) == 1


def test_due__who_sealed__comes_before_who_did_not(chain: Chain) -> None:
    sealed_by(chain, A, B)
    chain.now = START + COMMIT + 1
    turns = order(chain.rounds()[-1], (A, B))
    assert set(turns[:2]) == {A, B}
    assert tallying(chain) == {turns[0]}


def test_due__after_the_deadline__is_counted_for_the_bonds(chain: Chain) -> None:
    sealed_by(chain, A, B, C)
    chain.now = START + COMMIT + REVEAL + 10 * TURN
    assert isinstance(chain.step(A, deadline=START, ready=False), Tally)


# The outcome, and the next round


def test_decided__members_relay_by_turns_those_who_agreed_first(chain: Chain) -> None:
    sealed_by(chain, *COMMITTEE.members)
    chain.close(agreed=0b0111)
    turns = order(chain.rounds()[-1], (A, B, C))
    assert turns[3] == D
    relaying = [m for m in COMMITTEE.members if isinstance(chain.step(m), Relay)]
    assert relaying == [turns[0]]
    for place, member in enumerate(turns[1:], 1):
        turn = chain.now + place * TURN
        assert chain.step(member) == Wait(turn, "another member's turn to relay")
    chain.now += 3 * TURN
    assert all(isinstance(chain.step(m), Relay) for m in COMMITTEE.members)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"decided": True}, "it is decided"),
        ({"deadline": START - 1}, "the outcome came too late"),
        ({"deadline": None}, "the outcome came too late"),
    ],
)
def test_decided__relayed_or_too_late__rests(
    chain: Chain, changes: dict[str, Any], why: str
) -> None:
    sealed_by(chain, A, B, C)
    chain.close(agreed=0b0111)
    assert chain.step(A, **changes) == Rest(why)


def test_decided__the_last_second__still_relays(chain: Chain) -> None:
    sealed_by(chain, A, B, C)
    chain.close(agreed=0b0111)
    first, *_ = order(chain.rounds()[-1], (A, B, C))
    assert chain.step(first, deadline=START) == Relay(chain.rounds()[-1])


def test_undecided__too_few_had_sealed__opens_the_next(chain: Chain) -> None:
    sealed_by(chain, A, B)
    chain.close()
    step = chain.step(A)
    assert isinstance(step, Commit)
    assert step.round.key.number == 1


def test_undecided__the_votes_did_not_agree__joins_but_does_not_open(chain: Chain) -> None:
    sealed_by(chain, A, B, C)
    for member, value in ((A, 1), (B, 2), (C, 3)):
        chain.reveal(member, value)
    chain.close()
    assert chain.step(A) == Rest("the members do not agree")
    chain.seal(D, number=1)
    step = chain.step(A)
    assert isinstance(step, Commit)
    assert step.round.key.number == 1


def test_undecided__again_and_again__gives_up(chain: Chain) -> None:
    for number in range(MOST_ROUNDS):
        chain.seal(A, number=number)
        chain.close(number)
    assert chain.step(B) == Rest("8 rounds decided nothing")


@settings(max_examples=50, deadline=None)
@given(
    silent=st.sets(st.sampled_from(COMMITTEE.members), max_size=4),
    mute=st.sets(st.sampled_from(COMMITTEE.members), max_size=4),
    late=st.dictionaries(
        st.sampled_from(COMMITTEE.members), st.integers(min_value=0, max_value=COMMIT + 40)
    ),
)
def test_members__whoever_is_silent_mute_or_late__the_round_always_ends(
    silent: set[str], mute: set[str], late: dict[str, int]
) -> None:
    """Each second the members act on what the chain shows; the contract's own bounds hold.

    A silent member does nothing at all; a mute one seals and never reveals.
    """
    chain, decided = Chain(), False
    honest = [m for m in COMMITTEE.members if m not in silent]
    while chain.now < START + 900 and not decided:
        chain.now += 1
        for member in honest:
            if chain.now - START <= late.get(member, 0):
                continue
            step = chain.step(member)
            match step:
                case Commit(found):
                    assert found.stage(chain.now) in (Stage.NONE, Stage.SEALING)
                    assert member not in found.spoken
                    chain.seal(member, number=found.key.number)
                case Reveal(found) if member not in mute:
                    assert found.stage(chain.now) is Stage.REVEALING
                    chain.reveal(member, number=found.key.number)
                case Tally(found):
                    assert found.stage(chain.now) is Stage.DUE
                    everyone = COMMITTEE.members
                    agreed = sum(1 << everyone.index(m) for m in found.revealed)
                    enough = len(found.revealed) >= COMMITTEE.threshold
                    chain.close(found.key.number, agreed=agreed if enough else 0)
                case Relay():
                    decided = True
    able = [m for m in honest if m not in mute]
    in_time = [m for m in able if late.get(m, 0) < COMMIT]
    if len(in_time) >= COMMITTEE.threshold:
        assert decided
    if len(able) < COMMITTEE.threshold:
        assert not decided
    closed = [r for r in chain.rounds() if r.closed is not None]
    if honest:
        assert decided or closed, "no bond stays in an open round"
