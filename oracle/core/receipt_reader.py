"""Reading a receipt strictly: unknown fields, floats, duplicate keys and other forms are refused.

Reading checks form only; whether what a receipt says is true, ``oracle.verify`` checks.
"""

from __future__ import annotations

import re
from typing import Literal, cast

from oracle.core.anchor import Batch
from oracle.core.card_reader import card_from_json
from oracle.core.errors import InvalidInput
from oracle.core.policy import read_rule
from oracle.core.prediction import UINT40_MAX
from oracle.core.prediction_json import (
    ADDRESS,
    SIGNATURE,
    read_address,
    read_octets,
    read_prediction,
    read_word,
)
from oracle.core.promise import Promise
from oracle.core.quorum import MAX_MEMBERS
from oracle.core.receipt import (
    MAX_PROOF,
    SCHEMA,
    Anchor,
    ContractEvidence,
    Decided,
    Evidence,
    HiddenField,
    Judgement,
    Place,
    PlainInput,
    PrivateInput,
    Receipt,
    ShownField,
    SignedTransaction,
)
from oracle.core.round_json import read_round
from oracle.core.strict_json import Fields, parse_json

UINT64_MAX = 2**64 - 1
_SAFE = 2**53 - 1
_DIGITS = r"0|[1-9][0-9]{0,19}"


def parse_receipt(text: str | bytes) -> Receipt:
    """The receipt in a JSON text.

    Raises:
        InvalidInput: it is no receipt of this version; the message names the field, its value and
            the remedy.
    """
    return receipt_from_json(parse_json(text, "receipt"))


def receipt_from_json(value: object) -> Receipt:
    """The receipt in parsed JSON; the inverse of ``receipt_to_json``.

    Raises:
        InvalidInput: as ``parse_receipt``.
    """
    top = Fields(value, "receipt")
    top.text("schema", pattern=re.escape(SCHEMA), hint=repr(SCHEMA))
    chain = top.nested("chain")
    receipt = Receipt(
        card=card_from_json(top.take("card")),
        input=_input(top.nested("input")),
        outputs=read_octets(top, "outputs"),
        prediction=read_prediction(top.nested("prediction")),
        runtime=top.texts_by_name("runtime"),
        chain_id=chain.integer("id", low=1, high=_SAFE),
        contract=read_address(chain, "contract"),
        operator=top.optional("operator", lambda name: read_address(top, name)),
        promise=_promise(top.nested("promise")) if "promise" in top else None,
        anchor=_anchor(top.nested("anchor")) if "anchor" in top else None,
        decision=_decision(top.nested("decision")) if "decision" in top else None,
    )
    chain.done()
    top.done()
    return receipt


def read_batch(fields: Fields) -> Batch:
    """The header of a batch.

    Raises:
        InvalidInput: unknown or missing fields, or numbers the anchor log can not hold.
    """
    batch = Batch(
        number=_uint64(fields, "number"),
        first_index=_uint64(fields, "firstIndex"),
        count=fields.integer("count", low=1, high=2**32 - 1),
        root=read_word(fields, "root"),
        previous=read_word(fields, "previous"),
    )
    fields.done()
    return batch


def _input(fields: Fields) -> PlainInput | PrivateInput:
    kind = fields.text("kind", pattern="plain|private", hint="plain or private")
    found: PlainInput | PrivateInput
    if kind == "plain":
        found = PlainInput(octets=read_octets(fields, "bytes"))
    else:
        found = PrivateInput(fields=tuple(_field(item) for item in fields.objects("fields")))
    fields.done()
    return found


def _field(fields: Fields) -> ShownField | HiddenField:
    name = fields.text("name")
    found: ShownField | HiddenField
    if "leaf" in fields:
        found = HiddenField(name=name, leaf=read_word(fields, "leaf"))
    else:
        found = ShownField(
            name=name, value=read_octets(fields, "value"), salt=read_word(fields, "salt")
        )
    fields.done()
    return found


def _promise(fields: Fields) -> Promise:
    promise = Promise(
        log=read_address(fields, "log"),
        anchor_by=fields.integer("anchorBy", low=1, high=UINT40_MAX),
        signature=read_octets(fields, "signature", SIGNATURE, "0x and 128 lower-case hex digits"),
    )
    fields.done()
    return promise


def _anchor(fields: Fields) -> Anchor:
    anchor = Anchor(
        log=read_address(fields, "log"),
        batch=read_batch(fields.nested("batch")),
        index=_uint64(fields, "index"),
        proof=_proof(fields),
        place=_place(fields),
    )
    fields.done()
    return anchor


def _proof(fields: Fields) -> tuple[bytes, ...]:
    nodes = fields.array("proof", empty=True)
    if len(nodes) > MAX_PROOF or not all(
        isinstance(node, str) and re.fullmatch(r"0x[0-9a-f]{64}", node) for node in nodes
    ):
        raise fields.wrong("proof", nodes, f"at most {MAX_PROOF} words of lower-case hex")
    return tuple(bytes.fromhex(node[2:]) for node in nodes)


def _decision(fields: Fields) -> Decided:
    decision = Decided(
        place=_place(fields),
        log_index=fields.integer("logIndex", low=0, high=2**32),
        verdict=fields.integer("verdict", low=1, high=3),
        trust_level=fields.integer("trustLevel", low=1, high=255),
        policy=_policy(fields.nested("policy")),
        evidence=_evidence(fields.nested("evidence")),
    )
    fields.done()
    return decision


def _policy(fields: Fields) -> Judgement:
    policy = Judgement(
        contract=read_address(fields, "contract"),
        rule=read_rule(fields.nested("rule")) if "rule" in fields else None,
    )
    fields.done()
    return policy


def _evidence(fields: Fields) -> Evidence:
    kinds = "transaction|quorum|sealed|anchor|other"
    kind = fields.text("kind", pattern=kinds, hint=f"one of {kinds.replace('|', ', ')}")
    found: Evidence
    if kind == "transaction":
        found = SignedTransaction(raw=read_octets(fields, "raw"))
    else:
        members, threshold = _committee(fields) if kind in ("quorum", "sealed") else ((), 0)
        found = ContractEvidence(
            kind=cast(Literal["quorum", "sealed", "anchor", "other"], kind),
            attestor=read_address(fields, "attestor"),
            octets=read_octets(fields, "bytes"),
            members=members,
            threshold=threshold,
            round=read_round(fields.nested("round"))
            if kind == "sealed" and "round" in fields
            else None,
        )
    fields.done()
    return found


def _committee(fields: Fields) -> tuple[tuple[str, ...], int]:
    members = fields.texts("members")
    if len(members) > MAX_MEMBERS or not all(re.fullmatch(ADDRESS, each) for each in members):
        raise fields.wrong("members", list(members), f"at most {MAX_MEMBERS} addresses")
    return members, fields.integer("threshold", low=1, high=len(members))


def _place(fields: Fields) -> Place:
    return Place(
        transaction=read_word(fields, "transaction"),
        block_number=fields.integer("blockNumber", low=0, high=_SAFE),
        block_hash=read_word(fields, "blockHash"),
        timestamp=fields.integer("timestamp", low=0, high=UINT40_MAX),
    )


def _uint64(fields: Fields, name: str) -> int:
    number = int(fields.text(name, pattern=_DIGITS, hint="an integer as a text of digits"))
    if number > UINT64_MAX:
        raise InvalidInput(
            f"{fields.where}.{name} is {number}", remedy="it must fit uint64: below 2^64"
        )
    return number
