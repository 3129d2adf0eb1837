"""Promised predictions as the journal knows them: in which batch, decided or not, and by whom."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from eth_utils.crypto import keccak
from sqlalchemy.engine import Connection

from oracle.core.anchor import Batch
from oracle.core.errors import Conflict, NotFound
from oracle.core.lifecycle import Origin, Request
from oracle.core.transaction import Transaction, TxState
from oracle.journal import chain_view, inputs, promises, requests, transactions
from oracle.journal.chain_view import DecisionRecord
from oracle.journal.promises import Promised
from oracle.node.parts import Parts


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """A promised prediction and what became of it.

    Attributes:
        batch, transaction: what anchors it, once there are such.
        relay: what was asked for to bring it on chain.
        decision: that on exactly this prediction, once it was followed.
        request: the open or closed request that it answers.
        salt: of a private input.
        is_public: whether everybody can read the input in a request's event.
    """

    promised: Promised
    batch: Batch | None
    transaction: Transaction | None
    relay: Transaction | None
    decision: DecisionRecord | None = None
    request: Request | None = None
    salt: bytes | None = field(default=None, repr=False)
    is_public: bool = False

    @property
    def is_anchored(self) -> bool:
        """Whether its batch is in a block."""
        mined = (TxState.MINED, TxState.FINAL)
        return self.transaction is not None and (
            self.transaction.state in mined and self.transaction.succeeded is True
        )

    @property
    def stage(self) -> Literal["pending", "anchored", "decided"]:
        """How far it has come."""
        if self.decision is not None:
            return "decided"
        return "anchored" if self.is_anchored else "pending"

    @property
    def index(self) -> int | None:
        """Its index in the log, once its batch is closed."""
        if self.batch is None or self.promised.position is None:
            return None
        return self.batch.first_index + self.promised.position


async def filed(parts: Parts, receipt_id: bytes) -> Filed:
    """A promised prediction by its receipt's id.

    Raises:
        NotFound: this node promised no such prediction.
    """

    def read(db: Connection) -> Filed | None:
        found = promises.find(db, receipt_id)
        return None if found is None else file_of(db, found)

    found = await parts.journal.read(read)
    if found is None:
        raise NotFound(f"no prediction has the receipt 0x{receipt_id.hex()}", remedy="check the id")
    return found


async def filed_about(parts: Parts, subject: bytes, model_id: bytes | None) -> list[Filed]:
    """The promised predictions about a subject, oldest first."""
    return await parts.journal.read(
        lambda db: [file_of(db, each) for each in promises.about(db, subject, model_id)]
    )


async def filed_newest(
    parts: Parts,
    *,
    limit: int,
    before: int | None,
    model_id: bytes | None,
    anchored: bool | None,
) -> tuple[list[Filed], int | None]:
    """The latest promised predictions, newest first, and where the next page begins."""

    def read(db: Connection) -> tuple[list[Filed], int | None]:
        found, following = promises.newest(
            db, limit=limit, before=before, model_id=model_id, anchored=anchored
        )
        return [file_of(db, each) for each in found], following

    return await parts.journal.read(read)


def file_of(db: Connection, promised: Promised) -> Filed:
    """A promised prediction with what the journal knows of it."""
    batch = transaction = None
    if promised.batch_id is not None:
        closed = promises.batch_of(db, promised.batch_id)
        if closed is not None:
            batch = closed[0]
            transaction = transactions.named(db, closed[1])
    said = promised.prediction
    decision = chain_view.find_decision(db, said.model_id, said.subject)
    request = requests.find(db, said.model_id, said.subject)
    if request is not None and request.prediction != said:
        request = None
    return Filed(
        promised=promised,
        batch=batch,
        transaction=transaction,
        relay=transactions.named(db, relay_key(promised)),
        decision=decision if decision is not None and decision.prediction == said else None,
        request=request,
        salt=_salt(db, promised),
        is_public=request is not None
        and request.origin is Origin.CHAIN
        and inputs.reference_of(db, said.model_id, said.subject) is None,
    )


def _salt(db: Connection, promised: Promised) -> bytes | None:
    """The salt of a private input, kept for the promise, or for the decision that was asked for."""
    said = promised.prediction
    if not promised.input or keccak(promised.input) == said.input_hash:
        return None
    own = inputs.salt_of(db, said.model_id, promised.receipt_id)
    return own or inputs.salt_of(db, said.model_id, said.subject)


def find_filed(db: Connection, word: bytes, model_id: bytes | None) -> Filed | None:
    """The promised prediction with this receipt's id, or about this subject: that which was decided
    on, or the latest where there is no decision; None where there is none.

    Args:
        model_id: of which model, where several were promised about the subject.

    Raises:
        Conflict: several are.
    """
    by_id = promises.find(db, word)
    if by_id is not None:
        return file_of(db, by_id)
    found = [file_of(db, each) for each in promises.about(db, word, model_id)]
    models = {each.promised.prediction.model_id for each in found}
    if len(models) > 1:
        raise Conflict(
            f"predictions of {len(models)} models about 0x{word.hex()} were promised",
            remedy="say which: ?model=" + " or ".join("0x" + each.hex() for each in models),
        )
    decided = [each for each in found if each.decision is not None]
    if decided:
        return decided[0]
    if any(chain_view.find_decision(db, each, word) is not None for each in models):
        return None  # decided on another prediction
    return found[-1] if found else None


def relay_key(promised: Promised) -> str:
    """The idempotency key of the transaction that decides on it."""
    return f"relay:{promised.receipt_id.hex()[:56]}"
