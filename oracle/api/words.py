"""The words that stand for numbers, in JSON and in terminals."""

from __future__ import annotations

from decimal import Decimal

from oracle.core.policy import Verdict

TRUST = ("", "one signer", "a quorum", "a sealed quorum or a bond", "proven")
"""Trust levels, in their order."""


def verdict_word(verdict: int) -> str:
    """``reject``, ``accept`` or ``review``."""
    try:
        return Verdict(verdict).name.lower()
    except ValueError:
        return f"unknown {verdict}"


def confidence_text(parts_per_million: int) -> str | None:
    """``0.934``; None where the model states none."""
    if parts_per_million == 0:
        return None
    return decimal_text(parts_per_million, 6)


def decimal_text(units: int, decimals: int) -> str:
    """``units`` of 10**-decimals, without trailing zeros: ``0.934``, ``12``."""
    sign, digits = ("-", str(-units)) if units < 0 else ("", str(units))
    digits = digits.rjust(decimals + 1, "0")
    whole, fraction = digits[: len(digits) - decimals], digits[len(digits) - decimals :]
    fraction = fraction.rstrip("0")
    return f"{sign}{whole}.{fraction}" if fraction else f"{sign}{whole}"


def ether_text(wei: int) -> str:
    """Wei as ether: ``0.000041203``."""
    return decimal_text(wei, 18)


def percent_text(parts_per_million: int) -> str:
    """``93.4 %``."""
    return f"{Decimal(parts_per_million) / 10_000:.1f} %"
