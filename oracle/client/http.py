"""A node's API, as the commands and ``oracle.Client`` call it; its problems become our errors."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import TracebackType
from typing import Any, Self

import httpx
import orjson

from oracle.core.errors import (
    ChainError,
    ConfigError,
    Conflict,
    InvalidInput,
    NotFound,
    OracleError,
    Transient,
)

_BY_STATUS: dict[int, type[OracleError]] = {
    400: InvalidInput,
    401: ConfigError,
    403: ConfigError,
    404: NotFound,
    408: Transient,
    409: Conflict,
    413: InvalidInput,
    422: InvalidInput,
    429: Transient,
    503: Transient,
}


class NodeClient:
    """Calls to one node's API.

    Args:
        url: the API's base URL.
        key: sent as a bearer token.
    """

    def __init__(self, url: str, key: str | None = None) -> None:
        self.url = url.rstrip("/")
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._http = httpx.Client(base_url=self.url, headers=headers, timeout=90.0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def get(self, path: str, **query: Any) -> Any:
        """The JSON at a path; parameters that are None are left out."""
        params = {name: value for name, value in query.items() if value is not None}
        return self._read("GET", path, params=params)

    def post(self, path: str, body: Any, **headers: str) -> Any:
        """The JSON that answers a posted JSON body."""
        return self._read(
            "POST",
            path,
            content=_written(body),
            headers={"Content-Type": "application/json"} | headers,
        )

    def octets(self, path: str) -> bytes:
        """The bytes at a path."""
        reply = self._reply("GET", path)
        if reply.status_code != 200:
            raise _error_of(reply.status_code, _parsed(reply), self.url)
        return reply.content

    def put(self, path: str, octets: bytes) -> Any:
        """The JSON that answers bytes that were put there."""
        return self._read(
            "PUT",
            path,
            accept=(200, 201),
            content=octets,
            headers={"Content-Type": "application/octet-stream"},
        )

    def delete(self, path: str, **query: Any) -> None:
        """Delete what is at a path; parameters that are None are left out."""
        params = {name: value for name, value in query.items() if value is not None}
        self._read("DELETE", path, accept=(204,), params=params)

    def ready(self) -> Any:
        """What ``/readyz`` says, whether the node is ready or not."""
        return self._read("GET", "/readyz", accept=(200, 503))

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _read(
        self, method: str, path: str, *, accept: tuple[int, ...] = (200, 202), **options: Any
    ) -> Any:
        reply = self._reply(method, path, **options)
        found = _parsed(reply)
        if reply.status_code in accept and found is not None:
            return found
        raise _error_of(reply.status_code, found, self.url)

    def _reply(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            return self._http.request(method, path, **options)
        except httpx.TimeoutException:
            raise Transient(
                f"the node at {self.url} did not answer in time", remedy="try again"
            ) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ConfigError(
                f"no node answers at {self.url} ({type(error).__name__})",
                remedy="start one with `oracle up`, or name another's address (--api)",
            ) from None


def _parsed(reply: httpx.Response) -> Any:
    """The JSON of a reply; None where it is none."""
    try:
        return orjson.loads(reply.content or b"{}")
    except orjson.JSONDecodeError:
        return None


def _written(body: Any) -> bytes:
    """A body as JSON; numbers of NumPy and decimals, too.

    Raises:
        InvalidInput: something in it has no JSON form.
    """
    try:
        return orjson.dumps(body, default=_plain, option=orjson.OPT_SERIALIZE_NUMPY)
    except TypeError as error:
        raise InvalidInput(
            f"the input can not be written as JSON: {error}",
            remedy="give numbers, texts, lists, or 0x hex",
        ) from None


def _plain(value: object) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bytes | bytearray):
        return "0x" + value.hex()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _error_of(status: int, found: Any, url: str) -> OracleError:
    if not isinstance(found, dict) or "detail" not in found:
        return ChainError(
            f"{url} answered with HTTP {status}, which is no answer of a node",
            remedy="check that the URL is a node's API",
        )
    kind = _BY_STATUS.get(status, OracleError)
    remedy = str(found.get("remedy", ""))
    if status == 401:
        remedy = "give one of the node's keys (ORACLE_API_KEY)"
    return kind(str(found["detail"]), remedy=remedy)
