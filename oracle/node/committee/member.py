"""The member's side: give the own opinion when it is due, vote once for what it supports.

It answers only whose turn it is, so that nobody can fetch opinions early and copy them. It votes
for a prediction that the shown opinions make and that is within tolerance of its own, and for no
second one: the vote is in the journal before it leaves. Gasless reads are answered alike, only that
the question brings the input.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace

from sqlalchemy.engine import Connection

from oracle.core.errors import InferenceError, InvalidInput, NotFound, VerificationError
from oracle.core.lifecycle import OPEN, Request, State
from oracle.core.model_card import ClassHead, ModelCard
from oracle.core.peer import (
    Envelope,
    Opinion,
    Proposal,
    Question,
    Reply,
    read_proposals,
    read_questions,
    write_replies,
)
from oracle.core.prediction import Prediction
from oracle.core.quorum import Committee, Rule
from oracle.journal import reads, requests, votes
from oracle.node.committee.ballot import check_message, check_proposal, opinion_of
from oracle.node.committee.reads import OwnRead, Reads
from oracle.node.parts import Parts, log
from oracle.node.vouch import head

LATE = 3600
"""Seconds by which a proposal may be older than this member's own prediction: its request may have
been mined again in a later block."""
KEEP = 10_000
"""Most commitments of collectors that are remembered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Own:
    """What this member says about one subject.

    Attributes:
        refusal: why it says nothing; empty where it says something.
        read: where a gasless read is asked, what is remembered of it.
    """

    prediction: Prediction | None = None
    refusal: str = ""
    read: OwnRead | None = None


