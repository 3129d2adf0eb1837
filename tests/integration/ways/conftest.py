"""One running ``oracle up`` for every test of this folder, which one worker runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.ports import free_port
from tests.support.shell import Shell
from tests.support.up import Ways

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.xdist_group("ways"))


@pytest.fixture(scope="session")
def ways(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ways]:
    """Everything up, as the documents have it; breast-tumour is decided through the anchor log."""
    shell = Shell(tmp_path_factory.mktemp("ways"))
    api, grpc, chain = (free_port() for _ in range(3))
    ports = ("--port", str(api), "--grpc-port", str(grpc), "--chain-port", str(chain))
    with shell.running(
        *("up", *ports, "--anchored", "breast-tumour"),
        until="Ctrl-C stops",
        ORACLE_ANCHOR_EVERY="0.5",
    ):
        yield Ways(api=api, grpc=grpc, chain=chain, shell=shell)
