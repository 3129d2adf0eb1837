"""How much one caller may ask, and how much all may ask at once; beyond it the answer is 429."""

from __future__ import annotations

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from oracle.api.problems import Refusal

AT_ONCE = 512
CALLERS = 10_000
"""Most callers that are remembered; the one not seen for longest is forgotten, its bucket full."""


class Limits:
    """A bucket of tokens for each caller, and a count of what is under way.

    Args:
        rate: requests a second of one caller in the long run, twice as many at once; None for no
            limit.
        at_once: most requests under way, of all callers.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        *,
        rate: float | None = None,
        at_once: int = AT_ONCE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rate = rate
        self._burst = max(1.0, 2 * rate) if rate else math.inf
        self._at_once = at_once
        self._clock = clock
        self._under_way = 0
        self._closed = False
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    @property
    def counts_callers(self) -> bool:
        """Whether one caller may ask too much."""
        return self._rate is not None

    def take(self, caller: str) -> None:
        """Take one token of the caller's.

        Raises:
            Refusal: it has none left, with the seconds after which it has one.
        """
        if self._rate is None:
            return
        now = self._clock()
        left, at = self._buckets.pop(caller, (self._burst, now))
        left = min(self._burst, left + (now - at) * self._rate)
        if left < 1:
            self._buckets[caller] = (left, now)
            raise _refusal(
                f"more than {self._rate:g} requests a second",
                "ask less often; a batch of rows is one request",
                (1 - left) / self._rate,
            )
        self._buckets[caller] = (left - 1, now)
        if len(self._buckets) > CALLERS:
            self._buckets.popitem(last=False)

    @property
    def under_way(self) -> int:
        """How many requests wait for their answer."""
        return self._under_way

    def close(self) -> None:
        """Let in nothing more, since the node is about to stop."""
        self._closed = True

    @contextmanager
    def one_more(self, *, to_the_end: bool = False) -> Iterator[None]:
        """Count a request while it is under way.

        Args:
            to_the_end: let it in where the node is about to stop, too.

        Raises:
            Refusal: there are too many, or the node is about to stop.
        """
        if self._closed and not to_the_end:
            raise Refusal(
                503,
                "Stopping",
                "the node is stopping: it finishes what it was asked before, and takes nothing new",
                remedy="ask again in some seconds, with the same Idempotency-Key, or another node",
                headers={"Connection": "close", "Retry-After": "5"},
            )
        if self._under_way >= self._at_once:
            raise _refusal(
                f"{self._at_once} requests are under way", "ask again in a moment, or elsewhere", 1
            )
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1


def place_of(address: str | None) -> str:
    """Who an address counts as: of IPv6, all of its 64 bits of network, which one host may have."""
    try:
        found = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return address or ""
    if isinstance(found, ipaddress.IPv6Address):
        mapped = found.ipv4_mapped
        return str(mapped or ipaddress.ip_network((found, 64), strict=False))
    return str(found)


def _refusal(what: str, remedy: str, seconds: float) -> Refusal:
    return Refusal(
        429,
        "Too many requests",
        what,
        remedy=remedy,
        headers={"Retry-After": str(max(1, math.ceil(seconds)))},
    )
