"""Receipts checked a second time, by the JavaScript client."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from oracle.chain.toolchain import find_node
from oracle.core.receipt import Receipt
from oracle.core.receipt_json import write_receipt
from oracle.inference.folder import StoredModel

SCRIPT = Path(__file__).parents[1] / "js" / "live" / "verify.js"


async def outcomes_in_javascript(
    receipt: Receipt, url: str, model: StoredModel, contract: str
) -> dict[str, str]:
    """Name of each check and its outcome; of one that failed, what it says."""
    process = await asyncio.create_subprocess_exec(
        find_node(),
        SCRIPT,
        url,
        model.folder,
        contract,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(120):
        output, _ = await process.communicate(write_receipt(receipt))
    assert process.returncode == 0
    return {
        check["name"]: check["what"] if check["outcome"] == "failed" else check["outcome"]
        for check in json.loads(output)
    }
