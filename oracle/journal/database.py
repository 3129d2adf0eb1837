"""The two databases a journal can be in, each set up so that what is committed stays.

SQLite is a file of one process. A PostgreSQL server can be reached from many machines, so the one
connection of a journal holds an advisory lock for as long as it lives: a second node on the same
journal is refused, and a node whose connection broke has to win the lock again before it writes.
"""

from __future__ import annotations

import time
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Engine
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import QueuePool, StaticPool

from oracle.core.errors import ConfigError

LOCK_CLASS = 0x0_0AC1E
LOCK_SECONDS = 5.0
"""How long a node waits for the journal: a server takes a moment to see that a client is gone."""

STATEMENT_SECONDS = 30
_POSTGRES = ("postgres", "postgresql", "postgresql+psycopg")
_USE_THESE = "write sqlite:///journal.db, or postgresql://user:password@host/database"

_CONNECT: dict[str, Any] = {
    "connect_timeout": 10,
    "client_encoding": "utf8",
    "application_name": "decision-oracle",
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
"""libpq's: a server that fell silent is given up within half a minute."""

_SET_UP = f"""
    SELECT set_config('statement_timeout', '{STATEMENT_SECONDS}s', false),
           set_config('lock_timeout', '{STATEMENT_SECONDS}s', false),
           CASE current_setting('synchronous_commit') WHEN 'off'
           THEN set_config('synchronous_commit', 'on', false) END
"""


def parse_url(text: str) -> URL:
    """A database URL with its driver.

    Raises:
        ConfigError: it is none, or of another database; the text is not repeated.
    """
    try:
        url = sa.make_url(text)
    except (ArgumentError, ValueError):
        raise ConfigError("the journal's URL can not be read", remedy=_USE_THESE) from None
    if url.drivername in _POSTGRES:
        return url.set(drivername="postgresql+psycopg")
    if url.drivername in ("sqlite", "sqlite+pysqlite"):
        return url
    raise ConfigError(f"a journal can not be in {url.drivername}", remedy=_USE_THESE)


def shown(url: URL) -> str:
    """The URL without its password, and without options, which may hold one too."""
    return url.set(query={}).render_as_string()


def create(url: URL) -> Engine:
    """The engine of a parsed URL; it connects when it is first used.

    Raises:
        ConfigError: the driver is not installed.
    """
    if url.get_backend_name() == "sqlite":
        engine = sa.create_engine(
            url, poolclass=StaticPool, connect_args={"check_same_thread": False}
        )
        sa.event.listen(engine, "connect", _durable_sqlite)
        return engine
    known = {name: value for name, value in _CONNECT.items() if name not in url.query}
    try:
        engine = sa.create_engine(
            url,
            poolclass=QueuePool,
            pool_size=1,
            max_overflow=0,
            pool_pre_ping=True,
            connect_args=known,
        )
    except (ModuleNotFoundError, ImportError, NoSuchModuleError):
        raise ConfigError(
            "a journal on PostgreSQL needs the package psycopg",
            remedy="pip install 'decision-oracle[postgres]'",
        ) from None
    sa.event.listen(
        engine, "connect", lambda connection, _record: _owned_postgres(connection, shown(url))
    )
    return engine


def _durable_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA busy_timeout=5000")
    cursor.execute("PRAGMA secure_delete=ON")  # what is forgotten is overwritten
    cursor.close()


def _owned_postgres(connection: Any, where: str) -> None:
    """Set the session up, and take the journal's lock: one for each schema of a database."""
    deadline = time.monotonic() + LOCK_SECONDS
    with connection.cursor() as cursor:
        cursor.execute(_SET_UP)
        while True:
            cursor.execute(
                "SELECT pg_try_advisory_lock(%s, hashtext(current_schema()))", (LOCK_CLASS,)
            )
            if cursor.fetchone()[0] is not False:
                break
            if time.monotonic() > deadline:
                raise ConfigError(
                    f"another node has the journal {where} open",
                    remedy="stop that node, or give this one a database or schema of its own",
                )
            connection.commit()
            time.sleep(0.2)
    connection.commit()
