"""The model, run again: the file that the card names, on the input, held to the outputs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracle.core import dtypes
from oracle.core.card_json import model_id
from oracle.core.errors import VerificationError
from oracle.core.model_card import FileDigest, ModelCard
from oracle.core.private_input import whole_input
from oracle.core.receipt import Receipt
from oracle.core.scoring import Outputs, read_outputs
from oracle.inference.folder import StoredModel
from oracle.inference.graph import read_graph
from oracle.inference.runner import Runner
from oracle.inference.runtime import runtime_record
from oracle.verify.report import Report, same


def digests_of(card: ModelCard) -> tuple[FileDigest, ...]:
    """Every file that a card names."""
    return (card.model.onnx, *card.model.external)


def check_rerun(receipt: Receipt, files: Mapping[str, bytes], report: Report) -> None:
    """Hold the model's files to the card, and the outputs to another run.

    Args:
        files: content of the card's files by name.

    Raises:
        VerificationError: the first that does not hold.
        InferenceError: the model does not run here.
    """
    card = receipt.card
    with report.check("model file") as finding:
        for digest in digests_of(card):
            _file(digest, files.get(digest.file))
        finding.says(f"{card.model.onnx.file} has the SHA-256 that the card names")
    octets = whole_input(receipt.input)
    if octets is None:
        report.skip("run again", "fields of the input are hidden, so the model can not be run")
        return
    with report.check("run again") as finding:
        runner = Runner(_model(card, files))
        outputs, said = runner.run(octets), read_outputs(card, receipt.outputs)
        exact = outputs.encoded == said.encoded
        if not exact:
            _close(card, outputs, said)
        here, there = runtime_record()["version"], receipt.runtime.get("version", "unknown")
        where = f"ONNX Runtime {here}" + ("" if here == there else f", not {there} as then,")
        finding.says(
            f"{where} gives the same outputs"
            if exact
            else f"{where} gives outputs within the card's tolerance"
        )


def _file(digest: FileDigest, octets: bytes | None) -> None:
    if octets is None:
        raise VerificationError(
            f"{digest.file} is missing", remedy="give the model's file: --model FILE or FOLDER"
        )
    remedy = "get the file that the card names, or do not rely on this receipt"
    found = hashlib.sha256(octets).hexdigest()
    same(f"the SHA-256 of {digest.file}", found, digest.sha256, remedy=remedy)
    same(f"the size of {digest.file}", len(octets), digest.size, remedy=remedy)


def _model(card: ModelCard, files: Mapping[str, bytes]) -> StoredModel:
    onnx = files[card.model.onnx.file]
    return StoredModel(
        card=card,
        model_id=model_id(card),
        folder=Path(),
        onnx=onnx,
        external={item.file: files[item.file] for item in card.model.external},
        graph=read_graph(onnx),
        vectors=(),
        policy=None,
    )


def _close(card: ModelCard, here: Outputs, said: Outputs) -> None:
    """Machines may differ in the last digit, and in nothing else."""
    if not card.agrees(here.value, said.value):
        raise VerificationError(
            f"the value is {said.value}, run again it is {here.value}; the card allows a "
            f"difference of {card.tolerance}",
            remedy="somebody changed something: do not rely on this receipt",
        )
    pairs = zip(card.outputs, here.rounded, said.rounded, strict=True)
    for spec, mine, other in pairs:
        floats = dtypes.kind_of(spec.dtype) == "float"
        far = _distance(mine, other) if floats and mine.shape == other.shape else None
        if far is not None and far <= max(1, card.tolerance):
            continue
        if not floats and mine.shape == other.shape and bool((mine == other).all()):
            continue
        raise VerificationError(
            f"output {spec.name} is not what the model says when it is run again"
            + (f": {far} units apart" if far is not None else ""),
            remedy="somebody changed something: do not rely on this receipt",
        )


def _distance(one: NDArray[Any], other: NDArray[Any]) -> int:
    pairs = zip(np.ravel(one).tolist(), np.ravel(other).tolist(), strict=True)
    return max((abs(a - b) for a, b in pairs), default=0)
