"""Whether the node can do its work now, and what keeps it from that."""

from __future__ import annotations

from dataclasses import dataclass

from oracle.core.errors import OracleError
from oracle.core.transaction import answer_gas
from oracle.journal import chain_view, promises
from oracle.node.committee.standing import standings
from oracle.node.committee.voting import voting_standings
from oracle.node.node import Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that has to hold, and what was found."""

    name: str
    ok: bool
    what: str


async def readiness(node: Node) -> list[Check]:
    """Every check, whether it holds or not; the node is ready where all do."""
    checks = [_running(node), await _rpc(node), await _journal(node)]
    checks += [
        await _signer(node),
        await _funds(node),
        *_models(node),
        *await _committees(node),
        *await _anchor(node),
    ]
    checks += [
        Check(name=f"loop:{name}", ok=False, what=what)
        for name, what in sorted(node.parts.trouble.items())
    ]
    return checks


def _running(node: Node) -> Check:
    if node.halted:
        return Check(name="running", ok=False, what=f"halted: {node.halted}")
    if node.draining:
        return Check(name="running", ok=False, what="draining: finishes, and stops")
    return Check(name="running", ok=True, what="following, answering, sending")


async def _rpc(node: Node) -> Check:
    parts = node.parts
    try:
        head = await parts.rpc.block("latest")
        followed = await parts.journal.read(chain_view.head)
    except OracleError as error:
        return Check(name="chain", ok=False, what=str(error))
    at = followed[0] if followed else None
    behind = head.number - (at if at is not None else parts.options.start_block - 1)
    what = f"chain {parts.chain_id}, head {head.number}, followed to {at}"
    return Check(name="chain", ok=behind <= 3, what=what)


async def _journal(node: Node) -> Check:
    try:
        await node.parts.journal.write(lambda db: None)
    except OracleError as error:
        return Check(name="journal", ok=False, what=str(error))
    return Check(name="journal", ok=True, what="open")


async def _signer(node: Node) -> Check:
    try:
        where = await node.parts.account.check()
    except OracleError as error:
        return Check(name="signer", ok=False, what=str(error))
    return Check(name="signer", ok=True, what=where)


async def _funds(node: Node) -> Check:
    parts = node.parts
    try:
        node.balance = await parts.rpc.balance(parts.operator, block="latest")
    except OracleError as error:
        return Check(name="funds", ok=False, what=str(error))
    bond = max((each.terms.bond for each in parts.roles.sealed().values()), default=0)
    needed = answer_gas(0) * parts.fees.ceiling + bond
    what = f"{parts.operator} has {node.balance / 10**18:.6f} of the chain's currency"
    if node.balance >= needed:
        return Check(name="funds", ok=True, what=what)
    remedy = f"; one answer may cost {needed / 10**18:.6f} at the fee ceiling"
    remedy += ", its bond included: send it more" if bond else ": send it more"
    return Check(name="funds", ok=False, what=what + remedy)


async def _committees(node: Node) -> list[Check]:
    """Each committee, and how this node stands in it.

    A peer that is silent keeps no node from being ready: members would wait for each other, where
    only ready ones are reached.
    """
    parts = node.parts
    try:
        found = await standings(parts)
        voting = await voting_standings(parts)
    except OracleError as error:
        return [Check(name="committee", ok=False, what=str(error))]
    checks = []
    for standing in found:
        name = parts.engine.card(standing.model_id).name
        words = [standing.words()]
        others = [peer.member for peer in standing.peers]
        unknown = [member for member in others if member not in parts.peers]
        if unknown:
            words.append(f"URL not known: {', '.join(unknown)}")
        words += [
            f"when this node last turned to {member}: {tally.fault}"
            for member in others
            if (tally := parts.tallies.get(member)) is not None and tally.fault
        ]
        reached = len(standing.committee.members) - len(unknown)
        ok = standing.sound and reached >= standing.committee.threshold
        checks.append(Check(name=f"committee:{name}", ok=ok, what="; ".join(words)))
    checks += [
        Check(
            name=f"committee:{parts.engine.card(each.model_id).name}",
            ok=each.sound,
            what=each.words(),
        )
        for each in voting
    ]
    return checks


async def _anchor(node: Node) -> list[Check]:
    """Whether every promise was kept so far; nothing where this operator has no anchor log."""
    parts = node.parts
    if parts.anchor_log is None:
        return []
    try:
        now = await parts.rpc.timestamp("latest")
        found = await parts.journal.read(lambda db: promises.standing(db, now))
    except OracleError as error:
        return [Check(name="anchor", ok=False, what=str(error))]
    what = f"{parts.anchor_log.address}, {found.pending} predictions wait to be anchored"
    if found.overdue:
        what += f", {found.overdue} of them past their deadline"
    return [Check(name="anchor", ok=not found.overdue, what=what)]


def _models(node: Node) -> list[Check]:
    if node.models is None:
        return [Check(name="models", ok=False, what="the golden vectors are still being run")]
    checks = [Check(name="runtime", ok=False, what=fault) for fault in node.models.runtime_faults]
    for model in node.models.models:
        what = "; ".join(model.faults) or f"{model.vectors} golden vectors agree"
        checks.append(Check(name=f"model:{model.name}", ok=model.ready, what=what))
    return checks
