"""The chain, block by block, into the journal: requests, decisions, deadlines, reorganisations.

Each block is one change of the journal, so that a node killed anywhere follows on from a block's
end. Nothing here depends on the clock but the timeline: deadlines are the chain's own time.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.engine import Connection

from oracle.chain.contracts import (
    CallbackLog,
    ContractLog,
    DecisionLog,
    ModelLog,
    RefundLog,
    RequestByHashLog,
    RequestLog,
)
from oracle.chain.follower import KEEP, Follower, NewBlock, Rewind
from oracle.chain.wire import BlockStamp
from oracle.core import lifecycle
from oracle.core.lifecycle import (
    OPEN,
    Confirmed,
    Decided,
    Event,
    Expired,
    Origin,
    Orphaned,
    Request,
    Seen,
    State,
)
from oracle.journal import chain_view, inputs, requests, rounds, transactions
from oracle.journal.chain_view import DecisionRecord
from oracle.journal.inputs import Reference
from oracle.journal.requests import Key
from oracle.node.committee.attestors import Attestors
from oracle.node.parts import Parts, log

ALL_SECONDS = 30.0
"""How often every open request is compared with the decisions, not only with the newest."""


class Follow:
    """Keeps the journal in step with the chain, for the models that this operator attests."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.attestors = Attestors(parts)
        self.head: NewBlock | None = None
        self._settled = -1
        self._look_at_all = 0.0

    async def follower(self) -> Follower:
        """A follower that goes on where the journal ends."""
        parts = self._parts
        await self.attestors.open()
        tail = await parts.journal.read(chain_view.tail)
        return Follower(
            parts.rpc,
            parts.contract.address,
            start=parts.options.start_block,
            finality=parts.options.finality,
            tail=tail,
            genesis=parts.genesis,
            beside=self.attestors.addresses,
        )

    async def apply(self, steps: Sequence[NewBlock | Rewind]) -> None:
        """Record steps of the follower's, in order; blocks in a row are one change."""
        blocks: list[NewBlock] = []
        for step in steps:
            if isinstance(step, NewBlock):
                blocks.append(step)
                continue
            await self._advance(blocks)
            blocks = []
            await self._rewind(step)
        await self._advance(blocks)
        await self._parts.announce()

    async def _advance(self, blocks: Sequence[NewBlock]) -> None:
        if not blocks:
            return
        parts = self._parts
        mine = [(block, entry) for block in blocks for entry in await self._mine(block)]
        told = [await self.attestors.told_in(block) for block in blocks]

        def record(db: Connection) -> list[Request]:
            for each in told:
                each.record(db)
            recorded = self._record(db, blocks, mine)
            return recorded + self._reckon(db, blocks[-1].stamp, recorded)

        changed = await parts.journal.write(record)
        self.head = blocks[-1]
        self._settled = blocks[-1].stamp.number - parts.options.finality + 1
        for request in changed:
            parts.observe(request.state, request)
        for stage in (_stage_of(entry) for _block, entry in mine):
            if stage is not None:
                parts.observe(stage)
        if any(request.state is State.CONFIRMED for request in changed):
            parts.to_answer.set()
        parts.to_vote.set()
        parts.to_send.set()

    async def _mine(self, block: NewBlock) -> list[ContractLog]:
        """The block's logs about the models that this operator attests."""
        for entry in block.logs:
            if isinstance(entry, ModelLog):
                self._parts.roles.forget(entry.model_id)
        return [
            entry
            for entry in block.logs
            if not isinstance(entry, ModelLog)
            and (await self._parts.roles.of(entry.model_id, block=block.stamp.hash)).any
        ]

    def _record(
        self,
        db: Connection,
        blocks: Sequence[NewBlock],
        mine: Sequence[tuple[NewBlock, ContractLog]],
    ) -> list[Request]:
        """What blocks in a row tell. By kind, not one by one: a request comes before its decision
        or refund, and a decision before its callback.
        """
        stamps = [block.stamp for block in blocks]
        chain_view.add_blocks(db, [(each.number, each.hash, each.timestamp) for each in stamps])
        seen = [(b, e) for b, e in mine if isinstance(e, RequestLog | RequestByHashLog)]
        changed = self._see(db, seen)
        made = [_record_of(e, block) for block, e in mine if isinstance(e, DecisionLog)]
        chain_view.add_decisions(db, made)
        for _block, entry in mine:
            match entry:
                case CallbackLog(model_id=model_id, request_id=subject, delivered=delivered):
                    chain_view.mark_callback(db, model_id, subject, failed=not delivered)
                case RefundLog(model_id=model_id, request_id=subject):
                    changed += self._refunded(db, model_id, subject)
        return changed

    def _reckon(
        self, db: Connection, stamp: BlockStamp, recorded: Sequence[Request]
    ) -> list[Request]:
        """What the head's number and time mean: what is deep enough, too late, or final.

        Args:
            recorded: what these blocks changed, which need not be read again.
        """
        options = self._parts.options
        deep = stamp.number - options.confirmations + 1
        newest = {(each.model_id, each.subject): each for each in recorded}.values()
        changed = self._confirm(db, [r for r in newest if r.state is State.SEEN], deep)
        changed += self._confirm(db, requests.in_states(db, {State.SEEN}, limit=100_000), deep)
        for request in requests.overdue(db, OPEN, stamp.timestamp):
            if chain_view.find_decision(db, request.model_id, request.subject) is None:
                assert request.deadline is not None
                changed.append(self._step(db, request, Expired(request.deadline)))
        changed += self._settle(db, stamp.number - options.finality + 1)
        chain_view.prune(db, stamp.number - options.finality - KEEP)
        return changed

    def _confirm(self, db: Connection, seen: Sequence[Request], deep: int) -> list[Request]:
        ready = [request for request in seen if request.block_number <= deep]
        return self._steps(db, [(request, Confirmed(), "") for request in ready])

    def _see(
        self,
        db: Connection,
        entries: Sequence[tuple[NewBlock, RequestLog | RequestByHashLog]],
    ) -> list[Request]:
        known = requests.find_all(db, [(e.model_id, e.request_id) for _, e in entries])
        fresh: dict[Key, tuple[Request, str]] = {}
        again: list[tuple[Request, Event, str]] = []
        for block, entry in entries:
            key = (entry.model_id, entry.request_id)
            place = _seen(entry, block)
            if isinstance(entry, RequestByHashLog):
                reference = Reference(input_hash=entry.input_hash, uri=entry.evidence_uri)
                inputs.refer(db, *key, reference)
            if key not in known:
                fresh[key] = _asked(entry, place), f"block {place.block_number}"
            elif lifecycle.allows(known[key], Seen) and known[key].block_hash != place.block_hash:
                again.append((known[key], place, ""))
        requests.save_all(db, list(fresh.values()), at=self._parts.clock())
        return [request for request, _ in fresh.values()] + self._steps(db, again)

    def _refunded(self, db: Connection, model_id: bytes, subject: bytes) -> list[Request]:
        request = requests.find(db, model_id, subject)
        if request is None or not lifecycle.allows(request, Expired):
            return []
        return [self._step(db, request, Expired(request.deadline or 0))]

    def _settle(self, db: Connection, deep: int) -> list[Request]:
        """Close what is at or below the finality depth.

        Only decisions that got so deep since the last look are looked at; but now and then all,
        since a request can be accepted while the chain decides about its subject.
        """
        now = self._parts.clock()
        if now >= self._look_at_all:
            self._settled, self._look_at_all = -1, now + ALL_SECONDS
        changed = self._steps(
            db,
            [
                (request, Decided(tx_hash), f"block {number}, 0x{tx_hash.hex()}")
                for request, number, tx_hash in requests.decided_by(db, self._settled, deep)
            ],
        )
        transactions.settle(db, deep)
        return changed

    def _step(self, db: Connection, request: Request, event: Event, note: str = "") -> Request:
        return self._steps(db, [(request, event, note)])[0]

    def _steps(self, db: Connection, steps: Sequence[tuple[Request, Event, str]]) -> list[Request]:
        now = self._parts.now()
        after = [(lifecycle.step(request, event, now), note) for request, event, note in steps]
        moved = not any(isinstance(event, Seen) for _, event, _ in steps)
        requests.save_all(db, after, at=self._parts.clock(), moved=moved)
        return [request for request, _ in after]

    async def _rewind(self, rewind: Rewind) -> None:
        parts = self._parts
        log.warning("reorganised", to_block=rewind.to)

        def record(db: Connection) -> list[Request]:
            chain_view.rewind(db, rewind.to)
            rounds.rewind(db, rewind.to)
            transactions.unmine(db, above=rewind.to)
            gone = requests.in_states(
                db, OPEN - {State.ORPHANED}, limit=100_000, above_block=rewind.to
            )
            note = f"blocks above {rewind.to} were replaced"
            return self._steps(
                db, [(r, Orphaned(), note) for r in gone if r.origin is Origin.CHAIN]
            )

        orphaned = await parts.journal.write(record)
        self._look_at_all = 0.0
        parts.roles.forget()
        for request in orphaned:
            parts.observe("orphaned", request)
        parts.observe("rewound")
        parts.to_send.set()


