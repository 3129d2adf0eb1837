"""Exit codes: one table, shown by ``oracle --help`` and used by every command."""

from __future__ import annotations

from enum import IntEnum

from oracle.core.errors import (
    ChainError,
    ConfigError,
    InferenceError,
    InvalidInput,
    JournalError,
    OracleError,
    Undecided,
    VerificationError,
)


class ExitCode(IntEnum):
    """What a command's exit status says."""

    OK = 0
    FAILED = 1
    INVALID = 2
    CHAIN = 3
    CONFIG = 4
    UNVERIFIED = 5
    MODEL = 6
    JOURNAL = 7
    UNDECIDED = 8
    INTERRUPTED = 130


MEANING: dict[ExitCode, str] = {
    ExitCode.OK: "done",
    ExitCode.FAILED: "a check found something, or an unexpected error",
    ExitCode.INVALID: "wrong usage, or an input that is refused",
    ExitCode.CHAIN: "the chain, an RPC endpoint or the contract",
    ExitCode.CONFIG: "the set-up (keys, addresses, ports, networks)",
    ExitCode.UNVERIFIED: "a hash or a re-computation does not match",
    ExitCode.MODEL: "a model can not be run",
    ExitCode.JOURNAL: "the journal or the evidence store can not be used",
    ExitCode.UNDECIDED: "waited, no decision yet",
    ExitCode.INTERRUPTED: "stopped by Ctrl-C",
}

_BY_ERROR: tuple[tuple[type[OracleError], ExitCode], ...] = (
    (InvalidInput, ExitCode.INVALID),
    (VerificationError, ExitCode.UNVERIFIED),
    (ChainError, ExitCode.CHAIN),
    (InferenceError, ExitCode.MODEL),
    (JournalError, ExitCode.JOURNAL),
    (ConfigError, ExitCode.CONFIG),
)


def exit_code_of(error: BaseException) -> ExitCode:
    """The exit code an error ends a command with."""
    if isinstance(error, KeyboardInterrupt):
        return ExitCode.INTERRUPTED
    if isinstance(error, Undecided):
        return ExitCode.UNDECIDED
    for kind, code in _BY_ERROR:
        if isinstance(error, kind):
            return code
    return ExitCode.FAILED


def epilog() -> str:
    """The table as the last paragraph of ``oracle --help``."""
    rows = "; ".join(f"[bold]{code.value}[/bold] {text}" for code, text in MEANING.items())
    return f"Exit codes: {rows}."
