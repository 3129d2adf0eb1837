"""A copy of an SQLite journal that is whole, made while a node writes to it.

The copy is one file in itself, without a write-ahead log beside it. It has inputs, salts and signed
transactions like the journal: keep it as private.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from oracle.core.errors import ConfigError, JournalError


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """What was copied.

    Attributes:
        belongs_to: the journal's identity, such as ``chain_id`` and ``operator``.
        revision: of its tables.
        requests: how many it has.
    """

    path: Path
    octets: int
    belongs_to: dict[str, str]
    revision: str
    requests: int


def back_up(journal: Path, copy: Path) -> Backup:
    """Copy a journal as it stands at one moment; ``copy`` is there whole, or not at all.

    Args:
        journal: an SQLite journal; a node may have it open.
        copy: a file that does not exist; readable by its owner only.

    Raises:
        ConfigError: there is no journal, or the copy exists.
        JournalError: it can not be read, or the copy not written.
    """
    if not journal.is_file():
        raise ConfigError(f"there is no journal at {journal}", remedy="name it with --journal")
    if copy.exists():
        raise ConfigError(f"{copy} exists", remedy="name another file, or move it away")
    fresh = copy.with_name(f".{copy.name}.{os.getpid()}")
    try:
        os.close(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        _copy(journal, fresh)
        found = _look(fresh, copy)
        with fresh.open("rb") as file:
            os.fsync(file.fileno())
        fresh.rename(copy)
    except (sqlite3.Error, OSError) as error:
        raise JournalError(
            f"{journal} was not copied to {copy}: {error}",
            remedy="check the space and the permissions there; no copy was left",
        ) from None
    finally:
        fresh.unlink(missing_ok=True)
    return found


def _copy(journal: Path, fresh: Path) -> None:
    with (
        closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True, timeout=30)) as source,
        closing(sqlite3.connect(fresh)) as target,
    ):
        # One read transaction: else a write of another process would start the copy anew.
        source.execute("BEGIN")
        source.execute("SELECT count(*) FROM sqlite_master").fetchone()
        source.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")


def _look(fresh: Path, copy: Path) -> Backup:
    """What the copy has, after it was read from end to end."""
    with closing(sqlite3.connect(fresh)) as db:
        (sound,) = db.execute("PRAGMA integrity_check").fetchone()
        if sound != "ok":
            raise JournalError(
                f"the journal is damaged: {sound}",
                remedy="keep it, and restore an earlier back-up; the chain has what it lacks",
            )
        tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
        if not {"identity", "requests"} <= tables:
            raise ConfigError("the file is no journal", remedy="name one with --journal")
        revision = "none"
        if "journal_revision" in tables:
            (revision,) = db.execute("SELECT version_num FROM journal_revision").fetchone()
        return Backup(
            path=copy,
            octets=fresh.stat().st_size,
            belongs_to=dict(db.execute("SELECT name, value FROM identity ORDER BY name")),
            revision=revision,
            requests=db.execute("SELECT count(*) FROM requests").fetchone()[0],
        )
