"""Alembic's environment and the revisions, in the package, since they run wherever it does."""
