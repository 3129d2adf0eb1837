"""What ``oracle doctor`` finds about committees: who answers, and whether this node agrees."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from oracle.api.words import ether_text
from oracle.chain.quorum import committee_at
from oracle.cli.committee_peers import Peer, ask_peers, known_peers
from oracle.cli.committee_terms import terms_words
from oracle.cli.compose import contract_at
from oracle.cli.machine import Finding, Status, ok
from oracle.cli.place import Place, address_of, models_of
from oracle.core.quorum import Committee
from oracle.core.sealed import SealedCommittee

PREFIX = "committee:"
"""What the readiness checks about committees begin with."""


async def committees(place: Place) -> list[Finding]:
    """Each committee that this operator is in, and which of its members answer.

    Raises:
        ChainError, ConfigError: the chain or the peers file can not be read.
    """
    own = address_of(place.settings, place.network.chain_id)
    found: dict[str, tuple[Committee, list[str]]] = {}
    contract, _ = await contract_at(place)
    for model in models_of(place.settings):
        registered = await contract.model_of(model.model_id, block="latest")
        if registered is None or not registered.verifies:
            continue
        if registered.attestor in found:
            found[registered.attestor][1].append(model.name)
            continue
        committee = await committee_at(place.rpc, registered.attestor, block="latest")
        if committee is not None and own in committee.members:
            found[registered.attestor] = (committee, [model.name])
    urls = known_peers(place.settings) if found else {}
    return [
        await votes_finding(place, committee, names)
        if isinstance(committee, SealedCommittee)
        else peers_finding(committee, names, await ask_peers(_others(committee, own), urls))
        for committee, names in found.values()
    ]


def _others(committee: Committee, own: str | None) -> list[str]:
    return [member for member in committee.members if member != own]


async def votes_finding(place: Place, committee: SealedCommittee, names: Sequence[str]) -> Finding:
    """Whether this operator can stake what sealed votes ask for; members need not reach others."""
    own = place.account.address
    balance, bond = await place.rpc.balance(own, "latest"), committee.terms.bond
    what = f"{', '.join(names)}: {committee.threshold} of {len(committee.members)} members vote on "
    what += f"chain, {terms_words(committee)}"
    if balance > bond:
        return ok("committee", what)
    return Finding(
        name="committee",
        status=Status.FAIL,
        what=f"{what}; {own} has {ether_text(balance)} ETH",
        remedy="send it more than the bond, for each vote that is open at a time",
    )


def peers_finding(committee: Committee, names: Sequence[str], peers: Sequence[Peer]) -> Finding:
    """Whether enough members answer to decide together with this one."""
    answering = [peer for peer in peers if peer.alive]
    amiss = [f"{peer.member}: {peer.what}" for peer in peers if peer.what]
    needed, size = committee.threshold, len(committee.members)
    what = f"{len(answering) + 1} of {size} members answer, {needed} are needed"
    what = "; ".join([f"{', '.join(names)}: {what}", *amiss])
    if not amiss:
        return ok("committee", what)
    unknown = any(not peer.url for peer in peers)
    remedy = "ask their operators"
    if unknown:
        remedy = "oracle committee join MODEL --member ADDRESS --url URL, then start the node again"
    enough = len(answering) + 1 >= needed
    status = Status.NOTE if enough else Status.FAIL
    return Finding(name="committee", status=status, what=what, remedy=remedy)


def agreement_findings(checks: Iterable[Mapping[str, Any]]) -> list[Finding]:
    """How the running node stands in its committees, as its readiness tells."""
    found = []
    for check in checks:
        if not str(check["name"]).startswith(PREFIX):
            continue
        name = f"agreement {str(check['name']).removeprefix(PREFIX)}"
        if check["ok"]:
            found.append(ok(name, check["what"]))
            continue
        remedy = "compare this machine with `oracle model check MODEL`, and the peers file"
        found.append(Finding(name=name, status=Status.FAIL, what=check["what"], remedy=remedy))
    return found
