"""The state folder: private, one journal a chain, and a note that lives with its node."""

from __future__ import annotations

import os
import stat

import pytest

from oracle.cli.home import Home, RunningNode
from oracle.core.errors import ConfigError


def note(pid: int) -> RunningNode:
    return RunningNode(
        api="http://127.0.0.1:8550",
        contract="0x" + "cc" * 20,
        chain_id=31337,
        rpc="http://127.0.0.1:8545",
        network="anvil",
        operator="0x" + "aa" * 20,
        pid=pid,
        started_at=1,
    )


def test_note__is_found_while_its_process_lives_and_private(tmp_path):
    home = Home(tmp_path / "state")
    home.announce(note(os.getpid()))

    assert home.running() == note(os.getpid())
    assert stat.S_IMODE((home.folder / "node.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(home.folder.stat().st_mode) == 0o700

    home.withdraw(os.getpid() + 1)
    assert home.running() is not None
    home.withdraw(os.getpid())
    assert home.running() is None


def test_note__of_a_dead_process_or_damaged__is_none(tmp_path):
    home = Home(tmp_path)
    home.announce(note(2**22 - 1))
    assert home.running() is None
    (tmp_path / "node.json").write_text("{")
    assert home.running() is None
    (tmp_path / "node.json").write_text('{"api": 1}')
    assert home.running() is None


def test_journal__is_another_one_for_another_chain_or_key(tmp_path):
    home = Home(tmp_path)
    paths = {
        home.journal(chain, genesis, contract, operator)
        for chain in (1, 31337)
        for genesis in (b"\1" * 32, b"\2" * 32)
        for contract in ("0x" + "cc" * 20, "0x" + "dd" * 20)
        for operator in ("0x" + "aa" * 20, "0x" + "bb" * 20)
    }
    assert len(paths) == 16


def test_folder__that_can_not_be_made__is_a_config_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="state folder") as caught:
        Home(tmp_path / "file" / "state").make()
    assert "ORACLE_HOME" in caught.value.remedy
