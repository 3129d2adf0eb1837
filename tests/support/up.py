"""One ``oracle up`` as a user starts it, for all tests of the ways in."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.support.shell import Shell

ROOT = Path(__file__).parents[2]
STANDS = {"8550": "api", "8551": "grpc", "8545": "chain"}
"""The ports that ``oracle up`` takes by itself, as documents name them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """A running node, and where it is reached.

    Attributes:
        api, grpc, chain: ports on loopback.
        shell: a terminal in the folder that it was started in.
    """

    api: int
    grpc: int
    chain: int
    shell: Shell

    @property
    def url(self) -> str:
        """The API's base URL."""
        return f"http://127.0.0.1:{self.api}"

    @property
    def rpc(self) -> str:
        """The chain's endpoint."""
        return f"http://127.0.0.1:{self.chain}"

    def here(self, text: str) -> str:
        """A document's text with this node's ports instead of the usual ones; nothing else."""
        for usual, name in STANDS.items():
            for host in ("127.0.0.1", "localhost"):
                text = text.replace(f"{host}:{usual}", f"{host}:{getattr(self, name)}")
        return text

    def run(self, *command: str | Path, **environ: str) -> str:
        """Run a program in the node's folder, with this environment's programs first.

        Returns:
            What it printed.
        """
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            command,
            cwd=self.shell.folder,
            env=self.shell.environment | {"PATH": path} | environ,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout
