"""Transactions and their signed attempts in the journal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from oracle.core.lifecycle import State
from oracle.core.transaction import Attempt, Fees, Purpose, Transaction, TxState
from oracle.journal.requests import Key
from oracle.journal.schema import answers, attempts, requests, transactions

_NAMED: sa.BindParameter[Any] = sa.bindparam("named", expanding=True)
_KNOWN = sa.union_all(
    sa.select(transactions.c.key).where(transactions.c.key.in_(_NAMED)),
    sa.select(answers.c.key).where(answers.c.key.in_(_NAMED)),
)
_INSERT = sa.insert(transactions)
_UPDATE = sa.update(transactions).where(transactions.c.id == sa.bindparam("row"))
_HASHES = sa.select(attempts.c.hash).where(
    attempts.c.transaction_id.in_(sa.bindparam("of", expanding=True))
)
_ATTEMPT = sa.insert(attempts)
_SIGNED = sa.select(attempts.c.hash).where(
    attempts.c.hash.in_(sa.bindparam("named", expanding=True))
)
_SIGNED_AGAIN = (
    sa.update(attempts)
    .where(attempts.c.hash == sa.bindparam("signed"))
    .values(transaction_id=sa.bindparam("by"), at=sa.bindparam("again"))
)
_SHARE = sa.insert(answers)
_SHARED = (
    sa.select(answers)
    .where(answers.c.transaction_id.in_(sa.bindparam("of", expanding=True)))
    .order_by(answers.c.transaction_id, answers.c.place)
)


def queue(db: Connection, chain_id: int, sender: str, transaction: Transaction) -> bool:
    """Record a transaction to be sent; False where its key is recorded already."""
    if known(db, [transaction.key]):
        return False
    queue_all(db, chain_id, sender, [transaction])
    return True


def queue_all(db: Connection, chain_id: int, sender: str, fresh: Sequence[Transaction]) -> None:
    """Record transactions to be sent, in this order; none of their keys is recorded yet."""
    if fresh:
        where = {"chain_id": chain_id, "sender": sender}
        db.execute(_INSERT, [{**where, **_columns(t), **_fixed(t)} for t in fresh])


def known(db: Connection, keys: Sequence[str]) -> set[str]:
    """Those of these keys whose transactions are recorded, alone or with others."""
    return set(db.execute(_KNOWN, {"named": keys}).scalars())


def queue_together(
    db: Connection, chain_id: int, sender: str, transaction: Transaction, keys: Sequence[str]
) -> None:
    """Record a transaction that carries several answers, each with its idempotency key.

    Args:
        transaction: of ``Purpose.ANSWERS``; its own key is made of the first answer's.
        keys: in the order of its ``answers``; none of them recorded yet.
    """
    row = {**_columns(transaction), **_fixed(transaction)}
    query = _INSERT.values(chain_id=chain_id, sender=sender, **row)
    row_id = db.execute(query.returning(transactions.c.id)).scalar_one()
    db.execute(
        _SHARE,
        [
            {
                "key": key,
                "transaction_id": row_id,
                "place": place,
                "model_id": model_id,
                "subject": subject,
            }
            for place, (key, (model_id, subject)) in enumerate(
                zip(keys, transaction.answers, strict=True)
            )
        ],
    )


def take_apart(db: Connection, transaction: Transaction, alone: Sequence[Transaction]) -> None:
    """Put a transaction for each of several answers in the place of the one that was queued.

    Args:
        alone: in the order of its ``answers``; each gets the key that its answer has.
    """
    row = db.execute(sa.select(transactions).where(transactions.c.id == transaction.id)).one()
    keys = [each.key for each in db.execute(_SHARED, {"of": [transaction.id]})]
    db.execute(sa.delete(answers).where(answers.c.transaction_id == transaction.id))
    save(db, replace(transaction, state=TxState.DROPPED))
    named = [replace(each, key=key) for each, key in zip(alone, keys, strict=True)]
    queue_all(db, row.chain_id, row.sender, named)


def save(db: Connection, transaction: Transaction) -> None:
    """Update a queued transaction; attempts that are new are added, none is ever changed."""
    save_all(db, [transaction])


def save_all(db: Connection, changed: Sequence[Transaction]) -> None:
    """``save`` for several transactions, in as many statements as for one.

    An attempt of a dropped transaction becomes that of the one that is signed to the same bytes:
    where a reorganisation gave its nonce back, and the same answer goes with it.
    """
    if not changed:
        return
    db.execute(_UPDATE, [{"row": each.id, **_columns(each)} for each in changed])
    known = set(db.execute(_HASHES, {"of": [each.id for each in changed]}).scalars())
    fresh = [
        {
            "hash": attempt.hash,
            "transaction_id": transaction.id,
            "nonce": attempt.nonce,
            "raw": attempt.raw,
            "max_fee": str(attempt.fees.max_fee),
            "priority_fee": str(attempt.fees.priority_fee),
            "at": attempt.at,
        }
        for transaction in changed
        for attempt in transaction.attempts
        if attempt.hash not in known
    ]
    if not fresh:
        return
    again = set(db.execute(_SIGNED, {"named": [row["hash"] for row in fresh]}).scalars())
    if again:
        same = [row for row in fresh if row["hash"] in again]
        db.execute(
            _SIGNED_AGAIN,
            [
                {"signed": row["hash"], "by": row["transaction_id"], "again": row["at"]}
                for row in same
            ],
        )
    if new := [row for row in fresh if row["hash"] not in again]:
        db.execute(_ATTEMPT, new)


def in_states(
    db: Connection, states: Iterable[TxState], *, below: int | None = None
) -> list[Transaction]:
    """Transactions in these states: by nonce, then those without one in the order of queueing.

    Args:
        below: only those with a nonce below this one.
    """
    query = (
        sa.select(transactions)
        .where(transactions.c.state.in_(list(states)))
        .order_by(transactions.c.nonce.is_(None), transactions.c.nonce, transactions.c.id)
    )
    if below is not None:
        query = query.where(transactions.c.nonce < below)
    return _with_attempts(db, db.execute(query).all())


def waiting(db: Connection, *, limit: int) -> list[Transaction]:
    """Queued transactions in their order, but answers to requests that left the chain: these wait
    for the request to come back, and keep nobody else waiting.
    """
    orphaned = sa.exists().where(
        transactions.c.purpose == Purpose.ANSWER,
        requests.c.model_id == transactions.c.model_id,
        requests.c.subject == transactions.c.subject,
        requests.c.state == State.ORPHANED,
    )
    query = (
        sa.select(transactions)
        .where(transactions.c.state == TxState.QUEUED, ~orphaned)
        .order_by(transactions.c.id)
        .limit(limit)
    )
    return _with_attempts(db, db.execute(query).all())


def about(db: Connection, model_id: bytes, subject: bytes) -> list[Transaction]:
    """Every transaction that carries this decision, alone or with others, oldest first."""
    here = sa.and_(transactions.c.model_id == model_id, transactions.c.subject == subject)
    shared = sa.select(answers.c.transaction_id).where(
        answers.c.model_id == model_id, answers.c.subject == subject
    )
    query = (
        sa.select(transactions)
        .where(here | transactions.c.id.in_(shared))
        .order_by(transactions.c.id)
    )
    return _with_attempts(db, db.execute(query).all())


def named(db: Connection, key: str) -> Transaction | None:
    """The transaction with this idempotency key."""
    rows = db.execute(sa.select(transactions).where(transactions.c.key == key)).all()
    found = _with_attempts(db, rows)
    return found[0] if found else None


def settle(db: Connection, deep: int) -> None:
    """MINED at or below block ``deep`` becomes FINAL."""
    db.execute(
        sa.update(transactions)
        .where(transactions.c.state == TxState.MINED, transactions.c.block_number <= deep)
        .values(state=TxState.FINAL)
    )


def unmine(db: Connection, *, above: int) -> None:
    """MINED in a block that left the chain goes back to SENT."""
    db.execute(
        sa.update(transactions)
        .where(transactions.c.state == TxState.MINED, transactions.c.block_number > above)
        .values(
            state=TxState.SENT,
            block_number=None,
            block_hash=b"",
            mined_hash=b"",
            succeeded=None,
            gas_used=None,
            gas_price=None,
        )
    )


def highest_nonce(db: Connection, chain_id: int, sender: str) -> int | None:
    """The highest nonce given to a transaction of this sender that was not dropped."""
    return db.execute(
        sa.select(sa.func.max(transactions.c.nonce)).where(
            transactions.c.chain_id == chain_id, transactions.c.sender == sender
        )
    ).scalar()


def in_number(db: Connection, states: Iterable[TxState]) -> int:
    """How many transactions are in these states."""
    query = sa.select(sa.func.count()).where(transactions.c.state.in_(list(states)))
    return int(db.execute(query.select_from(transactions)).scalar_one())


def counts(db: Connection) -> dict[TxState, int]:
    """How many transactions are in each state."""
    rows = db.execute(
        sa.select(transactions.c.state, sa.func.count()).group_by(transactions.c.state)
    ).all()
    return {TxState(state): count for state, count in rows}


def _with_attempts(db: Connection, rows: Iterable[Row[Any]]) -> list[Transaction]:
    rows = list(rows)
    signed: dict[int, list[Attempt]] = {row.id: [] for row in rows}
    query = (
        sa.select(attempts)
        .where(attempts.c.transaction_id.in_(list(signed)))
        .order_by(attempts.c.at, attempts.c.max_fee)
    )
    for row in db.execute(query):
        signed[row.transaction_id].append(
            Attempt(
                hash=row.hash,
                nonce=row.nonce,
                raw=row.raw,
                fees=Fees(max_fee=int(row.max_fee), priority_fee=int(row.priority_fee)),
                at=row.at,
            )
        )
    shared: dict[int, list[Key]] = {
        row.id: [(row.model_id, row.subject)] if row.purpose == Purpose.ANSWER else []
        for row in rows
    }
    together = [row.id for row in rows if row.purpose == Purpose.ANSWERS]
    for answer in db.execute(_SHARED, {"of": together}) if together else ():
        shared[answer.transaction_id].append((answer.model_id, answer.subject))
    return [_transaction(row, signed[row.id], shared[row.id]) for row in rows]


def _fixed(transaction: Transaction) -> dict[str, Any]:
    return {
        "key": transaction.key,
        "model_id": transaction.model_id,
        "subject": transaction.subject,
        "to": transaction.to,
        "data": transaction.data,
        "gas": transaction.gas,
        "value": str(transaction.value),
        "purpose": transaction.purpose,
    }


def _columns(transaction: Transaction) -> dict[str, Any]:
    return {
        "state": transaction.state,
        "nonce": transaction.nonce,
        "block_number": transaction.block_number,
        "block_hash": transaction.block_hash,
        "mined_hash": transaction.mined_hash,
        "succeeded": transaction.succeeded,
        "gas_used": transaction.gas_used,
        "gas_price": None if transaction.gas_price is None else str(transaction.gas_price),
    }


def _transaction(row: Row[Any], signed: list[Attempt], shared: list[Key]) -> Transaction:
    return Transaction(
        id=row.id,
        key=row.key,
        model_id=row.model_id,
        subject=row.subject,
        to=row.to,
        data=row.data,
        gas=row.gas,
        value=int(row.value),
        purpose=Purpose(row.purpose),
        answers=tuple(shared),
        state=TxState(row.state),
        nonce=row.nonce,
        attempts=tuple(signed),
        block_number=row.block_number,
        block_hash=row.block_hash,
        mined_hash=row.mined_hash,
        succeeded=row.succeeded,
        gas_used=row.gas_used,
        gas_price=None if row.gas_price is None else int(row.gas_price),
    )


def latest_gas(db: Connection, model_id: bytes, limit: int) -> list[int]:
    """What the latest decisions about a model used, newest first: all transactions about a subject
    together, as a vote takes several, and of one that decided several an equal share; failed ones
    are left out.
    """
    together = sa.select(answers.c.transaction_id, sa.func.count().label("number"))
    number = together.group_by(answers.c.transaction_id).subquery()
    used = sa.and_(transactions.c.succeeded.is_(True), transactions.c.gas_used.is_not(None))
    alone = sa.select(
        transactions.c.subject, transactions.c.id, transactions.c.gas_used.label("gas")
    ).where(transactions.c.model_id == model_id, used)
    shared = (
        sa.select(
            answers.c.subject,
            transactions.c.id,
            (transactions.c.gas_used / number.c.number).label("gas"),
        )
        .join(transactions, transactions.c.id == answers.c.transaction_id)
        .join(number, number.c.transaction_id == answers.c.transaction_id)
        .where(answers.c.model_id == model_id, used)
    )
    each = sa.union_all(alone, shared).subquery()
    rows = db.execute(
        sa.select(sa.func.sum(each.c.gas))
        .group_by(each.c.subject)
        .order_by(sa.func.max(each.c.id).desc())
        .limit(limit)
    )
    return [int(gas) for gas in rows.scalars()]
