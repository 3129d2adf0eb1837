"""One RPC endpoint: a kept-alive connection, its state, and errors without its URL's secrets."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, cast
from urllib.parse import urlsplit

import aiohttp
import orjson
from eth_typing import URI
from web3 import AsyncHTTPProvider
from web3._utils.http_session_manager import HTTPSessionManager
from web3.types import RPCEndpoint, RPCResponse

from oracle.chain.replies import RateLimited, Unreachable
from oracle.chain.wire import malformed, to_int
from oracle.core.errors import ConfigError, Transient

Call = tuple[str, Sequence[Any]]
_SILENT = logging.getLogger("oracle.chain.endpoint.silent")
_SILENT.disabled = True  # web3 logs full URLs at DEBUG
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 30.0


class EndpointStatus(StrEnum):
    """Whether an endpoint is used, and why not."""

    UNCHECKED = "unchecked"
    READY = "ready"
    LAGGING = "lagging"
    FAILING = "failing"
    RATE_LIMITED = "rate limited"
    WRONG_CHAIN = "wrong chain"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointState:
    """What is known of one endpoint, safe to show.

    Attributes:
        url: scheme, host and port only.
        head: highest block number it told, or None.
        latency: seconds of its last answer, or None.
        pause: seconds until it is tried again; 0 when it may be used now.
        fault: its last error, or "".
    """

    url: str
    status: EndpointStatus
    head: int | None
    latency: float | None
    failures: int
    pause: float
    fault: str


class Provider(Protocol):
    """The part of web3's AsyncHTTPProvider that is used; tests put their own here."""

    async def make_request(self, method: RPCEndpoint, params: Any) -> Any: ...
    async def make_batch_request(self, batch_requests: list[tuple[RPCEndpoint, Any]]) -> Any: ...
    async def disconnect(self) -> None: ...


def redacted(url: str) -> str:
    """Scheme, host and port: no user, password, path or query, where keys hide."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}"


class HttpFault(Exception):
    """An HTTP status other than success, without the URL aiohttp would put in."""

    def __init__(self, status: int, retry_after: str | None) -> None:
        super().__init__(f"HTTP status {status}")
        self.status = status
        self.retry_after = retry_after


class _KeptAlive(HTTPSessionManager):
    """web3's session manager over one kept-alive aiohttp session, without redirects."""

    logger = _SILENT

    def __init__(self, timeout: float) -> None:
        super().__init__()
        self._limit = aiohttp.ClientTimeout(total=timeout)
        self._session: aiohttp.ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def async_make_post_request(
        self, endpoint_uri: URI, data: bytes | dict[str, Any], **kwargs: Any
    ) -> bytes:
        loop = asyncio.get_running_loop()
        if self._session is None or self._loop is not loop:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=64), timeout=self._limit
            )
            self._loop = loop
        headers = kwargs.get("headers", {})
        async with self._session.post(
            endpoint_uri, data=data, headers=headers, allow_redirects=False
        ) as reply:
            body = await reply.read()
            spoken = "json" in reply.headers.get("Content-Type", "")
            if reply.status == 200 or (
                spoken and reply.status in (400, 404, 405, 413, 500) and b"jsonrpc" in body[:4096]
            ):
                return body
            raise HttpFault(reply.status, reply.headers.get("Retry-After"))

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


class HttpProvider(AsyncHTTPProvider):
    """AsyncHTTPProvider that keeps its connections, retries nothing itself and logs nothing."""

    logger = _SILENT

    def __init__(self, url: str, timeout: float) -> None:
        super().__init__(URI(url), exception_retry_configuration=None)
        self._request_session_manager = _KeptAlive(timeout)

    def encode_rpc_request(self, method: RPCEndpoint, params: Any) -> bytes:
        return orjson.dumps(self.form_request(method, params))

    def encode_batch_rpc_request(self, requests: list[tuple[RPCEndpoint, Any]]) -> bytes:
        return orjson.dumps([self.form_request(method, params) for method, params in requests])

    @staticmethod
    def decode_rpc_response(raw_response: bytes) -> RPCResponse:
        return cast(RPCResponse, orjson.loads(raw_response))

    async def disconnect(self) -> None:
        await cast(_KeptAlive, self._request_session_manager).close()


