"""A transaction's life and its fees, as pure rules (EIP-1559).

    QUEUED ─▶ SIGNED ─▶ SENT ─▶ MINED ─▶ FINAL
                          │  ◀────┘ reorganised
                          └─▶ DROPPED   another transaction took its nonce

Every replacement keeps the nonce. Every attempt's bytes are recorded before they are sent, and
every attempt's hash is looked for, since any of them may be the one that is mined.
"""

from __future__ import annotations

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
        model_id, subject: the decision that it carries.
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
