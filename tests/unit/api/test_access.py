"""Who may write: keys in constant time, loopback only without them, never a web page elsewhere."""

from __future__ import annotations

import hashlib

import httpx
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette

from oracle.api.access import Gate, is_loopback, may_bind
from oracle.api.keys import ApiKeys, Scope
from oracle.api.limits import Limits
from oracle.core.errors import ConfigError

KEY = "a-key-of-sixteen-characters"
HASHED = "sha256:" + hashlib.sha256(KEY.encode()).hexdigest()


def app_with(*keys: str) -> Starlette:
    app = FastAPI()
    app.add_middleware(Gate, keys=ApiKeys(keys))

    @app.get("/")
    async def read() -> str:
        return "read"

    @app.post("/")
    @app.delete("/")
    async def write() -> str:
        return "written"

    return app


async def call(app: Starlette, method: str, host: str = "127.0.0.1:8550", **headers: str):
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8550") as client:
        return await client.request(
            method,
            "/",
            headers={k: v.encode("latin-1") for k, v in {"host": host, **headers}.items()},
        )


@pytest.mark.parametrize("given", [KEY, HASHED])
async def test_write__key_given_plain_or_hashed__is_let_in(given):
    app = app_with("another-key-of-many-characters", given)

    assert (await call(app, "POST", authorization=f"Bearer {KEY}")).status_code == 200
    assert (await call(app, "POST", **{"x-api-key": KEY})).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer wrong-wrong-wrong-wrong"},
        {"authorization": f"Basic {KEY}"},
        {"authorization": "Bearer "},
        {"authorization": f"Bearer {HASHED}"},
        {"x-api-key": KEY + " x"},
        {"x-api-key": "ключ".encode().decode("latin-1")},
    ],
)
async def test_write__no_or_wrong_key__is_401_and_says_how(headers):
    reply = await call(app_with(HASHED), "POST", **headers)

    assert reply.status_code == 401
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.headers["www-authenticate"].startswith("Bearer")
    problem = reply.json()
    assert problem["title"] == "Unauthorized"
    assert "Authorization" in problem["remedy"]
    assert KEY not in reply.text


async def test_read__no_key__is_let_in():
    assert (await call(app_with(KEY), "GET", host="oracle.example")).status_code == 200


@pytest.mark.parametrize("host", ["localhost:8550", "127.0.0.1:8550", "[::1]:8550", "127.9.9.9"])
async def test_without_keys__loopback_names__are_answered(host):
    assert (await call(app_with(), "POST", host=host)).status_code == 200


@pytest.mark.parametrize(
    "host", ["oracle.example", "127.0.0.1.evil.example", "10.0.0.1:8550", "", "[", "[::1", "a]b"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_without_keys__a_name_rebound_to_loopback__is_refused(host, method):
    reply = await call(app_with(), method, host=host)

    assert reply.status_code == 403
    assert reply.json()["title"] == "Foreign host"


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:3000"},
        {"origin": "http://["},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
@pytest.mark.parametrize("keys", [(), (KEY,)])
async def test_write__from_a_web_page_elsewhere__is_refused(headers, keys):
    reply = await call(app_with(*keys), "POST", authorization=f"Bearer {KEY}", **headers)

    assert reply.status_code == 403
    assert reply.json()["title"] == "Foreign origin"


async def test_write__from_our_own_page__is_let_in():
    own = {"origin": "http://127.0.0.1:8550", "sec-fetch-site": "same-origin"}
    assert (await call(app_with(), "POST", **own)).status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.4", "::", "oracle.example"])
def test_bind__beyond_loopback_without_a_key__is_refused(host):
    with pytest.raises(ConfigError, match="without an API key") as caught:
        may_bind(host, ApiKeys())
    assert "ORACLE_API_KEYS" in caught.value.remedy
    may_bind(host, ApiKeys([KEY]))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_bind__loopback_without_a_key__is_allowed(host):
    assert is_loopback(host)
    may_bind(host, ApiKeys())


def test_keys__too_short__are_refused_without_being_shown():
    with pytest.raises(ConfigError) as caught:
        ApiKeys(["short"])
    assert "short" not in caught.value.what
    assert not ApiKeys(["", "  "])
    assert KEY not in repr(ApiKeys([KEY]))


@pytest.mark.parametrize(
    ("scope", "method", "status"),
    [
        ("read", "GET", 200),
        ("read", "POST", 403),
        ("read", "DELETE", 403),
        ("decide", "POST", 200),
        ("decide", "DELETE", 403),
        ("admin", "POST", 200),
        ("admin", "DELETE", 200),
    ],
)
@pytest.mark.parametrize("given", [KEY, HASHED])
async def test_scope__of_a_key__is_what_it_may(scope, method, status, given):
    app = app_with(f"{scope}:{given}", "another-key-of-many-characters")

    reply = await call(app, method, **{"x-api-key": KEY})
    assert reply.status_code == status
    if status == 403:
        assert f"for {scope}" in reply.json()["detail"]
        assert KEY not in reply.text
    assert (await call(app, "DELETE", **{"x-api-key": "another-key-of-many-characters"})).is_success


def test_scope__one_key_with_two__has_the_higher():
    keys = ApiKeys([f"read:{KEY}", f"decide:{HASHED}"])
    assert keys.scope_of(KEY) is Scope.DECIDE
    assert keys.scope_of(KEY + "x") is None
    with pytest.raises(ConfigError, match="0 characters"):
        ApiKeys(["read:"])


async def test_answer__of_any_kind__says_what_browsers_may_do_with_it():
    app = app_with(KEY)
    for method in ("GET", "POST", "PUT"):
        reply = await call(app, method)
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["x-frame-options"] == "DENY"
        assert reply.headers["referrer-policy"] == "no-referrer"
        assert reply.headers["content-security-policy"].startswith("default-src 'none'")
        assert "access-control-allow-origin" not in reply.headers
    assert "cache-control" not in (await call(app, "GET")).headers
    private = await call(app, "GET", authorization=f"Bearer {KEY}")
    assert private.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
async def test_draining__only_who_operates_the_node_is_answered(path: str) -> None:
    limits, app = Limits(), FastAPI()
    app.add_middleware(Gate, keys=ApiKeys(), limits=limits)
    app.add_api_route("/", lambda: "read")
    app.add_api_route(path, lambda: "watched")

    assert (await call(app, "GET")).status_code == 200
    limits.close()
    refused = await call(app, "GET")
    assert refused.status_code == 503
    assert refused.headers["connection"] == "close"
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8550") as client:
        assert (await client.get(path)).status_code == 200
