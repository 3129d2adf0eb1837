"""Votes about gasless reads, which are forgotten."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Tell them from votes about requests."""
    with op.batch_alter_table("votes", schema=None) as batch_op:
        batch_op.add_column(sa.Column("read_at", sa.BigInteger(), nullable=True))
        batch_op.create_index(batch_op.f("ix_votes_read_at"), ["read_at"], unique=False)
