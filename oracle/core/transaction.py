"""A transaction's life and its fees, as pure rules (EIP-1559).

    QUEUED ─▶ SIGNED ─▶ SENT ─▶ MINED ─▶ FINAL
                          │  ◀────┘ reorganised
                          └─▶ DROPPED   another transaction took its nonce

Every replacement keeps the nonce. Every attempt's bytes are recorded before they are sent, and
every attempt's hash is looked for, since any of them may be the one that is mined.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from oracle.core.errors import InvalidInput

GWEI = 10**9
BUMP_PERCENT = 25
"""By how much a replacement raises both fees; clients ask for at least 10."""


class TxState(StrEnum):
    """Where a transaction stands."""

    QUEUED = "queued"
    SIGNED = "signed"
    SENT = "sent"
    MINED = "mined"
    FINAL = "final"
    DROPPED = "dropped"


class Purpose(StrEnum):
    """What a transaction is for."""

    ANSWER = "answer"
    """Decides a request; its failure is the request's."""
    ANSWERS = "answers"
    """Decides several requests, each by itself; what it leaves out is that request's failure."""
    COMMIT = "commit"
    """Seals a vote."""
    REVEAL = "reveal"
    """Opens a sealed vote."""
    TALLY = "tally"
    """Counts a round of votes."""
    ANCHOR = "anchor"
    """Appends a batch to an anchor log."""
    RELAY = "relay"
    """Decides on an anchored prediction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fees:
    """EIP-1559 fees, in wei a gas."""

    max_fee: int
    priority_fee: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One signed form of a transaction.

    Attributes:
        hash: the transaction hash, 32 bytes.
        raw: the signed bytes (EIP-2718).
        at: Unix seconds of the signing.
    """

    hash: bytes
    nonce: int
    raw: bytes
    fees: Fees
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """A transaction that the node wants mined, and its attempts so far, oldest first.

    Attributes:
        key: idempotency key; one transaction a key, whatever happens.
        model_id, subject: the decision that it is about; zero where it is about several or none.
        answers: the requests that it decides, as (model id, subject).
        to: the contract, 20 bytes.
        gas: the gas limit.
        value: wei that go along, such as a bond.
        purpose: what it is for.
        block_number, block_hash: where it was mined.
        succeeded: the receipt's status; None until mined.
    """

    key: str
    model_id: bytes
    subject: bytes
    to: bytes
    data: bytes
    gas: int
    value: int = 0
    purpose: Purpose = Purpose.ANSWER
    answers: tuple[tuple[bytes, bytes], ...] = ()
    state: TxState = TxState.QUEUED
    nonce: int | None = None
    attempts: tuple[Attempt, ...] = ()
    block_number: int | None = None
    block_hash: bytes = b""
    succeeded: bool | None = None
    gas_used: int | None = None
    gas_price: int | None = None
    mined_hash: bytes = b""
    id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FeePolicy:
    """What the operator is willing to pay.

    Attributes:
        ceiling: the highest max fee, wei a gas.
        priority: the tip, wei a gas.
    """

    ceiling: int
    priority: int

    def __post_init__(self) -> None:
        if self.ceiling < self.priority:
            raise InvalidInput(
                f"fee ceiling {self.ceiling} wei is below the priority fee {self.priority} wei",
                remedy="raise max_fee_gwei, or lower priority_fee_gwei",
            )

    def quote(self, base_fee: int) -> Fees | None:
        """Fees for a new transaction, or None while the base fee is above the ceiling.

        Twice the base fee survives six full blocks in a row.
        """
        priority = min(self.priority, self.ceiling)
        if base_fee + priority > self.ceiling:
            return None
        return Fees(max_fee=min(self.ceiling, 2 * base_fee + priority), priority_fee=priority)

    def bump(self, last: Fees, base_fee: int) -> Fees | None:
        """Fees for a replacement, both at least ``BUMP_PERCENT`` above the last attempt's, or None
        where that would pass the ceiling.
        """
        raised = Fees(
            max_fee=max(_raise(last.max_fee), 2 * base_fee + last.priority_fee),
            priority_fee=_raise(last.priority_fee),
        )
        if raised.max_fee > self.ceiling:
            raised = Fees(max_fee=self.ceiling, priority_fee=raised.priority_fee)
        if raised.max_fee < _raise(last.max_fee) or raised.priority_fee > raised.max_fee:
            return None
        return raised


def _raise(fee: int) -> int:
    return fee + max(1, -(-fee * BUMP_PERCENT // 100))


def answer_gas(callback_gas: int) -> int:
    """The gas limit of an answer: the contract's own work, and the callback's exact gas behind
    EIP-150's 63/64.
    """
    return 150_000 + callback_gas * 64 // 63 + (10_000 if callback_gas else 0)


MOST_TOGETHER = 25
"""Most answers in one transaction: each saves its base cost but for a twenty-fifth of it."""

MOST_GAS_TOGETHER = 5_000_000
"""The highest gas limit of a transaction with several answers: its sender must be able to pay for
all of it, and a block must have the room."""


def answers_gas(gas_each: int, count: int) -> int:
    """The gas limit of ``count`` answers in one transaction that may use ``gas_each`` each: behind
    EIP-150's 63/64, and with their calldata.
    """
    return 50_000 + count * _share(gas_each)


def share(gas: Sequence[int]) -> list[list[int]]:
    """Which answers go into one transaction, at least two and in their order: those with the same
    gas, which is all that one may use of what belongs to all.

    Args:
        gas: the gas that each answer may use.

    Returns:
        The places of those that share one; who is left goes alone.
    """
    by_gas: dict[int, list[int]] = {}
    for place, each in enumerate(gas):
        by_gas.setdefault(each, []).append(place)
    parts = []
    for each, places in by_gas.items():
        most = max(1, min(MOST_TOGETHER, (MOST_GAS_TOGETHER - 50_000) // _share(each)))
        parts += [places[start : start + most] for start in range(0, len(places), most)]
    return [part for part in parts if len(part) > 1]


def _share(gas_each: int) -> int:
    return gas_each * 64 // 63 + 12_000
