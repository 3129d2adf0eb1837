"""Errors as problem documents: the right status, the remedy, and nothing that is secret."""

from __future__ import annotations

import httpx
import pytest
import structlog
from fastapi import FastAPI, Request
from structlog.testing import capture_logs

from oracle.api import problems
from oracle.api.body import lost_digits, read_json
from oracle.api.problems import status_of
from oracle.core.errors import (
    ChainError,
    ConfigError,
    Conflict,
    InferenceError,
    InvalidInput,
    JournalError,
    NotFound,
    OracleError,
    Reverted,
    Transient,
    VerificationError,
)

SECRET_URL = "https://user:pass@rpc.example/v3/abcdef0123456789"


def app_that(error: Exception) -> FastAPI:
    app = FastAPI()
    problems.install(app)

    @app.get("/")
    async def fail() -> None:
        raise error

    @app.post("/")
    async def echo(request: Request) -> object:
        return await read_json(request, max_bytes=100, max_seconds=0.2)

    @app.get("/typed")
    async def typed(limit: int) -> int:
        return limit

    return app


def client(app: FastAPI) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFound("w", remedy="r"), 404),
        (Conflict("w", remedy="r"), 409),
        (InvalidInput("w", remedy="r"), 422),
        (Reverted("w", error="FeeTooLow", remedy="r"), 409),
        (Transient("w", remedy="r"), 503),
        (ChainError("w", remedy="r"), 503),
        (JournalError("w", remedy="r"), 503),
        (InferenceError("w", remedy="r"), 503),
        (ConfigError("w", remedy="r"), 503),
        (VerificationError("w", remedy="r"), 500),
        (OracleError("w", remedy="r"), 500),
    ],
)
async def test_every_error__becomes_a_problem_with_its_status_and_remedy(error, status):
    async with client(app_that(error)) as http:
        reply = await http.get("/")

    assert reply.status_code == status == status_of(error)[0]
    assert reply.headers["content-type"] == "application/problem+json"
    problem = reply.json()
    assert set(problem) == {"type", "title", "status", "detail", "remedy"}
    assert (problem["status"], problem["detail"], problem["remedy"]) == (status, "w", "r")
    assert ("retry-after" in reply.headers) == (status == 503)


@pytest.mark.parametrize("kind", [ChainError, JournalError, ConfigError, InferenceError])
async def test_messages_about_endpoints__never_show_their_address(kind):
    error = kind(f"no answer from {SECRET_URL}", remedy=f"look at {SECRET_URL}?key=1")
    async with client(app_that(error)) as http:
        reply = await http.get("/")

    assert "rpc.example" not in reply.text
    assert "abcdef0123456789" not in reply.text
    assert "no answer from" in reply.text


async def test_unexpected_error__shows_nothing_but_an_id_that_the_log_has():
    structlog.reset_defaults()
    with capture_logs() as logs:
        async with client(app_that(RuntimeError(f"boom {SECRET_URL}"))) as http:
            reply = await http.get("/")

    assert reply.status_code == 500
    assert "boom" not in reply.text
    assert "Traceback" not in reply.text
    (entry,) = [line for line in logs if line["event"] == "unexpected"]
    assert entry["incident"] in reply.json()["detail"]
    assert entry["kind"] == "RuntimeError"
    assert SECRET_URL not in str(entry)


async def test_validation__names_the_place_and_never_echoes_the_value():
    async with client(app_that(ValueError())) as http:
        reply = await http.get("/typed", params={"limit": "sesame"})

    assert reply.status_code == 422
    assert "limit" in reply.json()["detail"]
    assert "sesame" not in reply.text


async def test_unknown_path_and_method__are_problems_too():
    async with client(app_that(ValueError())) as http:
        missing, wrong = await http.get("/nope"), await http.delete("/")

    assert (missing.status_code, wrong.status_code) == (404, 405)
    assert missing.json()["remedy"]
    assert wrong.headers["allow"]


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"a": NaN}', b'{"a": Infinity}', b"\xff\xfe", b"[" * 90]
)
async def test_body__not_json__is_400(body):
    async with client(app_that(ValueError())) as http:
        reply = await http.post("/", content=body)

    assert reply.status_code == 400
    assert reply.json()["title"] == "Malformed JSON"


async def test_body__too_large__is_refused_by_its_stated_length_alone():
    async def never() -> None:
        yield b"1"
        raise AssertionError("the body was read")

    async with client(app_that(ValueError())) as http:
        reply = await http.post("/", content=never(), headers={"content-length": "101"})

    assert reply.status_code == 413


async def test_body__too_large_and_chunked__is_refused_while_it_is_read():
    sent = 0

    async def endless() -> None:
        nonlocal sent
        while True:
            sent += 50
            yield b" " * 50

    async with client(app_that(ValueError())) as http:
        reply = await http.post("/", content=endless())

    assert reply.status_code == 413
    assert sent <= 200


async def test_body__that_never_ends__is_given_up():
    import asyncio

    async def slow() -> None:
        yield b"1"
        await asyncio.sleep(5)

    async with client(app_that(ValueError())) as http:
        reply = await http.post("/", content=slow())

    assert reply.status_code == 408


@pytest.mark.parametrize("value", [{"a": 2**53 + 1}, [1e300], {"a": -(2**60)}])
def test_digits__numbers_beyond_exact_doubles__are_noticed(value):
    assert lost_digits(value)


@pytest.mark.parametrize("value", [{"a": 2**53}, [1.5, -3, True], {"a": str(2**200)}, "0x00"])
def test_digits__others__pass(value):
    assert not lost_digits(value)
