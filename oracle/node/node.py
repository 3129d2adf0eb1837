"""One node: its loops over one journal, and what they report.

    follow ─▶ answer ─▶ (collect | vote) ─▶ send    each wakes the next; each can be killed anywhere
                └──────▶ promise ─▶ anchor ─┘

Collecting is for models that a committee signs for, voting for those that it votes on by sealed
votes on chain.

A loop that meets a passing fault waits and goes on; one that finds the chain's finality broken
halts the node, which then answers nothing and says why.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from sqlalchemy.engine import Connection

from oracle.chain.errors import ChainReplaced, FinalityBroken
from oracle.chain.follower import NewBlock, Rewind
from oracle.core import lifecycle
from oracle.core.errors import ChainError, InferenceError, JournalError, OracleError
from oracle.core.lifecycle import Reopened, State
from oracle.inference.readiness import Readiness
from oracle.journal import requests
from oracle.node.anchoring.anchorer import Anchorer
from oracle.node.anchoring.answers import AnchoredAnswers
from oracle.node.answer import Answer
from oracle.node.committee.collect import Collector
from oracle.node.committee.member import Member
from oracle.node.committee.peers import Peers
from oracle.node.committee.read_collect import ReadCollector
from oracle.node.committee.voter import Voter
from oracle.node.follow import Follow
from oracle.node.parts import Parts, log, rung
from oracle.node.send import Sender

BACKOFF = (0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds between tries of a loop that meets faults."""

BLOCKS_AT_ONCE = 64
"""Most blocks in one change of the journal, while catching up."""

IDLE = 5.0
"""Longest sleep of a loop that nobody wakes, seconds."""


class Node:
    """Follows, answers and sends until it is cancelled.

    Attributes:
        halted: why it halted; None while it did not.
        draining: it is about to stop, and begins nothing new (:mod:`oracle.node.drain`).
    """

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.follow = Follow(parts)
        self.halted: str | None = None
        self.draining = False
        self.balance: int | None = None
        self.models: Readiness | None = None
        self.member = Member(parts)
        self.reads: ReadCollector | None = None
        self._answer = Answer(parts)
        self._voter = Voter(parts, self.follow.attestors)
        self._anchorer = Anchorer(parts)
        self._anchored = AnchoredAnswers(parts)
        self._sender = Sender(parts)

    async def run(self) -> None:
        """Run the loops until cancelled, or until the node has to halt.

        Returns:
            When halted; ``halted`` then says why.
        """
        self.models = await self.parts.engine.self_test()
        for model in self.models.models:
            if not model.ready:
                self.parts.unfit[model.model_id] = "; ".join(model.faults)
        await self._reopen()
        async with Peers(self.parts) as peers, asyncio.TaskGroup() as loops:
            collector = Collector(self.parts, self.member, peers)
            self.reads = reads = ReadCollector(self.parts, self.member, peers)
            running = [
                loops.create_task(self._supervise("follow", self._follow)),
                loops.create_task(self._supervise("answer", self._answering)),
                loops.create_task(self._supervise("collect", lambda: self._collecting(collector))),
                loops.create_task(self._supervise("voting", self._voting)),
                loops.create_task(self._supervise("anchor", self._anchoring)),
                loops.create_task(self._supervise("sending", self._sending)),
            ]
            try:
                for loop in asyncio.as_completed(running):
                    await loop
                    for other in running:
                        other.cancel()
                    break
            finally:
                self.reads = None
                await reads.aclose()
                await self._answer.inputs.aclose()

    async def _reopen(self) -> None:
        """What an earlier run refused may be possible now: a model was added, a key changed."""
        parts = self.parts
        now = parts.now()

        def record(db: Connection) -> None:
            for request in requests.in_states(db, {State.REFUSED}):
                if request.deadline is not None and request.deadline > now:
                    again = lifecycle.step(request, Reopened(), now)
                    requests.save(db, again, at=parts.clock(), note="the node was started again")

        await parts.journal.write(record)
        parts.to_answer.set()

    async def _follow(self) -> None:
        follower = await self.follow.follower()
        while True:
            steps: list[NewBlock | Rewind] = []
            async for step in follower.next_steps():
                steps.append(step)
                if len(steps) == BLOCKS_AT_ONCE:
                    await self.follow.apply(steps)
                    steps = []
            if steps:
                await self.follow.apply(steps)
            self.parts.trouble.pop("follow", None)
            if not steps:
                await asyncio.sleep(self.parts.options.poll)

    async def _answering(self) -> None:
        while True:
            moved = await self._answer.turn()
            self.parts.trouble.pop("answer", None)
            if not moved:
                await rung(self.parts.to_answer, await self._until_retry())

    async def _until_retry(self) -> float:
        retry = await self.parts.journal.read(requests.next_retry)
        if retry is None:
            return IDLE
        return min(IDLE, max(0.05, retry - self.parts.clock()))

    async def _collecting(self, collector: Collector) -> None:
        while True:
            wait = await collector.turn()
            self.parts.trouble.pop("collect", None)
            await rung(self.parts.to_collect, IDLE if wait is None else min(IDLE, wait))

    async def _voting(self) -> None:
        while True:
            wait = await self._voter.turn()
            self.parts.trouble.pop("voting", None)
            await rung(self.parts.to_vote, IDLE if wait is None else min(IDLE, wait))

    async def _anchoring(self) -> None:
        while True:
            await self._anchored.turn()
            wait = await self._anchorer.turn()
            self.parts.trouble.pop("anchor", None)
            await rung(self.parts.to_anchor, IDLE if wait is None else min(IDLE, wait))

    async def _sending(self) -> None:
        while True:
            busy = await self._sender.turn()
            self.parts.trouble.pop("sending", None)
            await rung(self.parts.to_send, 0.25 if busy else IDLE)

    async def _supervise(self, name: str, loop: Callable[[], Awaitable[None]]) -> None:
        """Run a loop again after passing faults; return when the node has to halt."""
        failures = 0
        while True:
            started = self.parts.clock()
            try:
                await loop()
            except (FinalityBroken, ChainReplaced) as error:
                self.halted = str(error)
                log.error("halted", loop=name, why=str(error))
                await self.parts.announce()
                return
            except (ChainError, JournalError, InferenceError) as error:
                failures = 0 if self.parts.clock() - started > 30 else failures
                self._note(name, error)
                await asyncio.sleep(BACKOFF[min(failures, len(BACKOFF) - 1)])
                failures += 1

    def _note(self, name: str, error: OracleError) -> None:
        self.parts.trouble[name] = str(error)
        log.warning("loop_failed", loop=name, why=str(error))
