"""The member's side: give the own opinion when it is due, vote once for what it supports.

It answers only whose turn it is, so that nobody can fetch opinions early and copy them. It votes
for a prediction that the shown opinions make and that is within tolerance of its own, and for no
second one: the vote is in the journal before it leaves.
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.engine import Connection

from oracle.core.errors import NotFound, VerificationError
from oracle.core.lifecycle import OPEN, Request, State
from oracle.core.model_card import ClassHead, ModelCard
from oracle.core.peer import (
    Envelope,
    Opinion,
    Proposal,
    Question,
    Reply,
    message_digest,
    read_proposals,
    read_questions,
    write_replies,
)
from oracle.core.quorum import Committee, Rule
from oracle.journal import requests, votes
from oracle.node.committee.ballot import check_message, check_proposal, opinion_of, sign
from oracle.node.parts import Parts, log
from oracle.node.vouch import head

LATE = 3600
"""Seconds by which a proposal may be older than this member's own prediction: its request may have
been mined again in a later block."""
KEEP = 10_000
"""Most commitments of collectors that are remembered."""


class Member:
    """Answers the committee's collectors."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._since: dict[bytes, float] = {}
        self._commitments: dict[tuple[bytes, str], bytes] = {}

    async def opinions(self, body: bytes, signature: bytes) -> tuple[bytes, bytes]:
        """Answer questions; returns the body and its signature.

        Raises:
            InvalidInput: the body is no such message.
            VerificationError: it is not from whom it says.
            NotFound: this operator is in no committee of that sender.
        """
        envelope, questions = read_questions(body)
        committee = await self._committee(envelope, questions[0].model_id)
        self._check(committee, body, signature, envelope)
        replies = [await self._opinion(committee, envelope.sender, q) for q in questions]
        return self._answer(committee, envelope, replies)

    async def ballots(self, body: bytes, signature: bytes) -> tuple[bytes, bytes]:
        """Answer proposals; returns and raises as ``opinions``."""
        envelope, proposals = read_proposals(body)
        committee = await self._committee(envelope, proposals[0].prediction.model_id)
        self._check(committee, body, signature, envelope)
        replies = [await self._ballot(committee, envelope.sender, p) for p in proposals]
        return self._answer(committee, envelope, replies)

    def due(self, committee: Committee, subject: bytes, collector: str) -> float:
        """Seconds until it is this collector's turn, from when this member could first answer."""
        since = self._since.setdefault(subject, self._parts.clock())
        if len(self._since) > KEEP:
            self._since.pop(next(iter(self._since)))
        rank = committee.turns(subject).index(collector)
        turn = since + rank * self._parts.options.turn_seconds
        return turn - self._parts.clock()

    async def vote(self, committee: Committee, proposal: Proposal) -> votes.Vote:
        """Vote for a supported proposal; gives the vote that stands, an earlier one if there is."""
        digest = committee.vote_digest(proposal.prediction)
        signature = sign(self._parts.account, digest)
        return await self._parts.journal.write(
            lambda db: votes.cast(db, proposal, digest, signature)
        )

    async def hear(self, opinions: tuple[Opinion, ...]) -> set[str]:
        """Remember verified opinions; returns the members that contradict what they said before."""
        now = self._parts.now()

        def record(db: Connection) -> set[str]:
            return {opinion.member for opinion in opinions if votes.hear(db, opinion, now)}

        liars = await self._parts.journal.write(record)
        for member in liars:
            log.error("peer_equivocated", peer=member)
            self._parts.observe("equivocation")
        return liars

    def _check(
        self, committee: Committee, body: bytes, signature: bytes, envelope: Envelope
    ) -> None:
        check_message(
            committee,
            body,
            signature,
            envelope,
            receiver=self._parts.operator,
            now=self._parts.now(),
        )

    async def _committee(self, envelope: Envelope, model_id: bytes) -> Committee:
        role = await self._parts.roles.of(model_id, block="latest")
        if role.committee is None or envelope.sender not in role.committee.members:
            raise NotFound(
                f"{self._parts.operator} and {envelope.sender} are in no committee for model "
                f"0x{model_id.hex()}",
                remedy="look at the members: oracle committee show",
            )
        return role.committee

    async def _opinion(self, committee: Committee, collector: str, question: Question) -> Reply:
        request = await self._request(question.model_id, question.subject)
        refusal = self._not_ready(request)
        if refusal or request is None or request.prediction is None:
            return Reply(subject=question.subject, refusal=refusal)
        wait = self.due(committee, question.subject, collector)
        if wait > self._parts.options.turn_seconds / 2:
            return Reply(subject=question.subject, refusal=f"not your turn for {wait:.1f} s")
        key = (question.subject, collector)
        self._commitments[key] = question.commitment
        if len(self._commitments) > KEEP:
            self._commitments.pop(next(iter(self._commitments)))
        opinion = opinion_of(self._parts.account, committee, request.prediction)
        return Reply(subject=question.subject, opinion=opinion)

    async def _ballot(self, committee: Committee, collector: str, proposal: Proposal) -> Reply:
        said = proposal.prediction
        subject = said.subject
        earlier = await self._parts.journal.read(
            lambda db: votes.find_vote(db, said.model_id, subject)
        )
        if earlier is not None:
            if earlier.digest == committee.vote_digest(said):
                return Reply(subject=subject, vote=earlier.signature)
            return _voted_before(subject, earlier)
        request = await self._request(said.model_id, subject)
        refusal = self._not_ready(request)
        if refusal or request is None:
            return Reply(subject=subject, refusal=refusal)
        commitment = self._commitments.get((subject, collector))
        if commitment is None and not proposal.seconded:
            return Reply(subject=subject, refusal="ask for the opinion first")
        try:
            await self.support(committee, request, proposal, collector, commitment)
        except VerificationError as error:
            log.warning("proposal_refused", peer=collector, why=str(error))
            self._parts.observe("proposal_refused")
            return Reply(subject=subject, refusal=error.what)
        vote = await self.vote(committee, proposal)
        if vote.digest != committee.vote_digest(said):
            return _voted_before(subject, vote)
        self._parts.observe("voted", request)
        return Reply(subject=subject, vote=vote.signature)

    async def support(
        self,
        committee: Committee,
        request: Request,
        proposal: Proposal,
        collector: str,
        commitment: bytes | None,
    ) -> None:
        """Hold a proposal to its opinions, to this member's own, and to the chain's time.

        Raises:
            VerificationError: this member does not support it.
        """
        rule = rule_of(self._parts.engine.card(request.model_id))
        check_proposal(committee, rule, proposal, collector=collector, commitment=commitment)
        liars = await self.hear(proposal.opinions)
        if len(proposal.opinions) - len(liars) < committee.threshold:
            raise VerificationError(f"{', '.join(sorted(liars))} said something else before")
        assert request.prediction is not None
        own, said = request.prediction, proposal.prediction
        if not rule.agree(replace(own, predicted_at=said.predicted_at), said):
            raise VerificationError(
                f"this member computed {own.value}, which does not agree with {said.value}"
            )
        now = await self._parts.rpc.timestamp(head(self._parts))
        if not own.predicted_at - LATE <= said.predicted_at <= now:
            raise VerificationError(f"predictedAt {said.predicted_at} is not the request's time")

    async def _request(self, model_id: bytes, subject: bytes) -> Request | None:
        return await self._parts.journal.read(lambda db: requests.find(db, model_id, subject))

    def _not_ready(self, request: Request | None) -> str:
        if request is None:
            return "not seen yet"
        if request.state not in OPEN:
            return f"{request.state}: {request.reason}".rstrip(": ")
        if request.prediction is None or request.state in (State.SEEN, State.ORPHANED):
            return "not computed yet"
        return ""

    def _answer(
        self, committee: Committee, envelope: Envelope, replies: list[Reply]
    ) -> tuple[bytes, bytes]:
        back = Envelope(sender=self._parts.operator, receiver=envelope.sender, at=self._parts.now())
        body = write_replies(back, replies)
        digest = message_digest(committee.domain_separator, body)
        return body, sign(self._parts.account, digest)


def rule_of(card: ModelCard) -> Rule:
    """When two values of this model are the same answer."""
    return Rule(tolerance=None if isinstance(card.head, ClassHead) else card.tolerance)


def _voted_before(subject: bytes, vote: votes.Vote) -> Reply:
    """The vote that stands, for the collector to carry on instead of its own proposal."""
    return Reply(
        subject=subject,
        vote=vote.signature,
        earlier=vote.proposal,
        refusal="voted for another prediction before",
    )
