"""Every promise of a node, held against the chain and the journal after a walk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from oracle.chain.contracts import DecisionLog, RequestLog, decode_logs
from oracle.core.lifecycle import State
from oracle.core.transaction import GWEI, TxState
from oracle.inference.folder import StoredModel
from oracle.journal import Journal, schema
from tests.support.harness import OPERATOR, World


@dataclass
class Promises:
    """What was found.

    Attributes:
        broken: promises that were broken, whatever happens next.
        open: what has to be finished yet; broken if it never is.
    """

    requests: int = 0
    decisions: int = 0
    broken: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)


async def reckon(
    world: World,
    folder: Path,
    accepted: Mapping[bytes, StoredModel],
    offered: Collection[bytes],
    finality: int,
) -> Promises:
    """Compare chain and journal.

    Args:
        accepted: subjects that the node's API said it accepted, with their models.
        offered: subjects that it was asked to accept, whatever it said.
    """
    found = Promises()
    head = await world.rpc.block("latest")
    logs, _ = await world.rpc.logs_between(
        address=world.contract.address, first=0, last=head.number
    )
    events = decode_logs(logs, world.contract.address)
    asked = {e.request_id: e for e in events if isinstance(e, RequestLog)}
    made = [e for e in events if isinstance(e, DecisionLog)]
    found.requests, found.decisions = len(asked), len(made)
    times = Counter(each.prediction.subject for each in made)
    found.broken += [f"0x{s.hex()} was decided {n} times" for s, n in times.items() if n > 1]

    honest = {
        (model.model_id, vector.input_hash): vector.value
        for model in world.store
        for vector in model.vectors
    }
    for each in made:
        said = each.prediction
        if honest.get((said.model_id, said.input_hash)) != said.value:
            found.broken.append(f"0x{said.subject.hex()} was decided as {said.value}")
        if said.subject not in asked and said.subject not in offered:
            found.broken.append(f"nobody asked for 0x{said.subject.hex()}")

    undecided = {s: e for s, e in asked.items() if s not in times}
    for subject, request in undecided.items():
        if head.timestamp <= request.deadline:
            found.open.append(f"request 0x{subject.hex()} is not decided")
    found.open += [f"0x{s.hex()} was accepted and not decided" for s in accepted if s not in times]

    await _money(world, found, asked, undecided)
    await _journal(world, folder, found, asked, accepted, times, head.number - finality)
    return found


async def _money(
    world: World,
    found: Promises,
    asked: Mapping[bytes, RequestLog],
    undecided: Mapping[bytes, RequestLog],
) -> None:
    escrow = sum(e.fee_gwei for e in undecided.values()) * GWEI
    earned = sum(e.fee_gwei for s, e in asked.items() if s not in undecided) * GWEI
    credit = await world.contract.credit_of(OPERATOR.address, block="latest")
    balance = await world.rpc.balance(world.contract.address, block="latest")
    if credit != earned:
        found.broken.append(f"the operator is credited {credit} wei and earned {earned}")
    if balance != escrow + credit:
        found.broken.append(f"the contract holds {balance} wei and owes {escrow + credit}")


async def _journal(
    world: World,
    folder: Path,
    found: Promises,
    asked: Mapping[bytes, RequestLog],
    accepted: Mapping[bytes, StoredModel],
    times: Counter[bytes],
    deep: int,
) -> None:
    async with await Journal.at(folder / "journal.db").open({}) as journal:
        rows = await journal.read(
            lambda db: db.execute(
                sa.select(schema.requests.c.subject, schema.requests.c.state)
            ).all()
        )
        recorded = await journal.read(
            lambda db: set(db.execute(sa.select(schema.decisions.c.subject)).scalars())
        )
        sent = await journal.read(
            lambda db: db.execute(
                sa.select(
                    schema.transactions.c.subject,
                    schema.transactions.c.state,
                    schema.transactions.c.nonce,
                )
            ).all()
        )
    states = {row.subject: State(row.state) for row in rows}
    for subject in asked:
        want = State.FINAL if subject in times else State.EXPIRED
        if states.get(subject) is not want:
            found.open.append(f"request 0x{subject.hex()} is {states.get(subject)}, not {want}")
    for subject in accepted:
        if states.get(subject) is not State.FINAL:
            found.open.append(f"accepted 0x{subject.hex()} is {states.get(subject)}")
    gone = [s for s in states if s not in asked and s not in accepted]
    for subject in gone:
        # Asked in a block that left the chain, or accepted while the caller had stopped listening.
        if states[subject] not in (State.ORPHANED, State.FINAL, State.EXPIRED, State.REFUSED):
            found.open.append(
                f"0x{subject.hex()}, which nobody asks any more, is {states[subject]}"
            )
    if recorded != set(times):
        found.open.append(f"journal and chain differ in {len(recorded ^ set(times))} decisions")
    unsettled = Counter(
        row.state
        for row in sent
        if (row.state, states.get(row.subject)) != (TxState.QUEUED, State.ORPHANED)
    )
    for state in (TxState.QUEUED, TxState.SIGNED, TxState.SENT, TxState.MINED):
        if unsettled[state]:
            found.open.append(f"{unsettled[state]} transactions are {state}")
    nonces = [row.nonce for row in sent if row.nonce is not None]
    if len(nonces) != len(set(nonces)):
        found.broken.append("two transactions have one nonce")
