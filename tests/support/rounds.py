"""A sealed committee, and as much of its attestor as a round needs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from oracle.core.prediction import Prediction
from oracle.core.sealed import (
    Opening,
    RoundKey,
    SealedCommittee,
    Terms,
    salt_of,
    seal_of,
    secret_of,
)
from oracle.core.sealed_round import (
    Closed,
    Leaked,
    Revealed,
    Round,
    RoundEvent,
    Sealed,
    rounds_of,
)
from oracle.core.sealed_step import (
    Sight,
    Step,
    next_step,
)

COMMIT, REVEAL, TURN, MARGIN, START = 60, 30, 5, 20, 1_000


A, B, C, D = ("0x" + f"{n:040x}" for n in range(1, 5))


COMMITTEE = SealedCommittee(
    attestor="0x" + "aa" * 20,
    chain_id=31337,
    members=(A, B, C, D),
    threshold=3,
    terms=Terms(commit_window=COMMIT, reveal_window=REVEAL, bond=7, tolerance=0),
)


MODEL, SUBJECT = b"m" * 32, b"s" * 32


@dataclass
class Chain:
    """As much of the attestor as a round needs: it takes what the contract would take."""

    now: int = START
    events: list[RoundEvent] = field(default_factory=list)
    taken: int = 0

    def place(self, number: int) -> dict[str, Any]:
        self.taken += 1
        key = RoundKey(model_id=MODEL, subject=SUBJECT, number=number)
        where = {"block_number": self.taken, "log_index": 0, "tx_hash": bytes([self.taken]) * 32}
        return {"key": key, "at": self.now, **where}

    def opening(self, member: str, value: int, number: int = 0) -> Opening:
        key = RoundKey(model_id=MODEL, subject=SUBJECT, number=number)
        salt = salt_of(secret_of(member.encode()), COMMITTEE, key)
        return Opening(
            input_hash=b"i" * 32, output_hash=b"o" * 32, value=value, confidence=0, salt=salt
        )

    def seal(self, member: str, value: int = 1, number: int = 0) -> None:
        place = self.place(number)
        seal = seal_of(COMMITTEE, place["key"], member, self.opening(member, value, number))
        self.events.append(Sealed(**place, seal=seal))

    def reveal(self, member: str, value: int = 1, number: int = 0) -> None:
        opening = self.opening(member, value, number)
        self.events.append(Revealed(**self.place(number), member=member, opening=opening))

    def leak(self, member: str) -> None:
        self.events.append(Leaked(**self.place(0), member=member, reporter=D, reward=3))

    def close(self, number: int = 0, *, agreed: int = 0, lost: int = 0) -> None:
        place = self.place(number)
        prediction = Prediction(
            model_id=MODEL,
            subject=SUBJECT,
            input_hash=b"i" * 32,
            output_hash=b"o" * 32,
            value=1,
            confidence=0,
            predicted_at=self.now,
        )
        self.events.append(
            Closed(**place, prediction=prediction if agreed else None, agreed=agreed, lost=lost)
        )

    def rounds(self) -> list[Round]:
        return rounds_of(COMMITTEE, MODEL, SUBJECT, self.events)

    def sight(self, me: str, **changes: Any) -> Sight:
        sight = Sight(
            rounds=self.rounds(),
            me=me,
            now=self.now,
            settled_block=10_000,
            settled_at=self.now,
            deadline=START + 1_000,
            decided=False,
            ready=True,
            turn=TURN,
            margin=MARGIN,
        )
        return replace(sight, **changes)

    def step(self, me: str, **changes: Any) -> Step:
        return next_step(self.sight(me, **changes))


def sealed_by(chain: Chain, *members: str) -> None:
    for member in members:
        chain.seal(member)
