"""Keys: encrypted on disk by default, from the environment for development, never in a log.

A keystore is the usual Web3 Secret Storage file (version 3), one a key, readable by its owner only.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from eth_account import Account
from eth_account.signers.local import LocalAccount
from filelock import FileLock, Timeout

from oracle.chain.local import DEV_KEYS, LOCAL_CHAIN_IDS, dev_account, require_local_chain
from oracle.chain.wire import checksum
from oracle.core.errors import ConfigError

PASSWORD = "ORACLE_KEYSTORE_PASSWORD"  # noqa: S105 - a variable's name
PASSWORD_FILE = "ORACLE_KEYSTORE_PASSWORD_FILE"  # noqa: S105 - a variable's name
PRIVATE_KEY = "ORACLE_PRIVATE_KEY"

Prompt = Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFile:
    """One keystore: its address and where it is."""

    address: str
    path: Path


def create_key(folder: Path, passphrase: str, *, iterations: int | None = None) -> KeyFile:
    """Make a new random key and keep it encrypted.

    Args:
        folder: where keystores are; made if need be.
        passphrase: not empty.
        iterations: of the key derivation; the library's own number unless a test lowers it.
    """
    return _store(folder, Account.create(), passphrase, iterations)


def import_key(
    folder: Path, private_key: str, passphrase: str, *, iterations: int | None = None
) -> KeyFile:
    """Keep an existing key encrypted; arguments as ``create_key``'s.

    Raises:
        ConfigError: it is no private key, or is there already.
    """
    return _store(folder, _account(private_key, "the imported key"), passphrase, iterations)


def list_keys(folder: Path) -> tuple[KeyFile, ...]:
    """The keystores in a folder, by address; files of another kind are left out."""
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            address = json.loads(path.read_text(encoding="utf-8"))["address"]
            found.append(
                KeyFile(address=checksum("0x" + address.removeprefix("0x").lower()), path=path)
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
    return tuple(sorted(found, key=lambda key: key.address))


def unlock(key: KeyFile, passphrase: str) -> LocalAccount:
    """Decrypt a keystore.

    Raises:
        ConfigError: others may read the file, it is damaged, or the passphrase is wrong.
    """
    mode = key.path.stat().st_mode & 0o777
    if os.name == "posix" and mode & 0o077:
        raise ConfigError(
            f"keystore {key.path} has mode {mode:03o}: others may read it",
            remedy=f"chmod 600 {key.path}",
        )
    try:
        secret = Account.decrypt(json.loads(key.path.read_text(encoding="utf-8")), passphrase)
    except ValueError as fault:
        if "mac" in str(fault).lower():
            raise ConfigError(
                f"wrong passphrase for {key.address}", remedy=f"check {PASSWORD}"
            ) from None
        raise ConfigError(
            f"keystore {key.path} is damaged", remedy="restore it from a backup"
        ) from None
    except (KeyError, TypeError, NotImplementedError):
        raise ConfigError(
            f"keystore {key.path} is damaged", remedy="restore it from a backup"
        ) from None
    account: LocalAccount = Account.from_key(secret)
    if checksum(str(account.address)) != key.address:
        raise ConfigError(
            f"keystore {key.path} says {key.address}, its key is {account.address}'s",
            remedy="restore it from a backup",
        )
    return account


def find_passphrase(
    environ: Mapping[str, str], prompt: Prompt | None = None, *, question: str = "Passphrase"
) -> str:
    """The keystore's passphrase: from the environment, a file it names, or asked for.

    Raises:
        ConfigError: none of these gives one.
    """
    found = environ.get(PASSWORD, "")
    if not found and (name := environ.get(PASSWORD_FILE)):
        try:
            found = Path(name).read_text(encoding="utf-8").rstrip("\r\n")
        except OSError as fault:
            raise ConfigError(
                f"{PASSWORD_FILE} names {name}, which can not be read: {fault.strerror}",
                remedy="correct the path or its permissions",
            ) from None
    if not found and prompt is not None:
        found = prompt(question)
    if not found:
        raise ConfigError(
            "no passphrase for the keystore", remedy=f"set {PASSWORD} or {PASSWORD_FILE}"
        )
    return found


def find_account(
    *,
    chain_id: int,
    folder: Path,
    environ: Mapping[str, str],
    address: str | None = None,
    prompt: Prompt | None = None,
    dev_index: int | None = None,
) -> LocalAccount:
    """The key to act with: the environment's, the keystore's, or a development key.

    Args:
        chain_id: where it is used; development keys are refused on any but a local chain.
        folder: keystores.
        environ: may have ``ORACLE_PRIVATE_KEY``, which comes first.
        address: which keystore to use; needed where there are several.
        prompt: asks for the passphrase.
        dev_index: development key to use on a local chain, where no address is asked for.

    Raises:
        ConfigError: there is no key, too many, or one that is not allowed here.
    """
    if given := environ.get(PRIVATE_KEY):
        account = _account(given, PRIVATE_KEY)
        _refuse_known(account, chain_id)
        if address is not None and checksum(address.lower()) != account.address:
            raise ConfigError(
                f"{PRIVATE_KEY} is {account.address}'s key, not {address}'s",
                remedy=f"unset {PRIVATE_KEY} to use the keystore",
            )
        return account
    wanted = None if address is None else checksum(address.lower())
    keys = [key for key in list_keys(folder) if wanted in (None, key.address)]
    if dev_index is not None and wanted is None and (chain_id in LOCAL_CHAIN_IDS or not keys):
        return dev_account(dev_index, chain_id=chain_id)
    if len(keys) == 1:
        account = unlock(
            keys[0], find_passphrase(environ, prompt, question=f"Passphrase of {keys[0].address}")
        )
        _refuse_known(account, chain_id)
        return account
    if keys:
        raise ConfigError(
            f"{folder} has {len(keys)} keys: {', '.join(key.address for key in keys)}",
            remedy="say which one by its address",
        )
    raise ConfigError(
        f"no key{' of ' + address if address else ''} in {folder}",
        remedy="create one with `oracle keys new`",
    )


class KeyLock:
    """One process owns one key on one chain, for as long as this is held.

    Args:
        folder: the state folder that all processes with this key share.
        address: the key's.
        chain_id: nonces are counted per chain.
    """

    def __init__(self, folder: Path, address: str, chain_id: int) -> None:
        self._address = checksum(address.lower())
        self._chain_id = chain_id
        self._path = folder / "locks" / f"{chain_id}-{self._address.lower()}.lock"
        self._lock = FileLock(self._path)

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            ConfigError: another process has it; the message names its pid.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise ConfigError(
                f"key {self._address} is in use on chain {self._chain_id} by process "
                f"{self._holder()}",
                remedy="stop that process, or use another key",
            ) from None
        self._pid_file.write_text(str(os.getpid()), encoding="utf-8")

    def release(self) -> None:
        """Give the lock back."""
        self._lock.release()

    @property
    def _pid_file(self) -> Path:
        return self._path.with_suffix(".pid")

    def _holder(self) -> str:
        try:
            return self._pid_file.read_text(encoding="utf-8")
        except OSError:
            return "unknown"

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def _store(folder: Path, account: LocalAccount, passphrase: str, iterations: int | None) -> KeyFile:
    if not passphrase:
        raise ConfigError("the passphrase is empty", remedy="give one that is hard to guess")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    address = checksum(str(account.address))
    if any(key.address == address for key in list_keys(folder)):
        raise ConfigError(f"{address} is in {folder} already", remedy="use it, or remove it first")
    content: dict[str, Any] = Account.encrypt(account.key, passphrase, iterations=iterations)
    path = folder / f"{address.lower()}.json"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file)
    return KeyFile(address=address, path=path)


def _account(private_key: str, what: str) -> LocalAccount:
    if not re.fullmatch(r"(0x)?[0-9a-fA-F]{64}", private_key.strip()):
        raise ConfigError(f"{what} is not a private key", remedy="give 0x and 64 hex digits")
    try:
        account: LocalAccount = Account.from_key(private_key.strip())
    except ValueError:
        raise ConfigError(f"{what} is not a private key", remedy="it is out of range") from None
    return account


def _refuse_known(account: LocalAccount, chain_id: int) -> None:
    if "0x" + bytes(account.key).hex() in DEV_KEYS:
        require_local_chain(chain_id)
