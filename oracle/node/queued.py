"""Which queued transactions are sent next: those still wanted, as far as the key can pay for them.

One that carries several answers is taken apart, as long as it is not signed, where it can not go as
it is: each of its answers is then queued alone.
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.engine import Connection

from oracle.core.lifecycle import OPEN, State
from oracle.core.transaction import Fees, Purpose, Transaction, TxState
from oracle.journal import requests, transactions
from oracle.node.parts import Parts, log
from oracle.node.vouch import alone


def still_wanted(db: Connection, limit: int) -> list[Transaction]:
    """Queued transactions whose requests still wait for them; that of a closed one is dropped, and
    one that carries several answers is taken apart where one of its requests closed or left the
    chain. Those that answer no request are wanted until who queued them takes them back.
    """
    waiting = transactions.waiting(db, limit=limit)
    states = requests.states(db, {key for each in waiting for key in each.answers})
    wanted, dropped = [], []
    for transaction in waiting:
        if all(states.get(key) in OPEN - {State.ORPHANED} for key in transaction.answers):
            wanted.append(transaction)
        elif transaction.purpose is Purpose.ANSWERS:
            _take_apart(db, transaction)
        else:
            dropped.append(replace(transaction, state=TxState.DROPPED))
    transactions.save_all(db, dropped)
    return wanted


async def affordable(parts: Parts, queued: list[Transaction], fees: Fees) -> list[Transaction]:
    """Those that go now: all, but one that carries several answers and may cost more than the
    operator has. It is taken apart, since one answer may be paid for where twenty-five are not.

    Raises:
        Transient: no endpoint tells the balance.
    """
    if not any(each.purpose is Purpose.ANSWERS for each in queued):
        return queued
    balance = await parts.rpc.balance(parts.operator, block="latest")
    dear = [
        each
        for each in queued
        if each.purpose is Purpose.ANSWERS and each.gas * fees.max_fee > balance
    ]
    if not dear:
        return queued

    def record(db: Connection) -> None:
        for transaction in dear:
            _take_apart(db, transaction)

    await parts.journal.write(record)
    for transaction in dear:
        cost = transaction.gas * fees.max_fee
        log.warning("taken_apart", answers=len(transaction.answers), cost=cost, balance=balance)
    return [each for each in queued if each not in dear]


def _take_apart(db: Connection, transaction: Transaction) -> None:
    transactions.take_apart(db, transaction, alone(transaction))
