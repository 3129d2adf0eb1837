"""Exact decimal scaling: numbers with decimals ↔ the integers that the chain sees."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal, localcontext

_DIGITS = 256
"""Enough for every 256-bit integer with 38 decimals; the default of 28 digits would round."""


def to_units(value: Decimal, decimals: int) -> int:
    """``value`` in units of 10**-decimals, rounded half to even; the value must be finite."""
    with localcontext() as context:
        context.prec = _DIGITS
        return int(value.scaleb(decimals).to_integral_value(rounding=ROUND_HALF_EVEN))


def is_whole(value: Decimal, decimals: int) -> bool:
    """Whether ``value`` has no digits beyond ``decimals``."""
    return from_units(to_units(value, decimals), decimals) == value


def from_units(units: int, decimals: int) -> Decimal:
    """The number that ``units`` of 10**-decimals stand for, with all its decimals."""
    with localcontext() as context:
        context.prec = _DIGITS
        return Decimal(units).scaleb(-decimals)


def ceiling_units(value: Decimal, decimals: int) -> int:
    """``value`` in units of 10**-decimals, rounded up."""
    units = to_units(value, decimals)
    return units + (from_units(units, decimals) < value)
