"""How much one caller, and all together, may ask."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from fastapi import FastAPI

from oracle.api.access import Gate
from oracle.api.keys import ApiKeys
from oracle.api.limits import CALLERS, Limits, place_of
from oracle.api.problems import Refusal

KEY, OTHER = "a-key-of-sixteen-characters", "another-key-of-many-characters"


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_take__beyond_the_rate__is_429_with_the_time_to_wait():
    clock = Clock()
    limits = Limits(rate=2.0, clock=clock)
    for _ in range(4):
        limits.take("a")
    with pytest.raises(Refusal, match="more than 2 requests a second") as refused:
        limits.take("a")
    assert refused.value.status == 429
    assert refused.value.headers == {"Retry-After": "1"}
    limits.take("b")
    clock.now += 0.5
    limits.take("a")
    with pytest.raises(Refusal):
        limits.take("a")
    clock.now += 3600
    for _ in range(4):
        limits.take("a")
    with pytest.raises(Refusal):
        limits.take("a")


def test_take__slow_rate__says_how_long():
    limits = Limits(rate=0.01, clock=Clock())
    limits.take("a")
    with pytest.raises(Refusal) as refused:
        limits.take("a")
    assert refused.value.headers == {"Retry-After": "100"}


def test_take__any_number_of_callers__are_remembered_within_bounds():
    limits = Limits(rate=1.0, clock=Clock())
    for caller in range(2 * CALLERS):
        limits.take(str(caller))
    assert len(limits._buckets) <= CALLERS


def test_place__of_one_network_of_ipv6__is_one_caller():
    assert place_of("2001:db8::1") == place_of("2001:db8::ffff") != place_of("2001:db8:0:1::1")
    assert place_of("10.0.0.1") == place_of("::ffff:10.0.0.1") != place_of("10.0.0.2")
    assert place_of("fe80::1%eth0") == place_of("fe80::2")
    assert place_of(None) == ""


def app_with(limits: Limits, release: asyncio.Event | None = None) -> FastAPI:
    app = FastAPI()
    app.add_middleware(Gate, keys=ApiKeys([KEY, OTHER]), limits=limits)

    @app.get("/")
    @app.get("/healthz")
    @app.get("/api/stream")
    async def read() -> str:
        if release is not None:
            await release.wait()
        return "read"

    return app


def client(app: FastAPI, address: str = "10.0.0.1") -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app, client=(address, 1))
    return httpx.AsyncClient(transport=transport, base_url="http://oracle")


async def test_rate__of_an_address_and_of_each_key__is_counted_apart():
    app = app_with(Limits(rate=1.0, clock=Clock()))
    async with client(app) as one, client(app, "10.0.0.2") as two:
        for headers in ({}, {"x-api-key": KEY}, {"x-api-key": OTHER}):
            statuses = [(await one.get("/", headers=headers)).status_code for _ in range(3)]
            assert statuses == [200, 200, 429]
        wrong = [
            (await one.get("/", headers={"x-api-key": f"guess-{n}-and-more-of-it"})).status_code
            for n in range(2)
        ]
        assert wrong == [429, 429]
        assert (await two.get("/")).status_code == 200
        assert (await two.get("/", headers={"x-api-key": KEY})).status_code == 429
        assert [(await one.get("/healthz")).status_code for _ in range(5)] == [200] * 5
        refused = await one.get("/")
        assert refused.json()["title"] == "Too many requests"
        assert refused.headers["retry-after"] == "1"
        assert refused.headers["x-content-type-options"] == "nosniff"


async def test_at_once__more_than_that__are_429_and_the_others_are_answered():
    release = asyncio.Event()
    app = app_with(Limits(at_once=3), release)
    async with client(app) as http:
        asked = [asyncio.create_task(http.get("/")) for _ in range(10)]
        streams = [asyncio.create_task(http.get("/api/stream")) for _ in range(3)]
        await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.sleep(0.05)
        release.set()
        statuses = sorted([(await each).status_code for each in asked])
        assert statuses == [200] * 3 + [429] * 7
        assert [(await each).status_code for each in streams] == [200] * 3
        assert (await http.get("/")).status_code == 200
