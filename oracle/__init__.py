"""A self-hosted oracle: ONNX predictions, committed on chain, turned into decisions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from oracle.client import Client

__all__ = ["Client"]


def __getattr__(name: str) -> Any:
    """``Client``, imported when it is asked for, so that ``import oracle`` costs nothing."""
    if name == "Client":
        from oracle.client import Client

        return Client
    raise AttributeError(f"module 'oracle' has no attribute {name!r}")
