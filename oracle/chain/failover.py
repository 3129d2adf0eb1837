"""The endpoints of one chain in order of preference: what one can not answer, the next may.

A fault that another endpoint may not have moves on to the next; a revert or another definite answer
is taken as it is. An endpoint is used only after its chain id was found right.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self, TypeVar

from oracle.chain.endpoint import Call, Endpoint, EndpointState, EndpointStatus, Provider
from oracle.chain.errors import BlockUnknown, MethodMissing
from oracle.chain.replies import fault_of
from oracle.chain.wire import to_int
from oracle.core.errors import ChainError, ConfigError, Transient

T = TypeVar("T")
Reply = Mapping[str, Any]

BATCH = 100
"""Calls in one JSON-RPC batch; public gateways allow a hundred, Anvil takes 2 MB."""


class Failover:
    """The endpoints of one chain.

    Args:
        urls: one or more ``http(s)://`` URLs; credentials in them are never shown.
        chain_id: EIP-155 id every endpoint must have.
        timeout: seconds for one exchange with one endpoint.
        rounds: how often all endpoints are tried before a read gives up.
        providers: transports in the order of ``urls``, for tests.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        urls: Sequence[str],
        *,
        chain_id: int,
        timeout: float = 10.0,
        rounds: int = 2,
        providers: Sequence[Provider] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not urls:
            raise ConfigError(
                f"no RPC endpoint for chain {chain_id}",
                remedy="set ORACLE_RPC_URLS to one or more http(s) URLs, separated by commas",
            )
        self.chain_id = chain_id
        self._rounds = rounds
        self.endpoints = [
            Endpoint(
                url,
                timeout=timeout,
                provider=providers[position] if providers else None,
                clock=clock,
            )
            for position, url in enumerate(urls)
        ]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close every connection."""
        await asyncio.gather(*(each.aclose() for each in self.endpoints))

    def health(self) -> list[EndpointState]:
        """What is known of every endpoint, without asking; safe to show."""
        return [endpoint.state() for endpoint in self.endpoints]

    async def check(self) -> list[EndpointState]:
        """Ask every endpoint for its chain id and head.

        Raises:
            ConfigError: those that answer serve another chain.
            Transient: none answers.
        """

        async def probe(endpoint: Endpoint) -> None:
            try:
                if await endpoint.verify_chain(self.chain_id):
                    (reply,) = await endpoint.exchange([("eth_blockNumber", [])])
                    endpoint.head = to_int(value_of(reply, "eth_blockNumber"), "eth_blockNumber")
                    endpoint.succeeded()
            except ChainError:
                return  # its state says so

        await asyncio.gather(*(probe(endpoint) for endpoint in self.endpoints))
        states = self.health()
        if not any(state.status is EndpointStatus.READY for state in states):
            self.refuse_wrong_chain()
            raise Transient(
                "no RPC endpoint answers: "
                + "; ".join(f"{state.url}: {state.fault}" for state in states),
                remedy="check that the chain is up and the URLs are right",
            )
        return states

    def refuse_wrong_chain(self) -> None:
        """Raise ConfigError where every endpoint is known to serve another chain."""
        wrong = [each.state() for each in self.endpoints if _is_wrong(each)]
        if wrong and len(wrong) == len(self.endpoints):
            raise ConfigError(
                "no endpoint serves the chain: "
                + "; ".join(f"{state.url}: {state.fault}" for state in wrong),
                remedy=f"use an RPC URL of chain {self.chain_id}, or choose the other network",
            )

    async def first(self, calls: Sequence[Call], judge: Callable[[Endpoint, list[Reply]], T]) -> T:
        """The judge's verdict on the first endpoint's replies that it does not find transient.

        Raises:
            BlockUnknown, MethodMissing: every endpoint that answered said so.
            Transient: no endpoint gave a proper answer.
            ConfigError: every endpoint serves another chain.
            ChainError: what the judge raised as definite.
        """
        faults: list[ChainError] = []
        for attempt in range(self._rounds):
            if attempt:
                if all(isinstance(fault, BlockUnknown | MethodMissing) for fault in faults):
                    break
                await asyncio.sleep(0.1)
            for endpoint in self._in_order():
                try:
                    if not await endpoint.verify_chain(self.chain_id):
                        continue
                    replies = await endpoint.exchange(calls)
                except Transient as fault:
                    faults.append(fault)
                    continue
                try:
                    verdict = judge(endpoint, replies)
                except BlockUnknown as fault:
                    endpoint.lagging()
                    faults.append(fault)
                except MethodMissing as fault:
                    faults.append(fault)
                except Transient as fault:
                    faults.append(endpoint.failed(fault))
                else:
                    endpoint.succeeded()
                    return verdict
        self.refuse_wrong_chain()
        for kind in (BlockUnknown, MethodMissing):
            found = [fault for fault in faults if isinstance(fault, kind)]
            if found and len(found) == len(faults):
                raise found[-1]
        reasons = dict.fromkeys(fault.what for fault in faults)
        raise Transient(
            f"no RPC endpoint of chain {self.chain_id} answered {calls[0][0]}: "
            + ("; ".join(reasons) or "every one pauses or serves another chain"),
            remedy="try again; add endpoints if this repeats",
        )

    def _in_order(self) -> list[Endpoint]:
        """Endpoints to try now: rested ones first; one that limits calls only after its pause."""
        usable = [
            endpoint
            for endpoint in self.endpoints
            if endpoint.pause == 0
            or endpoint.status not in (EndpointStatus.RATE_LIMITED, EndpointStatus.WRONG_CHAIN)
        ]
        return sorted(usable, key=lambda endpoint: endpoint.pause)


def _is_wrong(endpoint: Endpoint) -> bool:
    return endpoint.status is EndpointStatus.WRONG_CHAIN


def value_of(reply: Reply, method: str) -> Any:
    """A reply's result, or its error raised."""
    if reply.get("error") is not None:
        raise fault_of(reply["error"], method)
    return reply.get("result")
