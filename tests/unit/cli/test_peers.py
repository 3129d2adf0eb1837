"""The peers file: what is written is read again, and a wrong line is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from oracle.cli.peers import member_of, peers_of, read_peers, url_of, write_peers
from oracle.cli.settings import read_settings
from oracle.core.errors import ConfigError

ONE = "0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65"
TWO = "0x90F79bf6EB2c4f870365E785982E1f101E93b906"


def test_write__then_read__is_the_same(tmp_path: Path):
    peers = {ONE: "http://127.0.0.1:8551", TWO: "https://oracle.example/node"}
    path = tmp_path / "deep" / "peers.toml"
    write_peers(path, peers)
    assert read_peers(path) == peers
    assert [each.name for each in path.parent.iterdir()] == ["peers.toml"]


def test_read__lower_case_and_a_slash_at_the_end__are_made_regular(tmp_path: Path):
    path = tmp_path / "peers.toml"
    path.write_text(f'"{ONE.lower()}" = "http://host:1/"\n')
    assert read_peers(path) == {ONE: "http://host:1"}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f'"{ONE[:-1]}" = "http://a"', "no address"),
        (f'"{ONE.replace("DB7D7c", "dB7D7c")}" = "http://a"', "checksum"),
        (f'"{ONE}" = "ftp://a"', "no base URL"),
        (f'"{ONE}" = "http://"', "no base URL"),
        (f'"{ONE}" = "http://me:secret@a"', "no base URL"),
        (f'"{ONE}" = "http://a/?key=1"', "no base URL"),
        (f'"{ONE}" = "http://a:99999"', "no base URL"),
        (f'"{ONE}" = 7', "no base URL"),
        ("nonsense", "no TOML"),
    ],
)
def test_read__wrong_line__is_refused_with_what_is_wrong(tmp_path: Path, line: str, said: str):
    path = tmp_path / "peers.toml"
    path.write_text(line)
    with pytest.raises(ConfigError, match=said):
        read_peers(path)


def test_peers_of__named_file_missing__is_refused_but_the_usual_one_may_be(tmp_path: Path):
    assert peers_of(read_settings(home=tmp_path)) == {}
    with pytest.raises(ConfigError, match="can not be read"):
        peers_of(read_settings(home=tmp_path, peers=tmp_path / "none.toml"))
    write_peers(tmp_path / "peers.toml", {ONE: "http://a"})
    assert peers_of(read_settings(home=tmp_path)) == {ONE: "http://a"}


def test_url_of__quote_that_would_end_the_toml_string__is_refused():
    with pytest.raises(ConfigError):
        url_of(ONE, 'http://a"\n"b" = "c')


def test_member_of__any_regular_writing__is_checksummed():
    assert member_of(ONE.lower()) == member_of("0x" + ONE[2:].upper()) == member_of(ONE) == ONE
