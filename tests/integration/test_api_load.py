"""A thousand connections at once to a whole node: each is answered, or told to come back."""

from __future__ import annotations

from pathlib import Path

from oracle.api.limits import AT_ONCE
from tests.support.crowd import CONNECTIONS, connection_figures
from tests.support.ports import free_port
from tests.support.shell import Shell


async def test_thousand_connections__at_once__no_error_but_429(tmp_path: Path) -> None:
    """A model's record, the list, inferences and decisions, one after the other."""
    shell, port = Shell(tmp_path), free_port()
    words = ("--port", str(port), "--chain-port", str(free_port()), "--log-level", "error")
    with shell.running("up", *words, until="Ctrl-C stops"):
        found = await connection_figures(port, times=1)
    for each in found:
        assert each.connections == CONNECTIONS
        assert each.errors == 0, each
        assert sum(n for status, n in each.answers.items() if status != 429) >= AT_ONCE, each
