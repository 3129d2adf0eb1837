"""Back-ups: whole, of one moment, while the node writes; and what a back-up is worth later."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from typer.testing import CliRunner

from oracle.cli.main import app
from oracle.core.errors import ConfigError, JournalError
from oracle.core.lifecycle import State
from oracle.journal import Journal, migrate, requests
from oracle.journal.backup import back_up
from tests.support.journals import IDENTITY, MODEL, request_about
from tests.unit.journal.test_migrations import bare


async def filled(path: Path, count: int) -> None:
    async with await Journal.at(path).open(IDENTITY) as journal:
        for subject in range(1, count + 1):
            await journal.write(
                lambda db, subject=subject: requests.save(db, request_about(subject), at=1)
            )


async def test_back_up__while_the_node_writes__is_of_one_moment(tmp_path: Path) -> None:
    live, copy = tmp_path / "journal.db", tmp_path / "copy.db"
    large = bytes(200_000)
    async with await Journal.at(live).open(IDENTITY) as journal:
        written = 0

        async def write() -> None:
            nonlocal written
            while True:
                pair = (2 * written + 1, 2 * written + 2)
                await journal.write(
                    lambda db: [
                        requests.save(db, request_about(each, input=large), at=1)
                        for each in pair  # noqa: B023 - run before the next turn
                    ]
                )
                written += 1

        writing = asyncio.create_task(write())
        while written < 20:
            await asyncio.sleep(0.01)
        made = await asyncio.to_thread(back_up, live, copy)
        during = written
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
    assert during >= 20
    assert made.requests % 2 == 0
    assert 40 <= made.requests <= 2 * during + 2
    assert made.belongs_to == IDENTITY
    assert sorted(each.name for each in tmp_path.glob("copy*")) == ["copy.db"]
    assert copy.stat().st_mode & 0o777 == 0o600
    async with await Journal.at(copy).open(IDENTITY) as journal:
        assert await journal.read(requests.counts) == {State.SEEN: made.requests}


async def test_back_up__of_an_older_program__is_upgraded_when_it_is_opened(tmp_path: Path) -> None:
    old, copy = tmp_path / "journal.db", tmp_path / "copy.db"
    engine = bare(f"sqlite:///{old}")
    with engine.begin() as db:
        command.upgrade(migrate.configuration(db), "0001")
    with engine.begin() as db:
        for name, value in IDENTITY.items():
            db.execute(
                sa.text("INSERT INTO identity (name, value) VALUES (:name, :value)"),
                {"name": name, "value": value},
            )
        requests.save(db, request_about(1), at=1)
    engine.dispose()
    assert back_up(old, copy).revision == "0001"
    async with await Journal.at(copy).open(IDENTITY) as journal:
        assert await journal.read(lambda db: requests.find(db, MODEL, request_about(1).subject))
    fresh = tmp_path / "fresh.db"
    await filled(fresh, 1)
    with sqlite3.connect(copy) as db, sqlite3.connect(fresh) as new:
        query = "SELECT version_num FROM journal_revision"
        assert db.execute(query).fetchone() == new.execute(query).fetchone()


async def test_back_up__what_can_not_be__leaves_nothing(tmp_path: Path) -> None:
    live, copy = tmp_path / "journal.db", tmp_path / "copy.db"
    with pytest.raises(ConfigError, match="no journal"):
        back_up(live, copy)
    await filled(live, 1)
    copy.write_text("mine")
    with pytest.raises(ConfigError, match="exists"):
        back_up(live, copy)
    assert copy.read_text() == "mine"
    with pytest.raises(JournalError, match="no copy was left"):
        back_up(live, tmp_path / "nowhere" / "copy.db")
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as db:
        db.execute("CREATE TABLE notes (text TEXT)")
    with pytest.raises(ConfigError, match="no journal"):
        back_up(other, tmp_path / "copy2.db")
    assert not list(tmp_path.glob("*copy2*"))


async def test_back_up__of_a_damaged_journal__is_refused(tmp_path: Path) -> None:
    live = tmp_path / "journal.db"
    await filled(live, 200)
    octets = bytearray(live.read_bytes())
    for place in range(8 * 4096, len(octets) - 4096, 4096):
        octets[place : place + 64] = b"\xff" * 64
    live.write_bytes(octets)
    with pytest.raises(JournalError):
        back_up(live, tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()


async def test_command__one_journal__is_copied_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORACLE_HOME", str(tmp_path))
    monkeypatch.delenv("ORACLE_JOURNAL", raising=False)
    run = CliRunner().invoke
    assert "0 journals" in str(run(app, ["journal", "backup", str(tmp_path / "a.db")]).output)
    await filled(tmp_path / "journals" / "one.db", 3)
    said = json.loads(run(app, ["journal", "backup", str(tmp_path / "a.db"), "--json"]).stdout)
    assert said["requests"] == 3
    assert said["belongs_to"] == IDENTITY
    await filled(tmp_path / "journals" / "two.db", 1)
    refused = run(app, ["journal", "backup", str(tmp_path / "b.db")])
    assert refused.exit_code == 4
    assert "one.db, two.db" in refused.output
    monkeypatch.setenv("ORACLE_JOURNAL", "postgresql://oracle:secret@db/oracle")
    refused = run(app, ["journal", "backup", str(tmp_path / "b.db")])
    assert "pg_dump" in refused.output
    assert "secret" not in refused.output
