"""Who may be asked for an input: the operator's list, at public addresses, and nobody else."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import httpx
import pytest

from oracle.core.errors import ConfigError, InvalidInput
from oracle.evidence import Fetcher, FetchRules, Name
from oracle.evidence.fetch import Place

NAME = Name.of(b"an input")
LISTED = FetchRules(places=(Place.parse("inputs.example"),))


def resolving_to(*addresses: str) -> Fetcher:
    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return addresses

    return Fetcher(rules=LISTED, resolver=resolve)


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("https://elsewhere.example/a", "not fetched from https://elsewhere.example:443"),
        ("http://inputs.example/a", "not fetched from http://inputs.example:80"),
        ("https://inputs.example:8443/a", "not fetched from https://inputs.example:8443"),
        ("https://inputs.example.evil.example/a", "not fetched from"),
        ("https://inputs.example@evil.example/a", "credentials"),
        ("https://user:word@inputs.example/a", "credentials"),
        ("https://169.254.169.254/latest/meta-data", "not fetched from"),
        ("https://[::1]/a", "not fetched from"),
        ("file:///etc/passwd", "not fetched by 'file'"),
        ("gopher://inputs.example/a", "not fetched by 'gopher'"),
        ("s3://inputs.example/a", "not fetched by 's3'"),
        ("inputs.example/a", "not fetched by 'no scheme'"),
        ("https://inputs.example:99999/a", "is none"),
        ("", "not fetched by"),
    ],
)
async def test_fetch__a_uri_that_is_not_listed__is_refused(uri: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words.replace("[", r"\[")):
        await resolving_to("93.184.216.34").fetch(uri, NAME)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.8",
        "172.16.1.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "fe80::1%eth0",
        "fc00::1",
        "::ffff:10.0.0.8",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
    ],
)
async def test_fetch__a_listed_name_at_a_private_address__is_refused(address: str) -> None:
    for found in ([address], ["93.184.216.34", address]):
        with pytest.raises(InvalidInput, match="not a public address"):
            await resolving_to(*found).fetch("https://inputs.example/a", NAME)


async def test_fetch__name_rebound_after_it_was_looked_at__is_asked_where_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A second look-up would be somebody else's answer (DNS rebinding): there is none."""
    answers = iter([["93.184.216.34"], ["127.0.0.1"]])
    asked: list[httpx.Request] = []

    async def rebinding(_host: str, _port: int) -> Sequence[str]:
        return next(answers)

    def reply(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, stream=httpx.ByteStream(b"an input"))

    client = partial(httpx.AsyncClient, transport=httpx.MockTransport(reply))
    monkeypatch.setattr("oracle.evidence.fetch.httpx.AsyncClient", client)
    fetcher = Fetcher(rules=LISTED, resolver=rebinding)
    assert await fetcher.fetch("https://inputs.example/a", NAME) == b"an input"
    (request,) = asked
    assert request.url.host == "93.184.216.34"
    assert request.headers["host"] == "inputs.example"
    assert request.extensions["sni_hostname"] == "inputs.example"


@pytest.mark.parametrize("text", ["ftp://a", "https://", "a:b", "https://a/path", "https://a?b"])
def test_place__that_is_none__is_a_config_error(text: str) -> None:
    with pytest.raises(ConfigError, match="no place to fetch"):
        Place.parse(text)


def test_place__default_ports__are_filled_in() -> None:
    assert Place.parse("A.example") == Place(scheme="https", host="a.example", port=443)
    assert Place.parse("http://a:81") == Place(scheme="http", host="a", port=81)
