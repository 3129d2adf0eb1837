"""A whole range of blocks, checked: every decision, every link of an anchor log, every promise.

Nothing ends an audit but a chain that can not be read: what does not hold is a finding.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from oracle.chain.abi import interface
from oracle.chain.anchor import AnchorLog
from oracle.chain.contracts import DecisionContract
from oracle.chain.events import DecisionLog, decode_logs
from oracle.chain.logs import logs_in
from oracle.chain.rpc import RpcPool
from oracle.core.anchor import Batch, batch_after
from oracle.core.errors import ChainError, OracleError, VerificationError
from oracle.core.private_input import input_hash_of, whole_input
from oracle.core.receipt import PlainInput, PrivateInput, Receipt
from oracle.inference.folder import StoredModel
from oracle.inference.runner import Runner
from oracle.inference.runtime import runtime_record
from oracle.verify.anchored import check_anchor, read_log
from oracle.verify.build import Said, receipt_of
from oracle.verify.claims import check_claims
from oracle.verify.onchain import check_decision
from oracle.verify.report import Report
from oracle.verify.vouching import check_vouching

Kind = Literal["held", "close", "unknown", "mismatch", "gap", "late"]
FindInput = Callable[[DecisionLog], Awaitable[PlainInput | PrivateInput | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What became of one thing that was checked.

    Attributes:
        kind: ``held``; ``close``: within the card's tolerance of another run, not equal;
            ``unknown``: its input or model is not known here; ``mismatch``; ``gap`` in an anchor
            log; ``late``: anchored later than promised, or not at all.
        about: a decision's subject, a batch's number or a receipt's name.
        block: where it is on the chain; 0 where it is not.
    """

    kind: Kind
    about: str
    what: str
    block: int = 0


async def audit_decisions(
    contract: DecisionContract,
    models: Sequence[StoredModel],
    find_input: FindInput,
    *,
    first: int,
    last: int,
    only: bytes | None = None,
) -> AsyncIterator[Finding]:
    """One finding for each decision in blocks ``first`` to ``last``, in the chain's order.

    Args:
        models: those that are known here.
        find_input: the input of a decision, None where nobody has it.
        only: leave out the decisions of other models.

    Raises:
        ChainError: the chain can not be read.
    """
    runners: dict[bytes, Runner] = {}
    known = {model.model_id: model for model in models}
    logs = await logs_in(contract.rpc, contract.address, first, last)
    for log in decode_logs(logs, contract.address):
        if not isinstance(log, DecisionLog) or only not in (None, log.model_id):
            continue
        model = known.get(log.model_id)
        if model is None:
            yield _about(log, "unknown", f"model 0x{log.model_id.hex()} is not known here")
            continue
        given = await find_input(log)
        if given is None:
            yield _about(log, "unknown", "nobody here has the input")
            continue
        if log.model_id not in runners:
            runners[log.model_id] = Runner(model)
        yield await _decision(contract, log, model, runners[log.model_id], given)


async def audit_log(rpc: RpcPool, address: str, *, last: int) -> AsyncIterator[Finding]:
    """One finding for each batch of an anchor log from its first on: numbers, indices, links.

    Raises:
        ChainError: the chain can not be read.
    """
    codec = interface("AnchorLog")
    before: Batch | None = None
    start = await AnchorLog(rpc, address).deployed_at()
    for log in await logs_in(rpc, address, start, last):
        name, fields = codec.decode_event(log) or ("", {})
        if name != "Anchored":
            continue
        wanted = batch_after(
            before, fields["count"], fields["root"], chain_id=rpc.chain_id, log=address
        )
        if fields["number"] != wanted.number:
            yield Finding(
                kind="gap",
                about=f"batch {fields['number']}",
                what=f"batch {wanted.number} from index {wanted.first_index} must come there",
                block=log.block_number,
            )
            return
        stored = await read_log(rpc, address, "batchIdOf", wanted.number)
        same = stored == wanted.id(rpc.chain_id, address)
        last_index = wanted.next_index - 1
        yield Finding(
            kind="held" if same else "mismatch",
            about=f"batch {wanted.number}",
            what=f"predictions {wanted.first_index} … {last_index}, linked to the one before"
            if same
            else f"the log stores the id 0x{stored.hex()}, which is not this batch's",
            block=log.block_number,
        )
        before = wanted
    count = await read_log(rpc, address, "batchCount")
    listed = 0 if before is None else before.number + 1
    if count != listed:
        yield Finding(
            kind="gap",
            about=f"batch {listed}",
            what=f"the log counts {count} batches, its events show {listed}",
        )


async def audit_promise(receipt: Receipt, name: str, rpc: RpcPool, *, now: int) -> Finding:
    """Whether a receipt's promise was kept.

    Args:
        now: the chain's time, Unix seconds.

    Raises:
        ChainError: the chain can not be read.
    """
    report = Report()
    try:
        check_claims(receipt, report)
        if receipt.anchor is not None:
            await check_anchor(receipt, rpc, report)
    except VerificationError as error:
        late = report.checks[-1].name == "anchored in time"
        return Finding(kind="late" if late else "mismatch", about=name, what=error.what)
    promise, anchor = receipt.promise, receipt.anchor
    if anchor is not None:
        block = anchor.place.block_number
        return Finding(kind="held", about=name, what="anchored in time", block=block)
    if promise is not None and promise.anchor_by < now:
        return Finding(
            kind="late",
            about=name,
            what=f"promised {now - promise.anchor_by} s ago at the latest, and not anchored",
        )
    return Finding(kind="held", about=name, what="nothing is due yet")


async def _decision(
    contract: DecisionContract,
    log: DecisionLog,
    model: StoredModel,
    runner: Runner,
    given: PlainInput | PrivateInput,
) -> Finding:
    said = log.prediction
    try:
        octets = whole_input(given)
        if octets is None:
            return _about(log, "unknown", "fields of the input are hidden")
        if input_hash_of(given) != said.input_hash:
            return _about(log, "mismatch", "the input is not the one that was decided on")
        outputs = runner.run(octets)
        if outputs.output_hash != said.output_hash:
            close = model.card.agrees(outputs.value, said.value)
            words = f"decided on {said.value}, run again it is {outputs.value}"
            return _about(log, "close" if close else "mismatch", words)
        rule = model.policy.rule if model.policy else None
        receipt = await receipt_of(
            contract,
            log,
            Said(
                card=model.card,
                input=given,
                outputs=outputs.encoded,
                runtime=runtime_record(),
                rule=rule,
            ),
        )
        report = Report()
        check_claims(receipt, report)
        check_vouching(receipt, report, rule=rule)
        await check_decision(receipt, contract.rpc, report, expected=contract.address)
        if receipt.anchor is not None:
            await check_anchor(receipt, contract.rpc, report)
    except ChainError:
        raise
    except OracleError as error:
        return _about(log, "mismatch", error.what)
    return _about(log, "held", f"{model.name} said {model.card.value_text(said.value)}")


def _about(log: DecisionLog, kind: Kind, what: str) -> Finding:
    about = "0x" + log.prediction.subject.hex()
    return Finding(kind=kind, about=about, what=what, block=log.block_number)
