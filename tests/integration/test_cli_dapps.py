"""What the command line does for dApps: feeds, where reads are served, consumers."""

from __future__ import annotations

import json

import pytest

from oracle.chain.create2 import create2_address
from tests.support.shell import Up

TERMS = ("--series", "kitchen 7", "--max-age", "3600")
AN_ORDER = ("hour=19.5", "day=Fri", "distance=2.4", "items=3")


@pytest.fixture(scope="module")
def feed(up: Up) -> str:
    return str(up.shell.json("feed", "create", "delivery-time", *TERMS)["address"])


def test_feed__pushed_twice__shows_the_second_round(up: Up, feed: str) -> None:
    before = up.shell.json("feed", "show", feed)
    first = up.shell.json("feed", "push", feed, *AN_ORDER)
    second = up.shell.json("feed", "push", feed, "hour=12", "day=Mon", "distance=1", "items=1")
    shown = up.shell.json("feed", "show", feed)
    assert (before["latest"], before["why"], before["next_round"]) == (None, "no round yet", 1)
    assert first["subject"] == before["next_subject"]
    assert shown["next_round"] == 3
    assert shown["latest"]["round"] == 2
    assert shown["latest"]["answer"] == second["decision"]["value"]
    assert shown["decimals"] == 2


def test_feed__created_again__is_the_same(up: Up, feed: str) -> None:
    again = up.shell.json("feed", "create", "delivery-time", *TERMS)
    assert again["address"] == feed


def test_feed__no_feed_there__says_what_to_do(up: Up) -> None:
    done = up.shell.run("feed", "show", str(create2_address(b"nothing")))
    assert done.returncode == 2
    assert "there is no feed" in done.stderr
    assert "oracle feed create" in done.stderr


def test_up__serves_reads_of_its_models_by_itself(up: Up) -> None:
    deployed = up.shell.run(
        *("deploy", "--rpc", up.rpc, "--gateway-url", up.api), ORACLE_HOME=".oracle"
    )
    assert deployed.returncode == 0, deployed.stderr
    assert f"gasless reads  of 4 models at {up.api}" in deployed.stdout
    assert "there   gasless reads" in deployed.stdout  # up had published just that


def test_deploy__url_that_is_none__is_refused(up: Up) -> None:
    done = up.shell.run("deploy", "--rpc", up.rpc, "--gateway-url", "nonsense")
    assert done.returncode == 2
    assert "'nonsense' is no base URL" in done.stderr


def test_model_contract__out__writes_the_file(up: Up) -> None:
    done = up.shell.run(
        "model", "contract", "wine-origin", "--out", "made/Wine.sol", "--trust", "2"
    )
    assert done.returncode == 0, done.stderr
    source = (up.shell.folder / "made" / "Wine.sol").read_text()
    assert "contract WineOriginConsumer is DecisionConsumer {" in source
    assert "DecisionConsumer(decisionContract_, 2)" in source
    assert up.shell.run("model", "contract", "wine-origin").stdout == source.replace(
        "DecisionConsumer(decisionContract_, 2)", "DecisionConsumer(decisionContract_, 1)"
    ).replace("level below 2", "level below 1")


def test_compile_package__names_its_files(up: Up) -> None:
    written = up.shell.json("compile", "--package", "npm")
    manifest = json.loads((up.shell.folder / "npm" / "package.json").read_text())
    assert manifest["name"] == "decision-oracle"
    assert "contracts/consumer/DecisionConsumer.sol" in written["files"]
    assert "abi/DecisionFeed.json" in written["files"]
