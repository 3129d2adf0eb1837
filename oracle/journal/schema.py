"""The journal's tables.

Blocks, decisions and the place of a request follow the chain and are rewound with it; requests,
predictions, transactions and attempts are the node's own word and are never deleted.

A change here needs a revision under ``migrations/versions``: ``make migration name="what changes"``
drafts it, and a test compares the two on both databases.
"""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


class _Words(sa.TypeDecorator[str]):
    """Text that may quote anybody: PostgreSQL takes no NUL, and UTF-8 no lone surrogate."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        if value is None:
            return None
        return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


class Octets(sa.LargeBinary):
    """Bytes as they are: both drivers take and give them without a wrapper."""

    def bind_processor(self, dialect: sa.Dialect) -> None:
        return None

    def result_processor(self, dialect: sa.Dialect, coltype: object) -> None:
        return None


identity = sa.Table(
    "identity",
    metadata,
    sa.Column("name", sa.String(32), primary_key=True),
    sa.Column("value", sa.String(128), nullable=False),
)
"""Which chain, contract and operator this journal belongs to."""

blocks = sa.Table(
    "blocks",
    metadata,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("hash", Octets(32), nullable=False),
    sa.Column("timestamp", sa.BigInteger, nullable=False),
)
"""The tail of the chain that was followed."""

requests = sa.Table(
    "requests",
    metadata,
    sa.Column("id", _ID, primary_key=True),
    sa.Column("model_id", Octets(32), nullable=False),
    sa.Column("subject", Octets(32), nullable=False),
    sa.Column("origin", sa.String(8), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("input", Octets, nullable=False),
    sa.Column("deadline", sa.BigInteger),
    sa.Column("callback_gas", sa.Integer, nullable=False),
    sa.Column("fee_gwei", sa.BigInteger, nullable=False),
    sa.Column("requester", sa.String(42), nullable=False),
    sa.Column("block_number", sa.BigInteger, nullable=False),
    sa.Column("block_hash", Octets(32), nullable=False),
    sa.Column("log_index", sa.Integer, nullable=False),
    sa.Column("tx_hash", Octets(32), nullable=False),
    sa.Column("input_hash", Octets(32)),
    sa.Column("output_hash", Octets(32)),
    sa.Column("value", sa.String(40)),
    sa.Column("confidence", sa.Integer),
    sa.Column("predicted_at", sa.BigInteger),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("not_before", sa.BigInteger, nullable=False),
    sa.Column("reason", _Words, nullable=False),
    sa.UniqueConstraint("model_id", "subject"),
    sa.Index(None, "state", "block_number", "log_index"),
)

idempotency = sa.Table(
    "idempotency",
    metadata,
    sa.Column("key", sa.String(255), primary_key=True),
    sa.Column("body_hash", Octets(32), nullable=False),
    sa.Column("request_id", _ID, sa.ForeignKey("requests.id"), nullable=False),
)
"""The API's idempotency keys, and what each was used for."""

timeline = sa.Table(
    "timeline",
    metadata,
    sa.Column("id", _ID, primary_key=True),
    sa.Column("request_id", _ID, sa.ForeignKey("requests.id"), nullable=False, index=True),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("note", _Words, nullable=False),
)

transactions = sa.Table(
    "transactions",
    metadata,
    sa.Column("id", _ID, primary_key=True),
    sa.Column("chain_id", sa.BigInteger, nullable=False),
    sa.Column("sender", sa.String(42), nullable=False),
    sa.Column("nonce", sa.BigInteger),
    sa.Column("key", sa.String(160), nullable=False, unique=True),
    sa.Column("model_id", Octets(32), nullable=False),
    sa.Column("subject", Octets(32), nullable=False, index=True),
    sa.Column("to", Octets(20), nullable=False),
    sa.Column("data", Octets, nullable=False),
    sa.Column("gas", sa.BigInteger, nullable=False),
    sa.Column("value", sa.String(40), nullable=False, server_default="0"),
    sa.Column("purpose", sa.String(8), nullable=False, server_default="answer"),
    sa.Column("state", sa.String(8), nullable=False, index=True),
    sa.Column("block_number", sa.BigInteger),
    sa.Column("block_hash", Octets(32), nullable=False),
    sa.Column("mined_hash", Octets(32), nullable=False),
    sa.Column("succeeded", sa.Boolean),
    sa.Column("gas_used", sa.BigInteger),
    sa.Column("gas_price", sa.String(40)),
    sa.UniqueConstraint("chain_id", "sender", "nonce"),
)
"""A dropped transaction gives its nonce back (NULL); its attempts keep it."""

