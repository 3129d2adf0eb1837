"""Being written."""

from __future__ import annotations


def doctor() -> None:
    """doctor"""
    raise NotImplementedError
