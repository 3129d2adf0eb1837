"""The evidence store and the rules of fetching, as the settings say."""

from __future__ import annotations

from oracle.cli.home import Home
from oracle.cli.settings import Settings
from oracle.evidence import EvidenceStore, FetchRules
from oracle.evidence.fetch import Place


def evidence_store(settings: Settings) -> EvidenceStore:
    """Where inputs by hash are kept.

    Raises:
        ConfigError: no such file system, or its package is missing.
    """
    return EvidenceStore(settings.evidence or str(Home(settings.home).evidence))


def fetch_rules(settings: Settings) -> FetchRules:
    """From where inputs may be fetched.

    Raises:
        ConfigError: an entry is no place.
    """
    listed = [item.strip() for item in settings.evidence_hosts.split(",") if item.strip()]
    return FetchRules(places=tuple(Place.parse(item) for item in listed))
