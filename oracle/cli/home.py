"""The state folder: journals, and the note by which a second terminal finds the running node."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from oracle.core.errors import ConfigError

NOTE = "node.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningNode:
    """What a running node says of itself.

    Attributes:
        api: base URL of its API.
        contract: address of the decision contract.
        rpc: the first RPC endpoint; empty where it is not local, or may hold a credential.
        network: the network's name.
        operator: the node's address.
        started_at: Unix seconds.
    """

    api: str
    contract: str
    chain_id: int
    rpc: str
    network: str
    operator: str
    pid: int
    started_at: int


class Home:
    """One state folder, ``.oracle`` by default; private to its user."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def make(self) -> Path:
        """The folder, made where it is missing.

        Raises:
            ConfigError: it can not be made or written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise ConfigError(
                f"the state folder {self.folder} can not be made: {error.strerror}",
                remedy="set ORACLE_HOME to a folder that you can write to",
            ) from None
        return self.folder

    def journal(self, chain_id: int, genesis: bytes, contract: str, operator: str) -> Path:
        """Where the journal of one chain, contract and operator is kept.

        The genesis hash tells apart a local chain from the same one started again.
        """
        name = f"{chain_id}-{genesis.hex()[:8]}-{contract[2:10]}-{operator[2:10]}".lower()
        return self.journals / f"{name}.db"

    @property
    def journals(self) -> Path:
        """Where journals are kept that are SQLite files."""
        return self.folder / "journals"

    @property
    def keystore(self) -> Path:
        """Where ``oracle keys`` keeps encrypted keys."""
        return self.folder / "keystore"

    @property
    def models(self) -> Path:
        """Where ``oracle model add`` puts models."""
        return self.folder / "models"

    @property
    def evidence(self) -> Path:
        """Where inputs by hash are kept."""
        return self.folder / "evidence"

    def announce(self, node: RunningNode) -> None:
        """Leave the note for other terminals; only its owner can read it."""
        path = self.make() / NOTE
        fresh = path.with_name(f"{NOTE}.{os.getpid()}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(asdict(node), file, indent=2)
        fresh.replace(path)

    def withdraw(self, pid: int) -> None:
        """Remove the note, if this process left it."""
        node = self.running(alive_only=False)
        if node is not None and node.pid == pid:
            (self.folder / NOTE).unlink(missing_ok=True)

    def running(self, *, alive_only: bool = True) -> RunningNode | None:
        """The node that runs with this folder, if there is one."""
        try:
            fields = json.loads((self.folder / NOTE).read_bytes())
            node = RunningNode(**fields)
        except (OSError, ValueError, TypeError):
            return None
        return node if not alive_only or _is_alive(node.pid) else None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
