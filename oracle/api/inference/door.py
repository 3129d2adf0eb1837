"""What a call over gRPC passes before it is looked at: the rules of the HTTP side's gate."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import unquote

import grpc
from google.protobuf.message import DecodeError

from oracle.api.access import caller_of, check_key
from oracle.api.body import MAX_SECONDS
from oracle.api.keys import ApiKeys, Scope
from oracle.api.limits import Limits
from oracle.api.problems import Refusal, status_of, unexpected, without_addresses
from oracle.core.errors import InvalidInput, OracleError

_CODES = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    401: grpc.StatusCode.UNAUTHENTICATED,
    403: grpc.StatusCode.PERMISSION_DENIED,
    404: grpc.StatusCode.NOT_FOUND,
    408: grpc.StatusCode.DEADLINE_EXCEEDED,
    409: grpc.StatusCode.FAILED_PRECONDITION,
    413: grpc.StatusCode.RESOURCE_EXHAUSTED,
    422: grpc.StatusCode.INVALID_ARGUMENT,
    429: grpc.StatusCode.RESOURCE_EXHAUSTED,
    503: grpc.StatusCode.UNAVAILABLE,
}

Messages = AsyncIterator[bytes]
Handler = Callable[[Messages, Any], Awaitable[Any]]


class Door:
    """Keys and limits of one node, for calls.

    Args:
        seconds: that a message may take to arrive.
    """

    def __init__(self, keys: ApiKeys, limits: Limits, *, seconds: float = MAX_SECONDS) -> None:
        self._keys = keys
        self._limits = limits
        self._seconds = seconds

    def guarded(
        self,
        call: Callable[[Any], Awaitable[Any]],
        *,
        parse: Callable[[bytes], Any],
        needs_key: bool,
    ) -> Handler:
        """The call for who may enter, with every error as a gRPC status."""

        async def handler(messages: Messages, context: Any) -> Any:
            try:
                headers = {key: str(value) for key, value in context.invocation_metadata()}
                if self._limits.counts_callers:
                    self._limits.take(caller_of(address_of(context.peer()), headers, self._keys))
                if needs_key:
                    check_key(headers, self._keys, Scope.DECIDE)
                with self._limits.one_more():
                    return await call(_parsed(parse, await self._message(messages)))
            except OracleError as error:
                status, _title = status_of(error)
                text = without_addresses(str(error)) if status >= 500 else str(error)
                code = _CODES.get(status, grpc.StatusCode.INTERNAL)
            except Exception as error:  # noqa: BLE001 - the protocol has a shape for this, too
                code, text = grpc.StatusCode.INTERNAL, " — ".join(unexpected(error))
            return await context.abort(code, text)

        return handler

    async def _message(self, messages: Messages) -> bytes:
        """The call's one message.

        Raises:
            Refusal: it does not arrive in time, or there is none.
        """
        try:
            async with asyncio.timeout(self._seconds):
                return await anext(aiter(messages))
        except TimeoutError:
            raise Refusal(
                408,
                "Request timeout",
                f"the message did not arrive within {self._seconds:g} s",
                remedy="send it faster, or send less",
            ) from None
        except StopAsyncIteration:
            raise Refusal(400, "Bad request", "there is no message", remedy="send one") from None


def _parsed(parse: Callable[[bytes], Any], octets: bytes) -> Any:
    try:
        return parse(octets)
    except DecodeError:
        raise InvalidInput(
            f"the message of {len(octets)} bytes is not the call's",
            remedy="send the protocol's own messages, of package inference",
        ) from None


def address_of(peer: str) -> str:
    """The host of ``ipv4:127.0.0.1:5000`` or ``ipv6:%5B::1%5D:5000``."""
    _kind, _, place = unquote(peer).partition(":")
    return place.rpartition(":")[0].strip("[]")
