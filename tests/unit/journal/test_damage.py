"""A journal on a disk that fills up, or that lost the end of its last write."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from oracle.core.errors import JournalError
from oracle.journal import Journal, requests
from tests.support.journals import IDENTITY, MODEL, request_about


async def subjects_in(journal: Journal, upto: int) -> list[int]:
    """Which of the requests from 1 on are there."""
    there = []
    for subject in range(1, upto + 1):
        name = subject.to_bytes(32, "big")
        if await journal.read(lambda db, name=name: requests.find(db, MODEL, name)) is not None:
            there.append(subject)
    return there


async def test_write__disk_full__records_nothing_and_works_again_with_room(tmp_path: Path) -> None:
    async with await Journal.at(tmp_path / "journal.db").open(IDENTITY) as journal:
        await journal.write(lambda db: requests.save(db, request_about(1), at=1))
        pages = await journal.read(lambda db: db.exec_driver_sql("PRAGMA page_count").scalar_one())
        await journal.read(lambda db: db.exec_driver_sql(f"PRAGMA max_page_count={pages}"))
        large = request_about(2, input=bytes(1_000_000))
        with pytest.raises(JournalError, match="full"):
            await journal.write(lambda db: requests.save(db, large, at=2))
        assert await subjects_in(journal, 2) == [1]
        await journal.read(lambda db: db.exec_driver_sql("PRAGMA max_page_count=1000000"))
        await journal.write(lambda db: requests.save(db, large, at=2))
        assert await subjects_in(journal, 2) == [1, 2]


async def test_open__the_last_write_was_torn__what_was_committed_before_is_there(
    tmp_path: Path,
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    async with await Journal.at(here / "journal.db").open(IDENTITY) as journal:
        await journal.write(lambda db: requests.save(db, request_about(1), at=1))
        whole = (here / "journal.db-wal").stat().st_size
        await journal.write(lambda db: requests.save(db, request_about(2), at=2))
        shutil.copytree(here, there)
    wal = there / "journal.db-wal"
    written = wal.read_bytes()
    assert len(written) > whole
    for kept in (whole, whole + 100, len(written) - 1):
        torn = tmp_path / f"torn-{kept}"
        shutil.copytree(there, torn)
        (torn / "journal.db-wal").write_bytes(written[:kept])
        (torn / "journal.db-shm").unlink()
        async with await Journal.at(torn / "journal.db").open(IDENTITY) as journal:
            assert await subjects_in(journal, 2) == [1]