def _stage_of(entry: ContractLog) -> str | None:
    """What a log tells beside the stages of requests."""
    match entry:
        case DecisionLog():
            return "decided"
        case CallbackLog(delivered=delivered):
            return "callback_retried" if delivered else "callback_failed"
    return None


def _seen(entry: RequestLog | RequestByHashLog, block: NewBlock) -> Seen:
    return Seen(
        block_number=block.stamp.number,
        block_hash=block.stamp.hash,
        log_index=entry.log_index,
        tx_hash=entry.tx_hash,
        input=entry.input if isinstance(entry, RequestLog) else b"",
        deadline=entry.deadline,
        callback_gas=entry.callback_gas,
        fee_gwei=entry.fee_gwei,
    )


def _asked(entry: RequestLog | RequestByHashLog, place: Seen) -> Request:
    return Request(
        model_id=entry.model_id,
        subject=entry.request_id,
        origin=Origin.CHAIN,
        input=place.input,
        state=State.SEEN,
        deadline=place.deadline,
        callback_gas=place.callback_gas,
        fee_gwei=place.fee_gwei,
        requester=entry.requester,
        block_number=place.block_number,
        block_hash=place.block_hash,
        log_index=place.log_index,
        tx_hash=place.tx_hash,
    )


def _record_of(entry: DecisionLog, block: NewBlock) -> DecisionRecord:
    return DecisionRecord(
        prediction=entry.prediction,
        verdict=entry.verdict,
        trust_level=entry.trust_level,
        block_number=block.stamp.number,
        block_hash=block.stamp.hash,
        log_index=entry.log_index,
        tx_hash=entry.tx_hash,
        decided_at=block.stamp.timestamp,
    )