class Endpoint:
    """One endpoint, its connection and what is known of it.

    Args:
        url: ``http://`` or ``https://``; credentials in it are never shown.
        timeout: seconds for one exchange.
        clock: monotonic seconds; a test's own clock otherwise.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout: float,
        provider: Provider | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigError(
                f"RPC URL {redacted(url)!r} is not http:// or https:// with a host",
                remedy="set ORACLE_RPC_URLS to one or more http(s) URLs",
            )
        self.name = redacted(url)
        self.head: int | None = None
        self.status = EndpointStatus.UNCHECKED
        self._provider: Provider = provider or HttpProvider(url, timeout)
        self._timeout = timeout
        self._clock = clock
        self._failures = 0
        self._proven = False
        self._resume_at = 0.0
        self._latency: float | None = None
        self._fault = ""

    @property
    def pause(self) -> float:
        """Seconds until it should be tried again."""
        return max(0.0, self._resume_at - self._clock())

    def state(self) -> EndpointState:
        return EndpointState(
            url=self.name,
            status=self.status,
            head=self.head,
            latency=self._latency,
            failures=self._failures,
            pause=self.pause,
            fault=self._fault,
        )

    async def verify_chain(self, chain_id: int) -> bool:
        """Whether it serves ``chain_id``; asked once, and again after each lost connection.

        Raises:
            Unreachable: it served that chain before and serves another now, as a provider that
                balances load may for a while.
            RateLimited, Transient: as ``exchange``.
        """
        if self.status in (EndpointStatus.UNCHECKED, EndpointStatus.WRONG_CHAIN):
            (reply,) = await self.exchange([("eth_chainId", [])])
            found = to_int(reply.get("result"), "eth_chainId")
            if found == chain_id:
                self.status, self._fault, self._proven = EndpointStatus.READY, "", True
            elif self._proven:
                raise self.failed(
                    Unreachable(
                        f"{self.name} serves chain {found} now, and served {chain_id} before",
                        remedy="it is asked again; if it stays so, use another RPC endpoint",
                    ),
                    connected=False,
                )
            else:
                self.status = EndpointStatus.WRONG_CHAIN
                self._fault = f"it serves chain {found}, not {chain_id}"
                self._resume_at = self._clock() + LONGEST_PAUSE
        return self.status is not EndpointStatus.WRONG_CHAIN

    async def exchange(self, calls: Sequence[Call]) -> list[Mapping[str, Any]]:
        """Send the calls, one HTTP request, and give their replies in order.

        Raises:
            Unreachable: no connection; nothing was sent.
            RateLimited: HTTP 429.
            Transient: timeout, a broken connection, another status, or no JSON-RPC.
        """
        begun = self._clock()
        try:
            async with asyncio.timeout(self._timeout):
                replies = await self._send(calls)
        except Transient as fault:
            raise self.failed(fault) from None
        except HttpFault as fault:
            raise self.failed(_http(self.name, fault), fault.retry_after) from None
        except (aiohttp.ClientConnectorError, ConnectionRefusedError):
            raise self.failed(
                Unreachable(
                    f"no connection to {self.name}", remedy="check that the endpoint is up"
                ),
                connected=False,
            ) from None
        except TimeoutError:
            raise self.failed(
                Transient(
                    f"{self.name} gave no answer within {self._timeout:g} s",
                    remedy="try again, or use another RPC endpoint",
                )
            ) from None
        except (aiohttp.ClientError, OSError) as fault:
            raise self.failed(
                Transient(
                    f"connection to {self.name} broke: {type(fault).__name__}",
                    remedy="try again, or use another RPC endpoint",
                ),
                connected=False,
            ) from None
        self._latency = self._clock() - begun
        return replies

    async def _send(self, calls: Sequence[Call]) -> list[Mapping[str, Any]]:
        """The replies, in order; a single error for a whole batch is given once a call."""
        try:
            if len(calls) == 1:
                method, params = calls[0]
                reply = await self._provider.make_request(RPCEndpoint(method), list(params))
                replies = [reply]
            else:
                reply = await self._provider.make_batch_request(
                    [(RPCEndpoint(method), list(params)) for method, params in calls]
                )
                replies = reply if isinstance(reply, list) else [reply] * len(calls)
        except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
            raise malformed("the whole answer", "not JSON-RPC") from None
        if len(replies) != len(calls):
            raise malformed("number of answers", len(replies))
        ids = [each.get("id") for each in replies if isinstance(each, Mapping)]
        if len(set(map(str, ids))) not in (len(calls), 1):
            raise malformed("ids of the answers", "repeated")
        for each in replies:
            if not isinstance(each, Mapping) or ("result" in each) == ("error" in each):
                if isinstance(each, Mapping) and each.get("error") is None and "result" in each:
                    continue  # some nodes send "error": null beside the result
                raise malformed("answer", each)
        return replies

    def lagging(self) -> None:
        """Note that it did not know a block another endpoint told of."""
        self.status = EndpointStatus.LAGGING

    def succeeded(self) -> None:
        self._failures, self._resume_at, self._fault = 0, 0.0, ""
        self.status = EndpointStatus.READY

    def failed(
        self, fault: Transient, retry_after: str | None = None, *, connected: bool = True
    ) -> Transient:
        """Note a fault, pause for longer than after the last one, and give the fault back."""
        pause = min(FIRST_PAUSE * 2**self._failures, LONGEST_PAUSE)
        if retry_after and retry_after.isdigit():
            pause = min(max(pause, float(retry_after)), 10 * LONGEST_PAUSE)
        self._failures = min(self._failures + 1, 16)
        self._resume_at = self._clock() + pause
        self._fault = fault.what
        if isinstance(fault, RateLimited):
            self.status = EndpointStatus.RATE_LIMITED
        elif connected and self.status is not EndpointStatus.UNCHECKED:
            self.status = EndpointStatus.FAILING
        else:
            self.status = EndpointStatus.UNCHECKED  # it may come back as another chain
        return fault

    async def aclose(self) -> None:
        await self._provider.disconnect()


def _http(name: str, fault: HttpFault) -> Transient:
    if fault.status == 429:
        return RateLimited(f"{name}: too many calls (HTTP 429)", remedy="wait, or add an endpoint")
    remedy = "try again, or use another RPC endpoint"
    if fault.status in (401, 403):
        remedy = "check the endpoint's key"
    return Transient(f"{name}: HTTP status {fault.status}", remedy=remedy)
