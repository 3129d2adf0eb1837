"""Settings: flags over environment over defaults, and secrets that no text shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from oracle.cli.settings import API_PORT, read_settings
from oracle.core.errors import ConfigError


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch):
    import os

    for name in list(os.environ):
        if name.startswith("ORACLE_"):
            monkeypatch.delenv(name)


def test_defaults__are_for_a_local_chain():
    settings = read_settings()
    assert (settings.network, settings.api_host, settings.api_port) == (
        "anvil",
        "127.0.0.1",
        API_PORT,
    )
    assert settings.home == Path(".oracle")
    assert settings.urls == []
    assert settings.keys_given == []


def test_flags__come_before_the_environment(monkeypatch):
    monkeypatch.setenv("ORACLE_NETWORK", "sepolia")
    monkeypatch.setenv("ORACLE_API_PORT", "9000")
    assert read_settings().network == "sepolia"
    settings = read_settings(network="mainnet", api_port=None)
    assert (settings.network, settings.api_port) == ("mainnet", 9000)


def test_endpoints__are_split_at_commas(monkeypatch):
    monkeypatch.setenv("ORACLE_RPC_URLS", "https://a.example/key , https://b.example,")
    assert read_settings().urls == ["https://a.example/key", "https://b.example"]
    assert read_settings(rpc_urls="http://127.0.0.1:8545").urls == ["http://127.0.0.1:8545"]


def test_secrets__are_in_no_representation(monkeypatch):
    secrets = {
        "ORACLE_PRIVATE_KEY": "0x" + "ab" * 32,
        "ORACLE_KEYSTORE_PASSWORD": "hunter2hunter2",
        "ORACLE_API_KEYS": "key-one-key-one-1,key-two-key-two-2",
        "ORACLE_API_KEY": "key-one-key-one-1",
        "ORACLE_RPC_URLS": "https://user:pw@rpc.example/token",
    }
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    settings = read_settings()

    shown = repr(settings) + str(settings) + settings.model_dump_json()
    for value in ("abab", "hunter2", "key-one", "rpc.example"):
        assert value not in shown
    assert settings.keys_given == ["key-one-key-one-1", "key-two-key-two-2"]
    assert settings.key_environment()["ORACLE_PRIVATE_KEY"] == secrets["ORACLE_PRIVATE_KEY"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("ORACLE_API_PORT", "70000"), ("ORACLE_API_PORT", "abc"), ("ORACLE_MAX_FEE_GWEI", "-1")],
)
def test_bad_value__is_a_config_error_that_names_the_variable(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError) as caught:
        read_settings()
    assert name in caught.value.what
    assert value not in caught.value.what


def test_demo__takes_no_key_and_no_endpoint_of_the_outside(monkeypatch):
    monkeypatch.setenv("ORACLE_PRIVATE_KEY", "0x" + "ab" * 32)
    monkeypatch.setenv("ORACLE_RPC_URLS", "https://mainnet.example")
    settings = read_settings().for_demo()
    assert settings.urls == []
    assert settings.key_environment() == {}
