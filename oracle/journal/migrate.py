"""A journal's tables, brought to what this program writes.

Every journal says which revision it has. An empty database gets all revisions, an older journal
those that it lacks, in one SQL transaction; one that a newer program wrote is refused. Journals
from before there were revisions are recognised by their tables. Revisions only lead forwards: to go
back, restore the back-up.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection, Engine

from oracle.core.errors import ConfigError
from oracle.journal import promises as _promises  # noqa: F401 - its tables are in the metadata
from oracle.journal import rounds as _rounds  # noqa: F401 - its tables are in the metadata, too
from oracle.journal.schema import identity, metadata

FOLDER = Path(__file__).parent / "migrations"
VERSION_TABLE = "journal_revision"
OPTIONS: Final[dict[str, Any]] = {
    "target_metadata": metadata,
    "version_table": VERSION_TABLE,
    "render_as_batch": True,
    "compare_type": True,
}
"""How Alembic sees a journal. SQLite can not change a column: it gets the table anew (batch)."""


def upgrade(engine: Engine, shown: str) -> None:
    """Bring the tables up to date; nothing changes where anything fails.

    Args:
        shown: the journal's address as errors may show it.

    Raises:
        ConfigError: a newer program wrote the journal, or other tables have its names.
        SQLAlchemyError: the database refuses.
    """
    sqlite = engine.dialect.name == "sqlite"
    with engine.connect() as db:
        if sqlite:
            # A table that is made anew is dropped first, which its references would forbid; the
            # driver begins no transaction of its own before it meets a change of rows.
            db.exec_driver_sql("PRAGMA foreign_keys=OFF")
            db.commit()
        try:
            with db.begin():
                db.exec_driver_sql("BEGIN IMMEDIATE" if sqlite else "SET LOCAL statement_timeout=0")
                _upgrade(db, shown)
        finally:
            if sqlite:
                db.exec_driver_sql("PRAGMA foreign_keys=ON")
                db.commit()


def configuration(db: Connection) -> Config:
    """Alembic's configuration for the journal on this connection."""
    config = Config(attributes={"connection": db})
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _upgrade(db: Connection, shown: str) -> None:
    config = configuration(db)
    scripts = ScriptDirectory.from_config(config)
    context = MigrationContext.configure(db, opts={"version_table": VERSION_TABLE})
    found = set(context.get_current_heads())
    if found == set(scripts.get_heads()):
        return
    unknown = found - {script.revision for script in scripts.walk_revisions()}
    if unknown:
        raise ConfigError(
            f"the journal {shown} has revision {', '.join(sorted(unknown))}, which this program "
            f"does not know; its own is {scripts.get_current_head()}",
            remedy="use the program that wrote it, or a newer one; or restore the back-up that was "
            "made before the upgrade",
        )
    if not found:
        _must_be_ours(db, shown)
    command.upgrade(config, "head")


def _must_be_ours(db: Connection, shown: str) -> None:
    """Tables without a revision are a journal's from before there were any, or somebody else's."""
    inspector = sa.inspect(db)
    there = sorted(set(inspector.get_table_names()) & set(metadata.tables))
    if not there:
        return
    columns = {column["name"] for column in inspector.get_columns(there[0])}
    if identity.name not in there or not columns <= set(metadata.tables[there[0]].columns.keys()):
        raise ConfigError(
            f"the database {shown} has tables of a journal's names that are none: "
            f"{', '.join(there)}",
            remedy="give the journal a database or a schema of its own",
        )
