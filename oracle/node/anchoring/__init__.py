"""Predictions that are promised at once and anchored together."""
