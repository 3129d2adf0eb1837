"""What Alembic runs: the revisions on the connection that the caller brings."""

from alembic import context

from oracle.journal.migrate import OPTIONS

context.configure(connection=context.config.attributes["connection"], **OPTIONS)
context.run_migrations()
