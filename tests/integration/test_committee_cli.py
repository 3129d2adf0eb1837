"""``oracle up --nodes``: a committee as a user runs it, through a member's death, and its end."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from tests.support.ports import free_port
from tests.support.shell import Shell, anvils_below

WAIT = 25.0


def member_pid(shell: Shell, number: int) -> int | None:
    """The process that runs with a member's state folder."""
    home = f"ORACLE_HOME={shell.folder}/.oracle/nodes/{number}".encode()
    for environ in Path("/proc").glob("[0-9]*/environ"):
        try:
            if home in environ.read_bytes().split(b"\0"):
                return int(environ.parent.name)
        except OSError:
            continue
    return None


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def ready(url: str) -> bool:
    """Whether a node says that it can do its work."""
    try:
        return httpx.get(f"{url}/readyz").status_code == 200
    except httpx.HTTPError:
        return False


def signers(shell: Shell, request_id: str) -> set[str]:
    """Who signed a decision, as the command line reads it; every signature has to hold."""
    shown = shell.json("decisions", "show", request_id, "--wait", "20")
    assert shown["state"] == "final"
    assert shown["decision"]["trust_level"] == 2
    evidence = shown["evidence"]
    assert evidence["error"] is None
    assert evidence["threshold"] == 3
    assert all(each["holds"] for each in evidence["signatures"])
    return {each["member"] for each in evidence["signatures"]}


def test_up_nodes__a_member_killed_between_two_requests__both_are_decided_by_three(tmp_path: Path):
    shell = Shell(tmp_path)
    words = ("up", "--nodes", "4", "--quorum", "3", "--port", "0")
    with shell.running(*words, "--chain-port", str(free_port()), until="Ctrl-C stops") as parent:
        first = shell.json("request", "credit-default", "--example", "--via", "dapp")
        assert first["dapp"]["outcome"] == "approved"

        killed = member_pid(shell, 2)
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        second = shell.json("request", "credit-default", "--example", "--via", "dapp")
        assert second["verdict"] == "accept"

        standing = shell.json("committee", "show", "credit-default")
        members = {each["member"] for each in standing["members"]}
        assert (len(members), standing["threshold"], standing["trust_level"]) == (4, 3, 2)
        assert len(signers(shell, second["request_id"]) & members) == 3
        text = shell.run("decisions", "show", first["request_id"]).stdout
        assert "a quorum" in text
        assert text.count("signature holds") == 3

        assert member_pid(shell, 2) not in (None, killed)
        until(lambda: ready(standing["members"][1]["url"]))
        parent.send_signal(signal.SIGINT)
        assert parent.wait(20) == 130
    assert [member_pid(shell, number) for number in range(1, 5)] == [None] * 4
    assert anvils_below(tmp_path) == []
    assert not (tmp_path / ".oracle" / "node.json").exists()


def test_up_nodes__killed__takes_its_members_and_its_chain_with_it(tmp_path: Path):
    shell = Shell(tmp_path)
    words = ("up", "--nodes", "1", "--port", "0", "--chain-port", str(free_port()))
    with shell.running(*words, until="Ctrl-C stops") as parent:
        assert member_pid(shell, 1) is not None
        parent.kill()
        parent.wait(10)
        until(lambda: member_pid(shell, 1) is None and not anvils_below(tmp_path))


def test_committee__owner_proposes_another__is_pending_for_two_days(tmp_path: Path):
    shell = Shell(tmp_path)
    words = ("up", "--port", "0", "--chain-port", str(free_port()))
    members = [f"0x{digit * 40}" for digit in "123"]
    with shell.running(*words, until="Ctrl-C stops"):
        made = shell.json("committee", "create", "-m", ",".join(members), "-k", "1")
        assert "no majority" in made["warnings"][0]
        assert made["attestor"] in json.dumps(made["next"])

        proposed = shell.json("committee", "change", "wine-origin", "-m", ",".join(members))
        assert proposed["threshold"] == 2
        shown = shell.json("committee", "show", "wine-origin")
        assert shown["pending"]["attestor"] == proposed["attestor"]
        assert shown["pending"]["members"] == members
        early = shell.run("committee", "change", "wine-origin", "--apply")
        assert (early.returncode, "due in" in early.stderr) == (3, True)

        joined = shell.json(
            *("committee", "join", "wine-origin", "--member", members[0]),
            *("--url", "https://one.example/"),
        )
        assert joined["url"] == "https://one.example"
        assert "committee change" in joined["next"][0]["command"]
        left = shell.json("committee", "leave", "wine-origin", "--member", members[0])
        assert left["url"] is None


def test_up_sealed__a_member_killed_between_two_requests__commitments_and_reveals_are_shown(
    tmp_path: Path,
):
    shell = Shell(tmp_path)
    words = ("up", "--nodes", "4", "--quorum", "3", "--sealed", "--port", "0")
    with shell.running(*words, "--chain-port", str(free_port()), until="Ctrl-C stops"):
        asked = shell.json("request", "delivery-time", "--example", "--via", "dapp")
        killed = member_pid(shell, 2)
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        again = shell.json("request", "delivery-time", "--example", "--via", "dapp")
        for request_id in (asked["request_id"], again["request_id"]):
            shown = shell.json("decisions", "show", request_id, "--wait", "20")
            assert (shown["state"], shown["decision"]["trust_level"]) == ("final", 3)
            assert shown["evidence"]["signatures"] is None
            (only,) = shown["evidence"]["rounds"]
            assert only["round"] == shown["evidence"]["round"] == 0
            sealed = [vote for vote in only["votes"] if vote["sealed"]]
            agreed = [vote for vote in only["votes"] if vote["agreed"]]
            assert len(sealed) >= len(agreed) >= 3
            assert all(vote["revealed"]["holds"] for vote in agreed)
            hashes = [vote[part]["tx_hash"] for vote in agreed for part in ("sealed", "revealed")]
            assert len(set(hashes)) == 2 * len(agreed)
            assert {vote["revealed"]["value"] for vote in agreed} == {shown["decision"]["value"]}
        text = shell.run("decisions", "show", again["request_id"]).stdout
        assert all(tx_hash in text for tx_hash in (only["closed"]["tx_hash"], *hashes))
        assert text.count("  revealed  ") >= 3
        assert "a sealed quorum" in text

        standing = shell.json("committee", "show", "delivery-time")
        assert standing["terms"]["bond_wei"] == only["bond_wei"]
        members = ",".join(each["member"] for each in standing["members"])
        made = shell.json(
            *("committee", "create", "-m", members, "--sealed", "--model", "wine-origin"),
            *("--bond", "0.5", "--commit-window", "90"),
        )
        assert made["terms"] == {
            "commit_window": 90,
            "reveal_window": 120,
            "bond_wei": str(5 * 10**17),
            "kind": "label",
            "tolerance": None,
        }
