"""An anchored batch, held to the chain: the log's own word for it, and its block."""

from __future__ import annotations

from oracle.chain.abi import interface
from oracle.chain.rpc import RpcPool
from oracle.core.errors import VerificationError
from oracle.core.receipt import Receipt
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
    mined = await check_place(anchor.place, rpc, report, "block of the anchor")
    with report.check("root on chain") as finding:
        if not any(log.address.lower() == anchor.log.lower() for log in mined.logs):
            raise VerificationError(
                f"the transaction has no log of the anchor log {anchor.log}", remedy=REMEDY
            )
        codec = interface("AnchorLog")
        calldata = codec.encode("batchIdOf", anchor.batch.number)
        body = await rpc.eth_call(anchor.log, calldata, block="latest")
        (stored,) = codec.decode_output("batchIdOf", body).values()
        same("the batch's id", anchor.batch.id(receipt.chain_id, anchor.log), stored)
        finding.says(f"the log has batch {anchor.batch.number} under this very id")
