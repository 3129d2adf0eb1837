"""Bytes from elsewhere, by a rule that somebody wrote down, and believed by their hash only.

A URI in a request is a stranger's: it could make this machine ask its own network for something
(SSRF). So only hosts that the operator listed are asked, by HTTPS unless the list says otherwise; a
name must resolve to public addresses, and the very address that was checked is connected to (no
second look-up, so no DNS rebinding); there are no redirects, no proxies, no credentials; size and
time are bounded.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

import httpx

from oracle.core.errors import ConfigError, EvidenceError, InvalidInput, VerificationError
from oracle.evidence.store import Name

PORTS = {"https": 443, "http": 80}
Resolver = Callable[[str, int], Awaitable[Sequence[str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One place that may be asked.

    Attributes:
        scheme: ``https`` or ``http``.
        host: a name, or an address; an address that is written here may be a private one.
    """

    scheme: str
    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Place:
        """The place in ``host``, ``host:port`` or ``scheme://host:port``.

        Raises:
            ConfigError: it is none.
        """
        url = urlsplit(text if "://" in text else f"https://{text}")
        wrong = ConfigError(
            f"{text!r} is no place to fetch inputs from",
            remedy="write a host, host:port, or http://host:port",
        )
        try:
            port = url.port
        except ValueError:
            raise wrong from None
        if url.scheme not in PORTS or not url.hostname or url.path.strip("/") or url.query:
            raise wrong
        return cls(scheme=url.scheme, host=url.hostname.lower(), port=port or PORTS[url.scheme])


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRules:
    """From where and how much.

    Attributes:
        places: those that may be asked; none unless the operator lists some.
        max_bytes: of one answer.
        seconds: for all of one answer.
    """

    places: tuple[Place, ...] = ()
    max_bytes: int = 8 << 20
    seconds: float = 10.0


async def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of a name, as the machine's resolver gives them."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


@dataclass(slots=True, kw_only=True)
class Fetcher:
    """Fetches by the rules."""

    rules: FetchRules = field(default_factory=FetchRules)
    resolver: Resolver = resolve

    async def fetch(self, uri: str, name: Name) -> bytes:
        """The bytes at ``uri``, which have that name.

        Raises:
            InvalidInput: the rules forbid to ask there.
            EvidenceError: the place did not answer properly; it may be asked again.
            VerificationError: what it answered has another hash.
        """
        place, path = self._allowed(uri)
        try:
            async with asyncio.timeout(self.rules.seconds):
                address = await self._address(place)
                octets = await self._read(place, address, path)
        except (TimeoutError, OSError, httpx.HTTPError) as error:
            why = str(error) or type(error).__name__
            raise EvidenceError(
                f"{place.host} did not give the input: {why}",
                remedy="it is asked again until the deadline",
            ) from error
        if not name.fits(octets):
            raise VerificationError(
                f"what {place.host} gives is not {name}",
                remedy="the requester has to publish the very bytes that were hashed",
            )
        return octets

    def _allowed(self, uri: str) -> tuple[Place, str]:
        url = _split(uri)
        scheme, host = url.scheme.lower(), (url.hostname or "").lower()
        if scheme not in PORTS:
            raise InvalidInput(
                f"inputs are not fetched by {url.scheme[:16] or 'no scheme'!r}",
                remedy="publish the input by https",
            )
        if url.username is not None or url.password is not None:
            raise InvalidInput("the URI carries credentials", remedy="publish the input openly")
        place = Place(scheme=scheme, host=host, port=url.port or PORTS[scheme])
        if place not in self.rules.places:
            raise InvalidInput(
                f"inputs are not fetched from {scheme}://{host[:100]}:{place.port}",
                remedy="ask the operator to list it (ORACLE_EVIDENCE_HOSTS), or put the input "
                "into the node's store",
            )
        return place, (url.path or "/") + (f"?{url.query}" if url.query else "")

    async def _address(self, place: Place) -> str:
        """The address to connect to; a name's have to be public, all of them."""
        try:
            return str(ipaddress.ip_address(place.host))
        except ValueError:
            pass
        addresses = await self.resolver(place.host, place.port)
        for address in addresses:
            if not _is_public(address):
                raise InvalidInput(
                    f"{place.host} is at {address}, which is not a public address",
                    remedy="list the address itself where the operator means a private one",
                )
        if not addresses:
            raise EvidenceError(f"{place.host} has no address", remedy="check the name")
        return str(addresses[0])

    async def _read(self, place: Place, address: str, path: str) -> bytes:
        host = f"[{address}]" if ":" in address else address
        name = f"[{place.host}]" if ":" in place.host else place.host
        async with (
            httpx.AsyncClient(
                follow_redirects=False, trust_env=False, timeout=self.rules.seconds
            ) as http,
            http.stream(
                "GET",
                f"{place.scheme}://{host}:{place.port}{path}",
                headers={
                    "Host": name if place.port == PORTS[place.scheme] else f"{name}:{place.port}",
                    "Accept-Encoding": "identity",
                },
                extensions={"sni_hostname": place.host},
            ) as reply,
        ):
            if reply.status_code != httpx.codes.OK:
                raise EvidenceError(
                    f"{place.host} answered with HTTP {reply.status_code}",
                    remedy="redirects are not followed; publish the bytes at the URI itself",
                )
            octets = bytearray()
            async for chunk in reply.aiter_raw():
                octets += chunk
                if len(octets) > self.rules.max_bytes:
                    raise InvalidInput(
                        f"{place.host} gives more than {self.rules.max_bytes} bytes",
                        remedy="ask about a smaller input",
                    )
        return bytes(octets)


def _split(uri: str) -> SplitResult:
    try:
        url = urlsplit(uri)
        _ = url.port
    except ValueError as error:
        raise InvalidInput(f"the evidence URI is none: {error}") from None
    return url


def _is_public(address: str) -> bool:
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if inner is not None:
            return inner.is_global
        if found in _NAT64:
            return ipaddress.IPv4Address(int(found) & 0xFFFFFFFF).is_global
    return found.is_global and not found.is_multicast


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
