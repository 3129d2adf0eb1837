"""What committee members say to each other, as strict JSON.

    questions  collector → member   "what do you say?", with a commitment to its own opinion
    opinions   member → collector   each with the member's signature, or why there is none
    proposals  collector → member   "this is what we say", with every opinion that it rests on
    votes      member → collector   each with the member's signature, or why not

Whole messages are signed by their sender (``Committee.message``); nothing in them is believed
before that, and no opinion before its own signature was checked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eth_utils.crypto import keccak

from oracle.core.prediction import UINT40_MAX, Prediction
from oracle.core.prediction_json import (
    ADDRESS,
    SIGNATURE,
    hex_of,
    prediction_to_json,
    read_octets,
    read_prediction,
    read_word,
)
from oracle.core.strict_json import Fields, parse_json

MAX_ITEMS = 32
"""Most requests in one message."""
MAX_INPUT = 256 * 1024
"""Most bytes of the input that a question carries."""
_INPUT = rf"0x(?:[0-9a-f]{{2}}){{0,{MAX_INPUT}}}"
_COMMITMENT = keccak(text="decision-oracle/opinion-commitment/1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """A member's own prediction, signed over ``Committee.opinion_digest``."""

    member: str
    prediction: Prediction
    signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """From whom, to whom, when (Unix seconds): what every message begins with."""

    sender: str
    receiver: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a gasless read asks: no request on chain has the input, so the question carries it.

    Attributes:
        input: the input bytes, which the subject binds by their hash.
        as_of: Unix seconds, which the subject binds, too; the prediction's time.
    """

    input: bytes
    as_of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One request, or gasless read, that a collector asks about.

    Attributes:
        commitment: to the collector's own opinion, so that it can not copy the answers.
        asked: of a read; None where the chain says what was asked.
    """

    model_id: bytes
    subject: bytes
    commitment: bytes
    asked: Asked | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """The prediction that a collector read from the opinions, which it shows.

    Attributes:
        salt: opens the commitment of the collector's question.
        seconded: another member's vote for it, where a collector carries on what was proposed
            before; empty for its own proposal.
    """

    prediction: Prediction
    opinions: tuple[Opinion, ...]
    salt: bytes
    seconded: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A member's answer to one question or proposal.

    Attributes:
        opinion: to a question.
        vote: to a proposal; a compact signature over ``Committee.vote_digest``.
        earlier: where it voted for another prediction before: that proposal; ``vote`` is then
            for it.
        refusal: why there is neither.
    """

    subject: bytes
    opinion: Opinion | None = None
    vote: bytes | None = None
    earlier: Proposal | None = None
    refusal: str = ""


def commitment_to(opinion: Prediction, salt: bytes) -> bytes:
    """A hiding commitment to an opinion, 32 bytes."""
    return keccak(_COMMITMENT + opinion.struct_hash() + salt)


def write_questions(envelope: Envelope, questions: Sequence[Question]) -> bytes:
    """The body of an ask."""
    return _write(envelope, questions=[_question_json(q) for q in questions])


def read_questions(body: bytes) -> tuple[Envelope, list[Question]]:
    """The content of an ask.

    Raises:
        InvalidInput: unknown or missing fields, or values of another form.
    """
    top, envelope = _read(body)
    questions = []
    for item in _items(top, "questions"):
        questions.append(
            Question(
                model_id=read_word(item, "model"),
                subject=read_word(item, "subject"),
                commitment=read_word(item, "commitment"),
                asked=_asked(item.nested("asked")) if "asked" in item else None,
            )
        )
        item.done()
    top.done()
    return envelope, questions


def write_proposals(envelope: Envelope, proposals: Sequence[Proposal]) -> bytes:
    """The body of a proposal message."""
    return _write(envelope, proposals=[_proposal_json(p) for p in proposals])


def read_proposals(body: bytes) -> tuple[Envelope, list[Proposal]]:
    """The content of a proposal message; raises as ``read_questions``."""
    top, envelope = _read(body)
    proposals = [_proposal(item) for item in _items(top, "proposals")]
    top.done()
    return envelope, proposals


def write_replies(envelope: Envelope, replies: Sequence[Reply]) -> bytes:
    """The body of an answer."""
    return _write(envelope, replies=[_reply_json(r) for r in replies])


def read_replies(body: bytes) -> tuple[Envelope, list[Reply]]:
    """The content of an answer; raises as ``read_questions``."""
    top, envelope = _read(body)
    replies = []
    for item in _items(top, "replies"):
        replies.append(
            Reply(
                subject=read_word(item, "subject"),
                opinion=_opinion(item.nested("opinion")) if "opinion" in item else None,
                vote=read_octets(item, "vote", SIGNATURE) if "vote" in item else None,
                earlier=_proposal(item.nested("earlier")) if "earlier" in item else None,
                refusal=item.optional("refusal", item.text) or "",
            )
        )
        item.done()
    top.done()
    return envelope, replies


def proposal_to_json(proposal: Proposal) -> str:
    """A proposal as text, for the journal."""
    return json.dumps(_proposal_json(proposal))


def proposal_from_json(text: str) -> Proposal:
    """The proposal in such a text; raises as ``read_questions``."""
    return _proposal(Fields(parse_json(text, "proposal"), "proposal"))


def _write(envelope: Envelope, **content: Any) -> bytes:
    head = {"from": envelope.sender, "to": envelope.receiver, "at": envelope.at}
    return json.dumps(head | content, separators=(",", ":")).encode()


def _read(body: bytes) -> tuple[Fields, Envelope]:
    top = Fields(parse_json(body, "message"), "message")
    envelope = Envelope(
        sender=top.text("from", pattern=ADDRESS, hint="an address"),
        receiver=top.text("to", pattern=ADDRESS, hint="an address"),
        at=top.integer("at", low=0, high=UINT40_MAX),
    )
    return top, envelope


def _items(top: Fields, name: str) -> list[Fields]:
    items = top.objects(name)
    if len(items) > MAX_ITEMS:
        raise top.wrong(name, f"{len(items)} items", f"at most {MAX_ITEMS} items")
    return items


def _question_json(question: Question) -> dict[str, Any]:
    written: dict[str, Any] = {
        "model": hex_of(question.model_id),
        "subject": hex_of(question.subject),
        "commitment": hex_of(question.commitment),
    }
    if question.asked is not None:
        written["asked"] = {
            "input": hex_of(question.asked.input),
            "asOf": question.asked.as_of,
        }
    return written


def _asked(fields: Fields) -> Asked:
    found = Asked(
        input=read_octets(fields, "input", _INPUT),
        as_of=fields.integer("asOf", low=1, high=UINT40_MAX),
    )
    fields.done()
    return found


def _reply_json(reply: Reply) -> Mapping[str, Any]:
    written: dict[str, Any] = {"subject": hex_of(reply.subject)}
    if reply.opinion is not None:
        written["opinion"] = _opinion_json(reply.opinion)
    if reply.vote is not None:
        written["vote"] = hex_of(reply.vote)
    if reply.earlier is not None:
        written["earlier"] = _proposal_json(reply.earlier)
    if reply.refusal:
        written["refusal"] = reply.refusal
    return written


def _proposal_json(proposal: Proposal) -> dict[str, Any]:
    written = {
        "prediction": prediction_to_json(proposal.prediction),
        "opinions": [_opinion_json(o) for o in proposal.opinions],
        "salt": hex_of(proposal.salt),
    }
    return written | ({"seconded": hex_of(proposal.seconded)} if proposal.seconded else {})


def _proposal(fields: Fields) -> Proposal:
    found = Proposal(
        prediction=read_prediction(fields.nested("prediction")),
        opinions=tuple(_opinion(item) for item in fields.objects("opinions")),
        salt=read_word(fields, "salt"),
        seconded=read_octets(fields, "seconded", SIGNATURE) if "seconded" in fields else b"",
    )
    fields.done()
    return found


def _opinion_json(opinion: Opinion) -> dict[str, Any]:
    return {
        "member": opinion.member,
        "prediction": prediction_to_json(opinion.prediction),
        "signature": hex_of(opinion.signature),
    }


def _opinion(fields: Fields) -> Opinion:
    found = Opinion(
        member=fields.text("member", pattern=ADDRESS, hint="an address"),
        prediction=read_prediction(fields.nested("prediction")),
        signature=read_octets(fields, "signature", SIGNATURE),
    )
    fields.done()
    return found
