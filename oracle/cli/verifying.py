"""What ``oracle verify`` needs before it can check: the receipt, and the model's files."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from oracle.chain.contracts import DecisionContract
from oracle.chain.events import DecisionLog, RequestLog
from oracle.cli.client import NodeClient, connect, running_node
from oracle.cli.evidence import evidence_store, fetch_rules
from oracle.cli.inputs import read_input
from oracle.cli.place import decisions_of, models_of
from oracle.cli.settings import Settings
from oracle.core.card_json import model_id
from oracle.core.errors import ConfigError, InvalidInput, NotFound, OracleError
from oracle.core.model_card import ModelCard
from oracle.core.model_input import InputCodec
from oracle.core.policy import Rule
from oracle.core.prediction import REQUEST_TAG, subject_of
from oracle.core.private_input import whole_input
from oracle.core.receipt import PlainInput, PrivateInput, Receipt
from oracle.core.receipt_reader import parse_receipt, receipt_from_json
from oracle.evidence import Fetcher, Name
from oracle.inference.folder import StoredModel
from oracle.inference.runner import Runner
from oracle.inference.runtime import runtime_record
from oracle.verify.build import Said, decision_about, decision_in, receipt_of, request_about
from oracle.verify.files import files_in
from oracle.verify.rerun import digests_of

MODEL_SECONDS = 60.0
"""For a model's file, which may be large."""
_WORD = re.compile(r"0x[0-9a-fA-F]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What a check works on beside the receipt.

    Attributes:
        files: content of the card's files by name; those that were found.
        rule: the model's policy as this machine knows it.
    """

    files: dict[str, bytes]
    rule: Rule | None


def read_file(name: str) -> Receipt | None:
    """The receipt in a file, ``-`` for standard input; None where there is no such file.

    Raises:
        InvalidInput: it is no receipt, or can not be read.
    """
    if name == "-":
        return parse_receipt(sys.stdin.buffer.read())
    path = Path(name)
    try:
        return parse_receipt(path.read_bytes()) if path.is_file() else None
    except OSError as error:
        raise InvalidInput(f"{name} can not be read: {error.strerror}") from None


async def material_for(card: ModelCard, settings: Settings, where: str | None) -> Material:
    """The files that the card names: those given, else those of a known model of this id, else
    those of the evidence store.

    Args:
        where: an ONNX file, a folder with the card's files, or the URL of an ONNX file, which is
            fetched by the rules of the settings and kept in the evidence store.

    Raises:
        NotFound: ``where`` does not exist.
        InvalidInput: the rules forbid to ask there.
        VerificationError: what is there is not the file that the card names.
    """
    if where is not None and "://" in where:
        return Material(files=await _fetched(card, settings, where), rule=None)
    return await asyncio.to_thread(_at_hand, card, settings, Path(where) if where else None)


def _at_hand(card: ModelCard, settings: Settings, given: Path | None) -> Material:
    if given is not None:
        return Material(files=files_in(card, given), rule=None)
    wanted = model_id(card)
    for model in _known(settings):
        if model.model_id == wanted:
            rule = model.policy.rule if model.policy else None
            return Material(files=files_in(card, model.folder), rule=rule)
    return Material(files=_kept(card, settings), rule=None)


async def _fetched(card: ModelCard, settings: Settings, url: str) -> dict[str, bytes]:
    onnx = card.model.onnx
    name = Name(algorithm="sha256", digest=bytes.fromhex(onnx.sha256))
    rules = replace(fetch_rules(settings), max_bytes=onnx.size, seconds=MODEL_SECONDS)
    octets = await Fetcher(rules=rules).fetch(url, name)
    await asyncio.to_thread(evidence_store(settings).put, octets, "sha256")
    return {onnx.file: octets}


def _kept(card: ModelCard, settings: Settings) -> dict[str, bytes]:
    store, found = evidence_store(settings), {}
    for digest in digests_of(card):
        name = Name(algorithm="sha256", digest=bytes.fromhex(digest.sha256))
        with suppress(NotFound):
            found[digest.file] = store.get(name)
    return found


def _known(settings: Settings) -> Sequence[StoredModel]:
    try:
        return list(models_of(settings))
    except OracleError:
        return []  # one broken folder must not hide that a receipt is good


async def from_chain(
    contract: DecisionContract,
    wanted: str,
    settings: Settings,
    *,
    model_name: str | None,
    words: Sequence[str],
) -> Receipt:
    """The receipt of a transaction or a subject, built from the chain.

    Args:
        wanted: a transaction's hash, a subject, or the text that a subject is the hash of.
        words: the input, where neither the chain nor a running node has it.

    Raises:
        NotFound: there is no such decision, or its model or input is not known here.
        ChainError: the chain can not be read.
    """
    log = await _log(contract, wanted, settings, model_name)
    model = models_of(settings).find(log.model_id)
    said = await _said(contract, log, model, settings, words)
    return await receipt_of(contract, log, said)


async def _log(
    contract: DecisionContract, wanted: str, settings: Settings, model_name: str | None
) -> DecisionLog:
    if _WORD.fullmatch(wanted):
        word = bytes.fromhex(wanted[2:])
        (mined,) = await contract.rpc.receipts([word])
        if mined is not None:
            return await decision_in(contract, word)
    else:
        word = subject_of(wanted)
    model = models_of(settings).find(model_name).model_id if model_name else None
    return await decision_about(contract, word, model)


async def _said(
    contract: DecisionContract,
    log: DecisionLog,
    model: StoredModel,
    settings: Settings,
    words: Sequence[str],
) -> Said:
    rule = model.policy.rule if model.policy else None
    given, kept = await _input(contract, log, model, settings, words)
    if kept is not None:
        return Said(
            card=model.card, input=given, outputs=kept.outputs, runtime=kept.runtime, rule=rule
        )
    octets = whole_input(given)
    assert octets is not None
    return Said(
        card=model.card,
        input=given,
        outputs=Runner(model).run(octets).encoded,
        runtime=runtime_record(),
        rule=rule,
    )


async def _input(
    contract: DecisionContract,
    log: DecisionLog,
    model: StoredModel,
    settings: Settings,
    words: Sequence[str],
) -> tuple[PlainInput | PrivateInput, Receipt | None]:
    """The input: as given, from the request's event, or from a running node's receipt."""
    if words:
        given = read_input(list(words), None)
        octets = (
            bytes.fromhex(given[2:])
            if isinstance(given, str)
            else InputCodec(model.card).encode(given)
        )
        return PlainInput(octets=octets), None
    asked = await request_about(contract, log.model_id, log.prediction.subject)
    if isinstance(asked, RequestLog):
        return PlainInput(octets=asked.input), None
    kept = _of_node(settings, log)
    if kept is not None:
        return kept.input, kept
    stored = await _stored(settings, log)
    if stored is not None:
        return stored, None
    raise NotFound(
        "the input of this decision is not on chain, and no running node has it",
        remedy="give it as NAME=VALUE words, or verify the receipt that the operator gave",
    )


async def known_input(
    contract: DecisionContract, log: DecisionLog, settings: Settings
) -> PlainInput | PrivateInput | None:
    """The input of a decision: from its request, a running node or the evidence store; None where
    none of them has it.

    Raises:
        ChainError: the chain can not be read.
    """
    if log.prediction.subject.startswith(REQUEST_TAG):
        asked = await request_about(contract, log.model_id, log.prediction.subject)
        if isinstance(asked, RequestLog):
            return PlainInput(octets=asked.input)
    kept = _of_node(settings, log)
    return kept.input if kept is not None else await _stored(settings, log)


async def _stored(settings: Settings, log: DecisionLog) -> PlainInput | None:
    name = Name(algorithm="keccak256", digest=log.prediction.input_hash)
    try:
        return PlainInput(octets=await asyncio.to_thread(evidence_store(settings).get, name))
    except NotFound:
        return None


def _of_node(settings: Settings, log: DecisionLog) -> Receipt | None:
    """The node's own receipt; it is only believed as far as it holds."""
    if running_node(settings) is None and settings.api_url is None:
        return None
    subject = "0x" + log.prediction.subject.hex()
    with connect(settings) as node:
        for path, query in (
            (f"/api/receipts/{subject}", {"model": "0x" + log.model_id.hex()}),
            *((f"/api/receipts/{each}", {}) for each in _promised(node, subject)),
        ):
            try:
                found = receipt_from_json(node.get(path, **query))
            except (InvalidInput, ConfigError):
                continue
            if found.prediction == log.prediction:
                return found
    return None


def _promised(node: NodeClient, subject: str) -> list[str]:
    """The ids of the predictions about a subject that the node promised to anchor."""
    try:
        found = node.get("/api/predictions", subject=subject)["predictions"]
    except (InvalidInput, ConfigError):
        return []
    return [str(each["id"]) for each in found]


def expected_contract(settings: Settings, receipt: Receipt) -> str | None:
    """The decision contract that the settings name; None where nothing names one."""
    note = running_node(settings)
    if settings.contract or (note is not None and note.chain_id == receipt.chain_id):
        return decisions_of(settings)
    return None
