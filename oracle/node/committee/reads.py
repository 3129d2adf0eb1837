"""A member's own word about gasless reads, while somebody collects for them.

No request on chain says what is asked, so the question does; its subject binds it. Nothing of this
is recorded: a member that is started again in between has said nothing, as its vote is what counts.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from eth_utils.crypto import keccak

from oracle.core.errors import Conflict, InferenceError, InvalidInput
from oracle.core.peer import MAX_INPUT, Asked
from oracle.core.prediction import Prediction
from oracle.node.parts import Parts
from oracle.node.reads import OLDEST_BLOCK, gateway_of, read_prediction, subject_of_read
from oracle.node.vouch import head

RATE, BURST = 20.0, 40.0
"""Most reads a second that one member may collect for, and at once after a pause. With what the
journal keeps of a vote, that bounds its growth, whoever asks."""
KEEP = 4096
"""Most reads that are remembered."""


@dataclass(slots=True)
class OwnRead:
    """What this member says about one read.

    Attributes:
        first: the collector that asked first; others take over a turn later.
        since: when that was, by this member's clock.
        commitments: each collector's to its own opinion, made before it saw this one.
    """

    prediction: Prediction
    first: str
    since: float
    commitments: dict[str, bytes] = field(default_factory=dict)


@dataclass(slots=True)
class _Allowance:
    """How many reads a member may still collect for."""

    left: float
    at: float

    def take(self, now: float) -> bool:
        self.left = min(BURST, self.left + RATE * max(0.0, now - self.at))
        self.at = now
        if self.left < 1:
            return False
        self.left -= 1
        return True


class Reads:
    """The reads that this member was lately asked about."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._gateway = ""
        self._known: OrderedDict[bytes, OwnRead] = OrderedDict()
        self._allowances: dict[str, _Allowance] = {}

    @property
    def gateway(self) -> str:
        """The contract whose reads are answered."""
        self._gateway = self._gateway or gateway_of(self._parts)
        return self._gateway

    def subject(self, model_id: bytes, asked: Asked) -> bytes:
        """What the answer to a read is about."""
        hashed = keccak(asked.input)
        return subject_of_read(self._parts, self.gateway, model_id, hashed, asked.as_of)

    def find(self, model_id: bytes, subject: bytes) -> OwnRead | None:
        """What this member says about that subject; None where nobody asked, or long ago."""
        known = self._known.get(subject)
        return known if known is not None and known.prediction.model_id == model_id else None

    async def answer(
        self, collector: str, model_id: bytes, subject: bytes, asked: Asked
    ) -> OwnRead:
        """What this member says about a read, computed where it is new.

        Args:
            collector: who collects, a member of the model's committee.
            subject: which one the collector asks about.

        Raises:
            Conflict: the subject is not that of input and time, or the time is not now.
            InvalidInput: the input does not fit the card, or is too large.
            InferenceError: the model failed, is unfit on this machine, or the collector asks too
                much.
            Transient: no endpoint tells the time.
        """
        known = self.find(model_id, subject)
        if known is not None:
            return known
        self._admit(collector, asked)
        if subject != self.subject(model_id, asked):
            raise Conflict("the subject is not the one of this input and time")
        await self._check_time(asked.as_of)
        own = await read_prediction(self._parts, self.gateway, model_id, asked.input, asked.as_of)
        entry = OwnRead(prediction=own, first=collector, since=self._parts.clock())
        entry = self._known.setdefault(own.subject, entry)
        if len(self._known) > KEEP:
            self._known.popitem(last=False)
        return entry

    def due(self, entry: OwnRead, collector: str) -> float:
        """Seconds until it is this collector's turn."""
        rank = 0 if collector == entry.first else 1
        return entry.since + rank * self._parts.options.turn_seconds - self._parts.clock()

    def _admit(self, collector: str, asked: Asked) -> None:
        if len(asked.input) > MAX_INPUT:
            raise InvalidInput(
                f"the input has {len(asked.input)} bytes; members read at most {MAX_INPUT} from "
                "each other",
                remedy="request a decision on chain, by the input's hash",
            )
        now = self._parts.clock()
        allowance = self._allowances.setdefault(collector, _Allowance(BURST, now))
        if not allowance.take(now):
            raise InferenceError(
                f"{collector} collects for more than {RATE:.0f} reads a second",
                remedy="ask again in a second, or another member",
            )

    async def _check_time(self, as_of: int) -> None:
        now = await self._parts.rpc.timestamp(head(self._parts))
        if as_of > now:
            raise Conflict(f"the asking block's time {as_of} is ahead of this member's head {now}")
        if now - as_of > OLDEST_BLOCK:
            raise Conflict(
                f"the asking block is {now - as_of} s behind the chain's head",
                remedy="ask at the latest block",
            )
