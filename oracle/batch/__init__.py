"""Scoring and anchoring many rows at once: what the node does for one, vectorised."""
