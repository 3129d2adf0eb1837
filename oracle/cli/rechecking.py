"""A decision of the demo computed again, from files and chain alone, as ``oracle verify`` does."""

from __future__ import annotations

from oracle.chain.contracts import DecisionContract
from oracle.core.receipt import PlainInput
from oracle.core.receipt_json import write_receipt
from oracle.inference.folder import StoredModel, load_model
from oracle.inference.runner import Runner
from oracle.inference.runtime import runtime_record
from oracle.verify import Check, parse_receipt, verify
from oracle.verify.build import Said, decision_in, receipt_of
from oracle.verify.rerun import digests_of


async def recheck(
    contract: DecisionContract, model: StoredModel, input_bytes: bytes, tx_hash: bytes
) -> list[Check]:
    """Build a decision's receipt, write and read it, and check everything.

    Args:
        model: which folder to load again; nothing else of it is used.
        input_bytes: the input that the decision is said to be about.
        tx_hash: of the transaction that decided.

    Raises:
        VerificationError: the first check that does not hold, with both values.
    """
    fresh = load_model(model.folder)
    rule = fresh.policy.rule if fresh.policy else None
    said = Said(
        card=fresh.card,
        input=PlainInput(octets=input_bytes),
        outputs=Runner(fresh).run(input_bytes).encoded,
        runtime=runtime_record(),
        rule=rule,
    )
    receipt = await receipt_of(contract, await decision_in(contract, tx_hash), said)
    files = {each.file: (fresh.folder / each.file).read_bytes() for each in digests_of(fresh.card)}
    report = await verify(
        parse_receipt(write_receipt(receipt)),
        files,
        contract.rpc,
        rule=rule,
        expected=contract.address,
    )
    return report.checks
