"""A running node's API, as the client commands use it; its problems become our errors."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

import httpx
import orjson

from oracle.cli.home import Home, RunningNode
from oracle.cli.settings import API_PORT, Settings
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
        self._http.close()

    def get(self, path: str, **query: Any) -> Any:
        """The JSON at a path; parameters that are None are left out."""
        params = {name: value for name, value in query.items() if value is not None}
        return self._read("GET", path, params=params)

    def post(self, path: str, body: Any, **headers: str) -> Any:
        """The JSON that answers a posted JSON body."""
        return self._read(
            "POST",
            path,
            content=orjson.dumps(body),
            headers={"Content-Type": "application/json"} | headers,
        )

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

    def _read(
        self, method: str, path: str, *, accept: tuple[int, ...] = (200, 202), **options: Any
    ) -> Any:
        try:
            reply = self._http.request(method, path, **options)
        except httpx.TimeoutException:
            raise Transient(
                f"the node at {self.url} did not answer in time", remedy="try again"
            ) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ConfigError(
                f"no node answers at {self.url} ({type(error).__name__})",
                remedy="start one with `oracle up`, or name another with --api",
            ) from None
        try:
            found = orjson.loads(reply.content or b"{}")
        except orjson.JSONDecodeError:
            found = None
        if reply.status_code in accept and found is not None:
            return found
        raise _error_of(reply.status_code, found, self.url)


def connect(settings: Settings) -> NodeClient:
    """A client of the node that a flag, the environment or the state folder names."""
    key = settings.api_key.get_secret_value() if settings.api_key else None
    return NodeClient(api_url(settings), key)


def api_url(settings: Settings) -> str:
    """Where the node's API is: as told, else the running node's of the state folder."""
    if settings.api_url:
        return settings.api_url
    node = running_node(settings)
    return node.api if node else f"http://127.0.0.1:{API_PORT}"


def running_node(settings: Settings) -> RunningNode | None:
    """The node that runs with this state folder."""
    return Home(settings.home).running()


def _error_of(status: int, found: Any, url: str) -> OracleError:
    if not isinstance(found, dict) or "detail" not in found:
        return ChainError(
            f"{url} answered with HTTP {status}, which is no answer of a node",
            remedy="check that the URL is a node's API",
        )
    kind = _BY_STATUS.get(status, OracleError)
    remedy = str(found.get("remedy", ""))
    if status == 401:
        remedy = "set ORACLE_API_KEY to one of the node's keys"
    return kind(str(found["detail"]), remedy=remedy)
