"""Being written."""

from __future__ import annotations


def demo() -> None:
    """demo"""
    raise NotImplementedError
