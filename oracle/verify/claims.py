"""What a receipt proves by itself: hashes, signatures, paths; no chain, model or network."""

from __future__ import annotations

from oracle.core.anchor import leaf_of
from oracle.core.card_json import model_id
from oracle.core.errors import VerificationError
from oracle.core.merkle import proof_length, root_from
from oracle.core.prediction import REQUEST_TAG
from oracle.core.private_input import field_names, input_hash_of, whole_input
from oracle.core.promise import promise_digest
from oracle.core.receipt import PrivateInput, Receipt, ShownField
from oracle.core.scoring import read_outputs
from oracle.core.signatures import signer_of
from oracle.verify.report import Report, same


def check_claims(receipt: Receipt, report: Report) -> None:
    """Card, input, outputs, value, promise and anchor, as far as the receipt itself proves them.

    Raises:
        VerificationError: the first that does not hold.
    """
    said = receipt.prediction
    with report.check("card") as finding:
        same("the card's hash", model_id(receipt.card), said.model_id)
        finding.says("hashes to the prediction's model id")
    _input(receipt, report)
    with report.check("outputs") as finding:
        outputs = read_outputs(receipt.card, receipt.outputs)
        same("the hash of the outputs", outputs.output_hash, said.output_hash)
        finding.says("are rounded as the card says, and hash to the output hash")
    with report.check("value") as finding:
        same("the value", said.value, outputs.value)
        same("the confidence", said.confidence, outputs.confidence)
        finding.says(f"{receipt.card.value_text(said.value)} follows from the outputs")
    if receipt.promise is not None:
        _promise(receipt, report)
    if receipt.anchor is not None:
        _anchor(receipt, report)


def _input(receipt: Receipt, report: Report) -> None:
    given, said = receipt.input, receipt.prediction
    with report.check("input") as finding:
        if isinstance(given, PrivateInput):
            names = tuple(field.name for field in given.fields)
            same("the input's fields", names, field_names(receipt.card))
        same("the input's hash", input_hash_of(given), said.input_hash)
        if said.subject.startswith(REQUEST_TAG):
            same("the input hash in the request's id", said.input_hash[:16], said.subject[16:])
        whole = whole_input(given)
        if isinstance(given, PrivateInput):
            shown = [field.name for field in given.fields if isinstance(field, ShownField)]
            finding.says(
                "all fields are shown, and make the commitment"
                if whole is not None
                else f"{len(shown)} of {len(names)} fields are shown and belong to the commitment: "
                + (", ".join(shown) or "none")
            )
        else:
            finding.says("its bytes hash to the input hash")


def _promise(receipt: Receipt, report: Report) -> None:
    promise = receipt.promise
    assert promise is not None
    with report.check("promise") as finding:
        digest = promise_digest(
            chain_id=receipt.chain_id,
            log=promise.log,
            prediction=receipt.prediction,
            anchor_by=promise.anchor_by,
        )
        signer = signer_of(digest, promise.signature)
        same("the signer of the promise", signer.lower(), str(receipt.operator).lower())
        if promise.anchor_by < receipt.prediction.predicted_at:
            raise VerificationError(
                f"the promise ends at {promise.anchor_by}, before the prediction was made"
            )
        finding.says(f"signed by {signer}, to be anchored by {promise.anchor_by}")


def _anchor(receipt: Receipt, report: Report) -> None:
    anchor, said, promise = receipt.anchor, receipt.prediction, receipt.promise
    assert anchor is not None
    batch = anchor.batch
    with report.check("batch") as finding:
        first = batch.number == 0
        if first != (batch.previous == bytes(32)) or (first and batch.first_index != 0):
            raise VerificationError(
                f"batch {batch.number} begins at index {batch.first_index} after batch "
                f"0x{batch.previous.hex()}, which no log writes",
                remedy="somebody changed the batch's header: do not rely on this receipt",
            )
        last = batch.first_index + batch.count - 1
        if not batch.first_index <= anchor.index <= last:
            raise VerificationError(
                f"index {anchor.index} is not in batch {batch.number}, which has "
                f"{batch.first_index} … {last}",
                remedy="somebody took another batch's header: do not rely on this receipt",
            )
        identifier = batch.id(receipt.chain_id, anchor.log)
        finding.says(f"number {batch.number}, id 0x{identifier.hex()}")
    with report.check("proof") as finding:
        wanted = proof_length(anchor.index - batch.first_index, batch.count)
        same("the length of the proof", len(anchor.proof), wanted)
        root = root_from(leaf_of(anchor.index, said), anchor.proof)
        same("the root that the proof leads to", root, batch.root)
        finding.says(f"leads from the prediction at index {anchor.index} to the batch's root")
    with report.check("anchored in time") as finding:
        if anchor.place.timestamp < said.predicted_at:
            raise VerificationError(
                f"the batch is of {anchor.place.timestamp}, before the prediction was made at "
                f"{said.predicted_at}"
            )
        if promise is None:
            finding.says("nothing was promised")
            return
        same("the anchor log", anchor.log.lower(), promise.log.lower())
        if anchor.place.timestamp > promise.anchor_by:
            late = anchor.place.timestamp - promise.anchor_by
            raise VerificationError(
                f"anchored {late} s later than the operator promised",
                remedy="the promise with its signature proves it: complain with this receipt",
            )
        finding.says(f"{promise.anchor_by - anchor.place.timestamp} s before the promise ends")
