"""Who may be asked for an input: the operator's list, at public addresses, and nobody else."""

from __future__ import annotations

from collections.abc import Sequence

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


@pytest.mark.parametrize("text", ["ftp://a", "https://", "a:b", "https://a/path", "https://a?b"])
def test_place__that_is_none__is_a_config_error(text: str) -> None:
    with pytest.raises(ConfigError, match="no place to fetch"):
        Place.parse(text)


def test_place__default_ports__are_filled_in() -> None:
    assert Place.parse("A.example") == Place(scheme="https", host="a.example", port=443)
    assert Place.parse("http://a:81") == Place(scheme="http", host="a", port=81)
