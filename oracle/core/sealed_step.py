"""What a member of a sealed committee does next: a pure reading of what the chain shows.

Nothing is remembered from one look to the next, so a member that was killed, or lost its database,
goes on where the chain says that it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from oracle.core.sealed_round import Round, Stage

MOST_ROUNDS = 8
"""A subject that so many rounds did not decide is left to its deadline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What a member sees, and what it needs to know of itself.

    Attributes:
        rounds: all about the subject, as ``rounds_of`` gives them.
        me: the member's address.
        now: Unix seconds that the next transaction meets at least.
        settled_block, settled_at: the newest block that this member takes for settled, and its
            time: a vote is revealed only once sealing is over there, so that a reorganisation can
            not bring back the time in which others could use it.
        deadline: the request's; None where nobody asked.
        decided: whether the decision is on chain.
        ready: whether the member has a prediction to vote for.
        turn: seconds that each member has to tally or relay, before the next one does.
        margin: seconds that a tally and a relay are given at the end of a round.
    """

    rounds: Sequence[Round]
    me: str
    now: int
    settled_block: int
    settled_at: int
    deadline: int | None
    decided: bool
    ready: bool
    turn: int
    margin: int


@dataclass(frozen=True, slots=True)
class Commit:
    """Seal a vote in this round."""

    round: Round


@dataclass(frozen=True, slots=True)
class Reveal:
    """Open the sealed vote."""

    round: Round


@dataclass(frozen=True, slots=True)
class Tally:
    """Count the votes."""

    round: Round


@dataclass(frozen=True, slots=True)
class Relay:
    """Bring the outcome to the decision contract."""

    round: Round


@dataclass(frozen=True, slots=True)
class Wait:
    """Look again at that time, Unix seconds, or once the chain tells more."""

    until: int
    why: str


@dataclass(frozen=True, slots=True)
class Rest:
    """Nothing is left to do, unless the chain tells more."""

    why: str


Step = Commit | Reveal | Tally | Relay | Wait | Rest


def next_step(sight: Sight) -> Step:
    """What the member does now."""
    current = sight.rounds[-1]
    match current.stage(sight.now):
        case Stage.NONE:
            return _open(sight, current)
        case Stage.SEALING:
            return _seal(sight, current)
        case Stage.REVEALING:
            return _reveal(sight, current)
        case Stage.DUE:
            return _tally(sight, current)
        case _:
            return _relay(sight, current)


def order(current: Round, first: Sequence[str]) -> tuple[str, ...]:
    """The members in the order in which they tally or relay: those named first, then the others,
    both by the subject, so that not always the same ones pay for it.
    """
    turns = current.committee.turns(current.key.subject)
    return (*(m for m in turns if m in first), *(m for m in turns if m not in first))


def _open(sight: Sight, current: Round) -> Step:
    before = sight.rounds[-2] if len(sight.rounds) > 1 else None
    if before is not None and len(before.revealed) >= before.committee.threshold:
        # The same models would say the same again; who thinks otherwise may open it.
        return Rest("the members do not agree")
    return _may_commit(sight, current, sight.now) or Commit(current)


def _seal(sight: Sight, current: Round) -> Step:
    sealed = Wait(current.seal_until + 1, "others may still seal")
    if sight.me in current.spoken:
        return sealed
    assert current.opened_at is not None
    return sealed if _may_commit(sight, current, current.opened_at) else Commit(current)


def _may_commit(sight: Sight, current: Round, opened_at: int) -> Rest | None:
    """Why no vote is sealed; None where one is."""
    if sight.decided:
        return Rest("it is decided")
    if not sight.ready:
        return Rest("not computed")
    if current.key.number >= MOST_ROUNDS:
        return Rest(f"{MOST_ROUNDS} rounds decided nothing")
    terms = current.committee.terms
    ends = opened_at + terms.commit_window + terms.reveal_window + sight.margin
    if sight.deadline is None or ends > sight.deadline:
        return Rest("a round might not end before the deadline")
    return None


def _reveal(sight: Sight, current: Round) -> Step:
    if sight.me not in current.counting or sight.me in current.revealed:
        return Wait(current.reveal_until + 1, "others may still reveal")
    if current.as_of(sight.settled_block).is_sealing_over(sight.settled_at):
        return Reveal(current)
    return Wait(sight.now + 1, "the end of sealing is not settled")


def _tally(sight: Sight, current: Round) -> Step:
    turn = _turn(sight, current, current.spoken, current.due_since())
    return Wait(turn, "another member's turn to tally") if turn > sight.now else Tally(current)


def _relay(sight: Sight, current: Round) -> Step:
    assert current.closed is not None
    if sight.decided:
        return Rest("it is decided")
    if sight.deadline is None or sight.now > sight.deadline:
        return Rest("the outcome came too late")
    turn = _turn(sight, current, current.agreed, current.closed.at)
    return Wait(turn, "another member's turn to relay") if turn > sight.now else Relay(current)


def _turn(sight: Sight, current: Round, first: Sequence[str], since: int) -> int:
    return since + order(current, first).index(sight.me) * sight.turn
