"""Predictions answered at once, with the operator's promise to anchor them.

What is answered is in the journal before the caller hears of it: the prediction, what it was made
of, and the signed promise. The same idempotency key with the same body is the same prediction.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from eth_utils.crypto import keccak
from sqlalchemy.engine import Connection

from oracle.core.canonical import canonical_json
from oracle.core.errors import ConfigError, Conflict, InvalidInput, Overloaded
from oracle.core.lifecycle import Request
from oracle.core.prediction import REQUEST_TAG, Prediction, subject_of
from oracle.core.private_input import SALT_BYTES, commitment_of, seal_input
from oracle.core.promise import promise_message
from oracle.core.scoring import Outputs
from oracle.journal import inputs, promises
from oracle.journal.promises import Promised
from oracle.node.accept import MAX_KEY
from oracle.node.parts import Parts
from oracle.node.vouch import head

MAX_ROWS = 1000
"""Most predictions in one call."""

BACKLOG = 1_000_000
"""Most promises that wait for a batch before the API refuses more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One prediction to be made.

    Attributes:
        input: in the encoding that the model's card names.
        reference: what it is about; its own input and time where None.
        private: commit to the input with a salt for each field, instead of its plain hash.
    """

    input: bytes
    reference: str | None = None
    private: bool = False


async def promise(
    parts: Parts, model_id: bytes, rows: Sequence[Asked], *, idempotency_key: str | None = None
) -> list[Promised]:
    """Predict, sign that it will be anchored, record, and only then return.

    Args:
        idempotency_key: stands for the whole call.

    Raises:
        ConfigError: this operator has no anchor log on this chain.
        NotFound: the node does not serve the model.
        InvalidInput: an input does not fit the card, or there are none or too many.
        Conflict: the key was used for another body.
        Overloaded: too many wait to be anchored, or for the model.
        JournalError: nothing was promised.
        ChainError: the signer does not answer, or refuses.
    """
    log = parts.anchor_log
    if log is None:
        raise ConfigError(
            f"operator {parts.operator} has no anchor log on chain {parts.chain_id}",
            remedy="deploy it: oracle deploy --anchor-log, then start the node again",
        )
    if not 1 <= len(rows) <= MAX_ROWS:
        raise InvalidInput(f"{len(rows)} rows", remedy=f"send 1 to {MAX_ROWS} in one call")
    if idempotency_key is not None and not 0 < len(idempotency_key) <= MAX_KEY:
        raise InvalidInput(
            f"the idempotency key has {len(idempotency_key)} characters",
            remedy=f"use 1 to {MAX_KEY}; a UUID does",
        )
    unfit = parts.unfit.get(model_id)
    if unfit is not None:
        raise Conflict(
            f"the model's golden vectors do not agree on this machine: {unfit}",
            remedy="see `oracle model check`",
        )
    for row in rows:
        parts.engine.check(model_id, row.input)
    body = keccak(model_id + b"".join(_digest(row) for row in rows))
    keys = _keys(idempotency_key, len(rows))
    earlier = await parts.journal.read(lambda db: _earlier(db, keys, body))
    if earlier is not None:
        return earlier
    answers = await parts.engine.infer_many(model_id, [row.input for row in rows])
    outputs = [_settled(each) for each in answers]
    now = await parts.rpc.timestamp(head(parts))
    salts = [secrets.token_bytes(SALT_BYTES) if row.private else None for row in rows]
    signed = await asyncio.gather(
        *(
            _signed(
                parts,
                said.prediction(
                    model_id=model_id,
                    subject=_subject(row, model_id, now),
                    input_hash=_input_hash(parts, model_id, row.input, salt),
                    predicted_at=now,
                ),
                row.input,
                said,
                anchor_by=now + parts.options.anchor_within,
                key=key,
                body=body,
            )
            for row, said, key, salt in zip(rows, outputs, keys, salts, strict=True)
        )
    )

    def record(db: Connection) -> list[Promised]:
        again = _earlier(db, keys, body)
        if again is not None:
            return again
        if promises.count_waiting(db).count >= BACKLOG:
            raise Overloaded(
                f"{BACKLOG} predictions wait to be anchored", remedy="wait, then try again"
            )
        return [_added(db, each, salt) for each, salt in zip(signed, salts, strict=True)]

    recorded = await parts.journal.write(record)
    parts.observe("promised")
    parts.to_anchor.set()
    return recorded


async def promise_to_answer(
    parts: Parts, request: Request, prediction: Prediction, said: Outputs, max_age: int
) -> Promised:
    """The promise of the prediction that answers a request, to be recorded with it.

    It is promised to be anchored while the request can still be answered with it.

    Args:
        max_age: seconds that the prediction may be old when it is decided on; 0 for any age.
    """
    made = prediction.predicted_at
    ends = [made + parts.options.anchor_within]
    ends += [request.deadline] if request.deadline is not None else []
    ends += [made + max_age] if max_age else []
    body = keccak(request.model_id + request.subject)
    return await _signed(
        parts, prediction, request.input, said, anchor_by=min(ends), key=None, body=body
    )


async def _signed(
    parts: Parts,
    prediction: Prediction,
    octets: bytes,
    said: Outputs,
    *,
    anchor_by: int,
    key: str | None,
    body: bytes,
) -> Promised:
    log = parts.anchor_log
    assert log is not None
    message = promise_message(
        chain_id=parts.chain_id, log=log.address, prediction=prediction, anchor_by=anchor_by
    )
    digest = message.digest
    return Promised(
        receipt_id=keccak(digest + key.encode() if key else digest),
        prediction=prediction,
        input=octets,
        outputs=said.encoded,
        runtime=canonical_json(parts.engine.runtime(prediction.model_id)).decode(),
        log=log.address,
        anchor_by=anchor_by,
        signature=await parts.account.sign(message),
        accepted_at=parts.now(),
        idempotency_key=key,
        body_hash=body,
    )


def _added(db: Connection, made: Promised, salt: bytes | None) -> Promised:
    """Record it; one that was made in the same second about the same input is the same."""
    known = promises.find(db, made.receipt_id)
    if known is not None:
        return known
    promises.add(db, made)
    if salt is not None:
        inputs.keep_salt(db, made.prediction.model_id, made.receipt_id, salt)
    return made


def _input_hash(parts: Parts, model_id: bytes, octets: bytes, salt: bytes | None) -> bytes:
    """The input's keccak256; of a private input the commitment to it."""
    if salt is None:
        return keccak(octets)
    return commitment_of(seal_input(parts.engine.card(model_id), octets, salt))


