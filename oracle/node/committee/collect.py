"""The collector's side: ask the members, settle on a prediction, gather votes, queue the answer.

The members take turns by the request's id; each later one waits for those before it. A collector
that dies, stays silent or holds the answer back costs the others a turn, no more.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from oracle.core.errors import OracleError, Transient, VerificationError
from oracle.core.lifecycle import Request, State
from oracle.core.peer import (
    MAX_ITEMS,
    Opinion,
    Proposal,
    Question,
    Reply,
    commitment_to,
    write_proposals,
    write_questions,
)
from oracle.core.quorum import Committee, encode_evidence, settle
from oracle.core.signatures import signer_of
from oracle.core.transaction import answer_gas
from oracle.journal import requests
from oracle.node.answer import said
from oracle.node.committee.ballot import check_opinion, opinion_of
from oracle.node.committee.member import KEEP, Member, rule_of
from oracle.node.committee.peers import Peers
from oracle.node.parts import Parts, log
from oracle.node.vouch import Ready, vouch

GAS_PER_MEMBER = 10_000
"""Most that one more signature adds to a transaction: recovery, calldata, reading the members."""


@dataclass(slots=True)
class _Round:
    """One request that is being collected.

    Attributes:
        carried: what a member voted for before, to be carried on.
    """

    request: Request
    salt: bytes
    opinions: dict[str, Opinion] = field(default_factory=dict)
    carried: Proposal | None = None
    proposal: Proposal | None = None
    votes: dict[str, bytes] = field(default_factory=dict)


class Collector:
    """Collects for the requests whose turn it is."""

    def __init__(self, parts: Parts, member: Member, peers: Peers) -> None:
        self._parts = parts
        self._member = member
        self._peers = peers
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
        rounds = {
            request.subject: _Round(
                request=request,
                salt=self._salt(request),
                carried=self._carried.get(request.subject),
            )
            for request in batch
        }
        await self._ask(committee, rounds)
        await self._propose(committee, [*rounds.values()])
        proposed = {s: each for s, each in rounds.items() if each.proposal is not None}
        await self._gather(committee, proposed)
        for each in rounds.values():
            self._pause(each.request.subject)
        await self._relay(committee, proposed.values())

    def _pause(self, subject: bytes) -> None:
        """Leave an unfinished round alone for a while, longer each time."""
        _, last = self._pauses.pop(subject, (0.0, 0.1))
        self._pauses[subject] = (self._parts.clock() + last, min(5.0, last * 2))
        if len(self._pauses) > KEEP:
            self._pauses.pop(next(iter(self._pauses)))

    def _salt(self, request: Request) -> bytes:
        """Derived from the key and the request, so that a restart opens the same commitment."""
        return hmac.digest(bytes(self._parts.account.key), b"opinion" + request.subject, "sha256")

    async def _ask(self, committee: Committee, rounds: Mapping[bytes, _Round]) -> None:
        questions = []
        for subject, each in rounds.items():
            own = opinion_of(self._parts.account, committee, said(each.request))
            each.opinions[own.member] = own
            commitment = commitment_to(own.prediction, each.salt)
            self._member.commit(subject, own.member, commitment)
            if each.carried is None:
                model_id = each.request.model_id
                questions.append(
                    Question(model_id=model_id, subject=subject, commitment=commitment)
                )
        if not questions:
            return

        def enough() -> bool:
            return all(_word_for_word(e, committee.threshold) for e in rounds.values())

        def take(member: str, replies: Sequence[Reply]) -> None:
            for reply in replies:
                each = rounds.get(reply.subject)
                if each is None or reply.opinion is None:
                    continue
                opinion = reply.opinion
                check_opinion(committee, opinion)
                about = opinion.prediction
                if opinion.member != member or about.subject != reply.subject:
                    raise VerificationError(f"{member} gives an opinion that is not its own")
                each.opinions[member] = opinion

        await self._exchange(
            committee,
            self._others(committee),
            "opinions",
            lambda member: write_questions(self._peers.envelope(member), questions),
            take,
            enough,
        )

    async def _propose(self, committee: Committee, rounds: Sequence[_Round]) -> None:
        """Settle on predictions and vote for them, where the opinions make one."""
        me = self._parts.operator
        liars = await self._member.hear(
            [o for each in rounds for m, o in each.opinions.items() if m != me]
        )
        proposed = []
        for each in rounds:
            proposal = each.carried or self._settled(committee, each, liars)
            if proposal is None:
                self._parts.observe("undecided", each.request)
                continue
            proposed.append((each, proposal))
        if not proposed:
            return
        replies = await self._member.judge(committee, me, [p for _, p in proposed])
        for (each, proposal), reply in zip(proposed, replies, strict=True):
            if reply.vote is None:
                continue
            each.proposal = reply.earlier or proposal
            each.votes[me] = reply.vote

    def _settled(
        self, committee: Committee, each: _Round, liars: set[tuple[bytes, str]]
    ) -> Proposal | None:
        opinions = tuple(
            opinion
            for member, opinion in sorted(each.opinions.items())
            if (each.request.subject, member) not in liars
        )
        rule = rule_of(self._parts.engine.card(each.request.model_id))
        heard = {opinion.member: opinion.prediction for opinion in opinions}
        prediction = settle(heard, committee.threshold, rule)
        if prediction is None:
            return None
        return Proposal(prediction=prediction, opinions=opinions, salt=each.salt)

    async def _gather(self, committee: Committee, rounds: Mapping[bytes, _Round]) -> None:
        if not rounds:
            return
        proposals = [each.proposal for each in rounds.values() if each.proposal is not None]

        def enough() -> bool:
            return all(len(e.votes) >= committee.threshold for e in rounds.values())

        def take(member: str, replies: Sequence[Reply]) -> None:
            for reply in replies:
                each = rounds.get(reply.subject)
                if each is None or each.proposal is None or reply.vote is None:
                    continue
                if reply.earlier is not None:
                    self._carry(committee, member, reply)
                    continue
                digest = committee.vote_digest(each.proposal.prediction)
                if signer_of(digest, reply.vote) != member:
                    raise VerificationError(f"{member} gives a vote that is not its own")
                each.votes[member] = reply.vote

        heard = {member for each in rounds.values() for member in each.opinions}
        carried = any(each.carried is not None for each in rounds.values())
        await self._exchange(
            committee,
            [m for m in self._others(committee) if carried or m in heard],
            "ballots",
            lambda member: write_proposals(self._peers.envelope(member), proposals),
            take,
            enough,
        )

    def _carry(self, committee: Committee, member: str, reply: Reply) -> None:
        """Carry on, next time, what a member has already voted for."""
        assert reply.earlier is not None
        assert reply.vote is not None
        digest = committee.vote_digest(reply.earlier.prediction)
        if reply.earlier.prediction.subject != reply.subject:
            raise VerificationError(f"{member} shows a vote about another subject")
        if signer_of(digest, reply.vote) != member:
            raise VerificationError(f"{member} shows a vote that is not its own")
        self._carried[reply.subject] = replace(reply.earlier, seconded=reply.vote)

    async def _relay(self, committee: Committee, rounds: Iterable[_Round]) -> None:
        ready = []
        for each in rounds:
            if each.proposal is None or len(each.votes) < committee.threshold:
                continue
            self._pauses.pop(each.request.subject, None)
            evidence = encode_evidence(committee, each.votes, each.request.subject)
            gas = answer_gas(each.request.callback_gas) + GAS_PER_MEMBER * committee.threshold
            calldata = self._parts.contract.encode_relay_decision(
                each.proposal.prediction, evidence
            )
            ready.append(Ready(request=each.request, calldata=calldata, gas=gas))
            self._carried.pop(each.request.subject, None)
        if ready:
            await vouch(self._parts, ready)

    def _others(self, committee: Committee) -> list[str]:
        return [member for member in committee.members if member != self._parts.operator]

    async def _exchange(
        self,
        committee: Committee,
        members: Sequence[str],
        what: str,
        body: Callable[[str], bytes],
        take: Callable[[str, Sequence[Reply]], None],
        enough: Callable[[], bool],
    ) -> None:
        """Exchange with these members at once, until all answered or there is enough."""

        async def one(member: str) -> None:
            try:
                take(member, await self._peers.exchange(committee, member, what, body(member)))
                self._parts.observe_peer(member, "peer_answered")
            except Transient as error:
                log.info("peer_silent", peer=member, why=str(error))
                self._parts.observe_peer(member, "peer_silent", error.what)
            except OracleError as error:
                log.warning("peer_wrong", peer=member, why=str(error))
                self._parts.observe_peer(member, "peer_wrong", error.what)

        pending = {asyncio.create_task(one(member)) for member in members}
        try:
            while pending and not enough():
                done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
        finally:
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)


def _word_for_word(each: _Round, threshold: int) -> bool:
    """Whether enough members said the very same already."""
    if each.carried is not None:
        return True
    counts: dict[bytes, int] = {}
    for opinion in each.opinions.values():
        key = opinion.prediction.struct_hash()
        counts[key] = counts.get(key, 0) + 1
    return max(counts.values()) >= threshold
