"""An anchored batch, held to the chain: the log's own word for it, who anchors, and its block."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from oracle.chain.abi import interface
from oracle.chain.artifacts import load_artifact
from oracle.chain.deployment import require_code
from oracle.chain.rpc import RpcPool
from oracle.chain.wire import TxReceipt
from oracle.core.anchor import Batch
from oracle.core.errors import VerificationError
from oracle.core.receipt import Anchor, Receipt
from oracle.verify.onchain import REMEDY, check_chain, check_place
from oracle.verify.report import Report, same


async def check_anchor(receipt: Receipt, rpc: RpcPool, report: Report) -> None:
    """The batch's id in the anchor log, and the anchoring transaction in a canonical block.

    Raises:
        VerificationError: the first that does not hold.
        ChainError: the chain can not be read.
    """
    anchor = receipt.anchor
    assert anchor is not None
    await check_chain(receipt, rpc, report)
    with report.check("anchor log") as finding:
        code = await rpc.code(anchor.log.lower(), "latest")
        require_code(load_artifact("AnchorLog"), anchor.log, code)
        anchorer = str(await read_log(rpc, anchor.log, "anchorer"))
        by_key = not await rpc.code(anchorer, "latest")
        if by_key and receipt.promise is not None:
            same("who anchors", anchorer.lower(), str(receipt.operator).lower())
        kind = "the operator" if by_key else "the attestor"
        finding.says(f"{anchor.log} has the code of this release; {kind} {anchorer} anchors")
    mined = await check_place(anchor.place, rpc, report, "block of the anchor")
    with report.check("root on chain") as finding:
        same("the event's batch", _anchored_in(mined, anchor), anchor.batch)
        stored = await read_log(rpc, anchor.log, "batchIdOf", anchor.batch.number)
        same("the batch's id", anchor.batch.id(receipt.chain_id, anchor.log), stored)
        finding.says(f"the log has batch {anchor.batch.number} under this very id")


def _anchored_in(mined: TxReceipt, anchor: Anchor) -> Batch:
    """The batch that the event tells; first index and link are in the id alone."""
    codec = interface("AnchorLog")
    for log in mined.logs:
        if log.address.lower() != anchor.log.lower():
            continue
        name, fields = codec.decode_event(log) or ("", {})
        if name == "Anchored" and fields["number"] == anchor.batch.number:
            return replace(anchor.batch, count=fields["count"], root=fields["root"])
    raise VerificationError(
        f"the transaction anchored no batch {anchor.batch.number} in the log {anchor.log}",
        remedy=REMEDY,
    )


async def read_log(rpc: RpcPool, log: str, function: str, *arguments: Any) -> Any:
    """What a view of the anchor log says now; the log is append-only."""
    codec = interface("AnchorLog")
    body = await rpc.eth_call(log.lower(), codec.encode(function, *arguments), block="latest")
    (found,) = codec.decode_output(function, body).values()
    return found
