"""What was checked, in order, each check with its outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from oracle.core.errors import InvalidInput, OracleError, VerificationError

Outcome = Literal["held", "failed", "skipped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check.

    Attributes:
        name: what is checked, in one or two words.
        what: what holds, what does not, or why it was not checked.
    """

    name: str
    outcome: Outcome
    what: str


class Report:
    """The checks of one receipt.

    Args:
        told: called with each check as soon as its outcome is known.
    """

    def __init__(self, told: Callable[[Check], None] | None = None) -> None:
        self.checks: list[Check] = []
        self._told = told

    @contextmanager
    def check(self, name: str) -> Iterator[Finding]:
        """One check: it holds if the block ends, and fails with what the block raises.

        Raises:
            VerificationError: what the block raised; something that is refused as a form is
                something that does not hold.
        """
        finding = Finding()
        try:
            yield finding
        except InvalidInput as error:
            self._add(name, "failed", error.what)
            raise VerificationError(error.what, remedy=error.remedy) from error
        except OracleError as error:
            self._add(name, "failed", error.what)
            raise
        self._add(name, "held", finding.what)

    def skip(self, name: str, why: str) -> None:
        """A check that can not be made."""
        self._add(name, "skipped", why)

    def _add(self, name: str, outcome: Outcome, what: str) -> None:
        check = Check(name=name, outcome=outcome, what=what)
        self.checks.append(check)
        if self._told is not None:
            self._told(check)


class Finding:
    """What a check will say where it holds."""

    def __init__(self) -> None:
        self.what = ""

    def says(self, what: str) -> None:
        """Set it."""
        self.what = what


def same(name: str, found: object, wanted: object, *, remedy: str = "") -> None:
    """Hold a value to what it has to be.

    Raises:
        VerificationError: with both.
    """
    if found != wanted:
        raise VerificationError(
            f"{name} is {_shown(found)}, it has to be {_shown(wanted)}",
            remedy=remedy or "somebody changed something: do not rely on this receipt",
        )


def _shown(value: object) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)
