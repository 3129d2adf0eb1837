"""The page's files: what is served, under which headers, and what is refused."""

from __future__ import annotations

import gzip
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from oracle.api import page
from oracle.api.page import endpoint_of, policy


@pytest.fixture
def http(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> httpx.AsyncClient:
    files = {"index.html": b"<!doctype html>", "page-0a1b2c3d.js": b"x()", "runtime.wasm": b"\0asm"}
    for name, octets in files.items():
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(octets))
    (tmp_path.parent / "secret.js.gz").write_bytes(gzip.compress(b"secret"))
    monkeypatch.setattr(page, "STATIC", tmp_path)
    app = FastAPI()
    app.include_router(page.router)
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1:8550"
    )


async def test_index__says_what_the_browser_may_do(http: httpx.AsyncClient):
    reply = await http.get("/")

    assert reply.text == "<!doctype html>"
    rules = reply.headers["content-security-policy"]
    assert "default-src 'none'" in rules
    assert "script-src 'self' 'wasm-unsafe-eval';" in rules
    assert "unsafe-inline" not in rules
    assert "'unsafe-eval'" not in rules
    assert "connect-src 'self';" in rules
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["referrer-policy"] == "no-referrer"
    assert reply.headers["cache-control"] == "no-cache"


async def test_index__endpoint_named__may_be_talked_to_and_nothing_else(http: httpx.AsyncClient):
    reply = await http.get("/", params={"rpc": "https://rpc.example:8443/v3/key"})
    assert (
        "connect-src 'self' https://rpc.example:8443;" in reply.headers["content-security-policy"]
    )


async def test_file__named_after_its_content__is_kept_forever(http: httpx.AsyncClient):
    script = await http.get("/page/page-0a1b2c3d.js")
    assert script.text == "x()"
    assert script.headers["content-encoding"] == "gzip"
    assert script.headers["content-type"].startswith("text/javascript")
    assert "immutable" in script.headers["cache-control"]

    runtime = await http.get("/page/runtime.wasm", headers={"accept-encoding": "identity"})
    assert runtime.content == b"\0asm"
    assert runtime.headers["content-type"] == "application/wasm"
    assert "content-encoding" not in runtime.headers
    assert "immutable" not in runtime.headers["cache-control"]


@pytest.mark.parametrize(
    "path",
    ["nothing.js", "..%2fsecret.js", "index.html", "page-0a1b2c3d.js.gz", "%00.js", ".js"],
)
async def test_file__none_of_the_page__is_not_found(http: httpx.AsyncClient, path: str):
    assert (await http.get(f"/page/{path}")).status_code == 404


async def test_index__not_built__says_how(
    http: httpx.AsyncClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(page, "STATIC", tmp_path / "nothing")
    reply = await http.get("/")

    assert reply.status_code == 503
    assert "make page" in reply.text
    assert "default-src 'none'" in reply.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://rpc.example/v3/key", "https://rpc.example"),
        ("http://127.0.0.1:8545", "http://127.0.0.1:8545"),
        ("http://[::1]:8545/", "http://[::1]:8545"),
        ("https://user:pass@RPC.example", "https://rpc.example"),
        ("https://rpc.example; script-src *", None),
        ("https://*", None),
        ("https://a b", None),
        ("https://rpc.example:99999", None),
        ("javascript:alert(1)", None),
        ("wss://rpc.example", None),
        ("", None),
        (None, None),
    ],
)
def test_endpoint_of__is_an_origin_or_nothing(url: str | None, origin: str | None):
    assert endpoint_of(url) == origin
    assert policy(endpoint_of(url)).count(";") == policy(None).count(";")
