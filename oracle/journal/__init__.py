"""The durable record: what the node accepted, said, signed and saw, in SQL."""

from oracle.journal.store import Journal

__all__ = ["Journal"]
