"""Logs: structured, on stderr, and without secrets whoever logs them."""

from __future__ import annotations

import json

import pytest
import structlog

from oracle.cli.logs import configure, without_secrets


@pytest.fixture(autouse=True)
def defaults_again():
    yield
    structlog.reset_defaults()


def test_json__one_object_a_line_on_stderr_without_secrets(capsys):
    configure("info", "json")
    structlog.get_logger().info(
        "signed",
        request_id="0x12",
        private_key="0xabc",
        input="0xdeadbeef",
        why="no answer from https://user:pw@rpc.example/v3/token?x=1",
        block=None,
    )
    captured = capsys.readouterr()

    assert captured.out == ""
    line = json.loads(captured.err)
    assert line["event"] == "signed"
    assert line["request_id"] == "0x12"
    assert line["level"] == "info"
    assert "block" not in line
    for secret in ("0xabc", "deadbeef", "user:pw", "token"):
        assert secret not in captured.err


def test_console__is_short_and_has_the_same_discretion(capsys):
    configure("info", "console")
    structlog.get_logger().info("final", request_id="0x" + "ab" * 32, password="hunter2")
    said = capsys.readouterr().err

    assert "0x" + "ab" * 8 + "…" in said
    assert "ab" * 32 not in said
    assert "hunter2" not in said


def test_level__is_respected(capsys):
    configure("error", "json")
    structlog.get_logger().warning("quiet")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("https://user:pw@rpc.example/v3/key", "https://rpc.example/…"),
        ("see http://127.0.0.1:8545", "see http://127.0.0.1:8545"),
        ("a wss://x.example/k, b", "a wss://x.example/… b"),
        ("postgresql://me:pw@db:5432/oracle", "postgresql://db:5432/…"),
        ("no url here: 0x12", "no url here: 0x12"),
    ],
)
def test_urls__are_cut_to_their_host(text, clean):
    assert without_secrets(text) == clean
