"""Whether a committee's members answer, and what waits for them in fees."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import comb
from typing import Any

import httpx

from oracle.chain.abi import interface
from oracle.chain.contracts import DecisionContract
from oracle.chain.wire import from_block, to_bytes
from oracle.cli.client import running_node
from oracle.cli.home import Home
from oracle.cli.peers import PEERS, peers_of, read_peers
from oracle.cli.settings import Settings
from oracle.core.quorum import Committee
from oracle.core.sealed import SealedCommittee

SECONDS = 3.0
NODES = "nodes"
"""Where ``oracle up --nodes`` keeps its members, below the state folder."""
MOST_POTS = 256
"""Pots are kept by set of signers; more sets than this are not looked through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One member as it is seen from here.

    Attributes:
        url: empty where it is not known.
        alive: whether its API answered.
        ready: None where that was not answered.
        what: what is amiss, or nothing.
        seconds: how long its answer took.
    """

    member: str
    url: str
    alive: bool = False
    ready: bool | None = None
    what: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fees:
    """Wei that wait for a committee.

    Attributes:
        pots: earned and not yet split; None where there are too many to look through.
        credits: split and not yet withdrawn, by member.
    """

    pots: int | None
    credits: Mapping[str, int]


def known_peers(settings: Settings) -> dict[str, str]:
    """The peers file, and the members that ``oracle up --nodes`` runs with this state folder."""
    found = peers_of(settings)
    theirs = Home(settings.home).folder / NODES / PEERS
    if running_node(settings) is not None and theirs.exists():
        found = read_peers(theirs) | found
    return found


async def ask_peers(members: Sequence[str], urls: Mapping[str, str]) -> list[Peer]:
    """Every member's word about itself, in their order."""
    async with httpx.AsyncClient(timeout=SECONDS, trust_env=False, follow_redirects=False) as http:
        return list(await asyncio.gather(*(_ask(http, m, urls.get(m, "")) for m in members)))


async def _ask(http: httpx.AsyncClient, member: str, url: str) -> Peer:
    if not url:
        return Peer(member=member, url="", what="URL not known: oracle committee join")
    began = time.monotonic()
    try:
        (await http.get(f"{url}/healthz")).raise_for_status()
    except httpx.HTTPError as error:
        return Peer(member=member, url=url, what=f"does not answer ({type(error).__name__})")
    took = time.monotonic() - began
    try:
        said = (await http.get(f"{url}/readyz")).json()
        operator, ready = said["network"]["operator"], bool(said["ready"])
        missing = "; ".join(f"{c['name']}: {c['what']}" for c in said["checks"] if not c["ok"])
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return Peer(member=member, url=url, alive=True, what="tells no readiness", seconds=took)
    if operator != member:
        what = f"another operator answers there: {operator}"
        return Peer(member=member, url=url, alive=True, ready=False, what=what, seconds=took)
    return Peer(member=member, url=url, alive=True, ready=ready, what=missing, seconds=took)


async def fees_of(contract: DecisionContract, committee: Committee) -> Fees:
    """What waits, read at the latest block in one batch of calls.

    Raises:
        Transient: no endpoint answers.
    """
    codec, size = interface("QuorumAttestor"), len(committee.members)
    asked = [codec.encode("creditOf", member) for member in committee.members]
    sealed = isinstance(committee, SealedCommittee)  # a pot a round: nobody lists them
    few = not sealed and comb(size, committee.threshold) <= MOST_POTS
    if few:
        asked += [
            codec.encode("potOf", sum(1 << place for place in places))
            for places in itertools.combinations(range(size), committee.threshold)
        ]
    latest = from_block("latest")
    replies: list[Any] = await contract.rpc.batch(
        [
            ("eth_call", [{"to": committee.attestor, "data": "0x" + data.hex()}, latest])
            for data in asked
        ]
    )
    amounts = [
        int.from_bytes(to_bytes(reply, "an amount"), "big") if isinstance(reply, str) else 0
        for reply in replies
    ]
    return Fees(
        pots=sum(amounts[size:]) if few else None,
        credits=dict(zip(committee.members, amounts[:size], strict=True)),
    )
