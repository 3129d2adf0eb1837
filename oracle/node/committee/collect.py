"""The collector's side for requests: when it is its turn, gather votes and queue the answer.

The members take turns by the request's id; each later one waits for those before it. A collector
that dies, stays silent or holds the answer back costs the others a turn, no more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from oracle.core.lifecycle import Request, State
from oracle.core.peer import MAX_ITEMS, Proposal
from oracle.core.quorum import Committee, encode_evidence
from oracle.core.transaction import answer_gas
from oracle.journal import requests
from oracle.node.answer import said
from oracle.node.committee.gather import Gatherer, Round
from oracle.node.committee.member import KEEP, Member
from oracle.node.committee.peers import Peers
from oracle.node.parts import Parts
from oracle.node.vouch import Ready, vouch

GAS_PER_MEMBER = 10_000
"""Most that one more signature adds to a transaction: recovery, calldata, reading the members."""


class Collector:
    """Collects for the requests whose turn it is."""

    def __init__(self, parts: Parts, member: Member, peers: Peers) -> None:
        self._parts = parts
        self._member = member
        self._gatherer = Gatherer(parts, member, peers)
        self._carried: dict[bytes, Proposal] = {}
        self._pauses: dict[bytes, tuple[float, float]] = {}

    async def turn(self) -> float | None:
        """Collect what is due.

        Returns:
            Seconds until something may be due; None where nothing waits.
        """
        parts = self._parts
        committees = parts.roles.committees()
        if not committees:
            return None
        now = parts.now()
        waiting = await parts.journal.read(
            lambda db: requests.in_states(
                db, {State.INFERRED}, of=[*committees], ready_at=now, limit=1000
            )
        )
        soonest: float | None = None
        due: dict[bytes, list[Request]] = {}
        for request in waiting:
            committee = committees[request.model_id]
            wait = max(
                self._member.due(committee, request.subject, parts.operator),
                self._pauses.get(request.subject, (0.0, 0.0))[0] - parts.clock(),
            )
            if wait <= 0:
                due.setdefault(request.model_id, []).append(request)
            soonest = wait if soonest is None else min(soonest, wait)
        for model_id, batch in due.items():
            for start in range(0, len(batch), MAX_ITEMS):
                await self._collect(committees[model_id], batch[start : start + MAX_ITEMS])
        return None if soonest is None else max(0.1, soonest)

    async def _collect(self, committee: Committee, batch: Sequence[Request]) -> None:
        rounds = [
            Round(own=said(request), request=request, carried=self._carried.get(request.subject))
            for request in batch
        ]
        await self._gatherer.gather(committee, rounds)
        for each in rounds:
            if each.earlier is not None:
                self._carried[each.subject] = each.earlier
            self._pause(each.subject)
        await self._relay(committee, rounds)

    def _pause(self, subject: bytes) -> None:
        """Leave an unfinished round alone for a while, longer each time."""
        _, last = self._pauses.pop(subject, (0.0, 0.1))
        self._pauses[subject] = (self._parts.clock() + last, min(5.0, last * 2))
        if len(self._pauses) > KEEP:
            self._pauses.pop(next(iter(self._pauses)))

    async def _relay(self, committee: Committee, rounds: Iterable[Round]) -> None:
        ready = []
        for each in rounds:
            request, proposal = each.request, each.proposal
            if request is None or proposal is None or len(each.votes) < committee.threshold:
                continue
            self._pauses.pop(each.subject, None)
            evidence = encode_evidence(committee, each.votes, each.subject)
            gas = answer_gas(request.callback_gas) + GAS_PER_MEMBER * committee.threshold
            calldata = self._parts.contract.encode_relay_decision(proposal.prediction, evidence)
            ready.append(Ready(request=request, calldata=calldata, gas=gas))
            self._carried.pop(each.subject, None)
        if ready:
            await vouch(self._parts, ready)
