"""A receipt, checked from end to end: it is returned as a report, or the first fault is raised.

file ─▶ card ─▶ input ─▶ outputs ─▶ run again ─▶ value ─▶ promise ─▶ proof ─▶ root on chain
                                                   └─▶ evidence ─▶ verdict ─▶ event, storage
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from oracle.chain.rpc import RpcPool
from oracle.core.policy import Rule
from oracle.core.receipt import Receipt
from oracle.verify.anchored import check_anchor
from oracle.verify.claims import check_claims
from oracle.verify.onchain import check_decision
from oracle.verify.report import Check, Report
from oracle.verify.rerun import check_rerun
from oracle.verify.vouching import check_vouching

Told = Callable[[Check], None]


def verify_offline(
    receipt: Receipt,
    files: Mapping[str, bytes],
    *,
    rule: Rule | None = None,
    told: Told | None = None,
) -> Report:
    """Check everything but the chain.

    Args:
        files: content of the files that the card names, by name.
        rule: the model's policy as the checker knows it, besides the one in the receipt.
        told: called with each check as soon as its outcome is known.

    Raises:
        VerificationError: the first check that does not hold.
        InferenceError: the model does not run on this machine.
    """
    report = Report(told)
    check_claims(receipt, report)
    check_rerun(receipt, files, report)
    if receipt.decision is not None:
        check_vouching(receipt, report, rule=rule)
    return report


async def verify(
    receipt: Receipt,
    files: Mapping[str, bytes],
    rpc: RpcPool,
    *,
    rule: Rule | None = None,
    expected: str | None = None,
    told: Told | None = None,
) -> Report:
    """Check everything, the chain too.

    Args:
        rpc: of the receipt's chain.
        expected: the decision contract that the checker relies on, of whatever release; where None,
            any contract with this release's code.

    Raises:
        VerificationError: the first check that does not hold.
        InferenceError: the model does not run on this machine.
        ChainError: the chain can not be read.
    """
    report = verify_offline(receipt, files, rule=rule, told=told)
    if receipt.anchor is not None:
        await check_anchor(receipt, rpc, report)
    if receipt.decision is not None:
        await check_decision(receipt, rpc, report, expected=expected)
    if receipt.anchor is None and receipt.decision is None:
        report.skip("chain", "nothing of it is on chain yet")
    return report
