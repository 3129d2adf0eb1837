"""One writer thread, one SQL transaction a call.

SQLite by default, PostgreSQL by URL, with every commit on disk before the call returns. The
functions of the sibling modules take the open connection, so that a caller composes them into one
atomic change::

    await journal.write(lambda db: (save_block(db, stamp), save_request(db, request)))
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from oracle.core.errors import ConfigError, JournalError
from oracle.journal import database
from oracle.journal.schema import identity

T = TypeVar("T")


class Journal:
    """The durable record at a database URL.

    Args:
        url: ``sqlite:///journal.db`` or ``postgresql://user:password@host/database``.

    Raises:
        ConfigError: it is no URL of either; its text is not repeated.
    """

    def __init__(self, url: str) -> None:
        self._url = database.parse_url(url)
        self._shown = database.shown(self._url)
        self._engine: Engine | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")

    @classmethod
    def at(cls, path: Path) -> Journal:
        """An SQLite journal in a file; its folder is made where it is missing."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return cls(f"sqlite:///{path}")

    async def open(self, belongs_to: Mapping[str, str]) -> Self:
        """Open, bring the tables up to date, and check whose journal it is.

        Args:
            belongs_to: name and value of each part of its identity, such as ``chain_id``.

        Raises:
            ConfigError: the journal belongs to another chain, contract or operator, another node
                has it open, or a newer program wrote it.
            JournalError: it can not be opened or written.
        """
        await self._run(self._open)
        await self.write(lambda db: _claim(db, belongs_to, self._shown))
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
        # Alembic takes a while to load, and only a node that starts needs it.
        from oracle.journal.migrate import upgrade

        try:
            self._engine = database.create(self._url)
            upgrade(self._engine, self._shown)
        except SQLAlchemyError as error:
            raise self._fault(error) from None

    def _in_transaction(self, change: Callable[[Connection], T]) -> T:
        if self._engine is None:
            raise JournalError("the journal is not open", remedy="await journal.open(…) first")
        try:
            with self._engine.begin() as db:
                return change(db)
        except SQLAlchemyError as error:
            raise self._fault(error) from None

    def _fault(self, error: SQLAlchemyError) -> JournalError:
        cause = str(getattr(error, "orig", None) or error).strip().split("\n")[0]
        return JournalError(
            f"the journal {self._shown} can not be used: {cause}",
            remedy="check that the database runs, its space and permissions; nothing of this "
            "change was recorded",
        )

    async def _run(self, call: Callable[[], T]) -> T:
        # A cancelled caller must not leave before its change is decided: the thread finishes.
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._thread, call))


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
