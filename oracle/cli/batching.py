"""What ``oracle batch`` does with settings, a chain and a key."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

from oracle.batch.anchoring import Recorder, anchor
from oracle.batch.columns import require_columns
from oracle.batch.engine import Progress, Run
from oracle.batch.manifest import Manifest, fix_manifest, read_manifest, write_whole
from oracle.batch.quorum import BatchVote, anchor_vouched, read_vote, sign_batch
from oracle.batch.receipts import RUNTIME, anchored_row
from oracle.batch.record import AnchorRecord
from oracle.batch.source import Source
from oracle.chain.anchor import AnchorLog, anchor_log_of
from oracle.chain.artifacts import load_artifact
from oracle.chain.contracts import DecisionLog, decode_logs
from oracle.chain.create2 import PROXY, ensure_proxy
from oracle.chain.deployment import require_code
from oracle.chain.keys import KeyLock
from oracle.chain.signer import AccountSigner
from oracle.cli.compose import contract_at
from oracle.cli.place import BATCHER, OPERATOR, Place, lock_folder, models_of, open_beside
from oracle.cli.settings import Settings
from oracle.core.canonical import canonical_json
from oracle.core.errors import ConfigError, Conflict, InvalidInput, VerificationError
from oracle.core.policy import Verdict
from oracle.inference.folder import StoredModel
from oracle.inference.runtime import runtime_record

Engine = Callable[[Run, Progress], bytes]
"""Gives the root of a run, and stores all that leads to it."""

Bar = Callable[[Run], AbstractContextManager[Progress]]


def open_run(
    settings: Settings,
    model: str,
    path: Path,
    folder: Path,
    *,
    subject: str | None,
    prefix: str | None,
    at: int | None,
) -> Run:
    """The run that the command names: a new one, or the one that the folder has.

    Raises:
        InvalidInput: no such file, column or subject rule.
        Conflict: the folder has another run.
    """
    found = models_of(settings).find(model)
    source = Source(path)
    require_columns(found.card, source.names, subject)
    wanted = Manifest(
        model="0x" + found.model_id.hex(),
        source=path.name,
        fingerprint=source.fingerprint(),
        rows=source.rows,
        subject_column=subject,
        subject_prefix=prefix,
        predicted_at=int(time.time()) if at is None else at,
    )
    assert wanted.rule
    manifest = fix_manifest(folder, wanted, given_time=at is not None)
    if not (folder / RUNTIME).is_file():
        write_whole(folder / RUNTIME, canonical_json(runtime_record()))
    return Run(model=found, source=source, manifest=manifest, folder=folder)


def model_of(settings: Settings, folder: Path) -> StoredModel:
    """The model of a batch's folder.

    Raises:
        NotFound: there is no batch, or its model is not known here.
    """
    return models_of(settings).find(read_manifest(folder).model_id)


def score_run(ready: Run, engine: Engine, bar: Bar) -> bytes:
    """Score whatever is not scored yet, and give the root, 32 bytes."""
    known = ready.parts.root(ready.first_index)
    if known is not None:
        return known
    with bar(ready) as progress:
        return engine(ready, progress)


async def anchor_run(
    settings: Settings, ready: Run, engine: Engine, bar: Bar, log: str | None
) -> AnchorRecord:
    """Score, and anchor the root once.

    Raises:
        ConfigError: no chain, no key, or the key may not anchor in that log.
        ChainError: the log refuses; run it again.
    """
    async with _open(settings) as place:
        recorder = Recorder(ready.folder)
        signer = AccountSigner(
            place.rpc, place.account, max_fee_gwei=settings.max_fee_gwei, record=recorder
        )
        lock = KeyLock(lock_folder(place), signer.address, place.network.chain_id)
        lock.acquire()
        try:
            found = await _log(place, log)

            def root_of(first_index: int) -> bytes:
                return score_run(replace(ready, first_index=first_index), engine, bar)

            rows = ready.manifest.rows
            return await anchor(ready.folder, rows, found, signer, recorder, root_of)
        finally:
            lock.release()


async def sign_run(settings: Settings, folder: Path, log: str) -> BatchVote:
    """The account's vote for a scored batch, as a member of the log's quorum."""
    async with _open(settings) as place:
        return await sign_batch(folder, await _log_at(place, log), place.account)


async def anchor_by_votes(settings: Settings, folder: Path, files: Sequence[Path]) -> AnchorRecord:
    """Anchor a batch by its quorum's votes, once; this account only pays for the transaction.

    Raises:
        InvalidInput: no votes, or files of another kind.
        Conflict: votes of another chain or log, or for another batch.
        ChainError: the log refuses; run it again.
    """
    votes = [read_vote(path) for path in files]
    if not votes:
        raise InvalidInput("there are no votes", remedy="name their files: --votes FILE…")
    async with _open(settings) as place:
        recorder = Recorder(folder)
        signer = AccountSigner(
            place.rpc, place.account, max_fee_gwei=settings.max_fee_gwei, record=recorder
        )
        with KeyLock(lock_folder(place), signer.address, place.network.chain_id):
            log = await _log_at(place, votes[0].log)
            return await anchor_vouched(folder, votes, log, signer, recorder)


async def decide_row(settings: Settings, folder: Path, row: int) -> dict[str, Any]:
    """A decision on chain by a row's proof.

    Raises:
        Conflict: the model is not registered, or somebody else vouches for it.
        Reverted: the contract refuses: the subject is decided already.
    """
    found = anchored_row(folder, row)
    log = found.record.log
    async with _open(settings) as place:
        contract, _ = await contract_at(place)
        model = await contract.model_of(found.row.prediction.model_id, block="latest")
        if model is None or model.attestor != log:
            raise Conflict(
                f"the model is answered for by {model.attestor}, not by the log {log}"
                if model
                else "the model is not registered",
                remedy="register it with the log before anybody else does: "
                "oracle deploy --model NAME --attestor LOG; its owner can propose the change",
            )
        signer = AccountSigner(place.rpc, place.account, max_fee_gwei=settings.max_fee_gwei)
        calldata = contract.encode_relay_decision(found.row.prediction, found.evidence)
        with KeyLock(lock_folder(place), signer.address, place.network.chain_id):
            receipt = await signer.send_transaction(to=contract.address, calldata=calldata)
        made = next(
            log
            for log in decode_logs(receipt.logs, contract.address)
            if isinstance(log, DecisionLog)
        )
    return {
        "subject": "0x" + found.row.prediction.subject.hex(),
        "verdict": Verdict(made.verdict).name,
        "value": found.row.prediction.value,
        "trust level": made.trust_level,
        "transaction": "0x" + receipt.tx_hash.hex(),
        "gas": receipt.gas_used,
    }


def _open(settings: Settings) -> AbstractAsyncContextManager[Place]:
    return open_beside(settings, dev_index=BATCHER, alone=OPERATOR)


async def _log(place: Place, given: str | None) -> AnchorLog:
    """The log that was named, else this account's own, deployed where it is not there yet."""
    operator = place.account.address
    spec = anchor_log_of(operator)
    if given is None and not await place.rpc.code(spec.address, "latest"):
        signer = AccountSigner(place.rpc, place.account, max_fee_gwei=place.settings.max_fee_gwei)
        await ensure_proxy(place.rpc, signer)
        await signer.send_transaction(to=PROXY, calldata=spec.salt + spec.creation_code)
    log = await _log_at(place, given or spec.address)
    anchorer = await log.anchorer()
    if anchorer != operator:
        raise ConfigError(
            f"only {anchorer} anchors in the log {log.address}, this is {operator}",
            remedy="use that key or another log; a quorum's members sign: oracle batch sign",
        )
    return log


async def _log_at(place: Place, address: str) -> AnchorLog:
    """The anchor log at an address.

    Raises:
        ConfigError: there is none.
    """
    code = await place.rpc.code(address, "latest")
    if not code:
        raise ConfigError(
            f"there is no contract at {address} on chain {place.network.chain_id}",
            remedy="name an anchor log with --log, or none for this account's own",
        )
    try:
        require_code(load_artifact("AnchorLog"), address, code)
    except VerificationError as error:
        raise ConfigError(f"{address} is no anchor log: {error.what}") from error
    return AnchorLog(place.rpc, address)