class Member:
    """Answers the committee's collectors.

    Attributes:
        reads: its own word about gasless reads.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.reads = Reads(parts)
        self._since: dict[bytes, float] = {}
        self._commitments: dict[tuple[bytes, str], bytes] = {}

    async def opinions(self, body: bytes, signature: bytes) -> tuple[bytes, bytes]:
        """Answer questions; returns the body and its signature.

        Raises:
            InvalidInput: the body is no such message.
            VerificationError: it is not from whom it says.
            NotFound: this operator is in no committee of that sender, or does not serve the model.
        """
        envelope, questions = read_questions(body)
        committee = await self._committee(envelope, {q.model_id for q in questions})
        self._check(committee, body, signature, envelope)
        known = await self._known([(q.model_id, q.subject) for q in questions])
        for place, question in enumerate(questions):
            if question.asked is not None:
                known[place] = await self._read(envelope.sender, question)
        replies = await asyncio.gather(
            *(
                self._opinion(committee, envelope.sender, question, own)
                for question, own in zip(questions, known, strict=True)
            )
        )
        return await self._answer(committee, envelope, replies)

    async def ballots(self, body: bytes, signature: bytes) -> tuple[bytes, bytes]:
        """Answer proposals; returns and raises as ``opinions``."""
        envelope, proposals = read_proposals(body)
        committee = await self._committee(envelope, {p.prediction.model_id for p in proposals})
        self._check(committee, body, signature, envelope)
        replies = await self.judge(committee, envelope.sender, proposals)
        return await self._answer(committee, envelope, replies)

    def due(self, committee: Committee, subject: bytes, collector: str) -> float:
        """Seconds until it is this collector's turn, from when this member could first answer."""
        since = self._since.setdefault(subject, self._parts.clock())
        if len(self._since) > KEEP:
            self._since.pop(next(iter(self._since)))
        rank = committee.turns(subject).index(collector)
        turn = since + rank * self._parts.options.turn_seconds
        return turn - self._parts.clock()

    def commit(self, own: Prediction, collector: str, commitment: bytes) -> None:
        """Remember what a collector committed to before it was told this member's own prediction;
        what it says after that changes nothing.
        """
        read = self.reads.find(own.model_id, own.subject)
        if read is not None:
            read.commitments.setdefault(collector, commitment)
            return
        self._commitments.setdefault((own.struct_hash(), collector), commitment)
        if len(self._commitments) > KEEP:
            self._commitments.pop(next(iter(self._commitments)))

    async def judge(
        self, committee: Committee, collector: str, proposals: Sequence[Proposal]
    ) -> list[Reply]:
        """Vote for each proposal that this member supports; the votes are recorded on return.

        What it votes for is recorded before it is signed, so that no signer ever sees two.
        """
        now = await self._parts.rpc.timestamp(head(self._parts))
        known = await self._known(
            [(p.prediction.model_id, p.prediction.subject) for p in proposals]
        )
        refusals = await asyncio.to_thread(
            lambda: [
                self._objection(committee, collector, proposal, own, now)
                for proposal, own in zip(proposals, known, strict=True)
            ]
        )

        def record(db: Connection) -> list[Reply]:
            replies = [
                self._vote(db, committee, proposal, refusal, is_read=own.read is not None)
                for proposal, refusal, own in zip(proposals, refusals, known, strict=True)
            ]
            if any(own.read is not None for own in known):
                reads.forget(db)
            return replies

        replies = await self._signed(committee, proposals, await self._parts.journal.write(record))
        for reply in replies:
            if reply.refusal:
                log.warning("proposal_refused", peer=collector, why=reply.refusal)
            self._parts.observe("proposal_refused" if reply.refusal else "voted")
        return replies

    async def _signed(
        self, committee: Committee, proposals: Sequence[Proposal], replies: Sequence[Reply]
    ) -> list[Reply]:
        """The replies with a signature under every vote that stands; new ones are recorded."""

        async def signature(proposal: Proposal, reply: Reply) -> bytes | None:
            if reply.vote != votes.UNSIGNED:
                return reply.vote
            standing = reply.earlier or proposal
            return await self._parts.account.sign(committee.vote(standing.prediction))

        found = await asyncio.gather(
            *(signature(p, r) for p, r in zip(proposals, replies, strict=True))
        )
        signed = [replace(r, vote=vote) for r, vote in zip(replies, found, strict=True)]
        fresh = [
            (proposal.prediction, reply.vote)
            for proposal, reply, before in zip(proposals, signed, replies, strict=True)
            if reply.vote is not None and before.vote == votes.UNSIGNED
        ]
        if fresh:
            await self._parts.journal.write(lambda db: votes.sign(db, fresh))
        return signed

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

    async def _read(self, collector: str, question: Question) -> _Own:
        """What this member says about the read that a question brings."""
        assert question.asked is not None
        try:
            read = await self.reads.answer(
                collector, question.model_id, question.subject, question.asked
            )
        except (InvalidInput, InferenceError) as error:
            return _Own(refusal=error.what)
        return _Own(prediction=read.prediction, read=read)

    async def _opinion(
        self, committee: Committee, collector: str, question: Question, own: _Own
    ) -> Reply:
        if own.prediction is None:
            return Reply(subject=question.subject, refusal=own.refusal)
        if own.read is not None:
            wait = self.reads.due(own.read, collector)
        else:
            wait = self.due(committee, question.subject, collector)
        if wait > self._parts.options.turn_seconds / 2:
            return Reply(subject=question.subject, refusal=f"not your turn for {wait:.1f} s")
        self.commit(own.prediction, collector, question.commitment)
        opinion = await opinion_of(self._parts.account, committee, own.prediction)
        return Reply(subject=question.subject, opinion=opinion)

    def _objection(
        self, committee: Committee, collector: str, proposal: Proposal, known: _Own, now: int
    ) -> str:
        """Why this member does not support a proposal; empty where it does."""
        if known.prediction is None:
            return known.refusal
        own, said = known.prediction, proposal.prediction
        if known.read is not None:
            commitment = known.read.commitments.get(collector)
        else:
            commitment = self._commitments.get((own.struct_hash(), collector))
        if commitment is None and not proposal.seconded:
            return "ask for the opinion first"
        rule = rule_of(self._parts.engine.card(own.model_id))
        try:
            check_proposal(committee, rule, proposal, collector=collector, commitment=commitment)
        except VerificationError as error:
            return error.what
        if not rule.agree(replace(own, predicted_at=said.predicted_at), said):
            return f"this member computed {own.value}, which does not agree with {said.value}"
        if known.read is not None:
            in_time = said.predicted_at == own.predicted_at
        else:
            in_time = own.predicted_at - LATE <= said.predicted_at <= now
        return "" if in_time else f"predictedAt {said.predicted_at} is not the request's time"

    def _vote(
        self,
        db: Connection,
        committee: Committee,
        proposal: Proposal,
        refusal: str,
        *,
        is_read: bool,
    ) -> Reply:
        said = proposal.prediction
        digest = committee.vote_digest(said)
        standing = votes.find_vote(db, said.model_id, said.subject)
        if standing is None:
            if is_read and reads.is_too_old(db, said.predicted_at):
                refusal = "the read is too old for a vote"
            if refusal:
                return Reply(subject=said.subject, refusal=refusal)
            liars = self._hear(db, proposal.opinions)
            if len(proposal.opinions) - len(liars) < committee.threshold:
                names = ", ".join(sorted(member for _, member in liars))
                return Reply(subject=said.subject, refusal=f"{names} said something else before")
            standing = votes.cast(db, proposal, digest, read=is_read)
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

    async def _committee(self, envelope: Envelope, model_ids: Set[bytes]) -> Committee:
        """The one committee of all these models, with sender and this operator in it."""
        for model_id in model_ids:
            self._parts.engine.card(model_id)  # NotFound where it is not served
        found = {(await self._parts.roles.of(each, block="latest")).committee for each in model_ids}
        committee = found.pop()
        if found or committee is None or envelope.sender not in committee.members:
            models = ", ".join(f"0x{each.hex()}" for each in sorted(model_ids))
            raise NotFound(
                f"{self._parts.operator} and {envelope.sender} are in no one committee for "
                f"{models}",
                remedy="look at the members: oracle committee show",
            )
        return committee

    async def _known(self, subjects: Sequence[tuple[bytes, bytes]]) -> list[_Own]:
        found = await self._parts.journal.read(
            lambda db: [requests.find(db, *subject) for subject in subjects]
        )
        return [
            self._own(subject, request) for subject, request in zip(subjects, found, strict=True)
        ]

    def _own(self, subject: tuple[bytes, bytes], request: Request | None) -> _Own:
        read = self.reads.find(*subject)
        if request is None and read is not None:
            return _Own(prediction=read.prediction, read=read)
        refusal = self._not_ready(request)
        if refusal or request is None:
            return _Own(refusal=refusal)
        return _Own(prediction=request.prediction)

    def _not_ready(self, request: Request | None) -> str:
        if request is None:
            return "not seen yet"
        if request.state not in OPEN:
            return f"{request.state}: {request.reason}".rstrip(": ")
        if request.prediction is None or request.state in (State.SEEN, State.ORPHANED):
            return "not computed yet"
        return ""

    async def _answer(
        self, committee: Committee, envelope: Envelope, replies: Sequence[Reply]
    ) -> tuple[bytes, bytes]:
        back = Envelope(sender=self._parts.operator, receiver=envelope.sender, at=self._parts.now())
        body = write_replies(back, replies)
        return body, await self._parts.account.sign(committee.message(body))


def rule_of(card: ModelCard) -> Rule:
    """When two values of this model are the same answer."""
    return Rule(tolerance=None if isinstance(card.head, ClassHead) else card.tolerance)
