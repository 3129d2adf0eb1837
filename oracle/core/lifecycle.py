"""The life of one request in a node, as a pure state machine.

    SEEN ─▶ CONFIRMED ─▶ INFERRED ─▶ VOUCHED ─▶ SUBMITTED ─▶ FINAL
      │         ▲            │          │           │
      ▼         └────────────┴── retry ─┴───────────┘       EXPIRED, REFUSED from any open state
    ORPHANED, EXPIRED, REFUSED ─▶ SEEN in another block

:func:`step` maps (request, event) to the next request and the timeline entry to record. The node
records both before it acts on them, so that a process killed anywhere starts again where it was.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import assert_never

from oracle.core.errors import OracleError
from oracle.core.prediction import Prediction

MAX_TRIES = 5
RETRY_SECONDS = (1, 5, 15, 60)
"""Pauses after the first failed try, the second, and so on; the last one after all others."""


class State(StrEnum):
    """Where a request stands."""

    SEEN = "seen"
    """In a block that may still be reorganised away."""
    ORPHANED = "orphaned"
    """Its block left the chain; it comes back when the transaction is mined again."""
    CONFIRMED = "confirmed"
    """Deep enough to be answered, or accepted from the API."""
    INFERRED = "inferred"
    """The model has spoken; the prediction is recorded."""
    VOUCHED = "vouched"
    """The prediction passed simulation; its transaction is recorded."""
    SUBMITTED = "submitted"
    """The transaction was broadcast."""
    FINAL = "final"
    """The decision is on chain below the finality depth."""
    EXPIRED = "expired"
    """The deadline passed without a decision; the requester's fee can be refunded."""
    REFUSED = "refused"
    """The node will not answer; the reason is recorded."""


OPEN = frozenset(
    {
        State.SEEN,
        State.ORPHANED,
        State.CONFIRMED,
        State.INFERRED,
        State.VOUCHED,
        State.SUBMITTED,
    }
)


class Origin(StrEnum):
    """Who asked."""

    CHAIN = "chain"
    """A ``DecisionRequested`` event."""
    API = "api"
    """The operator, through the node's API."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request, its prediction once there is one, and where it stands.

    Attributes:
        subject: the on-chain request's id, or the operator's own reference, 32 bytes.
        input: the input bytes, in the encoding that the model's card names.
        deadline: Unix seconds after which the contract refuses an answer; None for the API's own.
        block_number, log_index: the order in which requests are answered; 0 for the API's own.
        tries: failed tries so far; it numbers the transactions of this request, so it never falls.
        not_before: Unix seconds before which the node leaves the request alone.
        reason: why it was refused, or why the last try failed.
        id: its row in the journal; 0 where it was not read from there.
    """

    model_id: bytes
    subject: bytes
    origin: Origin
    input: bytes
    state: State
    deadline: int | None = None
    callback_gas: int = 0
    fee_gwei: int = 0
    requester: str = ""
    block_number: int = 0
    block_hash: bytes = b""
    log_index: int = 0
    tx_hash: bytes = b""
    prediction: Prediction | None = None
    tries: int = 0
    not_before: int = 0
    reason: str = ""
    id: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The request's event is in a block (again).

    An id covers requester, nonce, model and input. After a reorganisation the requester can ask
    under the same id by other terms, so they are told each time.

    Attributes:
        input: empty where the event has only its hash.
        deadline, callback_gas, fee_gwei: as in ``Request``.
    """

    block_number: int
    block_hash: bytes
    log_index: int
    tx_hash: bytes
    input: bytes
    deadline: int
    callback_gas: int
    fee_gwei: int


@dataclass(frozen=True, slots=True)
class Orphaned:
    """The request's block left the chain."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The request's block is deep enough to answer."""


@dataclass(frozen=True, slots=True)
class Inferred:
    """The model was run."""

    prediction: Prediction


@dataclass(frozen=True, slots=True)
class Vouched:
    """The contract accepted the prediction in a simulation."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """The signed transaction was broadcast."""

    tx_hash: bytes


@dataclass(frozen=True, slots=True)
class Failed:
    """A try came to nothing but the request is still open: simulate or send again later."""

    why: str


@dataclass(frozen=True, slots=True)
class Decided:
    """The decision is on chain, below the finality depth, whoever sent it."""

    tx_hash: bytes


@dataclass(frozen=True, slots=True)
class Expired:
    """The deadline passed, in the chain's time."""

    deadline: int


