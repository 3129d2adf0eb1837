"""What only a database server can do to a journal: be shared, be away, refuse the password."""

from __future__ import annotations

import pytest

from oracle.core.errors import ConfigError, JournalError
from oracle.core.lifecycle import State
from oracle.journal import Journal, database, requests
from tests.support.journals import IDENTITY, request_about
from tests.support.postgres import PASSWORD, Postgres


@pytest.fixture
def url(postgres: Postgres) -> str:
    return postgres.url(postgres.new_schema())


async def test_open__a_second_node__is_refused_until_the_first_has_gone(
    url: str, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "LOCK_SECONDS", 0.5)
    async with await Journal(url).open(IDENTITY):
        second = Journal(url)
        with pytest.raises(ConfigError, match="another node has the journal"):
            await second.open(IDENTITY)
        await second.aclose()
        elsewhere = postgres.url(postgres.new_schema())
        async with await Journal(elsewhere).open(IDENTITY):
            pass
    async with await Journal(url).open(IDENTITY):
        pass


async def test_write__connection_broken_by_the_server__goes_on_with_the_lock(
    url: str, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "LOCK_SECONDS", 0.5)
    async with await Journal(url).open(IDENTITY) as journal:
        await journal.write(lambda db: requests.save(db, request_about(1), at=1))
        postgres.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks "
            "WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
        )
        assert await journal.read(requests.counts) == {State.SEEN: 1}
        second = Journal(url)
        with pytest.raises(ConfigError, match="another node"):
            await second.open(IDENTITY)
        await second.aclose()


async def test_write__another_node_took_the_journal_meanwhile__nothing_is_written(
    url: str, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "LOCK_SECONDS", 0.5)
    async with await Journal(url).open(IDENTITY) as first:
        monkeypatch.setattr(database, "LOCK_CLASS", database.LOCK_CLASS + 1)
        postgres.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks "
            "WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
        )
        async with await Journal(url).open(IDENTITY):
            with pytest.raises(ConfigError, match="another node has the journal"):
                await first.write(lambda db: requests.save(db, request_about(1), at=1))


@pytest.mark.parametrize("schema", ["no_such_schema"])
async def test_open__wrong_password_or_no_server__never_repeats_the_password(
    postgres: Postgres, schema: str
) -> None:
    wrong = "the-wrong-secret"
    for url in (
        postgres.url(schema, password=wrong),
        f"postgresql://oracle@127.0.0.1:{postgres.port}/postgres?password={wrong}",
        f"postgresql://oracle:{wrong}@127.0.0.1:1/postgres",
    ):
        journal = Journal(url)
        with pytest.raises(JournalError, match="can not be used") as refusal:
            await journal.open(IDENTITY)
        await journal.aclose()
        text = f"{refusal.value} {refusal.value.__cause__} {refusal.getrepr(chain=True)}"
        assert wrong not in str(refusal.value)
        assert PASSWORD not in text
        assert "postgresql" in str(refusal.value)


async def test_commit__where_the_server_would_defer_it__is_on_disk_all_the_same(
    url: str, postgres: Postgres
) -> None:
    postgres.execute("ALTER ROLE oracle SET synchronous_commit = off")
    try:
        async with await Journal(url).open(IDENTITY) as journal:
            stated = await journal.read(
                lambda db: db.exec_driver_sql("SHOW synchronous_commit").scalar()
            )
    finally:
        postgres.execute("ALTER ROLE oracle RESET synchronous_commit")
    assert stated == "on"


@pytest.mark.parametrize(
    "given", ["", "journal.db", "mysql://a:secret@h/d", "postgresql://a:secret@h:port/d"]
)
def test_url__of_no_journal__is_refused_without_repeating_it(given: str) -> None:
    with pytest.raises(ConfigError, match="postgresql://user") as refusal:
        Journal(given)
    assert "secret" not in str(refusal.value)
    assert refusal.value.__cause__ is None


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_url__of_postgresql__gets_the_driver_that_is_installed(scheme: str) -> None:
    url = database.parse_url(f"{scheme}://a:secret@host/name?password=secret")
    assert url.drivername == "postgresql+psycopg"
    assert database.shown(url) == "postgresql+psycopg://a:***@host/name"
