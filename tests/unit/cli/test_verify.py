"""``oracle verify --offline`` and ``oracle receipt``: what they print, and how they end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from oracle.cli.main import app
from oracle.core.receipt_json import write_receipt
from tests.support import bad_receipts, receipts

MODEL = str(receipts.ROOT / "models" / "credit-default")


def oracle(*words: str, given: bytes = b"") -> tuple[int, str, str]:
    found = CliRunner().invoke(app, list(words), input=given)
    return found.exit_code, found.stdout, found.stderr


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "receipt.json"
    path.write_bytes(write_receipt(receipts.decided()))
    return path


def test_verify__a_good_receipt__lists_every_check_and_ends_well(file: Path) -> None:
    code, said, _ = oracle("verify", str(file), "--offline")
    assert code == 0
    assert "✓ verified" in said
    assert "none of them on chain" in said


def test_verify__json__has_every_check_with_its_outcome(file: Path) -> None:
    code, said, _ = oracle("verify", str(file), "--offline", "--json", "--model", MODEL)
    found = json.loads(said)
    assert (code, found["verified"], found["stage"]) == (0, True, "decided")
    assert {check["outcome"] for check in found["checks"]} == {"held"}
    assert "run again" in {check["check"] for check in found["checks"]}


def test_verify__from_standard_input__is_the_same(file: Path) -> None:
    assert oracle("verify", "-", "--offline", given=file.read_bytes())[0] == 0


def test_verify__a_bad_receipt__stops_at_the_first_fault_with_exit_5(tmp_path: Path) -> None:
    bad = next(each for each in bad_receipts.bad() if each.name == "a value off by one")
    path = tmp_path / "bad.json"
    path.write_text(bad_receipts.apply(bad))
    code, said, error = oracle("verify", str(path), "--offline", "--json")
    found = json.loads(said)
    assert code == 5
    assert found["verified"] is False
    assert found["checks"][-1]["outcome"] == "failed"
    assert "has to be" in error
    code, said, error = oracle("verify", str(path), "--offline")
    assert (code, "✗" in said, "✓ verified" in said) == (5, True, False)


def test_verify__something_that_is_no_receipt__is_a_wrong_input(tmp_path: Path) -> None:
    path = tmp_path / "no.json"
    path.write_text('{"schema": "something else"}')
    assert oracle("verify", str(path), "--offline")[0] == 2
    assert oracle("verify", str(tmp_path / "missing.json"), "--offline")[0] == 2


def test_verify__a_model_file_of_ones_own__is_held_to_the_card(file: Path, tmp_path: Path) -> None:
    octets = bytearray(receipts.model().onnx)
    mine = tmp_path / "downloaded.onnx"
    mine.write_bytes(octets)
    assert oracle("verify", str(file), "--offline", "--model", str(mine))[0] == 0
    octets[77] ^= 1
    mine.write_bytes(octets)
    code, _, error = oracle("verify", str(file), "--offline", "--model", str(mine))
    assert (code, "the SHA-256 of model.onnx is" in error) == (5, True)


def test_verify__a_model_nobody_has__asks_for_its_file(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORACLE_MODELS", str(tmp_path))
    code, _, error = oracle("verify", str(file), "--offline")
    assert (code, "--model FILE" in error) == (5, True)


def test_redact__one_field__is_shown_and_the_rest_hidden(tmp_path: Path) -> None:
    whole, shown = tmp_path / "whole.json", tmp_path / "shown.json"
    whole.write_bytes(write_receipt(receipts.private()))
    code, _, _ = oracle("receipt", "redact", str(whole), "--show", "income", "-o", str(shown))
    assert code == 0
    fields = json.loads(shown.read_text())["input"]["fields"]
    assert [field["name"] for field in fields if "value" in field] == ["income"]
    assert oracle("verify", str(shown), "--offline")[0] == 0
    code, _, error = oracle("receipt", "redact", str(shown), "--show", "assets")
    assert (code, "does not show assets" in error) == (2, True)


def test_redact__a_plain_input__says_that_it_can_not_be(file: Path) -> None:
    code, _, error = oracle("receipt", "redact", str(file), "--show", "income")
    assert (code, "--private" in error) == (2, True)


def test_schema__is_printed() -> None:
    code, said, _ = oracle("receipt", "schema")
    assert (code, json.loads(said)["title"]) == (0, "Receipt of a Decision Oracle")
