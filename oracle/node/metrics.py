"""What an operator watches, in Prometheus' format."""

from __future__ import annotations

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from oracle.core.lifecycle import Request, State
from oracle.core.transaction import TxState
from oracle.journal import promises, requests, transactions
from oracle.node.committee.standing import standings
from oracle.node.committee.voting import voting_standings
from oracle.node.node import Node
from oracle.node.parts import Parts

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


class Metrics:
    """Counts stages as they are recorded; gauges are read when they are asked for."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._stages = Counter(
            "oracle_stages", "Stages recorded in the journal", ["stage"], registry=self.registry
        )
        self._latency = Histogram(
            "oracle_stage_seconds",
            "Seconds from a request's first stage to this one",
            ["stage"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._requests = Gauge(
            "oracle_requests", "Requests by state", ["state"], registry=self.registry
        )
        self._transactions = Gauge(
            "oracle_transactions", "Transactions by state", ["state"], registry=self.registry
        )
        self._head = Gauge(
            "oracle_followed_block", "Last block that was followed", registry=self.registry
        )
        self._balance = Gauge(
            "oracle_operator_balance_wei", "The operator's balance", registry=self.registry
        )
        self._troubles = Gauge(
            "oracle_troubles", "Loops that meet faults right now", registry=self.registry
        )
        self._halted = Gauge(
            "oracle_halted", "1 where finality broke and the node halted", registry=self.registry
        )
        self._pending = Gauge(
            "oracle_predictions_pending",
            "Predictions that were promised and are not anchored",
            registry=self.registry,
        )
        self._oldest = Gauge(
            "oracle_predictions_oldest_pending_seconds",
            "Age of the oldest of them",
            registry=self.registry,
        )
        self._overdue = Gauge(
            "oracle_predictions_overdue",
            "Predictions that are past the time by which they were promised to be anchored",
            registry=self.registry,
        )
        self._peers = Counter(
            "oracle_peer_exchanges",
            "Exchanges with committee members by their end: answered, silent (missing), wrong, and "
            "equivocations",
            ["peer", "outcome"],
            registry=self.registry,
        )
        self._agreement = Gauge(
            "oracle_committee_agreement",
            "Share of the latest decisions that agree with what this node computed",
            ["model"],
            registry=self.registry,
        )
        self._share = Gauge(
            "oracle_committee_share",
            "Share of the latest decisions that this node voted for",
            ["model"],
            registry=self.registry,
        )
        self._apart = Gauge(
            "oracle_committee_peer_apart",
            "Latest opinions of a peer that do not agree with what this node computed",
            ["model", "peer"],
            registry=self.registry,
        )
        self._votes = Gauge(
            "oracle_sealed_votes",
            "Parts of members in the latest closed rounds by their end: sealed, revealed, agreed, "
            "apart, and lost bonds",
            ["model", "member", "outcome"],
            registry=self.registry,
        )
        self._told: dict[tuple[str, str], int] = {}
        self._began: dict[bytes, float] = {}

    def __call__(self, stage: str, request: Request | None, /) -> None:
        """Count a stage (an :class:`~oracle.node.parts.Observer`)."""
        self._stages.labels(stage).inc()
        if request is None:
            return
        key = request.model_id + request.subject
        began = self._began.setdefault(key, time.monotonic())
        self._latency.labels(stage).observe(time.monotonic() - began)
        if request.state in (State.FINAL, State.EXPIRED, State.REFUSED):
            self._began.pop(key, None)

    async def exposition(self, node: Node) -> bytes:
        """The text format, with the gauges as they stand."""
        parts = node.parts
        by_state = await parts.journal.read(requests.counts)
        for state in State:
            self._requests.labels(state).set(by_state.get(state, 0))
        by_tx_state = await parts.journal.read(transactions.counts)
        for tx_state in TxState:
            self._transactions.labels(tx_state).set(by_tx_state.get(tx_state, 0))
        if node.follow.head is not None:
            self._head.set(node.follow.head.stamp.number)
        self._balance.set(node.balance or 0)
        self._troubles.set(len(parts.trouble))
        self._halted.set(1 if node.halted else 0)
        await self._anchoring(parts)
        await self._committees(parts)
        return generate_latest(self.registry)

    async def _anchoring(self, parts: Parts) -> None:
        found = await parts.journal.read(lambda db: promises.standing(db, parts.now()))
        self._pending.set(found.pending)
        self._oldest.set(0 if found.oldest is None else max(0, parts.now() - found.oldest))
        self._overdue.set(found.overdue)

    async def _committees(self, parts: Parts) -> None:
        for peer, tally in parts.tallies.items():
            for outcome in ("answered", "silent", "wrong", "equivocations"):
                now: int = getattr(tally, outcome)
                self._peers.labels(peer, outcome).inc(now - self._told.get((peer, outcome), 0))
                self._told[peer, outcome] = now
        for gauge in (self._agreement, self._share, self._apart, self._votes):
            gauge.clear()
        await self._voting(parts)
        for standing in await standings(parts):
            name = parts.engine.card(standing.model_id).name
            if standing.agreement is not None:
                self._agreement.labels(name).set(standing.agreement)
            if standing.share is not None:
                self._share.labels(name).set(standing.share)
            for record in standing.peers:
                self._apart.labels(name, record.member).set(record.apart)

    async def _voting(self, parts: Parts) -> None:
        for standing in await voting_standings(parts):
            name = parts.engine.card(standing.model_id).name
            if standing.agreement is not None:
                self._agreement.labels(name).set(standing.agreement)
            if standing.share is not None:
                self._share.labels(name).set(standing.share)
            for record in (standing.own, *standing.peers):
                for outcome in ("sealed", "revealed", "agreed", "apart", "lost"):
                    count: int = getattr(record, outcome)
                    self._votes.labels(name, record.member, outcome).set(count)
