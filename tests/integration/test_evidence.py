"""The evidence store on a real S3 server, and inputs fetched from a real HTTP server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import boto3
import pytest
from moto.server import ThreadedMotoServer

from oracle.cli.settings import Settings
from oracle.cli.verifying import material_for
from oracle.core.errors import EvidenceError, InvalidInput, NotFound, VerificationError
from oracle.evidence import EvidenceStore, Fetcher, FetchRules, Name
from oracle.evidence.fetch import Place
from tests.support import receipts

INPUT = b"an input " * 100
KEYS = {"key": "test", "secret": "test"}


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    client = boto3.client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    client.create_bucket(Bucket="evidence")
    yield url
    server.stop()


class Answers(BaseHTTPRequestHandler):
    """``/input`` gives it, ``/endless`` never stops, ``/moved`` redirects, ``/slow`` waits."""

    def do_GET(self) -> None:
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/input")
            self.end_headers()
            return
        self.send_response(200)
        self.end_headers()
        try:
            if self.path == "/slow":
                self.server.stop.wait(5)  # type: ignore[attr-defined]
            while self.path == "/endless":
                self.wfile.write(bytes(65536))
            self.wfile.write(INPUT if self.path == "/input" else b"something else")
        except OSError:
            pass

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def web() -> Iterator[str]:
    from threading import Event

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.daemon_threads = True
    server.stop = Event()  # type: ignore[attr-defined]
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.stop.set()  # type: ignore[attr-defined]
    server.shutdown()
    server.server_close()


def fetcher(web: str, **rules: float) -> Fetcher:
    return Fetcher(rules=FetchRules(places=(Place.parse(web),), **rules))  # type: ignore[arg-type]


def test_s3__put_get_delete__by_hash(s3: str) -> None:
    store = EvidenceStore("s3://evidence/here", client_kwargs={"endpoint_url": s3}, **KEYS)
    name = store.put(INPUT)
    assert store.get(name) == INPUT
    store.delete(name)
    with pytest.raises(NotFound):
        store.get(name)


def test_s3__changed_behind_the_stores_back__is_refused(s3: str) -> None:
    store = EvidenceStore("s3://evidence/here", client_kwargs={"endpoint_url": s3}, **KEYS)
    name = store.put(INPUT)
    client = boto3.client(
        "s3",
        endpoint_url=s3,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    client.put_object(Bucket="evidence", Key=f"here/{name.path}", Body=b"other")
    with pytest.raises(VerificationError, match="has another hash"):
        store.get(name)


def test_s3__no_such_bucket__is_a_clear_error(s3: str) -> None:
    store = EvidenceStore("s3://nowhere", client_kwargs={"endpoint_url": s3}, **KEYS)
    with pytest.raises(EvidenceError, match=r"was not kept in the evidence store s3://nowhere"):
        store.put(INPUT)


async def test_fetch__a_listed_address__gives_the_bytes_of_that_hash(web: str) -> None:
    assert await fetcher(web).fetch(f"{web}/input", Name.of(INPUT)) == INPUT


async def test_fetch__other_bytes__are_refused(web: str) -> None:
    with pytest.raises(VerificationError, match="gives is not keccak256"):
        await fetcher(web).fetch(f"{web}/other", Name.of(INPUT))


async def test_fetch__a_redirect__is_not_followed(web: str) -> None:
    with pytest.raises(EvidenceError, match="HTTP 302"):
        await fetcher(web).fetch(f"{web}/moved", Name.of(INPUT))


async def test_fetch__without_end__stops_at_the_limit(web: str) -> None:
    with pytest.raises(InvalidInput, match="more than 100000 bytes"):
        await fetcher(web, max_bytes=100_000).fetch(f"{web}/endless", Name.of(INPUT))


async def test_fetch__a_silent_server__ends_in_time(web: str) -> None:
    began = asyncio.get_running_loop().time()
    with pytest.raises(EvidenceError, match="did not give the input"):
        await fetcher(web, seconds=0.3).fetch(f"{web}/slow", Name.of(INPUT))
    assert asyncio.get_running_loop().time() - began < 3


async def test_model__by_url__is_fetched_by_the_same_rules_and_kept(
    web: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card, onnx = receipts.model().card, receipts.model().onnx
    monkeypatch.setattr("tests.integration.test_evidence.INPUT", onnx)
    settings = Settings(home=tmp_path, models=tmp_path, evidence_hosts=web)
    with pytest.raises(InvalidInput, match="not fetched from"):
        await material_for(card, Settings(home=tmp_path, models=tmp_path), f"{web}/input")
    with pytest.raises(VerificationError, match="gives is not sha256"):
        await material_for(card, settings, f"{web}/other")
    assert (await material_for(card, settings, None)).files == {}
    assert (await material_for(card, settings, f"{web}/input")).files == {"model.onnx": onnx}
    assert (await material_for(card, settings, None)).files == {"model.onnx": onnx}


async def test_fetch__nobody_there__may_be_tried_again() -> None:
    gone = "http://127.0.0.1:9"
    with pytest.raises(EvidenceError, match="did not give the input"):
        await fetcher(gone).fetch(f"{gone}/input", Name.of(INPUT))
