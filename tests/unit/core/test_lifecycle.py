"""The state machine of a request: every allowed step, and that nothing else is allowed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from oracle.core import lifecycle
from oracle.core.lifecycle import (
    MAX_TRIES,
    OPEN,
    Confirmed,
    Decided,
    Expired,
    Failed,
    Inferred,
    Origin,
    Orphaned,
    Refused,
    Reopened,
    Request,
    Seen,
    State,
    Submitted,
    UnexpectedEvent,
    Vouched,
)
from oracle.core.prediction import Prediction

PREDICTION = Prediction(
    model_id=b"m" * 32,
    subject=b"s" * 32,
    input_hash=b"i" * 32,
    output_hash=b"o" * 32,
    value=1,
    confidence=0,
    predicted_at=1,
)
REQUEST = Request(
    model_id=b"m" * 32,
    subject=b"s" * 32,
    origin=Origin.CHAIN,
    input=b"x",
    state=State.SEEN,
    deadline=100,
)
EVENTS = {
    Seen: Seen(
        block_number=7,
        block_hash=b"h" * 32,
        log_index=3,
        tx_hash=b"t" * 32,
        input=b"x",
        deadline=100,
        callback_gas=0,
        fee_gwei=1,
    ),
    Orphaned: Orphaned(),
    Confirmed: Confirmed(),
    Inferred: Inferred(PREDICTION),
    Vouched: Vouched(),
    Submitted: Submitted(b"t" * 32),
    Failed: Failed("why"),
    Decided: Decided(b"t" * 32),
    Expired: Expired(100),
    Refused: Refused("why"),
    Reopened: Reopened(),
}
PATH = (Confirmed, Inferred, Vouched, Submitted, Decided)


def in_state(state: State, **changes: object) -> Request:
    return replace(REQUEST, state=state, **changes)


def test_step__the_straight_path__ends_final() -> None:
    request, states = REQUEST, []
    for event in PATH:
        request = lifecycle.step(request, EVENTS[event], 0)
        states.append(request.state)
    assert states == [
        State.CONFIRMED,
        State.INFERRED,
        State.VOUCHED,
        State.SUBMITTED,
        State.FINAL,
    ]
    assert request.prediction == PREDICTION


@pytest.mark.parametrize("event", [*EVENTS.values()], ids=lambda e: type(e).__name__)
def test_step__final__allows_nothing(event: object) -> None:
    final = in_state(State.FINAL)
    assert not lifecycle.allows(final, type(event))
    said = f"{type(event).__name__} can not happen to 0x{REQUEST.subject.hex()} in state final"
    with pytest.raises(UnexpectedEvent, match=said):
        lifecycle.step(final, event, 0)


@pytest.mark.parametrize("state", sorted(OPEN - {State.ORPHANED}))
def test_step__orphaned_from_any_open_state__comes_back_when_seen(state: State) -> None:
    orphan = lifecycle.step(in_state(state), Orphaned(), 0)
    assert orphan.state is State.ORPHANED
    assert isinstance(seen := EVENTS[Seen], Seen)
    again = lifecycle.step(orphan, replace(seen, block_number=9, block_hash=b"n" * 32), 0)
    assert (again.state, again.block_number, again.block_hash) == (State.SEEN, 9, b"n" * 32)


@pytest.mark.parametrize("state", [State.ORPHANED, State.EXPIRED, State.REFUSED])
def test_step__seen_again_by_other_terms__has_the_new_ones(state: State) -> None:
    seen = Seen(
        block_number=9,
        block_hash=b"n" * 32,
        log_index=1,
        tx_hash=b"u" * 32,
        input=b"",
        deadline=900,
        callback_gas=30_000,
        fee_gwei=7,
    )
    again = lifecycle.step(in_state(state, reason="it was late"), seen, 0)
    assert again == in_state(
        State.SEEN,
        deadline=900,
        callback_gas=30_000,
        fee_gwei=7,
        block_number=9,
        block_hash=b"n" * 32,
        log_index=1,
        tx_hash=b"u" * 32,
    )


def test_step__seen_again_with_its_input__has_it() -> None:
    assert isinstance(seen := EVENTS[Seen], Seen)
    by_hash = in_state(State.ORPHANED, input=b"")
    assert lifecycle.step(by_hash, replace(seen, input=b"row"), 0).input == b"row"


@pytest.mark.parametrize("state", sorted(OPEN))
def test_step__deadline_in_any_open_state__expires_with_the_reason(state: State) -> None:
    expired = lifecycle.step(in_state(state), Expired(100), 0)
    assert expired.state is State.EXPIRED
    assert "100" in expired.reason


def test_step__decided_by_another_after_expiry__is_final_and_has_no_reason() -> None:
    expired = lifecycle.step(in_state(State.SUBMITTED), Expired(100), 0)
    decided = lifecycle.step(expired, Decided(b"t" * 32), 0)
    assert (decided.state, decided.reason) == (State.FINAL, "")


def test_step__failures__space_out_and_never_end_before_the_deadline() -> None:
    request, pauses = in_state(State.VOUCHED), []
    for _ in range(MAX_TRIES + 3):
        request = lifecycle.step(request, Failed("no gas"), now=1000)
        pauses.append(request.not_before - 1000)
        assert request.state is State.CONFIRMED
    assert pauses == [1, 5, 15, 60, 60, 60, 60, 60]
    assert request.tries == MAX_TRIES + 3


def test_step__failures_without_a_deadline__are_refused_at_last() -> None:
    request = in_state(State.VOUCHED, deadline=None, origin=Origin.API)
    for number in range(MAX_TRIES):
        assert request.state in OPEN
        request = lifecycle.step(request, Failed(f"paused {number}"), now=0)
    assert (request.state, request.reason) == (State.REFUSED, f"paused {MAX_TRIES - 1}")
    assert request.tries == MAX_TRIES


@pytest.mark.parametrize("state", [State.SEEN, State.ORPHANED])
def test_step__failure_while_not_confirmed__counts_and_stays(state: State) -> None:
    failed = lifecycle.step(in_state(state), Failed("reverted"), 0)
    assert (failed.state, failed.tries, failed.reason) == (state, 1, "reverted")


def test_step__confirmed_again__keeps_the_count_of_tries() -> None:
    """The count numbers the transactions: falling, it would meet a dead one of the same key."""
    request = lifecycle.step(in_state(State.SUBMITTED), Failed("reverted"), 0)
    request = lifecycle.step(request, Orphaned(), 0)
    request = lifecycle.step(request, EVENTS[Seen], 0)
    assert lifecycle.step(request, Confirmed(), 0).tries == 1


@pytest.mark.parametrize(
    ("state", "event"), [(State.SEEN, Confirmed()), (State.REFUSED, Reopened())]
)
def test_step__confirmed_or_reopened__is_answered_at_once_and_has_no_reason(
    state: State, event: object
) -> None:
    waiting = in_state(state, not_before=60, reason="reverted")
    assert lifecycle.step(waiting, event, 0) == in_state(State.CONFIRMED)


def test_step__reopened__only_what_was_refused() -> None:
    assert lifecycle.step(in_state(State.REFUSED), Reopened(), 0).state is State.CONFIRMED
    assert not lifecycle.allows(in_state(State.EXPIRED), Reopened)


@pytest.mark.parametrize("state", [State.CONFIRMED, State.INFERRED])
def test_step__refused_before_it_vouches__is_the_end_with_the_reason(state: State) -> None:
    refused = lifecycle.step(in_state(state), Refused("the input is no row"), 50)
    assert (refused.state, refused.reason) == (State.REFUSED, "the input is no row")
