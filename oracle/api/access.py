"""Who may do what: API keys by scope, and where there are none, only programs on this machine.

A web page in a browser on this machine is not such a program: it could post to a loopback address
without asking, or rename itself to one (DNS rebinding). So requests that carry a foreign ``Origin``
are refused, and a node without keys answers to loopback names only.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from functools import lru_cache
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Send
from starlette.types import Scope as Asked

from oracle.api.keys import ApiKeys, Scope, hash_of, key_in
from oracle.api.limits import Limits, place_of
from oracle.api.problems import Refusal, refuse
from oracle.core.errors import ConfigError

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
PEERS = "/peer/"
"""Under it committee members write; their signatures stand in for a key."""
READS = "/ccip"
"""Gasless reads: they write nothing, so pages of any origin may post them without a key."""
LIFE = "/healthz"
"""Never limited: whoever restarts the node asks there."""
WATCHED = frozenset({LIFE, "/readyz", "/metrics"})
"""Answered to the end: who operates the node sees it drain."""
STREAM = "/api/stream"
"""Has a bound of its own for connections that stay."""

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
}
"""Of every answer that does not say otherwise."""
INERT = "default-src 'none'; frame-ancestors 'none'"
"""The policy of answers that are no pages: were one opened as a page, it could do nothing."""


_SAID = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
_NO_STORE = (b"cache-control", b"no-store")
_INERT = (b"content-security-policy", INERT.encode())


def may_bind(host: str, keys: ApiKeys) -> None:
    """Refuse to serve other machines without an API key.

    Raises:
        ConfigError: no key, and the host is not loopback.
    """
    if not keys and not is_loopback(host):
        raise ConfigError(
            f"the API would listen on {host} without an API key",
            remedy="set ORACLE_API_KEYS, or listen on 127.0.0.1",
        )


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's own."""
    name = host.strip("[]").lower().rstrip(".")
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


class Gate:
    """Refuses what may not enter, before anything is read of it (an ASGI middleware)."""

    def __init__(self, app: ASGIApp, keys: ApiKeys, limits: Limits | None = None) -> None:
        self._app = app
        self._keys = keys
        self._limits = limits or Limits()

    async def __call__(self, scope: Asked, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with a refusal."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers, path = first_of(scope["headers"]), scope["path"]
        answer = _with_headers(send, private=bool(key_in(headers)))
        try:
            if self._limits.counts_callers and path != LIFE:
                self._limits.take(caller_of((scope.get("client") or ("",))[0], headers, self._keys))
            self._check_host(headers)
            if scope["method"] not in SAFE and not _is_read(path):
                self._check_origin(headers)
                if not path.startswith(PEERS):
                    needed = Scope.ADMIN if scope["method"] == "DELETE" else Scope.DECIDE
                    check_key(headers, self._keys, needed)
            counted = self._limits.one_more(to_the_end=path in WATCHED)
            with nullcontext() if path in (LIFE, STREAM) else counted:
                await self._app(scope, receive, answer)
        except Refusal as refusal:
            await refuse(refusal, path)(scope, receive, answer)

    def _check_host(self, headers: Mapping[str, str]) -> None:
        if self._keys:
            return
        host = headers.get("host", "")
        if not _names_loopback(host):
            raise Refusal(
                403,
                "Foreign host",
                f"this node has no API key and does not answer to the name {host[:80]!r}",
                remedy="use http://127.0.0.1 or localhost, or set ORACLE_API_KEYS",
            )

    def _check_origin(self, headers: Mapping[str, str]) -> None:
        """Fetch metadata and Origin are set by browsers and can not be forged by a page."""
        origin = headers.get("origin")
        foreign = origin is not None and not _is_of(origin, headers.get("host"))
        if foreign or headers.get("sec-fetch-site") in ("cross-site", "same-site"):
            raise Refusal(
                403,
                "Foreign origin",
                f"a web page of {(origin or 'another site')[:80]!r} tried to write here",
                remedy="call the API from a program or your own server, not from a page elsewhere",
            )


def caller_of(address: str, headers: Mapping[str, str], keys: ApiKeys) -> str:
    """Whose rate a request counts against: a key that is one of the node's, or an address."""
    key = key_in(headers)
    if key and keys.scope_of(key) is not None:
        return "key " + hash_of(key).hex()
    return place_of(address)


def check_key(headers: Mapping[str, str], keys: ApiKeys, needed: Scope) -> None:
    """Hold a request to its key.

    Raises:
        Refusal: it needs one that it does not carry, 401, or one of a higher scope, 403.
    """
    if keys.allow(headers, needed):
        return
    given = key_in(headers)
    scope = keys.scope_of(given)
    if scope is not None:
        raise Refusal(
            403,
            "Forbidden",
            f"the API key is for {scope.name.lower()}, this needs {needed.name.lower()}",
            remedy="use a key with that scope: ORACLE_API_KEYS of the node names them",
        )
    raise Refusal(
        401,
        "Unauthorized",
        "the API key is not one of this node's" if given else "writing needs an API key",
        remedy="send it as `Authorization: Bearer …` or `X-API-Key: …`",
        headers={"WWW-Authenticate": 'Bearer realm="decision oracle"'},
    )


def first_of(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """The first value of each header."""
    found: dict[str, str] = {}
    for name, value in headers:
        found.setdefault(name.decode("latin-1"), value.decode("latin-1"))
    return found


def _with_headers(send: Send, *, private: bool) -> Send:
    """Adds what every answer says to browsers; what was asked with a key is kept by no cache."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", ()))
            said = {name.lower(): value for name, value in headers}
            headers += [each for each in _SAID if each[0] not in said]
            if private and _NO_STORE[0] not in said:
                headers.append(_NO_STORE)
            plain = message["status"] < 400 and b"json" not in said.get(b"content-type", b"")
            if not plain and _INERT[0] not in said:
                headers.append(_INERT)
            message["headers"] = headers
        await send(message)

    return sending


@lru_cache(256)  # the same few on every request
def _names_loopback(host: str) -> bool:
    try:
        return is_loopback(urlsplit(f"//{host}").hostname or "")
    except ValueError:  # no such thing as a host, such as "["
        return False


def _is_of(origin: str, host: str | None) -> bool:
    """Whether a page's origin is this host."""
    try:
        return urlsplit(origin).netloc == host
    except ValueError:
        return False


def _is_read(path: str) -> bool:
    return path == READS or path.startswith(READS + "/")
