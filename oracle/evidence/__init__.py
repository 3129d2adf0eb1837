"""What is kept and found by its hash, and how it is fetched from elsewhere."""

from oracle.evidence.fetch import Fetcher, FetchRules
from oracle.evidence.store import EvidenceStore, Name

__all__ = ["EvidenceStore", "FetchRules", "Fetcher", "Name"]
