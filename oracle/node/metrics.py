"""What an operator watches, in Prometheus' format."""

from __future__ import annotations

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from oracle.core.lifecycle import Request, State
from oracle.core.transaction import TxState
from oracle.journal import requests, transactions
from oracle.node.node import Node

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
        return generate_latest(self.registry)
