"""The member's side: give the own opinion when it is due, vote once for what it supports.

It answers only whose turn it is, so that nobody can fetch opinions early and copy them. It votes
for a prediction that the shown opinions make and that is within tolerance of its own, and for no
second one: the vote is in the journal before it leaves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
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
        known = await self._known([(q.model_id, q.subject) for q in questions])
        replies = await asyncio.to_thread(
            lambda: [
                self._opinion(committee, envelope.sender, question, request)
                for question, request in zip(questions, known, strict=True)
            ]
        )
        return self._answer(committee, envelope, replies)

    async def ballots(self, body: bytes, signature: bytes) -> tuple[bytes, bytes]:
        """Answer proposals; returns and raises as ``opinions``."""
        envelope, proposals = read_proposals(body)
        committee = await self._committee(envelope, proposals[0].prediction.model_id)
        self._check(committee, body, signature, envelope)
        replies = await self.judge(committee, envelope.sender, proposals)
        return self._answer(committee, envelope, replies)

    def due(self, committee: Committee, subject: bytes, collector: str) -> float:
        """Seconds until it is this collector's turn, from when this member could first answer."""
        since = self._since.setdefault(subject, self._parts.clock())
        if len(self._since) > KEEP:
            self._since.pop(next(iter(self._since)))
        rank = committee.turns(subject).index(collector)
        turn = since + rank * self._parts.options.turn_seconds
        return turn - self._parts.clock()

    def commit(self, subject: bytes, collector: str, commitment: bytes) -> None:
        """Remember what a collector committed to before it saw any opinion."""
        self._commitments[subject, collector] = commitment
        if len(self._commitments) > KEEP:
            self._commitments.pop(next(iter(self._commitments)))

    async def judge(
        self, committee: Committee, collector: str, proposals: Sequence[Proposal]
    ) -> list[Reply]:
        """Vote for each proposal that this member supports; the votes are recorded on return."""
        now = await self._parts.rpc.timestamp(head(self._parts))
        known = await self._known(
            [(p.prediction.model_id, p.prediction.subject) for p in proposals]
        )
        refusals = await asyncio.to_thread(
            lambda: [
                self._objection(committee, collector, proposal, request, now)
                for proposal, request in zip(proposals, known, strict=True)
            ]
        )

        def record(db: Connection) -> list[Reply]:
            return [
                self._vote(db, committee, proposal, refusal)
                for proposal, refusal in zip(proposals, refusals, strict=True)
            ]

        replies = await self._parts.journal.write(record)
        for reply in replies:
            if reply.refusal:
                log.warning("proposal_refused", peer=collector, why=reply.refusal)
            self._parts.observe("proposal_refused" if reply.refusal else "voted")
        return replies

    async def hear(self, opinions: Sequence[Opinion]) -> set[tuple[bytes, str]]:
        """Remember verified opinions.

        Returns:
            Subject and member of each that contradicts what the member said before.
        """
        return await self._parts.journal.write(lambda db: self._hear(db, opinions))

    def _hear(self, db: Connection, opinions: Sequence[Opinion]) -> set[tuple[bytes, str]]:
        now = self._parts.now()
        liars = {
            (opinion.prediction.subject, opinion.member)
            for opinion in opinions
            if votes.hear(db, opinion, now)
        }
        for subject, member in liars:
            log.error("peer_equivocated", peer=member, request_id="0x" + subject.hex())
            self._parts.observe_peer(member, "equivocation", "said two things about one request")
        return liars

    def _opinion(
        self, committee: Committee, collector: str, question: Question, request: Request | None
    ) -> Reply:
        refusal = self._not_ready(request)
        if refusal or request is None or request.prediction is None:
            return Reply(subject=question.subject, refusal=refusal)
        wait = self.due(committee, question.subject, collector)
        if wait > self._parts.options.turn_seconds / 2:
            return Reply(subject=question.subject, refusal=f"not your turn for {wait:.1f} s")
        self.commit(question.subject, collector, question.commitment)
        opinion = opinion_of(self._parts.account, committee, request.prediction)
        return Reply(subject=question.subject, opinion=opinion)

    def _objection(
        self,
        committee: Committee,
        collector: str,
        proposal: Proposal,
        request: Request | None,
        now: int,
    ) -> str:
        """Why this member does not support a proposal; empty where it does."""
        refusal = self._not_ready(request)
        if refusal or request is None or request.prediction is None:
            return refusal
        own, said = request.prediction, proposal.prediction
        commitment = self._commitments.get((said.subject, collector))
        if commitment is None and not proposal.seconded:
            return "ask for the opinion first"
        rule = rule_of(self._parts.engine.card(request.model_id))
        try:
            check_proposal(committee, rule, proposal, collector=collector, commitment=commitment)
        except VerificationError as error:
            return error.what
        if not rule.agree(replace(own, predicted_at=said.predicted_at), said):
            return f"this member computed {own.value}, which does not agree with {said.value}"
        if not own.predicted_at - LATE <= said.predicted_at <= now:
            return f"predictedAt {said.predicted_at} is not the request's time"
        return ""

    def _vote(
        self, db: Connection, committee: Committee, proposal: Proposal, refusal: str
    ) -> Reply:
        said = proposal.prediction
        digest = committee.vote_digest(said)
        standing = votes.find_vote(db, said.model_id, said.subject)
        if standing is None:
            if refusal:
                return Reply(subject=said.subject, refusal=refusal)
            liars = self._hear(db, proposal.opinions)
            if len(proposal.opinions) - len(liars) < committee.threshold:
                names = ", ".join(sorted(member for _, member in liars))
                return Reply(subject=said.subject, refusal=f"{names} said something else before")
            signature = sign(self._parts.account, digest)
            standing = votes.cast(db, proposal, digest, signature)
        if standing.digest == digest:
            return Reply(subject=said.subject, vote=standing.signature)
        return Reply(
            subject=said.subject,
            vote=standing.signature,
            earlier=standing.proposal,
            refusal="voted for another prediction before",
        )

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

    async def _known(self, subjects: Sequence[tuple[bytes, bytes]]) -> list[Request | None]:
        return await self._parts.journal.read(
            lambda db: [requests.find(db, *subject) for subject in subjects]
        )

    def _not_ready(self, request: Request | None) -> str:
        if request is None:
            return "not seen yet"
        if request.state not in OPEN:
            return f"{request.state}: {request.reason}".rstrip(": ")
        if request.prediction is None or request.state in (State.SEEN, State.ORPHANED):
            return "not computed yet"
        return ""

    def _answer(
        self, committee: Committee, envelope: Envelope, replies: Sequence[Reply]
    ) -> tuple[bytes, bytes]:
        back = Envelope(sender=self._parts.operator, receiver=envelope.sender, at=self._parts.now())
        body = write_replies(back, replies)
        digest = message_digest(committee.domain_separator, body)
        return body, sign(self._parts.account, digest)


def rule_of(card: ModelCard) -> Rule:
    """When two values of this model are the same answer."""
    return Rule(tolerance=None if isinstance(card.head, ClassHead) else card.tolerance)
