"""Slither over the contracts, and an answer to each of its findings.

``make slither`` runs it. It fails over a finding without an answer, and over an answer whose
finding is gone.
"""
