"""Keystores, passphrases, development keys and the lock."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from oracle.chain.keys import (
    KeyLock,
    create_key,
    find_account,
    find_passphrase,
    import_key,
    list_keys,
    unlock,
)
from oracle.chain.local import DEV_KEYS, DEV_MNEMONIC, dev_account, require_local_chain
from oracle.core.errors import ConfigError

FAST = 2
KEY = "0x" + "42" * 32
ADDRESS = "0x17c5185167401eD00cF5F5b2fc97D9BBfDb7D025"


def test_create__then_unlock__is_the_same_key_and_private(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    key = create_key(folder, "pass", iterations=FAST)
    assert key.path.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert list_keys(folder) == (key,)
    assert unlock(key, "pass").address == key.address


def test_import__known_key__has_its_address(tmp_path: Path) -> None:
    key = import_key(tmp_path, KEY, "pass", iterations=FAST)
    assert key.address == ADDRESS
    assert KEY[2:] not in key.path.read_text()
    with pytest.raises(ConfigError, match="already"):
        import_key(tmp_path, KEY, "pass", iterations=FAST)


@pytest.mark.parametrize("text", ["", "0x12", "nonsense", "0x" + "00" * 32, "0x" + "ff" * 32])
def test_import__no_key__is_refused_without_showing_it(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        import_key(tmp_path, text, "pass")
    assert "not a private key" in caught.value.what
    assert not text or text not in str(caught.value)


def test_unlock__wrong_passphrase__config_error(tmp_path: Path) -> None:
    key = import_key(tmp_path, KEY, "pass", iterations=FAST)
    with pytest.raises(ConfigError, match=f"wrong passphrase for {ADDRESS}"):
        unlock(key, "other")


def test_unlock__readable_by_others__is_refused(tmp_path: Path) -> None:
    key = import_key(tmp_path, KEY, "pass", iterations=FAST)
    key.path.chmod(0o644)
    with pytest.raises(ConfigError) as caught:
        unlock(key, "pass")
    assert "644" in caught.value.what
    assert "chmod 600" in caught.value.remedy


def test_unlock__damaged_or_swapped__is_refused(tmp_path: Path) -> None:
    key = import_key(tmp_path, KEY, "pass", iterations=FAST)
    other = create_key(tmp_path, "pass", iterations=FAST)
    content = key.path.read_text()
    key.path.write_text(other.path.read_text())
    with pytest.raises(ConfigError, match="says"):
        unlock(key, "pass")
    for damage in ("{}", "not json", content.replace('"version": 3', '"version": 9')):
        key.path.write_text(damage)
        with pytest.raises(ConfigError, match="damaged"):
            unlock(key, "pass")


def test_list__other_files__are_left_out(tmp_path: Path) -> None:
    (tmp_path / "notes.json").write_text("[]")
    (tmp_path / "broken.json").write_text("{")
    assert list_keys(tmp_path) == ()
    assert list_keys(tmp_path / "none") == ()


def test_passphrase__environment_file_prompt__in_this_order(tmp_path: Path) -> None:
    file = tmp_path / "pass"
    file.write_text("from file\n")
    named = {"ORACLE_KEYSTORE_PASSWORD_FILE": str(file)}
    assert find_passphrase({**named, "ORACLE_KEYSTORE_PASSWORD": "env"}) == "env"
    assert find_passphrase(named, lambda _: "asked") == "from file"
    assert find_passphrase({}, lambda question: question, question="Q") == "Q"
    with pytest.raises(ConfigError, match="no passphrase"):
        find_passphrase({}, lambda _: "")
    with pytest.raises(ConfigError, match="can not be read"):
        find_passphrase({"ORACLE_KEYSTORE_PASSWORD_FILE": str(tmp_path / "none")})


def test_account__environment_key__comes_first(tmp_path: Path) -> None:
    create_key(tmp_path, "pass", iterations=FAST)
    found = find_account(chain_id=1, folder=tmp_path, environ={"ORACLE_PRIVATE_KEY": KEY})
    assert found.address == ADDRESS
    with pytest.raises(ConfigError, match="not 0x11"):
        find_account(
            chain_id=1,
            folder=tmp_path,
            environ={"ORACLE_PRIVATE_KEY": KEY},
            address="0x" + "11" * 20,
        )


def test_account__one_keystore__is_unlocked(tmp_path: Path) -> None:
    import_key(tmp_path, KEY, "pass", iterations=FAST)
    environ = {"ORACLE_KEYSTORE_PASSWORD": "pass"}
    for address in (None, ADDRESS, ADDRESS.lower()):
        found = find_account(chain_id=1, folder=tmp_path, environ=environ, address=address)
        assert found.address == ADDRESS
    create_key(tmp_path, "pass", iterations=FAST)
    with pytest.raises(ConfigError, match="has 2 keys"):
        find_account(chain_id=1, folder=tmp_path, environ=environ)
    with pytest.raises(ConfigError, match="no key of 0x11"):
        find_account(chain_id=1, folder=tmp_path, environ=environ, address="0x" + "11" * 20)


def test_account__development_key__only_on_a_local_chain(tmp_path: Path) -> None:
    found = find_account(chain_id=31337, folder=tmp_path, environ={}, dev_index=0)
    assert found.address == dev_account(0, chain_id=31337).address
    for environ, index in (({}, 0), ({"ORACLE_PRIVATE_KEY": DEV_KEYS[3]}, None)):
        with pytest.raises(ConfigError, match="chain 1 is not a local chain"):
            find_account(chain_id=1, folder=tmp_path, environ=environ, dev_index=index)
    import_key(tmp_path, DEV_KEYS[4], "pass", iterations=FAST)
    with pytest.raises(ConfigError, match="not a local chain"):
        find_account(chain_id=1, folder=tmp_path, environ={"ORACLE_KEYSTORE_PASSWORD": "pass"})


def test_dev_keys__are_those_of_the_test_mnemonic() -> None:
    from eth_account import Account

    Account.enable_unaudited_hdwallet_features()
    for index in (0, 9):
        derived = Account.from_mnemonic(DEV_MNEMONIC, account_path=f"m/44'/60'/0'/0/{index}")
        assert derived.address == dev_account(index, chain_id=1337).address
    with pytest.raises(ConfigError):
        require_local_chain(11155111)


HOLD = """
import sys
from pathlib import Path
from oracle.chain.keys import KeyLock
with KeyLock(Path(sys.argv[1]), sys.argv[2], 1):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_lock__second_process__is_refused_with_address_and_pid(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path), ADDRESS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert holder.stdout is not None
    assert holder.stdin is not None
    holder.stdout.readline()
    with pytest.raises(ConfigError) as caught:
        KeyLock(tmp_path, ADDRESS, 1).acquire()
    assert ADDRESS in caught.value.what
    assert f"process {holder.pid}" in caught.value.what
    with KeyLock(tmp_path, ADDRESS, 2):
        pass  # another chain has nonces of its own
    holder.kill()
    holder.wait()
    with KeyLock(tmp_path, ADDRESS.lower(), 1):
        pass  # a killed holder leaves no lock behind
