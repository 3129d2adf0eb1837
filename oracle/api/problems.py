"""Errors as HTTP sees them: RFC 9457 problem documents, and which status an error has.

What is shown never holds a traceback or an address with credentials: URLs are cut out of messages
about the chain and the journal, and an unexpected error is only named by an id in the log.
"""

from __future__ import annotations

import re
import secrets
import traceback
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from oracle.api.reverts import remedy_for
from oracle.core.errors import (
    ChainError,
    ConfigError,
    Conflict,
    InferenceError,
    InvalidInput,
    JournalError,
    NotFound,
    OracleError,
    Overloaded,
    Reverted,
    VerificationError,
)

log = structlog.get_logger("oracle.api")

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 2
_ADDRESS = re.compile(r"(?i)\b[a-z][a-z0-9+.-]*://\S+")


class Problem(BaseModel):
    """What went wrong, and what to do (RFC 9457)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "about:blank#invalid-input",
                    "title": "Invalid input",
                    "status": 422,
                    "detail": "feature age is 420",
                    "remedy": "it must be within 0 … 120",
                }
            ]
        }
    )

    type: str = Field(description="A URI that names the kind of problem.")
    title: str = Field(description="The kind of problem in a few words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What was wrong, with the value.")
    remedy: str = Field(description="What to do about it.")


class Refusal(OracleError):
    """A request that HTTP refuses before anything looks at its meaning.

    Args:
        status: the HTTP status.
        kind: the problem's title.
        headers: sent along.
    """

    def __init__(
        self,
        status: int,
        kind: str,
        what: str,
        *,
        remedy: str,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(what, remedy=remedy)
        self.status = status
        self.kind = kind
        self.headers = dict(headers or {})


_STATUS: tuple[tuple[type[OracleError], int, str], ...] = (
    (NotFound, 404, "Not found"),
    (Conflict, 409, "Conflict"),
    (InvalidInput, 422, "Invalid input"),
    (Reverted, 409, "Refused by the contract"),
    (ChainError, 503, "Chain unavailable"),
    (JournalError, 503, "Journal unavailable"),
    (Overloaded, 429, "Too many requests"),
    (InferenceError, 503, "Model unavailable"),
    (ConfigError, 503, "Node not set up"),
    (VerificationError, 500, "Verification failed"),
)
"""The first row that fits an error decides."""


def status_of(error: OracleError) -> tuple[int, str]:
    """HTTP status and title of an error."""
    if isinstance(error, Refusal):
        return error.status, error.kind
    for kind, status, title in _STATUS:
        if isinstance(error, kind):
            return status, title
    return 500, "Failed"


def without_addresses(text: str) -> str:
    """``text`` with every URL hidden."""
    return _ADDRESS.sub("[address hidden]", text)


def respond(error: OracleError) -> Response:
    """The problem document of an error."""
    status, title = status_of(error)
    headers = dict(error.headers) if isinstance(error, Refusal) else {}
    what, remedy = error.what, remedy_for(error)
    if not isinstance(error, InvalidInput | Refusal):
        what, remedy = without_addresses(what), without_addresses(remedy)
    if status in (429, 503):
        headers.setdefault("Retry-After", str(RETRY_SECONDS))
    return document(status, title, what, remedy, headers=headers)


def refuse(refusal: Refusal, path: str) -> Response:
    """A refusal by whoever stands before the routes; under ``/v2`` in that protocol's shape."""
    if not path.startswith("/v2"):
        return respond(refusal)
    return Response(
        orjson.dumps({"error": str(refusal)}),
        status_code=refusal.status,
        media_type="application/json",
        headers=dict(refusal.headers),
    )


def document(
    status: int, title: str, detail: str, remedy: str, *, headers: Mapping[str, str] | None = None
) -> Response:
    """A problem document; its type is the title as a fragment."""
    slug = re.sub(r"[^a-z]+", "-", title.lower()).strip("-")
    problem: dict[str, Any] = {
        "type": f"about:blank#{slug}",
        "title": title,
        "status": status,
        "detail": detail,
        "remedy": remedy,
    }
    return Response(
        orjson.dumps(problem), status_code=status, media_type=MEDIA_TYPE, headers=headers
    )


def from_validation(errors: list[Any]) -> InvalidInput:
    """Pydantic's findings as one error that names the places, and never echoes a value."""
    found = []
    for error in errors:
        place = ".".join(str(part) for part in error["loc"] if part not in ("body", "query"))
        found.append(f"{place or 'the body'}: {error['msg']}")
    return InvalidInput(
        "; ".join(dict.fromkeys(found)), remedy="see the schema and the examples at /docs"
    )


def unexpected(error: Exception) -> tuple[str, str]:
    """Log an error that nothing expected; what to answer instead of it, and the remedy."""
    incident = secrets.token_hex(4)
    frames = [
        f"{f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(error.__traceback__)
    ]
    log.error("unexpected", incident=incident, kind=type(error).__name__, frames=frames[-6:])
    return (
        f"the node met an error it does not know; its log names it {incident}",
        "report it, with the log's lines about it",
    )


def install(app: FastAPI) -> None:
    """Answer every error of the app with a problem document."""

    async def on_oracle_error(_: Request, error: Exception) -> Response:
        assert isinstance(error, OracleError)
        status, _title = status_of(error)
        if status >= 500:
            log.warning("request_failed", status=status, why=error.what)
        return respond(error)

    async def on_validation(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return respond(from_validation(list(error.errors())))

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        title = HTTPStatus(error.status_code).phrase
        detail = f"{request.method} {request.url.path}: {error.detail}"
        return document(
            error.status_code, title, detail, "see /docs for what there is", headers=error.headers
        )

    async def on_unexpected(_: Request, error: Exception) -> Response:
        return document(500, "Unexpected error", *unexpected(error))

    app.add_exception_handler(OracleError, on_oracle_error)
    app.add_exception_handler(RequestValidationError, on_validation)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(Exception, on_unexpected)
