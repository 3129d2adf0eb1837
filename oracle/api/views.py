"""What the journal and the chain know, as the API's JSON. Pure: one value in, one value out."""

from __future__ import annotations

from typing import Literal, cast

from eth_utils.crypto import keccak

from oracle.api import schemas
from oracle.api.words import confidence_text, ether_text, verdict_word
from oracle.core.lifecycle import Origin, Request, State
from oracle.core.model_card import ClassHead, ModelCard
from oracle.core.transaction import Purpose, Transaction
from oracle.journal.chain_view import DecisionRecord
from oracle.journal.feed import Line
from oracle.journal.requests import Entry
from oracle.node.accept import Account


def hex_of(octets: bytes) -> str:
    """``0x`` and the hex digits."""
    return "0x" + octets.hex()


def value_of(value: int, card: ModelCard | None) -> schemas.Value:
    """The value in the card's terms; as the bare integer where the card is not known."""
    if card is None:
        return schemas.Value(value=str(value), decimals=0, text=str(value), label=None)
    text = card.value_text(value)
    return schemas.Value(
        value=str(value),
        decimals=card.decimals,
        text=text,
        label=text if isinstance(card.head, ClassHead) else None,
    )


def account_view(
    account: Account, *, model_id: bytes, subject: bytes, card: ModelCard | None, trusted: bool
) -> schemas.Account:
    """One decision's whole account.

    Args:
        trusted: whether the caller may see an input that is not on chain.
    """
    request, record = account.request, account.decision
    timeline = stages(account.timeline)
    return schemas.Account(
        model=schemas.ModelRef(name=card.name if card else None, id=hex_of(model_id)),
        subject=hex_of(subject),
        state=_state(request),
        reason=(request.reason or None) if request else None,
        seconds=round(timeline[-1].at - timeline[0].at, 3) if timeline else None,
        request=_request(account, request, trusted) if request else None,
        prediction=_prediction(request, record, card),
        decision=_decision(request, record, card) if record else None,
        transactions=[_transaction(each) for each in account.transactions],
        timeline=timeline,
    )


def line_view(line: Line, card: ModelCard | None) -> schemas.DecisionLine:
    """One decision in a list."""
    request, record = line.request, line.decision
    said = record.prediction if record else (request.prediction if request else None)
    value = value_of(said.value, card) if said else None
    return schemas.DecisionLine(
        model=schemas.ModelRef(name=card.name if card else None, id=hex_of(line.model_id)),
        subject=hex_of(line.subject),
        origin=_origin(request) if request else "other",
        state=_state(request),
        reason=(request.reason or None) if request else None,
        verdict=_verdict(record) if record else None,
        value=value.value if value else None,
        decimals=value.decimals if value else None,
        text=value.text if value else None,
        confidence=confidence_text(said.confidence) if said else None,
        trust_level=record.trust_level if record else None,
        tx_hash=hex_of(record.tx_hash) if record else None,
        block_number=record.block_number if record else None,
        at=round(line.at, 3),
    )


def stages(timeline: tuple[Entry, ...]) -> list[schemas.Stage]:
    """The timeline with the time that each stage took."""
    found: list[schemas.Stage] = []
    before = timeline[0].at if timeline else 0.0
    for entry in timeline:
        found.append(
            schemas.Stage(
                state=cast("schemas.StateWord", str(entry.state)),
                at=round(entry.at, 3),
                seconds=round(max(0.0, entry.at - before), 3),
                note=entry.note,
            )
        )
        before = entry.at
    return found


def _state(request: Request | None) -> schemas.StateWord:
    """A decision without a request was made by somebody else's transaction: it is final."""
    state = request.state if request else State.FINAL
    return cast("schemas.StateWord", str(state))


def _origin(request: Request) -> Literal["chain", "api"]:
    return "chain" if request.origin is Origin.CHAIN else "api"


def _verdict(record: DecisionRecord) -> schemas.VerdictWord:
    return cast("schemas.VerdictWord", verdict_word(record.verdict))


def _request(account: Account, request: Request, trusted: bool) -> schemas.RequestView:
    on_chain = request.origin is Origin.CHAIN
    visible = bool(request.input) and (trusted or account.is_input_on_chain)
    return schemas.RequestView(
        origin=_origin(request),
        input=hex_of(request.input) if visible else None,
        input_hidden=None if visible else ("key" if request.input else "absent"),
        input_hash=_input_hash(account, request),
        requester=request.requester or None,
        deadline=request.deadline,
        callback_gas=request.callback_gas,
        fee_gwei=request.fee_gwei,
        block_number=request.block_number if on_chain else None,
        tx_hash=hex_of(request.tx_hash) if request.tx_hash else None,
        tries=request.tries,
    )


def _input_hash(account: Account, request: Request) -> str | None:
    """What stands for the input on chain; a private one's plain hash would give it away."""
    if request.prediction is not None:
        return hex_of(request.prediction.input_hash)
    if account.reference is not None:
        return hex_of(account.reference.input_hash)
    plain = bool(request.input) and account.salt is None
    return hex_of(keccak(request.input)) if plain else None


def _prediction(
    request: Request | None, record: DecisionRecord | None, card: ModelCard | None
) -> schemas.PredictionView | None:
    """What is on chain, where there is a decision; else what this node's model said."""
    said = record.prediction if record else (request.prediction if request else None)
    if said is None:
        return None
    return schemas.PredictionView(
        **value_of(said.value, card).model_dump(),
        input_hash=hex_of(said.input_hash),
        output_hash=hex_of(said.output_hash),
        confidence=confidence_text(said.confidence),
        confidence_ppm=said.confidence,
        predicted_at=said.predicted_at,
    )


def _decision(
    request: Request | None, record: DecisionRecord, card: ModelCard | None
) -> schemas.DecisionView:
    said = record.prediction
    asked_back = request is not None and request.callback_gas > 0
    delivered: Literal["none", "delivered"] = "delivered" if asked_back else "none"
    return schemas.DecisionView(
        **value_of(said.value, card).model_dump(),
        verdict=_verdict(record),
        confidence=confidence_text(said.confidence),
        confidence_ppm=said.confidence,
        trust_level=record.trust_level,
        decided_at=record.decided_at,
        block_number=record.block_number,
        tx_hash=hex_of(record.tx_hash),
        callback="failed" if record.callback_failed else delivered,
    )


def _transaction(transaction: Transaction) -> schemas.TransactionView:
    attempts = transaction.attempts
    sent = transaction.mined_hash or (attempts[-1].hash if attempts else b"")
    used, price = transaction.gas_used, transaction.gas_price
    fee = used * price if used is not None and price is not None else None
    return schemas.TransactionView(
        purpose=str(transaction.purpose),
        answers=1 if transaction.purpose is Purpose.RELAY else len(transaction.answers),
        state=str(transaction.state),
        hash=hex_of(sent) if sent else None,
        nonce=transaction.nonce,
        block_number=transaction.block_number,
        succeeded=transaction.succeeded,
        value_wei=str(transaction.value),
        gas_limit=transaction.gas,
        gas_used=used,
        gas_price_wei=None if price is None else str(price),
        fee_wei=None if fee is None else str(fee),
        fee=None if fee is None else ether_text(fee),
        attempts=[
            schemas.AttemptView(
                hash=hex_of(attempt.hash),
                nonce=attempt.nonce,
                max_fee_wei=str(attempt.fees.max_fee),
                priority_fee_wei=str(attempt.fees.priority_fee),
                signed_at=attempt.at,
            )
            for attempt in attempts
        ],
    )
