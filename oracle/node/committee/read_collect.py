"""Gasless reads of a committee's model: whoever is asked collects its peers' votes for the answer.

Everybody who asks about the same input at the same block gets the same answer, collected once. A
read that too few members support in a few seconds is refused; the next block's is another one.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict

from oracle.core.errors import InferenceError
from oracle.core.peer import Asked
from oracle.core.prediction import Prediction
from oracle.core.quorum import Committee, encode_evidence
from oracle.node.committee.gather import Gatherer, Round
from oracle.node.committee.member import Member
from oracle.node.committee.peers import Peers
from oracle.node.parts import Parts, log

PAUSE = 0.2
"""Seconds between tries, while others may still be collecting for the same read."""
MOST = 64
"""Most reads that are collected at once."""
KEEP = 1024
"""Most answers that are remembered."""

Answer = tuple[Prediction, bytes]
"""What the members say, and the evidence for it."""


class ReadCollector:
    """Collects for the reads that this node is asked."""

    def __init__(self, parts: Parts, member: Member, peers: Peers) -> None:
        self._parts = parts
        self._member = member
        self._gatherer = Gatherer(parts, member, peers)
        self._answers: OrderedDict[bytes, Answer] = OrderedDict()
        self._running: dict[bytes, asyncio.Task[Answer]] = {}

    async def collect(self, committee: Committee, model_id: bytes, asked: Asked) -> Answer:
        """What the committee says about an input, with its members' votes.

        Args:
            asked: the input, and the asking block's time, which is no later than now.

        Raises:
            InvalidInput: the input does not fit the card, or the time is not now.
            InferenceError: the model failed, too much is asked, or too few members agree.
            JournalError: this member's own vote could not be recorded.
            Transient: no endpoint answers.
        """
        reads = self._member.reads
        subject = reads.subject(model_id, asked)
        if subject in self._answers:
            return self._answers[subject]
        own = await reads.answer(self._parts.operator, model_id, subject, asked)
        running = self._running.get(subject)
        if running is None:
            if len(self._running) >= MOST:
                raise InferenceError(
                    f"{MOST} reads are being collected already",
                    remedy="ask again in a second, or another member",
                )
            running = asyncio.create_task(self._collect(committee, own.prediction, asked))
            self._running[subject] = running
            running.add_done_callback(lambda _: self._running.pop(subject, None))
        return await asyncio.shield(running)  # others may wait for it when this caller has gone

    async def aclose(self) -> None:
        """Give up what is being collected."""
        running = [*self._running.values()]
        for each in running:
            each.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _collect(self, committee: Committee, own: Prediction, asked: Asked) -> Answer:
        options = self._parts.options
        until = self._parts.clock() + options.turn_seconds + options.peer_timeout
        tried = Round(own=own, asked=asked)
        while True:
            await self._gatherer.gather(committee, [tried])
            if tried.proposal is not None and len(tried.votes) >= committee.threshold:
                evidence = encode_evidence(committee, tried.votes, own.subject)
                answer = (tried.proposal.prediction, evidence)
                self._remember(own.subject, answer)
                return answer
            there = {*tried.opinions, *tried.votes, *tried.refusals}
            # Another try mends only what others refuse while they wait for another collector.
            hopeless = not tried.refusals or self._parts.operator in tried.refusals
            if hopeless or len(there) < committee.threshold or self._parts.clock() >= until:
                raise self._refusal(committee, tried, len(there))
            tried = Round(own=own, asked=asked, carried=tried.earlier or tried.carried)
            await asyncio.sleep(PAUSE)

    def _remember(self, subject: bytes, answer: Answer) -> None:
        self._answers[subject] = answer
        if len(self._answers) > KEEP:
            self._answers.popitem(last=False)

    def _refusal(self, committee: Committee, tried: Round, there: int) -> InferenceError:
        log.warning("read_refused", there=there, refusals=tried.refusals)
        size, needed, me = len(committee.members), committee.threshold, self._parts.operator
        if there < needed:
            what = f"{there} of {size} members answer, {needed} have to agree"
        elif me in tried.refusals:
            what = f"this member does not vote for what the others say: {tried.refusals[me]}"
        elif tried.proposal is None:
            what = f"{len(tried.opinions)} of {size} members said something, no {needed} the same"
        else:
            what = f"{len(tried.votes)} of {size} members signed, {needed} have to"
        return InferenceError(
            f"no quorum for this read: {what}",
            remedy="ask again at the next block, or request a decision on chain",
        )
