"""Which release this is."""

from __future__ import annotations

from importlib import metadata


def version() -> str:
    """The installed package's version, or ``0+unknown`` in a bare source tree."""
    try:
        return metadata.version("decision-oracle")
    except metadata.PackageNotFoundError:
        return "0+unknown"
