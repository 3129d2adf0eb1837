"""Where an input is that a request only names by its hash, and the salts of private inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from oracle.core.canonical import keccak256
from oracle.core.lifecycle import Request, State
from oracle.journal.promises import promises
from oracle.journal.requests import find
from oracle.journal.schema import references, requests, salts


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """An input that is elsewhere.

    Attributes:
        input_hash: keccak256 of it.
        uri: where the requester says that it is; empty where it says nothing.
    """

    input_hash: bytes
    uri: str


def refer(db: Connection, model_id: bytes, subject: bytes, reference: Reference) -> None:
    """Record where a request's input is, as it was told last."""
    here = sa.and_(references.c.model_id == model_id, references.c.subject == subject)
    db.execute(sa.delete(references).where(here))
    db.execute(
        sa.insert(references).values(
            model_id=model_id, subject=subject, input_hash=reference.input_hash, uri=reference.uri
        )
    )


def reference_of(db: Connection, model_id: bytes, subject: bytes) -> Reference | None:
    """Where a request's input is; None where the request carries it itself."""
    row = db.execute(
        sa.select(references.c.input_hash, references.c.uri).where(
            references.c.model_id == model_id, references.c.subject == subject
        )
    ).first()
    return None if row is None else Reference(input_hash=row.input_hash, uri=row.uri)


def references_of(
    db: Connection, about: Sequence[tuple[bytes, bytes]]
) -> dict[tuple[bytes, bytes], Reference]:
    """The references among these (model, subject)."""
    found = {key: reference_of(db, *key) for key in about}
    return {key: each for key, each in found.items() if each is not None}


def keep_salt(db: Connection, model_id: bytes, subject: bytes, salt: bytes) -> None:
    """Record the secret of a private input."""
    db.execute(sa.insert(salts).values(model_id=model_id, subject=subject, salt=salt))


def salt_of(db: Connection, model_id: bytes, subject: bytes) -> bytes | None:
    """The secret of a private input; None where the input is plain, or was forgotten."""
    found: bytes | None = db.execute(
        sa.select(salts.c.salt).where(salts.c.model_id == model_id, salts.c.subject == subject)
    ).scalar()
    return found


def salts_of(
    db: Connection, about: Sequence[tuple[bytes, bytes]]
) -> dict[tuple[bytes, bytes], bytes]:
    """The secrets among these (model, subject)."""
    subjects = [subject for _model, subject in about]
    rows = db.execute(sa.select(salts).where(salts.c.subject.in_(subjects)))
    return {(row.model_id, row.subject): row.salt for row in rows}


def forget(db: Connection, model_id: bytes, word: bytes) -> bool:
    """Delete the private inputs about a subject, or of the promise with this receipt's id, and
    their salts, for good; False where there are none.
    """
    promised = _private_promises(db, model_id, word)
    if promised:
        db.execute(sa.update(promises).where(promises.c.receipt_id.in_(promised)).values(input=b""))
        db.execute(sa.delete(salts).where(salts.c.subject.in_(promised)))
    here = sa.and_(salts.c.model_id == model_id, salts.c.subject == word)
    if db.execute(sa.delete(salts).where(here)).rowcount:
        db.execute(
            sa.update(requests)
            .where(requests.c.model_id == model_id, requests.c.subject == word)
            .values(input=b"")
        )
        return True
    return bool(promised)


def _private_promises(db: Connection, model_id: bytes, word: bytes) -> list[bytes]:
    """The receipts' ids of promises whose input hash is a commitment, and whose input is kept."""
    rows = db.execute(
        sa.select(promises.c.receipt_id, promises.c.input, promises.c.input_hash).where(
            promises.c.model_id == model_id,
            sa.or_(promises.c.subject == word, promises.c.receipt_id == word),
        )
    )
    return [r.receipt_id for r in rows if r.input and keccak256(r.input) != r.input_hash]


def waiting_for(db: Connection, input_hash: bytes) -> list[Request]:
    """The confirmed requests whose input of that hash is not here yet."""
    rows = db.execute(
        sa.select(references.c.model_id, references.c.subject).where(
            references.c.input_hash == input_hash
        )
    ).all()
    found = [find(db, row.model_id, row.subject) for row in rows]
    return [each for each in found if each and each.state is State.CONFIRMED and not each.input]
