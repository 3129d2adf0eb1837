"""Rounds of sealed votes, inputs known by their hash, salts, and what transactions are for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add them."""
    op.create_table(
        "followed_attestors",
        sa.Column("attestor", sa.String(length=42), nullable=False),
        sa.Column("since_block", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("attestor", name=op.f("pk_followed_attestors")),
    )
    op.create_table(
        "input_references",
        sa.Column("model_id", sa.LargeBinary(length=32), nullable=False),
        sa.Column("subject", sa.LargeBinary(length=32), nullable=False),
        sa.Column("input_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("uri", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("model_id", "subject", name=op.f("pk_input_references")),
    )
    op.create_table(
        "input_salts",
        sa.Column("model_id", sa.LargeBinary(length=32), nullable=False),
        sa.Column("subject", sa.LargeBinary(length=32), nullable=False),
        sa.Column("salt", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("model_id", "subject", name=op.f("pk_input_salts")),
    )
    op.create_table(
        "own_votes",
        sa.Column("attestor", sa.String(length=42), nullable=False),
        sa.Column("model_id", sa.LargeBinary(length=32), nullable=False),
        sa.Column("subject", sa.LargeBinary(length=32), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("input_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("output_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("value", sa.String(length=40), nullable=False),
        sa.Column("confidence", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "attestor", "model_id", "subject", "number", name=op.f("pk_own_votes")
        ),
    )
    op.create_table(
        "round_events",
        sa.Column("block_number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("log_index", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("tx_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("attestor", sa.String(length=42), nullable=False),
        sa.Column("model_id", sa.LargeBinary(length=32), nullable=False),
        sa.Column("subject", sa.LargeBinary(length=32), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=9), nullable=False),
        sa.Column("member", sa.String(length=42), nullable=True),
        sa.Column("seal", sa.LargeBinary(length=32), nullable=True),
        sa.Column("input_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("output_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("value", sa.String(length=40), nullable=True),
        sa.Column("confidence", sa.BigInteger(), nullable=True),
        sa.Column("salt", sa.LargeBinary(length=32), nullable=True),
        sa.Column("predicted_at", sa.BigInteger(), nullable=True),
        sa.Column("reporter", sa.String(length=42), nullable=True),
        sa.Column("reward", sa.String(length=40), nullable=True),
        sa.Column("agreed", sa.BigInteger(), nullable=True),
        sa.Column("lost", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("block_number", "log_index", name=op.f("pk_round_events")),
    )
    with op.batch_alter_table("round_events", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_round_events_attestor_model_id_subject"),
            ["attestor", "model_id", "subject"],
            unique=False,
        )

    with op.batch_alter_table("transactions", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("value", sa.String(length=40), server_default="0", nullable=False)
        )
        batch_op.add_column(
            sa.Column("purpose", sa.String(length=8), server_default="answer", nullable=False)
        )
