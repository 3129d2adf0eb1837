"""``make migration name="…"``: draft the revision that the journal's tables are ahead by.

Read the draft before it is committed: Alembic takes a renamed column for one dropped and one added.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory

from oracle.journal import migrate


def draft(message: str) -> Path:
    """Write the next revision; returns where."""
    with tempfile.TemporaryDirectory() as folder:
        engine = sa.create_engine(f"sqlite:///{folder}/journal.db")
        migrate.upgrade(engine, "a fresh one")
        with engine.connect() as db:
            config = migrate.configuration(db)
            last = ScriptDirectory.from_config(config).get_current_head() or "0000"
            number = f"{int(last) + 1:04}"
            config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
            script = command.revision(config, message, autogenerate=True, rev_id=number)
    path = Path(script.path)  # type: ignore[union-attr]
    text = path.read_text().replace("sa.BigInteger().with_variant(sa.Integer(), 'sqlite')", "_ID")
    text = re.sub(r"    # #.*\n", "", text)
    path.write_text(text)
    return path


if __name__ == "__main__":
    if not sys.argv[1:] or not sys.argv[1]:
        sys.exit('say what changes: make migration name="…"')
    print(draft(sys.argv[1]))
