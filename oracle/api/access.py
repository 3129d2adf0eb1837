"""Who may write: API keys, and where there are none, only programs on this machine.

A web page in a browser on this machine is not such a program: it could post to a loopback address
without asking, or rename itself to one (DNS rebinding). So requests that carry a foreign ``Origin``
are refused, and a node without keys answers to loopback names only.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from oracle.api.problems import Refusal, refuse
from oracle.core.errors import ConfigError

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_HASHED = re.compile(r"sha256:([0-9a-fA-F]{64})")
LEAST_KEY = 16
PEERS = "/peer/"
"""Under it committee members write; their signatures stand in for a key."""
READS = "/ccip"
"""Gasless reads: they write nothing, so pages of any origin may post them without a key."""


class ApiKeys:
    """The keys that may write, held as SHA-256 only.

    Args:
        given: each a key of at least 16 characters, or ``sha256:`` and its hash in hex.

    Raises:
        ConfigError: a key is too short to be a secret.
    """

    def __init__(self, given: Iterable[str] = ()) -> None:
        self._hashes: list[bytes] = []
        for key in (key.strip() for key in given):
            if not key:
                continue
            hashed = _HASHED.fullmatch(key)
            if hashed:
                self._hashes.append(bytes.fromhex(hashed[1]))
                continue
            if len(key) < LEAST_KEY:
                raise ConfigError(
                    f"an API key has {len(key)} characters",
                    remedy=f"use {LEAST_KEY} or more, such as `openssl rand -hex 24` gives",
                )
            self._hashes.append(hashlib.sha256(key.encode()).digest())

    def __bool__(self) -> bool:
        return bool(self._hashes)

    def __repr__(self) -> str:
        return f"ApiKeys({len(self._hashes)})"

    def accepts(self, key: str) -> bool:
        """Whether this is one of the keys; takes as long for any key."""
        given = hashlib.sha256(key.encode()).digest()
        found = [hmac.compare_digest(given, known) for known in self._hashes]
        return any(found)


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


def is_trusted(headers: Headers, keys: ApiKeys) -> bool:
    """Whether the caller may write, and see inputs: it has a key, or none is needed."""
    return not keys or keys.accepts(_key_in(headers))


class Gate:
    """Refuses what may not enter, before anything is read of it (an ASGI middleware)."""

    def __init__(self, app: ASGIApp, keys: ApiKeys) -> None:
        self._app = app
        self._keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with a refusal."""
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            try:
                self._check_host(headers)
                if scope["method"] not in SAFE and not _is_read(scope["path"]):
                    self._check_origin(headers)
                    if not scope["path"].startswith(PEERS):
                        self._check_key(headers)
            except Refusal as refusal:
                await refuse(refusal, scope["path"])(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _check_host(self, headers: Headers) -> None:
        if self._keys:
            return
        host = headers.get("host", "")
        if not is_loopback(urlsplit(f"//{host}").hostname or ""):
            raise Refusal(
                403,
                "Foreign host",
                f"this node has no API key and does not answer to the name {host[:80]!r}",
                remedy="use http://127.0.0.1 or localhost, or set ORACLE_API_KEYS",
            )

    def _check_origin(self, headers: Headers) -> None:
        """Fetch metadata and Origin are set by browsers and can not be forged by a page."""
        origin = headers.get("origin")
        foreign = origin is not None and urlsplit(origin).netloc != headers.get("host")
        if foreign or headers.get("sec-fetch-site") in ("cross-site", "same-site"):
            raise Refusal(
                403,
                "Foreign origin",
                f"a web page of {(origin or 'another site')[:80]!r} tried to write here",
                remedy="call the API from a program or your own server, not from a page elsewhere",
            )

    def _check_key(self, headers: Headers) -> None:
        if not self._keys:
            return
        given = _key_in(headers)
        if not given or not self._keys.accepts(given):
            raise Refusal(
                401,
                "Unauthorized",
                "the API key is not one of this node's" if given else "writing needs an API key",
                remedy="send it as `Authorization: Bearer …` or `X-API-Key: …`",
                headers={"WWW-Authenticate": 'Bearer realm="decision oracle"'},
            )


def _is_read(path: str) -> bool:
    return path == READS or path.startswith(READS + "/")


def _key_in(headers: Headers) -> str:
    kind, _, key = headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer" and key.strip():
        return key.strip()
    return headers.get("x-api-key", "").strip()
