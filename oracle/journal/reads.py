"""Votes about gasless reads: kept while a second one would be possible, then forgotten.

A read's subject binds its time, so that how old it is needs no clock: no vote is given about a read
that is ``TAKEN`` older than the newest one voted about, and those are forgotten that are ``KEPT``
older. The newest one itself always stays. So whatever was forgotten is too old for another vote for
ever, whether the node is started again, its clock is wrong, or the chain goes back.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from oracle.journal.schema import opinions, votes

TAKEN = 600
"""Seconds behind the newest read voted about, beyond which there is no vote about another."""
KEPT = 2 * TAKEN
AT_ONCE = 64
"""Most votes forgotten at once; each new vote makes one too old at most, on average."""


def is_too_old(db: Connection, read_at: int) -> bool:
    """Whether a vote about a read of that time may have been forgotten already."""
    newest = _newest(db)
    return newest is not None and read_at < newest - TAKEN


def forget(db: Connection) -> int:
    """Forget votes that are too old, with the opinions that they rest on.

    Returns:
        How many.
    """
    newest = _newest(db)
    if newest is None:
        return 0
    old = db.execute(
        sa.select(votes.c.model_id, votes.c.subject)
        .where(votes.c.read_at < newest - KEPT)
        .order_by(votes.c.read_at)
        .limit(AT_ONCE)
    ).all()
    for model_id, subject in old:
        for table in (opinions, votes):
            db.execute(
                sa.delete(table).where(table.c.model_id == model_id, table.c.subject == subject)
            )
    return len(old)


def _newest(db: Connection) -> int | None:
    newest: int | None = db.execute(sa.select(sa.func.max(votes.c.read_at))).scalar()
    return newest
