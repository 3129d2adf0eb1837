"""What a collector does for a round, whatever it is about: ask, settle, propose, gather votes.

A round is about a request on chain or about a gasless read; members answer both alike. This side
commits to its own opinion before it sees another, and believes nothing unchecked.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from oracle.core.errors import OracleError, Transient, VerificationError
from oracle.core.lifecycle import Request
from oracle.core.peer import (
    Asked,
    Opinion,
    Proposal,
    Question,
    Reply,
    commitment_to,
    write_proposals,
    write_questions,
)
from oracle.core.prediction import Prediction
from oracle.core.quorum import Committee, settle
from oracle.core.signatures import signer_of
from oracle.node.committee.ballot import check_opinion, opinion_of
from oracle.node.committee.member import Member, rule_of
from oracle.node.committee.peers import Peers
from oracle.node.parts import Parts, log


@dataclass(slots=True)
class Round:
    """One request, or read, that is being collected.

    Attributes:
        own: what this member says about it.
        request: on chain; None for a read.
        asked: what a read asks; None for a request.
        carried: what a member voted for before, to be carried on.
        earlier: the same, where it was shown in this round: for the next one.
        refusals: why members gave nothing, by member.
    """

    own: Prediction
    request: Request | None = None
    asked: Asked | None = None
    carried: Proposal | None = None
    earlier: Proposal | None = None
    proposal: Proposal | None = None
    opinions: dict[str, Opinion] = field(default_factory=dict)
    votes: dict[str, bytes] = field(default_factory=dict)
    refusals: dict[str, str] = field(default_factory=dict)

    @property
    def subject(self) -> bytes:
        """What it is about."""
        return self.own.subject


class Gatherer:
    """Takes rounds of one committee as far as they go."""

    def __init__(self, parts: Parts, member: Member, peers: Peers) -> None:
        self._parts = parts
        self._member = member
        self._peers = peers

    async def gather(self, committee: Committee, rounds: Sequence[Round]) -> None:
        """Ask, settle and gather votes; what came of it is in the rounds.

        Raises:
            JournalError, Transient: this member itself could not vote.
        """
        by_subject = {each.subject: each for each in rounds}
        await self._ask(committee, by_subject)
        await self._propose(committee, rounds)
        proposed = {s: each for s, each in by_subject.items() if each.proposal is not None}
        await self._gather(committee, proposed)

    async def _salt(self, subject: bytes) -> bytes:
        """Derived from the key and the subject, so that a restart opens the same commitment."""
        return hmac.digest(await self._parts.account.seed(), b"opinion" + subject, "sha256")

    async def _ask(self, committee: Committee, rounds: Mapping[bytes, Round]) -> None:
        questions = []
        for subject, each in rounds.items():
            own = await opinion_of(self._parts.account, committee, each.own)
            each.opinions[own.member] = own
            commitment = commitment_to(own.prediction, await self._salt(subject))
            self._member.commit(own.prediction, own.member, commitment)
            if each.carried is None or each.asked is not None:  # a read is told to all
                questions.append(
                    Question(
                        model_id=each.own.model_id,
                        subject=subject,
                        commitment=commitment,
                        asked=each.asked,
                    )
                )
        if not questions:
            return

        def enough() -> bool:
            return all(_word_for_word(e, committee.threshold) for e in rounds.values())

        def take(member: str, replies: Sequence[Reply]) -> None:
            for reply in replies:
                each = rounds.get(reply.subject)
                if each is None:
                    continue
                if reply.opinion is None:
                    each.refusals[member] = reply.refusal
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

    async def _propose(self, committee: Committee, rounds: Sequence[Round]) -> None:
        """Settle on predictions and vote for them, where the opinions make one."""
        me = self._parts.operator
        # What is said about a read is recorded with the vote about it only, and forgotten with it.
        liars = await self._member.hear(
            [o for each in rounds if each.request for m, o in each.opinions.items() if m != me]
        )
        proposed = []
        for each in rounds:
            proposal = each.carried or await self._settled(committee, each, liars)
            if proposal is None:
                self._parts.observe("undecided", each.request)
                continue
            proposed.append((each, proposal))
        if not proposed:
            return
        replies = await self._member.judge(committee, me, [p for _, p in proposed])
        for (each, proposal), reply in zip(proposed, replies, strict=True):
            if reply.vote is None:
                each.refusals[me] = reply.refusal
                continue
            each.proposal = reply.earlier or proposal
            each.votes[me] = reply.vote

    async def _settled(
        self, committee: Committee, each: Round, liars: set[tuple[bytes, str]]
    ) -> Proposal | None:
        opinions = tuple(
            opinion
            for member, opinion in sorted(each.opinions.items())
            if (each.subject, member) not in liars
        )
        rule = rule_of(self._parts.engine.card(each.own.model_id))
        heard = {opinion.member: opinion.prediction for opinion in opinions}
        prediction = settle(heard, committee.threshold, rule)
        if prediction is None:
            return None
        salt = await self._salt(each.subject)
        return Proposal(prediction=prediction, opinions=opinions, salt=salt)

    async def _gather(self, committee: Committee, rounds: Mapping[bytes, Round]) -> None:
        if not rounds:
            return
        proposals = [each.proposal for each in rounds.values() if each.proposal is not None]

        def enough() -> bool:
            return all(len(e.votes) >= committee.threshold for e in rounds.values())

        def take(member: str, replies: Sequence[Reply]) -> None:
            for reply in replies:
                each = rounds.get(reply.subject)
                if each is None or each.proposal is None:
                    continue
                if reply.vote is None:
                    each.refusals[member] = reply.refusal
                    continue
                if reply.earlier is not None:
                    each.earlier = _seconded(committee, member, reply.earlier, reply)
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


def _seconded(committee: Committee, member: str, earlier: Proposal, reply: Reply) -> Proposal:
    """What a member has already voted for, to be carried on with its vote."""
    assert reply.vote is not None
    if earlier.prediction.subject != reply.subject:
        raise VerificationError(f"{member} shows a vote about another subject")
    if signer_of(committee.vote_digest(earlier.prediction), reply.vote) != member:
        raise VerificationError(f"{member} shows a vote that is not its own")
    return replace(earlier, seconded=reply.vote)


def _word_for_word(each: Round, threshold: int) -> bool:
    """Whether enough members said the very same already."""
    if each.carried is not None and each.asked is None:
        return True
    counts: dict[bytes, int] = {}
    for opinion in each.opinions.values():
        key = opinion.prediction.struct_hash()
        counts[key] = counts.get(key, 0) + 1
    return max(counts.values()) >= threshold
