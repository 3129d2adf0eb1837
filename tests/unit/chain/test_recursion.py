"""Deeply nested JSON is refused, not fatal, whatever libraries were imported."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from oracle.chain.endpoint import HttpProvider
from oracle.core.errors import Transient
from tests.support.fake_rpc import FakeProvider, pool_of

DEEP = "[" * 200_000
PARSE = """
import {first}
import oracle.chain.rpc, eth_account, web3, json
try:
    json.loads("[" * 200_000)
except RecursionError:
    print("refused")
"""


@pytest.mark.parametrize("first", ["oracle.chain.rpc", "eth_account", "web3"])
def test_json__deeply_nested__raises_in_any_order_of_imports(first: str) -> None:
    said = subprocess.run(
        [sys.executable, "-c", PARSE.format(first=first)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[3],
        check=False,
    )
    assert said.stdout.strip() == "refused", said.returncode


async def test_reply__deeply_nested__is_transient() -> None:
    class Deep(FakeProvider):
        async def make_request(self, method: str, params: Any) -> Any:
            return HttpProvider.decode_rpc_response(DEEP.encode())

    with pytest.raises(Transient):
        await pool_of(Deep(lambda *_: None), rounds=1).block("latest")
    with pytest.raises(RecursionError):
        json.loads(DEEP)
