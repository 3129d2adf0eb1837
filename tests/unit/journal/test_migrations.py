"""Journals of every age, in both databases: taken over, upgraded, or refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from oracle.core.errors import ConfigError, JournalError
from oracle.core.lifecycle import State
from oracle.journal import Journal, database, migrate, requests
from oracle.journal.schema import metadata
from tests.support.journals import IDENTITY, MODEL, request_about

NEXT = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "9999", {head!r}

def upgrade():
    with op.batch_alter_table("requests", recreate="auto") as table:
        table.add_column(sa.Column("later", sa.Text, nullable=False, server_default="x"))
        table.alter_column("reason", existing_type=sa.Text(), nullable=True)
    {then}
"""


def later_program(monkeypatch: pytest.MonkeyPatch, folder: Path, then: str = "pass") -> None:
    """Let the program have one more revision."""
    copy = folder / "migrations"
    shutil.copytree(migrate.FOLDER, copy)
    (copy / "versions" / "9999_next.py").write_text(NEXT.format(head=head(), then=then))
    monkeypatch.setattr(migrate, "FOLDER", copy)


def head() -> str | None:
    engine = sa.create_engine("sqlite://")
    with engine.connect() as db:
        return ScriptDirectory.from_config(migrate.configuration(db)).get_current_head()


async def filled(journal_url: str) -> None:
    async with await Journal(journal_url).open(IDENTITY) as journal:
        await journal.write(lambda db: requests.save(db, request_about(1), at=1))


def bare(journal_url: str) -> sa.Engine:
    """An engine without the journal's own set-up."""
    return sa.create_engine(database.parse_url(journal_url))


async def test_revisions__all_of_them__make_what_the_program_writes(journal_url: str) -> None:
    await filled(journal_url)
    with bare(journal_url).connect() as db:
        found = compare_metadata(MigrationContext.configure(db, opts=migrate.OPTIONS), metadata)
    assert found == [], "make migration drafts the revision that is missing"


async def test_open__journal_from_before_revisions__is_taken_over(journal_url: str) -> None:
    engine = bare(journal_url)
    with engine.begin() as db:
        command.upgrade(migrate.configuration(db), "0001")
    with engine.begin() as db:
        db.execute(sa.text(f"DROP TABLE {migrate.VERSION_TABLE}"))
        db.execute(sa.text("DROP TABLE votes"))
        requests.save(db, request_about(1), at=1)
    engine.dispose()

    async with await Journal(journal_url).open(IDENTITY) as journal:
        assert await journal.read(requests.counts) == {State.SEEN: 1}
    with bare(journal_url).connect() as db:
        assert sa.inspect(db).has_table("votes")
        assert db.execute(sa.text(f"SELECT * FROM {migrate.VERSION_TABLE}")).scalars().all()


async def test_open__an_older_journal__is_upgraded_in_place(
    journal_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(journal_url)
    later_program(monkeypatch, tmp_path)
    await filled(journal_url)

    async with await Journal(journal_url).open(IDENTITY) as journal:
        story = await journal.read(lambda db: requests.story(db, MODEL, request_about(1).subject))
        later = await journal.read(lambda db: db.execute(sa.text("SELECT later FROM requests")))
        assert [entry.state for entry in story] == [State.SEEN]
        assert later is not None
        with pytest.raises(JournalError, match="(?i)foreign key"):
            await journal.write(
                lambda db: db.execute(
                    sa.text(
                        "INSERT INTO timeline (id, request_id, at, state, note) "
                        "VALUES (99, 99, 1, 'seen', '')"
                    )
                )
            )


async def test_open__an_upgrade_that_fails__leaves_the_journal_as_it_was(
    journal_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(journal_url)
    with monkeypatch.context() as patch:
        later_program(patch, tmp_path, then="op.execute('SELECT 1 FROM nowhere')")
        journal = Journal(journal_url)
        with pytest.raises(JournalError, match="nowhere"):
            await journal.open(IDENTITY)
        await journal.aclose()

    with bare(journal_url).connect() as db:
        columns = {column["name"] for column in sa.inspect(db).get_columns("requests")}
    assert "later" not in columns
    async with await Journal(journal_url).open(IDENTITY) as again:
        assert await again.read(requests.counts) == {State.SEEN: 1}


async def test_open__journal_of_a_newer_program__is_refused_and_untouched(
    journal_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        later_program(patch, tmp_path)
        await filled(journal_url)
    journal = Journal(journal_url)
    with pytest.raises(ConfigError, match=r"revision 9999.*newer") as refusal:
        await journal.open(IDENTITY)
    await journal.aclose()
    assert "secret" not in str(refusal.value)


async def test_open__tables_of_somebody_else__are_left_alone(journal_url: str) -> None:
    engine = bare(journal_url)
    with engine.begin() as db:
        db.execute(sa.text("CREATE TABLE requests (id INTEGER PRIMARY KEY, url TEXT)"))
    engine.dispose()
    journal = Journal(journal_url)
    with pytest.raises(ConfigError, match="of its own"):
        await journal.open(IDENTITY)
    await journal.aclose()
    with bare(journal_url).connect() as db:
        assert sa.inspect(db).get_table_names() == ["requests"]
