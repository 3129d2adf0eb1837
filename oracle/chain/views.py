"""What the decision contract's views return, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Self

from eth_typing import ChecksumAddress

NOBODY = "0x" + "00" * 20


class CallbackStatus(IntEnum):
    """What became of the call to the requester."""

    NONE = 0
    DELIVERED = 1
    FAILED = 2


class RequestStatus(IntEnum):
    """Where a subject stands."""

    NONE = 0
    OPEN = 1
    DECIDED = 2
    REFUNDED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A stored decision.

    Attributes:
        value: int128 in the units of the card's head.
        confidence: parts per million; 0 means not stated.
        decided_at: the deciding block's Unix time.
        verdict: 1 reject, 2 accept, 3 review.
        trust_level: 1 signer, 2 quorum, 3 sealed quorum or bond, 4 proven.
    """

    value: int
    confidence: int
    decided_at: int
    verdict: int
    trust_level: int
    callback: CallbackStatus

    @classmethod
    def from_abi(cls, fields: Mapping[str, Any]) -> Self | None:
        """From the decoded struct; None where it is all zero."""
        if fields["verdict"] == 0:
            return None
        return cls(
            value=fields["value"],
            confidence=fields["confidence"],
            decided_at=fields["decidedAt"],
            verdict=fields["verdict"],
            trust_level=fields["trustLevel"],
            callback=CallbackStatus(fields["callback"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestView:
    """A stored request; once it is decided only its status is left.

    Attributes:
        deadline: Unix seconds.
        fee_gwei: escrowed fee in gwei.
    """

    requester: ChecksumAddress
    callback_gas: int
    deadline: int
    fee_gwei: int
    status: RequestStatus

    @classmethod
    def from_abi(cls, fields: Mapping[str, Any]) -> Self | None:
        """From the decoded struct; None where it is all zero."""
        if fields["status"] == RequestStatus.NONE:
            return None
        return cls(
            requester=fields["requester"],
            callback_gas=fields["callbackGas"],
            deadline=fields["deadline"],
            fee_gwei=fields["feeGwei"],
            status=RequestStatus(fields["status"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelConfig:
    """The rules under which a model decides.

    Attributes:
        attestor, policy: addresses.
        fee_gwei: least fee of a request, in gwei.
        max_age: seconds a prediction may be old; 0 for any age.
    """

    attestor: str
    policy: str
    fee_gwei: int = 0
    max_age: int = 0

    @classmethod
    def from_abi(cls, fields: Mapping[str, Any]) -> Self:
        """From the decoded struct."""
        return cls(
            attestor=fields["attestor"],
            policy=fields["policy"],
            fee_gwei=fields["feeGwei"],
            max_age=fields["maxAge"],
        )

    def as_abi(self) -> tuple[str, str, int, int]:
        """The struct as the ABI codec takes it, in the order of the Solidity fields."""
        return (self.attestor, self.policy, self.fee_gwei, self.max_age)


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A registered model.

    Attributes:
        change_at: last second of these rules where a change is pending, else 0.
        verifies: whether the attestor is a contract that checks evidence.
    """

    attestor: ChecksumAddress
    fee_gwei: int
    change_at: int
    trust_level: int
    paused: bool
    verifies: bool
    policy: ChecksumAddress
    max_age: int
    owner: ChecksumAddress
    pending_owner: ChecksumAddress

    @classmethod
    def from_abi(cls, fields: Mapping[str, Any]) -> Self | None:
        """From the decoded struct; None where it is all zero."""
        if fields["owner"] == NOBODY:
            return None
        return cls(
            attestor=fields["attestor"],
            fee_gwei=fields["feeGwei"],
            change_at=fields["changeAt"],
            trust_level=fields["trustLevel"],
            paused=fields["paused"],
            verifies=fields["verifies"],
            policy=fields["policy"],
            max_age=fields["maxAge"],
            owner=fields["owner"],
            pending_owner=fields["pendingOwner"],
        )

    @property
    def config(self) -> ModelConfig:
        """The rules, as they were registered."""
        return ModelConfig(
            attestor=self.attestor,
            policy=self.policy,
            fee_gwei=self.fee_gwei,
            max_age=self.max_age,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelChange:
    """A proposed change of a model's rules; ``Model.change_at`` is its time."""

    config: ModelConfig
    trust_level: int
    verifies: bool

    @classmethod
    def from_abi(cls, fields: Mapping[str, Any]) -> Self | None:
        """From the decoded struct; None where it is all zero."""
        config = ModelConfig.from_abi(fields["config"])
        if config.attestor == NOBODY:
            return None
        return cls(config=config, trust_level=fields["trustLevel"], verifies=fields["verifies"])
