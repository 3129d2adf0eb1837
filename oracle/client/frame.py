"""Decisions as a pandas frame."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from oracle.client.answers import Decision
from oracle.core.errors import ConfigError

if TYPE_CHECKING:
    import pandas

COLUMNS = {
    "model": "str",
    "subject": "str",
    "origin": "str",
    "state": "str",
    "verdict": "str",
    "value": "float64",
    "text": "str",
    "confidence": "float64",
    "trust_level": "Int64",
    "at": "datetime64[ms, UTC]",
    "block": "Int64",
    "transaction": "str",
}
"""The columns, in order, and their types; what is not known is missing."""


def frame_of(decisions: Iterable[Decision]) -> pandas.DataFrame:
    """One row a decision, in the order given.

    ``value`` is a float here, which may lose digits beyond the fifteenth; ``text`` has them all.

    Raises:
        ConfigError: pandas is not installed.
    """
    try:
        import pandas
    except ImportError:
        raise ConfigError(
            "pandas is not installed", remedy="pip install 'decision-oracle[pandas]'"
        ) from None
    rows = [
        {
            **{name: getattr(each, name) for name in COLUMNS},
            "value": None if each.value is None else float(each.value),
        }
        for each in decisions
    ]
    return pandas.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)