@dataclass(frozen=True, slots=True)
class Refused:
    """The request can not be answered by this node."""

    why: str


@dataclass(frozen=True, slots=True)
class Reopened:
    """The node was started again: what it refused may be possible now."""


Event = (
    Seen
    | Orphaned
    | Confirmed
    | Inferred
    | Vouched
    | Submitted
    | Failed
    | Decided
    | Expired
    | Refused
    | Reopened
)

_FROM: dict[type, frozenset[State]] = {
    Seen: frozenset({State.ORPHANED, State.SEEN, State.EXPIRED, State.REFUSED}),
    Orphaned: OPEN - {State.ORPHANED},
    Confirmed: frozenset({State.SEEN}),
    Inferred: frozenset({State.CONFIRMED}),
    Vouched: frozenset({State.INFERRED}),
    Submitted: frozenset({State.VOUCHED, State.SUBMITTED}),
    Failed: OPEN,
    Decided: OPEN | {State.EXPIRED, State.REFUSED},
    Expired: OPEN,
    Refused: frozenset({State.CONFIRMED, State.INFERRED}),
    Reopened: frozenset({State.REFUSED}),
}


class UnexpectedEvent(OracleError):
    """An event that the request's state does not allow; nothing was changed."""

    def __init__(self, request: Request, event: Event) -> None:
        super().__init__(
            f"{type(event).__name__} can not happen to 0x{request.subject.hex()} in state "
            f"{request.state}",
            remedy="this is a fault of the node: report it with the timeline of the request",
        )


def allows(request: Request, event: type) -> bool:
    """Whether an event of this type can happen to the request now."""
    return request.state in _FROM[event]


def step(request: Request, event: Event, now: int) -> Request:
    """The request after the event.

    Args:
        now: Unix seconds; only used to space out tries.

    Raises:
        UnexpectedEvent: the request's state does not allow the event.
    """
    if not allows(request, type(event)):
        raise UnexpectedEvent(request, event)
    match event:
        case Seen():
            return replace(
                request,
                state=State.SEEN,
                input=event.input or request.input,
                deadline=event.deadline,
                callback_gas=event.callback_gas,
                fee_gwei=event.fee_gwei,
                block_number=event.block_number,
                block_hash=event.block_hash,
                log_index=event.log_index,
                tx_hash=event.tx_hash,
                reason="",
            )
        case Orphaned():
            return replace(request, state=State.ORPHANED)
        case Confirmed() | Reopened():
            return replace(request, state=State.CONFIRMED, not_before=0, reason="")
        case Inferred(prediction):
            return replace(request, state=State.INFERRED, prediction=prediction)
        case Vouched():
            return replace(request, state=State.VOUCHED)
        case Submitted():
            return replace(request, state=State.SUBMITTED)
        case Failed(why):
            return _retried(request, why, now)
        case Decided():
            return replace(request, state=State.FINAL, reason="")
        case Expired(deadline):
            return replace(
                request, state=State.EXPIRED, reason=f"the deadline {deadline} passed unanswered"
            )
        case Refused(why):
            return replace(request, state=State.REFUSED, reason=why)
        case _:
            assert_never(event)


def _retried(request: Request, why: str, now: int) -> Request:
    """Back to CONFIRMED after a pause. An on-chain request is tried until its deadline, since its
    fee is still to be earned; one of the API's own has no deadline, and is refused at last.
    """
    tries = request.tries + 1
    if request.state in (State.SEEN, State.ORPHANED):
        return replace(request, tries=tries, reason=why)
    if request.deadline is None and tries >= MAX_TRIES:
        return replace(request, state=State.REFUSED, tries=tries, reason=why)
    pause = RETRY_SECONDS[min(tries, len(RETRY_SECONDS)) - 1]
    return replace(request, state=State.CONFIRMED, tries=tries, not_before=now + pause, reason=why)
