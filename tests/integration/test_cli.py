"""``oracle`` beside a running ``oracle up``: real processes, a real chain."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from tests.support.shell import ROOT, Up


def test_up__is_ready_well_within_fifteen_seconds_and_leaves_its_note(up: Up):
    assert up.seconds < 15
    note = json.loads((up.shell.folder / ".oracle" / "node.json").read_text())
    assert (note["api"], note["rpc"], note["chain_id"]) == (up.api, up.rpc, 31337)
    assert note["pid"] == up.process.pid


def test_decide__from_a_second_terminal__prints_the_decision(up: Up):
    done = up.shell.run("decide", "credit-default", "--example", "--subject", "loan-1")

    assert done.returncode == 0, done.stderr
    for word in ("credit-default", "accept", "confidence", "gas", "0x", "submitted", "final"):
        assert word in done.stdout


def test_decide__from_words_file_and_stdin__is_the_same(up: Up, tmp_path: Path):
    model = up.shell.json("model", "show", "delivery-time")
    example = httpx.get(f"{up.api}/api/models/delivery-time").json()["example"]
    assert model["name"] == "delivery-time"
    words = [f"{name}={value}" for name, value in example.items()]
    file = tmp_path / "input.json"
    file.write_text(json.dumps(example))
    accounts = [
        up.shell.json("decide", "delivery-time", *words),
        up.shell.json("decide", "delivery-time", "--input", str(file)),
        up.shell.json("decide", "delivery-time", "-", stdin=json.dumps(example)),
        up.shell.json("decide", "delivery-time", "--input", "-", stdin=json.dumps(example)),
    ]
    assert len({account["prediction"]["input_hash"] for account in accounts}) == 1
    assert len({account["subject"] for account in accounts}) == 4


def test_decide__by_curl_as_it_is_printed__works(up: Up):
    body = {"model": "wine-origin", "input": "0x" + "00" * 3}
    refused = httpx.post(f"{up.api}/api/decisions", json=body)
    assert refused.status_code == 422
    example = httpx.get(f"{up.api}/api/models/wine-origin").json()["example"]
    # curl -d sends no JSON content type
    done = httpx.post(
        f"{up.api}/api/decisions",
        content=json.dumps({"model": "wine-origin", "input": example, "wait": 15}),
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert done.status_code == 200
    assert done.json()["state"] == "final"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["decide", "nope", "a=1"], 2, "nope"),
        (["decide", "delivery-time", "hour=1"], 2, "lacks"),
        (["decide", "delivery-time", "hour"], 2, "name=value"),
        (["decide", "delivery-time"], 2, "no input"),
        (["decisions", "show", "0x" + "00" * 32], 2, "no decision"),
        (["request", "nope", "--example"], 2, "nope"),
        (["request", "credit-default", "--example", "--via", "bank"], 2, "bank"),
        (["request", "credit-default", "--example", "--fee-gwei", "1"], 3, "FeeTooLow"),
        (["request", "credit-default", "--example", "--lifetime", "0"], 3, "Deadline"),
        (["node", "--port", "PORT"], 4, "listen"),
        (["model", "add", "none.onnx"], 2, "none.onnx"),
        (["deploy", "--network", "atlantis"], 4, "atlantis"),
        (["keys", "show", "0x" + "11" * 20], 2, "no key"),
    ],
)
def test_bad_input__is_one_line_a_remedy_and_an_exit_code(up: Up, words, code, said):
    words = [up.api.rsplit(":", 1)[1] if word == "PORT" else word for word in words]
    done = up.shell.run(*words)

    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "→" in done.stderr
    assert "Traceback" not in done.stderr


def test_request__on_chain__is_answered(up: Up):
    found = up.shell.json("request", "credit-default", "--example")

    assert (found["verdict"], found["callback"], found["dapp"]) == ("accept", "none", None)
    shown = up.shell.json("decisions", "show", found["request_id"])
    assert shown["request"]["origin"] == "chain"


@pytest.mark.parametrize(
    ("model", "verdict", "outcome"),
    [
        ("credit-default", "ACCEPT", "approved"),
        ("credit-default", "REJECT", "declined"),
        ("breast-tumour", "ACCEPT", "queued for a specialist"),
        ("breast-tumour", "REJECT", "queued as routine"),
        ("delivery-time", "ACCEPT", "paid, the parcel is late"),
        ("delivery-time", "REJECT", "closed, the parcel is on time"),
    ],
)
def test_request__through_the_fitting_dapp__does_what_the_verdict_means(
    up: Up, model: str, verdict: str, outcome: str
):
    """A policy and its dApp must mean the same by ACCEPT: nobody ill is to be queued as routine."""
    vectors = json.loads((ROOT / "models" / model / "vectors.json").read_text())["vectors"]
    vector = next(each for each in vectors if each["verdict"] == verdict)
    found = up.shell.json("request", model, vector["input"], "--via", "dapp")

    assert found["verdict"] == verdict.lower()
    assert found["dapp"]["outcome"] == outcome


def test_decisions__lists_shows_and_finds_by_the_beginning(up: Up):
    made = up.shell.json("decide", "wine-origin", "--example", "--subject", "lot-7")
    listed = up.shell.run("decisions")
    assert listed.returncode == 0
    assert made["subject"][:18] in listed.stdout
    for given in (made["subject"], made["subject"][:18] + "…", "lot-7"):
        assert up.shell.json("decisions", "show", given)["subject"] == made["subject"]
    page = up.shell.json("decisions", "list", "--limit", "1")
    assert len(page["decisions"]) == 1
    assert page["next"]


def test_verify__a_subject_its_transaction_and_its_receipt__all_hold(up: Up, tmp_path: Path):
    account = up.shell.json("decide", "wine-origin", "--example", "--subject", "bottle 1")
    file = tmp_path / "receipt.json"
    for what in ("bottle 1", account["subject"], account["decision"]["tx_hash"]):
        done = up.shell.run("verify", what, "-o", str(file))
        assert done.returncode == 0, done.stdout + done.stderr
        assert "✓ verified" in done.stdout
    assert up.shell.json("verify", str(file))["verified"] is True
    changed = file.read_text().replace('"trustLevel":1', '"trustLevel":2')
    file.write_text(changed)
    assert up.shell.run("verify", str(file)).returncode == 5
    assert up.shell.run("verify", "0x" + "ab" * 32).returncode == 2
    audited = up.shell.json("audit", "--model", "wine-origin", "--since", "1h")
    assert audited["decisions"]["counts"]["held"] >= 1
    assert audited["decisions"]["findings"] == []


def test_request_by_hash__the_node_gets_the_input__is_answered_and_verified(up: Up):
    asked = up.shell.json("request", "credit-default", "--example", "--by-hash")
    assert up.shell.run("verify", asked["request_id"]).returncode == 0


def test_private__decided_shown_in_part_and_forgotten(up: Up, tmp_path: Path):
    whole, part = str(tmp_path / "whole.json"), str(tmp_path / "part.json")
    about = up.shell.json("decide", "credit-default", "--example", "--private")["subject"]
    assert up.shell.run("receipt", "get", about, "-o", whole).returncode == 0
    assert up.shell.run("receipt", "redact", whole, "--show", "income", "-o", part).returncode == 0
    assert up.shell.run("receipt", "forget", about).returncode == 0
    assert up.shell.run("receipt", "get", about).returncode == 2
    assert up.shell.run("verify", part).returncode == 0


def test_doctor__beside_a_healthy_node__finds_it_healthy(up: Up):
    port = up.api.rsplit(":", 1)[1]
    done = up.shell.run("doctor", "--port", port, "--json")
    found = json.loads(done.stdout)["findings"]
    by_name = {finding["name"]: finding for finding in found}

    for name in ("python", "chain", "contract", "funds", "node", "api port", "onnx runtime"):
        assert by_name[name]["status"] == "ok", by_name[name]
    assert any(name.startswith("model ") for name in by_name)


def test_deploy__again__changes_nothing(up: Up):
    found = up.shell.json("deploy", "--rpc", up.rpc)

    assert {step["state"] for step in found["steps"]} == {"present"}
    dry = json.loads(up.shell.run("deploy", "--rpc", up.rpc, "--dry-run", "--json").stdout)
    assert all(row["deployed"] for row in dry)


def test_node__with_a_key_in_use__is_refused_and_names_the_process(up: Up):
    done = up.shell.run("node", "--rpc", up.rpc, "--port", "0")

    assert done.returncode == 4
    assert str(up.process.pid) in done.stderr
    assert "in use" in done.stderr


def test_batch__beside_the_running_node__is_anchored_by_another_account_and_its_rows_verify(up: Up):
    assert up.shell.run("batch", "sample", "credit-default", "300", "-o", "few.csv").returncode == 0
    batch = up.shell.json(
        "batch", "credit-default", "few.csv", "-o", "few", "--subject", "reference"
    )
    assert (batch["rows"], batch["batch"]) == (300, "0")
    assert up.shell.run("batch", "receipt", "few", "299", "-o", "299.json").returncode == 0
    assert up.shell.run("verify", "299.json").returncode == 0
    done = up.shell.run("batch", "decide", "few", "299")
    assert done.returncode == 2
    assert "not by the log" in done.stderr
    assert "oracle deploy --model" in done.stderr


def test_up__chain_port_taken__says_so(up: Up):
    done = up.shell.run("up", "--port", "0", "--chain-port", up.rpc.rsplit(":", 1)[1])
    assert done.returncode == 4
    assert "port" in done.stderr
