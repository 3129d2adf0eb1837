"""The attestors whose rounds this operator votes in, followed beside the decision contract.

An attestor is followed from the moment that it vouches for one of the node's models; what it told
before is read once, as history. It stays followed when another takes its place: a sealed vote has
to be opened wherever it was sealed.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from sqlalchemy.engine import Connection

from oracle.chain.blocks import deployed_at
from oracle.chain.errors import BlockUnknown
from oracle.chain.follower import NewBlock
from oracle.chain.quorum import committee_at
from oracle.chain.sealed import decode_round_log, history, round_events
from oracle.core.sealed import SealedCommittee
from oracle.core.sealed_round import RoundEvent
from oracle.journal import chain_view, rounds
from oracle.node.parts import Parts


@dataclass(slots=True)
class Told:
    """What attestors told, to be recorded with a block.

    Attributes:
        events: by attestor.
        fresh: attestors that are followed from here on, their history among the events.
        block_number: the block.
    """

    block_number: int
    events: list[tuple[str, Sequence[RoundEvent]]] = field(default_factory=list)
    fresh: list[str] = field(default_factory=list)

    def record(self, db: Connection) -> None:
        """Into the journal."""
        for attestor, events in self.events:
            rounds.add_events(db, attestor, events)
        for attestor in self.fresh:
            rounds.follow(db, attestor, self.block_number)


class Attestors:
    """The sealed committees of this operator, by attestor."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.known: dict[str, SealedCommittee] = {}

    def addresses(self) -> Collection[str]:
        """What is followed beside the decision contract."""
        return self.known.keys()

    async def open(self) -> None:
        """Go on with those that the journal follows, and begin with those that it does not yet."""
        parts = self._parts
        self.known.clear()
        for attestor in await parts.journal.read(rounds.followed_attestors):
            committee = await committee_at(parts.rpc, attestor, block="latest")
            if isinstance(committee, SealedCommittee):
                self.known[attestor] = committee
        head = await parts.journal.read(chain_view.tail)
        last = head[-1][0] if head else parts.options.start_block - 1
        told = Told(block_number=last)
        await self._begin(told, last, head[-1][1] if head else None)
        await parts.journal.write(told.record)

    async def told_in(self, block: NewBlock) -> Told:
        """What a block tells of rounds.

        Raises:
            BlockUnknown: the block left the chain meanwhile.
        """
        stamp = block.stamp
        told = Told(block_number=stamp.number)
        by_attestor: dict[str, list[RoundEvent]] = {attestor: [] for attestor in self.known}
        logs = list(block.others)
        for attestor in [a for a in self.known if a not in block.covers]:
            logs += await self._parts.rpc.logs(address=attestor, block_hash=stamp.hash)
        for log in logs:
            event = decode_round_log(log, stamp.timestamp)
            if event is not None and log.address in by_attestor:
                by_attestor[log.address].append(event)
        told.events += [(attestor, events) for attestor, events in by_attestor.items() if events]
        await self._begin(told, stamp.number, stamp.hash)
        return told

    async def _begin(self, told: Told, last: int, last_hash: bytes | None) -> None:
        """Begin to follow the attestors that are new, with their history up to the last block."""
        parts = self._parts
        for model in parts.engine.store:
            await parts.roles.of(model.model_id, block="latest")
        for committee in parts.roles.sealed().values():
            attestor = committee.attestor
            if attestor in self.known:
                continue
            first = await deployed_at(
                parts.rpc, attestor, first=parts.options.start_block, last=last
            )
            logs = await history(parts.rpc, attestor, first=first, last=last)
            events = await round_events(parts.rpc, logs)
            if last_hash is not None and (await parts.rpc.block(last)).hash != last_hash:
                raise BlockUnknown(f"block {last} left the chain", remedy="follow on")
            told.events.append((attestor, events))
            told.fresh.append(attestor)
            self.known[attestor] = committee
