"""``/v2`` over HTTP, answered before the application's own routes are looked at.

An inference of microseconds would take longer to route and validate than to run: this is a bare
ASGI application, and the requests that matter are parsed by orjson and NumPy alone.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import orjson
import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from oracle.api.access import first_of
from oracle.api.body import MAX_BYTES, read_octets
from oracle.api.inference.service import EXTENSIONS, PLATFORM, SERVER, Inference, ModelMetadata
from oracle.api.problems import RETRY_SECONDS, Refusal, status_of, unexpected, without_addresses
from oracle.core.errors import InvalidInput, NotFound, OracleError
from oracle.inference.protocol import body as bodies

PREFIX = "/v2"
_ENCODINGS = {"gzip": 31, "deflate": 15, "identity": 0, "": 0}
"""Content encodings, and zlib's window bits for each; 0 for none."""

log = structlog.get_logger("oracle.api")


@dataclass(frozen=True, slots=True)
class _Request:
    """A request whose body is still to be received."""

    method: str
    headers: Mapping[str, str]
    receive: Receive


class Rest:
    """Answers what is under ``/v2``; anything else goes on to the application."""

    def __init__(self, app: ASGIApp, inference: Inference) -> None:
        self._app = app
        self._inference = inference

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path = scope.get("path", "")
        if scope["type"] != "http" or not (path == PREFIX or path.startswith("/v2/")):
            await self._app(scope, receive, send)
            return
        headers: list[tuple[bytes, bytes]] = []
        try:
            request = _Request(scope["method"], first_of(scope["headers"]), receive)
            status, content, headers = await self._answer(request, path[len(PREFIX) :])
        except OracleError as error:
            status, content, headers = refused(error)
        except Exception as error:  # noqa: BLE001 - the protocol has a shape for this, too
            what, remedy = unexpected(error)
            status, content = 500, orjson.dumps({"error": f"{what} — {remedy}"})
        headers.append((b"content-length", str(len(content)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    async def _answer(
        self, request: _Request, path: str
    ) -> tuple[int, bytes, list[tuple[bytes, bytes]]]:
        parts = [unquote(part) for part in path.strip("/").split("/")] if path.strip("/") else []
        match parts:
            case ["models", name, "infer"]:
                return await self._infer(request, name, "")
            case ["models", name, "versions", version, "infer"]:
                return await self._infer(request, name, version)
            case ["repository", "index"]:
                return await self._index(request)
        _only(request, "GET")
        match parts:
            case []:
                return _json(
                    {
                        "name": SERVER,
                        "version": self._inference.version,
                        "extensions": list(EXTENSIONS),
                    }
                )
            case ["health", "live"]:
                return _state(True)
            case ["health", "ready"]:
                return _state(self._inference.ready())
            case ["models", name, "ready"]:
                return _state(self._inference.model_ready(name))
            case ["models", name, "versions", version, "ready"]:
                return _state(self._inference.model_ready(name, version))
            case ["models", name]:
                return _json(_metadata(self._inference.metadata(name)))
            case ["models", name, "versions", version]:
                return _json(_metadata(self._inference.metadata(name, version)))
        raise NotFound(
            f"there is nothing at /v2{path[:200]}", remedy="see docs/inference-protocol.md"
        )

    async def _infer(
        self, request: _Request, name: str, version: str
    ) -> tuple[int, bytes, list[tuple[bytes, bytes]]]:
        _only(request, "POST")
        most = self._inference.max_elements(name, version)
        headers = request.headers
        octets = await _decoded(request)
        asked = bodies.read_request(octets, headers.get(bodies.HEADER), most)
        reply = await self._inference.infer(name, version, asked)
        content, json_length = bodies.write_reply(reply, asked)
        if json_length is None:
            return 200, content, [(b"content-type", b"application/json")]
        return (
            200,
            content,
            [
                (b"content-type", b"application/octet-stream"),
                (bodies.HEADER.encode(), str(json_length).encode()),
            ],
        )

    async def _index(self, request: _Request) -> tuple[int, bytes, list[tuple[bytes, bytes]]]:
        _only(request, "POST")
        octets = await _decoded(request)
        try:
            asked = orjson.loads(octets) if octets.strip() else {}
        except orjson.JSONDecodeError:
            raise Refusal(
                400, "Bad request", "the body is no JSON", remedy='send {} or {"ready": true}'
            ) from None
        if not isinstance(asked, dict):
            raise InvalidInput("the body is no object", remedy='send {} or {"ready": true}')
        found = self._inference.index(ready=bool(asked.get("ready")))
        return _json(
            [
                {
                    "name": each.name,
                    "version": each.version,
                    "state": "READY" if each.ready else "UNAVAILABLE",
                    "reason": each.reason,
                }
                for each in found
            ]
        )


def refused(error: OracleError) -> tuple[int, bytes, list[tuple[bytes, bytes]]]:
    """Status, body and headers of an error in the protocol's shape."""
    status, _title = status_of(error)
    text = str(error)
    if status >= 500:
        text = without_addresses(text)
        log.warning("request_failed", status=status, why=error.what)
    if status == 422:
        status = 400
    headers = [(b"content-type", b"application/json")]
    given: Mapping[str, str] = error.headers if isinstance(error, Refusal) else {}
    headers += [(name.lower().encode(), value.encode()) for name, value in given.items()]
    if status in (429, 503) and "Retry-After" not in given:
        headers.append((b"retry-after", str(RETRY_SECONDS).encode()))
    return status, orjson.dumps({"error": text}), headers


async def _decoded(request: _Request) -> bytes:
    """The body, unpacked where it is compressed; never more than the limit of it."""
    octets = await read_octets(request.receive, request.headers.get("content-length", ""))
    given = request.headers.get("content-encoding", "").strip().lower()
    bits = _ENCODINGS.get(given)
    if bits is None:
        raise Refusal(
            415,
            "Unsupported media type",
            f"the content encoding is {given[:40]!r}",
            remedy="send gzip, deflate or none",
        )
    if not bits:
        return octets
    unpacker = zlib.decompressobj(bits)
    try:
        whole = unpacker.decompress(octets, MAX_BYTES + 1)
    except zlib.error:
        raise Refusal(
            400, "Bad request", f"the body is no {given}", remedy="send it whole, or plain"
        ) from None
    if len(whole) > MAX_BYTES:
        raise Refusal(
            413,
            "Content too large",
            f"the body unpacks to more than {MAX_BYTES} bytes",
            remedy="send less at once",
        )
    if not unpacker.eof or unpacker.unused_data:
        fault = "has more behind its end" if unpacker.eof else "ends early"
        raise Refusal(400, "Bad request", f"the {given} body {fault}", remedy="send it whole")
    return whole


def _only(request: _Request, method: str) -> None:
    if request.method != method and not (method == "GET" and request.method == "HEAD"):
        raise Refusal(
            405,
            "Method not allowed",
            f"{request.method} is not for this",
            remedy=f"use {method}",
            headers={"Allow": method},
        )


def _json(value: Any) -> tuple[int, bytes, list[tuple[bytes, bytes]]]:
    return 200, orjson.dumps(value), [(b"content-type", b"application/json")]


def _state(holds: bool) -> tuple[int, bytes, list[tuple[bytes, bytes]]]:
    """Whether it holds is in the status, for clients that look at nothing else."""
    status, content, headers = _json({"ready": holds})
    return status if holds else 503, content, headers


def _metadata(model: ModelMetadata) -> dict[str, Any]:
    return {
        "name": model.name,
        "versions": [model.version],
        "platform": PLATFORM,
        "inputs": [
            {"name": each.name, "datatype": each.datatype, "shape": list(each.shape)}
            for each in model.inputs
        ],
        "outputs": [
            {"name": each.name, "datatype": each.datatype, "shape": list(each.shape)}
            for each in model.outputs
        ],
    }
