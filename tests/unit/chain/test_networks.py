"""Network files: strict, and silent about secrets."""

from __future__ import annotations

from pathlib import Path

import pytest

from oracle.chain.networks import load_network, network_names
from oracle.core.errors import ConfigError

GOOD = """
name = "Mine"
chain_id = 99
rpc_urls = ["https://host/${MY_KEY}"]
confirmations = 2
finality_blocks = 9
max_fee_gwei = 1.5
poll_seconds = 1
"""


def write(folder: Path, text: str) -> str:
    path = folder / "mine.toml"
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize(
    ("name", "chain_id"),
    [
        ("anvil", 31337),
        ("hardhat", 31337),
        ("sepolia", 11155111),
        ("mainnet", 1),
        ("vaulta", 17777),
        ("vaulta-testnet", 15557),
    ],
)
def test_shipped__each__loads(name: str, chain_id: int) -> None:
    assert name in network_names()
    network = load_network(name, {"ORACLE_RPC_URLS": "https://a/1, https://b/2"})
    assert network.chain_id == chain_id
    assert network.rpc_urls == ("https://a/1", "https://b/2")
    assert network.is_local is (chain_id == 31337)
    assert 1 <= network.confirmations <= network.finality_blocks


def test_shipped__public_without_urls__names_the_variable() -> None:
    for name in set(network_names()) - {"anvil", "hardhat"}:
        with pytest.raises(ConfigError) as caught:
            load_network(name, {})
        assert "ORACLE_RPC_URLS" in caught.value.remedy


def test_url__with_variable__is_expanded_and_never_shown(tmp_path: Path) -> None:
    network = load_network(write(tmp_path, GOOD), {"MY_KEY": "secret"})
    assert network.rpc_urls == ("https://host/secret",)
    assert network.shown_urls == ("https://host",)
    assert "secret" not in repr(network)


def test_url__variable_missing__is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="MY_KEY"):
        load_network(write(tmp_path, GOOD), {})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("chain_id = 99", ""), "no 'chain_id'"),
        (("chain_id = 99", 'chain_id = "99"'), "chain_id is str"),
        (("chain_id = 99", "chain_id = true"), "chain_id is bool"),
        (("confirmations = 2", "confirmations = 0"), "confirmations is 0"),
        (("confirmations = 2", "confirmation = 2"), "unknown 'confirmation'"),
        (('rpc_urls = ["https://host/${MY_KEY}"]', "rpc_urls = [7]"), "rpc_urls"),
        (('evm = "cancun"', 'evm = "latest"'), "evm is 'latest'"),
        (("name", "na me"), "can not be read"),
    ],
)
def test_file__malformed__says_what_and_where(
    tmp_path: Path, change: tuple[str, str], said: str
) -> None:
    text = ('evm = "cancun"\n' + GOOD).replace(*change)
    with pytest.raises(ConfigError, match=said) as caught:
        load_network(write(tmp_path, text), {"MY_KEY": "x"})
    assert "mine.toml" in caught.value.what


def test_name__unknown__lists_the_known_ones() -> None:
    with pytest.raises(ConfigError) as caught:
        load_network("mars", {})
    assert "sepolia" in caught.value.remedy
