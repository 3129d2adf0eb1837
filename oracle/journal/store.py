"""One writer thread, one SQL transaction a call.

SQLite by default, with every commit on disk before the call returns; any database of SQLAlchemy's
by URL. The functions of the sibling modules take the open connection, so that a caller composes
them into one atomic change::

    await journal.write(lambda db: (save_block(db, stamp), save_request(db, request)))
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import StaticPool

from oracle.core.errors import ConfigError, JournalError
from oracle.journal import rounds as _rounds  # noqa: F401 - its tables are made with the others
from oracle.journal.schema import identity, metadata

T = TypeVar("T")


class Journal:
    """The durable record at a database URL.

    Args:
        url: SQLAlchemy's, such as ``sqlite:///journal.db``.
    """

    def __init__(self, url: str) -> None:
        self._url = sa.make_url(url)
        self._engine: Engine | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")

    @classmethod
    def at(cls, path: Path) -> Journal:
        """An SQLite journal in a file; its folder is made where it is missing."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return cls(f"sqlite:///{path}")

    async def open(self, belongs_to: Mapping[str, str]) -> Self:
        """Open, make the tables, and check that the journal is of this chain and operator.

        Args:
            belongs_to: name and value of each part of its identity, such as ``chain_id``.

        Raises:
            ConfigError: the journal belongs to another chain, contract or operator.
            JournalError: it can not be opened or written.
        """
        await self._run(self._open)
        await self.write(lambda db: _claim(db, belongs_to, self._url.render_as_string()))
        return self

    async def write(self, change: Callable[[Connection], T]) -> T:
        """Run one change in one transaction; it is on disk when this returns.

        Raises:
            JournalError: nothing of the change was recorded.
        """
        return await self._run(lambda: self._in_transaction(change))

    read = write

    async def aclose(self) -> None:
        """Wait for the change under way, and close."""
        if self._engine is not None:
            await self._run(self._engine.dispose)
        self._thread.shutdown()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    def _open(self) -> None:
        sqlite = self._url.get_backend_name() == "sqlite"
        options: dict[str, Any] = (
            {"poolclass": StaticPool, "connect_args": {"check_same_thread": False}}
            if sqlite
            else {"pool_pre_ping": True}
        )
        try:
            self._engine = sa.create_engine(self._url, **options)
            if sqlite:
                sa.event.listen(self._engine, "connect", _durable_sqlite)
            metadata.create_all(self._engine)
        except SQLAlchemyError as error:
            raise self._fault(error) from error

    def _in_transaction(self, change: Callable[[Connection], T]) -> T:
        if self._engine is None:
            raise JournalError("the journal is not open", remedy="await journal.open(…) first")
        try:
            with self._engine.begin() as db:
                return change(db)
        except SQLAlchemyError as error:
            raise self._fault(error) from error

    def _fault(self, error: SQLAlchemyError) -> JournalError:
        cause = getattr(error, "orig", None) or error
        return JournalError(
            f"the journal {self._url.render_as_string()} can not be used: {cause}",
            remedy="check the disk's space and permissions; nothing of this change was recorded",
        )

    async def _run(self, call: Callable[[], T]) -> T:
        # A cancelled caller must not leave before its change is decided: the thread finishes.
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._thread, call))


def _durable_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA busy_timeout=5000")
    cursor.execute("PRAGMA secure_delete=ON")  # what is forgotten is overwritten
    cursor.close()


def _claim(db: Connection, belongs_to: Mapping[str, str], url: str) -> None:
    recorded = {row.name: row.value for row in db.execute(sa.select(identity))}
    for name, value in belongs_to.items():
        if name not in recorded:
            db.execute(sa.insert(identity).values(name=name, value=value))
        elif recorded[name] != value:
            raise ConfigError(
                f"the journal {url} belongs to {name} {recorded[name]}, not {value}",
                remedy="give this node a journal of its own, or the chain, contract and key that "
                "the journal was made with",
            )
