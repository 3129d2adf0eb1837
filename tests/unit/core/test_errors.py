"""What every error carries: what was wrong, and what to do."""

from __future__ import annotations

from oracle.core.errors import ChainError, OracleError, Reverted, Transient


def test_error__with_a_remedy__says_both() -> None:
    error = OracleError("the port is taken", remedy="give another")
    assert (error.what, error.remedy) == ("the port is taken", "give another")
    assert str(error) == "the port is taken — give another"
    assert str(OracleError("no more is known")) == "no more is known"


def test_reverted__names_the_contracts_error_and_its_values() -> None:
    arguments = {"sent": 1}
    error = Reverted("FeeTooLow(1)", error="FeeTooLow", arguments=arguments)
    arguments["sent"] = 2
    assert (error.error, error.arguments) == ("FeeTooLow", {"sent": 1})
    unknown = Reverted("0x", remedy="look at the trace")
    assert (unknown.error, unknown.arguments, unknown.remedy) == (
        "unknown",
        {},
        "look at the trace",
    )
    assert isinstance(unknown, ChainError)
    assert not isinstance(unknown, Transient)