answers = sa.Table(
    "answers",
    metadata,
    sa.Column("key", sa.String(160), primary_key=True),
    sa.Column("transaction_id", _ID, sa.ForeignKey("transactions.id"), nullable=False),
    sa.Column("place", sa.Integer, nullable=False),
    sa.Column("model_id", Octets(32), nullable=False),
    sa.Column("subject", Octets(32), nullable=False, index=True),
    sa.Index(None, "transaction_id", "place"),
)
"""Answers that share a transaction, in its order; their keys are of one kind with a lone one's."""

attempts = sa.Table(
    "attempts",
    metadata,
    sa.Column("hash", Octets(32), primary_key=True),
    sa.Column("transaction_id", _ID, sa.ForeignKey("transactions.id"), nullable=False, index=True),
    sa.Column("nonce", sa.BigInteger, nullable=False),
    sa.Column("raw", Octets, nullable=False),
    sa.Column("max_fee", sa.String(40), nullable=False),
    sa.Column("priority_fee", sa.String(40), nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
)

decisions = sa.Table(
    "decisions",
    metadata,
    sa.Column("model_id", Octets(32), primary_key=True),
    sa.Column("subject", Octets(32), primary_key=True),
    sa.Column("block_number", sa.BigInteger, nullable=False, index=True),
    sa.Column("block_hash", Octets(32), nullable=False),
    sa.Column("log_index", sa.Integer, nullable=False),
    sa.Column("tx_hash", Octets(32), nullable=False),
    sa.Column("decided_at", sa.BigInteger, nullable=False),
    sa.Column("input_hash", Octets(32), nullable=False),
    sa.Column("output_hash", Octets(32), nullable=False),
    sa.Column("value", sa.String(40), nullable=False),
    sa.Column("confidence", sa.Integer, nullable=False),
    sa.Column("predicted_at", sa.BigInteger, nullable=False),
    sa.Column("verdict", sa.Integer, nullable=False),
    sa.Column("trust_level", sa.Integer, nullable=False),
    sa.Column("callback_failed", sa.Boolean, nullable=False),
)
"""Every decision of the served models, as the chain tells it."""

votes = sa.Table(
    "votes",
    metadata,
    sa.Column("model_id", Octets(32), primary_key=True),
    sa.Column("subject", Octets(32), primary_key=True),
    sa.Column("digest", Octets(32), nullable=False),
    sa.Column("signature", Octets(64), nullable=False),
    sa.Column("proposal", sa.Text, nullable=False),
    sa.Column("read_at", sa.BigInteger, index=True),
)
"""The one prediction that this member voted for, about each subject; recorded before the signature
leaves, and never replaced. One about a gasless read has the read's time, and is forgotten when no
other can follow it (:mod:`oracle.journal.reads`)."""

opinions = sa.Table(
    "opinions",
    metadata,
    sa.Column("model_id", Octets(32), primary_key=True),
    sa.Column("subject", Octets(32), primary_key=True),
    sa.Column("member", sa.String(42), primary_key=True),
    sa.Column("struct_hash", Octets(32), primary_key=True),
    sa.Column("value", sa.String(40), nullable=False),
    sa.Column("predicted_at", sa.BigInteger, nullable=False),
    sa.Column("signature", Octets(64), nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
)
"""What peers said, with their signatures. Two rows of one member about one subject and time are
proof that it equivocated."""

references = sa.Table(
    "input_references",
    metadata,
    sa.Column("model_id", Octets(32), primary_key=True),
    sa.Column("subject", Octets(32), primary_key=True),
    sa.Column("input_hash", Octets(32), nullable=False),
    sa.Column("uri", sa.Text, nullable=False),
)
"""Inputs of on-chain requests by hash."""

salts = sa.Table(
    "input_salts",
    metadata,
    sa.Column("model_id", Octets(32), primary_key=True),
    sa.Column("subject", Octets(32), primary_key=True),
    sa.Column("salt", Octets(32), nullable=False),
)
"""The secret of each private input. Without it nothing on chain leads back to the input; it is
deleted with the input."""
