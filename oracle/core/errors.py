"""Every error the oracle raises on purpose, in one tree.

    OracleError
    ├── InvalidInput        the caller gave something that can not be accepted
    │   ├── NotFound        … names something that does not exist
    │   └── Conflict        … contradicts what is already recorded
    ├── VerificationError   a hash, a signature or a re-computation does not match
    ├── ChainError          the chain or an RPC endpoint
    │   ├── Transient       may succeed when tried again
    │   └── Reverted        the contract refused, with its decoded reason
    ├── InferenceError      the model could not be loaded or run
    │   └── Overloaded      … now: more waits already than this node takes
    ├── JournalError        the durable record could not be read or written
    │   └── EvidenceError   … nor the evidence store
    ├── ConfigError         the set-up is wrong: keys, addresses, ports, networks
    └── Undecided           the wait is over, and what was waited for may still come

An error says what was wrong, with the value, and what to do about it. HTTP status lives in
``oracle.api``, exit codes in ``oracle.cli``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class OracleError(Exception):
    """What was wrong, and the remedy.

    Args:
        what: the fault, with the offending value.
        remedy: what the reader can do about it; one sentence.
    """

    def __init__(self, what: str, *, remedy: str = "") -> None:
        self.what = what
        self.remedy = remedy
        super().__init__(f"{what} — {remedy}" if remedy else what)


class InvalidInput(OracleError):
    """The caller gave something that can not be accepted; nothing was recorded."""


class NotFound(InvalidInput):
    """The caller named something that does not exist."""


class Conflict(InvalidInput):
    """The caller's wish contradicts what is already recorded."""


class VerificationError(OracleError):
    """A hash, a signature or a re-computation does not match what was promised."""


class ChainError(OracleError):
    """The chain or an RPC endpoint."""


class Transient(ChainError):
    """The call may succeed when it is made again; a sent transaction may have been accepted."""


class Reverted(ChainError):
    """The contract refused.

    Args:
        error: the custom error's name from the ABI, or ``"unknown"``.
        arguments: the error's decoded arguments by name.
    """

    def __init__(
        self,
        what: str,
        *,
        error: str = "unknown",
        arguments: Mapping[str, Any] | None = None,
        remedy: str = "",
    ) -> None:
        super().__init__(what, remedy=remedy)
        self.error = error
        self.arguments = dict(arguments or {})


class InferenceError(OracleError):
    """The model could not be loaded or run."""


class Overloaded(InferenceError):
    """More waits already than this node takes; nothing was recorded, and it may be asked again."""


class JournalError(OracleError):
    """The durable record could not be read or written."""


class EvidenceError(JournalError):
    """The evidence store could not be read or written; nothing half-written is left."""


class ConfigError(OracleError):
    """The set-up is wrong: keys, addresses, ports, networks."""


class Undecided(OracleError):
    """The wait is over and the decision is not there; it may still come."""