def _earlier(db: Connection, keys: Sequence[str | None], body: bytes) -> list[Promised] | None:
    """What the key was used for before; None where it is new."""
    if keys[0] is None:
        return None
    found = [promises.find_idempotent(db, key) for key in keys if key is not None]
    if found[0] is None:
        return None
    if found[0].body_hash != body:
        raise Conflict(
            f"idempotency key {_given(keys[0])!r} was used for another body",
            remedy="use a new key for a new prediction",
        )
    return [each for each in found if each is not None]


def _keys(given: str | None, count: int) -> list[str | None]:
    """One key a row: the given one, numbered."""
    return [None if given is None else f"{row}:{given}"[:255] for row in range(count)]


def _given(key: str) -> str:
    return key.partition(":")[2]


def _digest(row: Asked) -> bytes:
    return keccak(row.input) + keccak(text=row.reference or "") + b"private" * row.private


def _subject(row: Asked, model_id: bytes, now: int) -> bytes:
    """An on-chain request's id where the input is the one that it asks about; else the reference's;
    without one, that of model, input and second: who has these can find it. Of a private input
    without a reference nothing can be found, so it is random.
    """
    if row.reference is None and row.private:
        return subject_of("0x" + secrets.token_hex(32))
    if row.reference is None:
        return keccak(model_id + keccak(row.input) + now.to_bytes(8, "big"))
    if row.reference.startswith("0x" + REQUEST_TAG.hex()) and len(row.reference) == 66:
        try:
            subject = bytes.fromhex(row.reference[2:])
        except ValueError:
            return subject_of(row.reference)
        if row.private:
            raise InvalidInput(
                f"the input of request {row.reference} is named on chain by its plain hash",
                remedy="leave private out",
            )
        if subject[16:] == keccak(row.input)[:16]:
            return subject
        raise InvalidInput(
            f"request {row.reference} is about another input",
            remedy="send the input that the request's event carries",
        )
    return subject_of(row.reference)


def _settled(answer: Outputs | Exception) -> Outputs:
    if isinstance(answer, Exception):
        raise answer
    return answer
