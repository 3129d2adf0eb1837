"""Sealed votes: seals, openings and terms, as ``contracts/libraries/SealLib.sol`` has them.

A seal hides a member's vote behind a salt and binds it to chain, attestor, round and operator. The
salt follows from a secret of the member and the round, so that a lost database cannot lose a
reveal. Solidity and Python are held to ``tests/vectors/seal.json``.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from eth_utils.crypto import keccak

from oracle.core.errors import InvalidInput
from oracle.core.prediction import Prediction
from oracle.core.quorum import Committee, Rule

_SECRET = b"decision-oracle/seal-secret/1"
_SALT = b"decision-oracle/seal-salt/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The terms of every round of one attestor (``VoteTerms``).

    Attributes:
        commit_window: seconds for sealing votes, from the first one on.
        reveal_window: seconds for opening them, after that.
        bond: what each sealed vote puts at stake, wei.
        tolerance: how far a number may be from the median, in units of its last decimal; None for
            labels, which are equal or not.
    """

    commit_window: int
    reveal_window: int
    bond: int
    tolerance: int | None

    def __post_init__(self) -> None:
        windows = (self.commit_window, self.reveal_window)
        if not all(0 < window < 2**32 for window in windows):
            raise InvalidInput(
                f"windows of {self.commit_window} and {self.reveal_window} s are no windows",
                remedy="give each at least a second, and less than 136 years",
            )
        if not 0 <= self.bond < 2**96:
            raise InvalidInput(f"a bond of {self.bond} wei is none", remedy="give 0 wei or more")
        if self.tolerance is not None and not 0 <= self.tolerance < 2**128:
            raise InvalidInput(
                f"a tolerance of {self.tolerance} is none", remedy="give 0 or more units"
            )

    @property
    def rule(self) -> Rule:
        """When two votes say the same."""
        return Rule(tolerance=self.tolerance)

    def as_abi(self) -> tuple[int, int, int, int, int]:
        """The struct as the ABI codec takes it."""
        kind = 0 if self.tolerance is None else 1
        return (self.commit_window, self.reveal_window, self.bond, kind, self.tolerance or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedCommittee(Committee):
    """A committee whose members vote on chain: its attestor is a ``SealedVoteAttestor``."""

    terms: Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundKey:
    """Which round is meant.

    Attributes:
        model_id, subject: what the votes are about, 32 bytes each.
        number: counts the rounds about this subject, from 0.
    """

    model_id: bytes
    subject: bytes
    number: int

    def as_abi(self) -> tuple[bytes, bytes, int]:
        """The struct as the ABI codec takes it."""
        return (self.model_id, self.subject, self.number)

    def encoded(self) -> bytes:
        """Its ABI encoding, 96 bytes."""
        return self.model_id + self.subject + self.number.to_bytes(32, "big")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What opens a sealed vote.

    Attributes:
        input_hash, output_hash, value, confidence: see ``Prediction``.
        salt: 32 secret bytes.
    """

    input_hash: bytes
    output_hash: bytes
    value: int
    confidence: int
    salt: bytes

    def as_abi(self) -> tuple[bytes, bytes, int, int, bytes]:
        """The struct as the ABI codec takes it."""
        return (self.input_hash, self.output_hash, self.value, self.confidence, self.salt)


def opening_of(prediction: Prediction, salt: bytes) -> Opening:
    """The vote for a prediction. Its time is no part of it: the round gives one to all.

    Raises:
        InvalidInput: the contract would take no such vote.
    """
    if len(salt) != 32:
        raise InvalidInput(f"a salt has 32 bytes, not {len(salt)}", remedy="derive it: salt_of")
    return Opening(
        input_hash=prediction.input_hash,
        output_hash=prediction.output_hash,
        value=prediction.value,
        confidence=prediction.confidence,
        salt=salt,
    )


def secret_of(private_key: bytes) -> bytes:
    """The secret that all salts of a key follow from, 32 bytes; it does not tell the key."""
    return hmac.digest(private_key, _SECRET, "sha256")


def salt_of(secret: bytes, committee: Committee, key: RoundKey) -> bytes:
    """The salt of one round, 32 bytes: the same each time, another for every round.

    Args:
        secret: as ``secret_of`` gives it.
    """
    return hmac.digest(secret, _SALT + _place(committee) + key.encoded(), "sha256")


def seal_of(committee: Committee, key: RoundKey, operator: str, opening: Opening) -> bytes:
    """A member's sealed vote: 31 bytes of a hash, and the member's index as the last byte.

    Raises:
        InvalidInput: the operator is no member.
    """
    if operator not in committee.members:
        raise InvalidInput(
            f"{operator} is no member of {committee.attestor}", remedy="use a member's key"
        )
    hashed = keccak(
        _place(committee)
        + key.encoded()
        + _address(operator)
        + opening.input_hash
        + opening.output_hash
        + opening.value.to_bytes(32, "big", signed=True)
        + opening.confidence.to_bytes(32, "big")
        + opening.salt
    )
    return hashed[:31] + bytes([committee.members.index(operator)])


def member_of(seal: bytes) -> int:
    """Whose vote a seal says it is: the member's index."""
    return seal[31]


def encode_round(number: int) -> bytes:
    """The evidence of a round that decided, as ``SealedVoteAttestor`` reads it."""
    return number.to_bytes(32, "big")


def round_of(evidence: bytes) -> int:
    """The round that a piece of evidence names.

    Raises:
        InvalidInput: it is no such evidence.
    """
    if len(evidence) != 32:
        raise InvalidInput(
            f"evidence of {len(evidence)} bytes names no round",
            remedy="give the evidence of a decision by sealed votes",
        )
    return int.from_bytes(evidence, "big")


def members_in(bitmap: int, committee: Committee) -> tuple[str, ...]:
    """The members in a set, in the contract's order."""
    return tuple(m for place, m in enumerate(committee.members) if bitmap >> place & 1)


def _place(committee: Committee) -> bytes:
    return committee.chain_id.to_bytes(32, "big") + _address(committee.attestor)


def _address(address: str) -> bytes:
    return bytes.fromhex(address[2:]).rjust(32, b"\0")
