"""Receipts that are wrong in one way each, as patches of good ones, with why they are refused.

    python -m tests.support.bad_receipts     writes tests/vectors/receipts.json anew

Patches are JSON Patch (RFC 6902: add, replace, remove), or one substitution in the text; ``flip``
changes one byte of the model's file.
"""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from eth_keys.constants import SECPK1_N
from eth_utils.address import to_checksum_address

from oracle.chain.contracts import DecisionContract
from oracle.core.anchor import leaf_of
from oracle.core.merkle import hash_pair
from oracle.core.private_input import TAG
from oracle.core.promise import promise_digest
from oracle.core.quorum import compact, expand
from oracle.core.receipt import ContractEvidence
from oracle.core.receipt_json import receipt_to_json
from oracle.node.committee.ballot import sign
from tests.support import receipts
from tests.support.vectors import FOLDER

WORD = "0x" + "ee" * 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Bad:
    """One way to be wrong.

    Attributes:
        of: which good receipt it is made from.
        reason: what the refusal says, as a regular expression.
    """

    name: str
    of: str
    reason: str
    patch: list[dict[str, Any]] = field(default_factory=list)
    text: tuple[str, str] | None = None
    flip: int | None = None


@cache
def good() -> dict[str, Any]:
    made = {
        "pending": receipts.pending(),
        "anchored": receipts.anchored(),
        "decided": receipts.decided(),
        "from_anchor": receipts.from_anchor(),
        "quorum": receipts.by_quorum(),
        "sealed": receipts.by_sealed_round(),
        "private": receipts.private(),
        "redacted": receipts.private("age" if _has("age") else "income"),
    }
    return {name: receipt_to_json(receipt) for name, receipt in made.items()}


def _has(name: str) -> bool:
    return any(feature.name == name for feature in receipts.model().card.input.features)


def _set(path: str, value: Any) -> list[dict[str, Any]]:
    return [{"op": "replace", "path": path, "value": value}]


def _malleated(signature: bytes) -> bytes:
    r, s, parity = expand(signature)
    return compact(r, SECPK1_N - s, 1 - parity)


def _quorum_evidence(change: Any) -> str:
    evidence = receipts.by_quorum().decision.evidence  # type: ignore[union-attr]
    assert isinstance(evidence, ContractEvidence)
    return "0x" + change(evidence.octets).hex()


def _transaction(**changes: Any) -> tuple[str, str]:
    """The raw bytes and the hash of another transaction of the operator's."""
    fields = {
        "type": 2,
        "chainId": receipts.CHAIN_ID,
        "nonce": 3,
        "gas": 100_000,
        "maxFeePerGas": 10**9,
        "maxPriorityFeePerGas": 10**9,
        "to": to_checksum_address(receipts.CONTRACT),
        "value": 0,
        "data": DecisionContract.encode_make_decision(receipts.prediction()),
    }
    key = changes.pop("key", receipts.OPERATOR)
    signed = key.sign_transaction(fields | changes)
    return "0x" + bytes(signed.raw_transaction).hex(), "0x" + bytes(signed.hash).hex()


def _decided_by(**changes: Any) -> list[dict[str, Any]]:
    raw, tx_hash = _transaction(**changes)
    return _set("/decision/evidence/raw", raw) + _set("/decision/transaction", tx_hash)


@cache
def bad() -> list[Bad]:
    return [*_forms(), *_predictions(), *_promises(), *_anchors(), *_decisions(), *_privates()]


def _forms() -> list[Bad]:
    return [
        Bad(
            name="an unknown field",
            of="pending",
            patch=[{"op": "add", "path": "/comment", "value": "trust me"}],
            reason="unknown fields: comment",
        ),
        Bad(
            name="an unknown field in the prediction",
            of="pending",
            patch=[{"op": "add", "path": "/prediction/verdict", "value": 2}],
            reason="unknown fields: verdict",
        ),
        Bad(
            name="a float",
            of="pending",
            text=('"tolerance":', '"tolerance":1.0,"x":'),
            reason="holds the float 1.0",
        ),
        Bad(
            name="a duplicate key",
            of="pending",
            text=('"outputs":"', '"outputs":"0x00","outputs":"'),
            reason="repeats a key",
        ),
        Bad(
            name="another version",
            of="pending",
            patch=_set("/schema", "decision-oracle/receipt/2"),
            reason="receipt.schema",
        ),
        Bad(
            name="a value as a number",
            of="pending",
            patch=_set("/prediction/value", 7),
            reason="prediction.value is 7",
        ),
        Bad(
            name="a value with a leading zero",
            of="pending",
            patch=_set("/prediction/value", "07"),
            reason='prediction.value is "07"',
        ),
        Bad(
            name="upper-case hex",
            of="pending",
            patch=_set("/prediction/subject", "0x" + "AB" * 32),
            reason="prediction.subject",
        ),
        Bad(
            name="nobody vouches",
            of="pending",
            patch=[{"op": "remove", "path": "/promise"}],
            reason="neither promised, anchored nor decided",
        ),
        Bad(
            name="a promise by nobody",
            of="pending",
            patch=[{"op": "remove", "path": "/operator"}],
            reason="names no operator",
        ),
    ]


def _predictions() -> list[Bad]:
    card = good()["pending"]["card"]
    value = int(good()["pending"]["prediction"]["value"])
    other = good()["anchored"]
    return [
        Bad(
            name="a changed card",
            of="pending",
            patch=_set("/card/description", card["description"] + " "),
            reason="the card's hash is",
        ),
        Bad(
            name="a card with another tolerance",
            of="pending",
            patch=_set("/card/tolerance", 1000),
            reason="the card's hash is",
        ),
        Bad(
            name="a model file with one byte changed",
            of="pending",
            flip=1000,
            reason="the SHA-256 of model.onnx is",
        ),
        Bad(
            name="another input",
            of="pending",
            patch=_set("/input/bytes", other["input"]["bytes"]),
            reason="the input's hash is",
        ),
        Bad(
            name="other outputs",
            of="pending",
            patch=_set("/outputs", other["outputs"]),
            reason="the hash of the outputs is",
        ),
        Bad(
            name="outputs cut short",
            of="pending",
            patch=_set("/outputs", good()["pending"]["outputs"][:-4]),
            reason="cut short",
        ),
        Bad(
            name="a value off by one",
            of="pending",
            patch=_set("/prediction/value", str(value + 1)),
            reason=f"the value is {value + 1}, it has to be {value}",
        ),
        Bad(
            name="another confidence",
            of="pending",
            patch=_set("/prediction/confidence", 1_000_000),
            reason="the confidence is 1000000",
        ),
        Bad(
            name="outputs and value of another input, signed",
            of="pending",
            patch=_resigned(),
            reason="is not what the model says|run again it is",
        ),
        Bad(
            name="a request's id of another input",
            of="pending",
            patch=_set("/prediction/subject", "0xd0ec1510" + "00" * 28),
            reason="the input hash in the request's id is",
        ),
    ]


def _resigned() -> list[dict[str, Any]]:
    """The operator's own lie: another input's outputs, hashed and signed properly."""
    other = receipts.model().vectors[2]
    from dataclasses import replace

    said = replace(
        receipts.prediction(),
        output_hash=other.output_hash,
        value=other.value,
        confidence=other.confidence,
    )
    digest = promise_digest(
        chain_id=receipts.CHAIN_ID,
        log=receipts.LOG,
        prediction=said,
        anchor_by=receipts.ANCHOR_BY,
    )
    return [
        *_set("/outputs", "0x" + other.outputs.hex()),
        *_set("/prediction/outputHash", "0x" + other.output_hash.hex()),
        *_set("/prediction/value", str(other.value)),
        *_set("/prediction/confidence", other.confidence),
        *_set("/promise/signature", "0x" + sign(receipts.OPERATOR, digest).hex()),
    ]


def _promises() -> list[Bad]:
    promise = receipts.pending().promise
    assert promise is not None
    wrong_signer = "the signer of the promise is"
    return [
        Bad(
            name="another operator",
            of="pending",
            patch=_set("/operator", str(receipts.MEMBERS[0].address)),
            reason=wrong_signer,
        ),
        Bad(
            name="another chain id",
            of="pending",
            patch=_set("/chain/id", 1),
            reason=wrong_signer,
        ),
        Bad(
            name="a promise of another anchor log",
            of="pending",
            patch=_set("/promise/log", receipts.CONTRACT),
            reason=wrong_signer,
        ),
        Bad(
            name="a later deadline than was signed",
            of="pending",
            patch=_set("/promise/anchorBy", receipts.ANCHOR_BY + 1),
            reason=wrong_signer,
        ),
        Bad(
            name="another subject than was signed",
            of="pending",
            patch=_set("/prediction/subject", WORD),
            reason=wrong_signer,
        ),
        Bad(
            name="a malleated signature",
            of="pending",
            patch=_set("/promise/signature", "0x" + _malleated(promise.signature).hex()),
            reason=wrong_signer,  # the compact form has no room for a high s
        ),
        Bad(
            name="a signature of zeros",
            of="pending",
            patch=_set("/promise/signature", "0x" + "00" * 64),
            reason="is no signature",
        ),
    ]


def _anchors() -> list[Bad]:
    anchor = receipts.anchored().anchor
    assert anchor is not None
    proof = good()["anchored"]["anchor"]["proof"]
    leaf = leaf_of(anchor.index, receipts.anchored().prediction)
    above = "0x" + hash_pair(leaf, anchor.proof[0]).hex()
    leads = "the root that the proof leads to is"
    return [
        Bad(
            name="another batch's proof",
            of="anchored",
            patch=_set("/anchor/proof", [WORD] * len(proof)),
            reason=leads,
        ),
        Bad(
            name="swapped leaf and node",
            of="anchored",
            patch=_set("/anchor/proof/0", above),
            reason=leads,
        ),
        Bad(
            name="a proof without its first node",
            of="anchored",
            patch=_set("/anchor/proof", proof[1:]),
            reason="the length of the proof is",
        ),
        Bad(
            name="a proof with one node more",
            of="anchored",
            patch=_set("/anchor/proof", [*proof, WORD]),
            reason="the length of the proof is",
        ),
        Bad(
            name="another index of the batch",
            of="anchored",
            patch=_set("/anchor/index", str(anchor.index + 1)),
            reason=leads,
        ),
        Bad(
            name="an index outside the batch",
            of="anchored",
            patch=_set("/anchor/index", "3"),
            reason="index 3 is not in batch 1",
        ),
        Bad(
            name="an index beyond uint64",
            of="anchored",
            patch=_set("/anchor/index", str(2**64)),
            reason="must fit uint64",
        ),
        Bad(
            name="another count",
            of="anchored",
            patch=_set("/anchor/batch/count", 50),
            reason="the length of the proof is",
        ),
        Bad(
            name="a batch of nothing",
            of="anchored",
            patch=_set("/anchor/batch/count", 0),
            reason="batch.count is 0",
        ),
        Bad(
            name="another root",
            of="anchored",
            patch=_set("/anchor/batch/root", WORD),
            reason=leads,
        ),
        Bad(
            name="a later batch without a previous link",
            of="anchored",
            patch=_set("/anchor/batch/previous", "0x" + "00" * 32),
            reason="which no log writes",
        ),
        Bad(
            name="a first batch with a previous link",
            of="anchored",
            patch=_set("/anchor/batch/number", "0"),
            reason="which no log writes",
        ),
        Bad(
            name="anchored later than promised",
            of="anchored",
            patch=_set("/anchor/timestamp", receipts.ANCHOR_BY + 5),
            reason="anchored 5 s later than the operator promised",
        ),
        Bad(
            name="anchored before it was predicted",
            of="anchored",
            patch=_set("/anchor/timestamp", receipts.PREDICTED_AT - 1),
            reason="before the prediction was made",
        ),
        Bad(
            name="anchored in another log than promised",
            of="anchored",
            patch=_set("/anchor/log", receipts.CONTRACT),
            reason="the anchor log is",
        ),
    ]


def _decisions() -> list[Bad]:
    other = DecisionContract.encode_make_decision(receipts.prediction(1))
    refund = DecisionContract.encode_refund(b"m" * 32, b"s" * 32)
    stranger = receipts.MEMBERS[2]
    return [
        Bad(
            name="a transaction about another prediction",
            of="decided",
            patch=_decided_by(data=other),
            reason="about another prediction",
        ),
        Bad(
            name="a transaction to another contract",
            of="decided",
            patch=_decided_by(to=to_checksum_address(receipts.LOG)),
            reason="the contract it calls is",
        ),
        Bad(
            name="a transaction on another chain",
            of="decided",
            patch=_decided_by(chainId=1),
            reason="the transaction's chain is 1",
        ),
        Bad(
            name="a transaction of another sender",
            of="decided",
            patch=_decided_by(key=stranger),
            reason="who signed it is",
        ),
        Bad(
            name="a transaction of another function",
            of="decided",
            patch=_decided_by(data=refund),
            reason="what it calls is refund",
        ),
        Bad(
            name="a transaction of another hash",
            of="decided",
            patch=_set("/decision/transaction", WORD),
            reason="the transaction's hash is",
        ),
        Bad(
            name="bytes that are no transaction",
            of="decided",
            patch=_set("/decision/evidence/raw", "0x02c0"),
            reason="is no signed transaction",
        ),
        Bad(
            name="another verdict",
            of="decided",
            patch=_set("/decision/verdict", 1),
            reason="the verdict is REJECT, it has to be ACCEPT",
        ),
        Bad(
            name="a higher trust level",
            of="decided",
            patch=_set("/decision/trustLevel", 4),
            reason="the trust level is 4, it has to be 1",
        ),
        Bad(
            name="decided before it was predicted",
            of="decided",
            patch=_set("/decision/timestamp", receipts.PREDICTED_AT - 1),
            reason="before the prediction was made",
        ),
        Bad(
            name="a decision on a batch that is not shown",
            of="from_anchor",
            patch=[{"op": "remove", "path": "/anchor"}],
            reason="rests on an anchored batch, and the receipt has none",
        ),
        Bad(
            name="a decision on another anchor log",
            of="from_anchor",
            patch=_set("/decision/evidence/attestor", receipts.QUORUM),
            reason="the attestor is",
        ),
        Bad(
            name="a decision on other evidence than the batch that is shown",
            of="from_anchor",
            patch=_set("/decision/evidence/bytes", "0x" + "00" * 56),
            reason="the evidence is",
        ),
        Bad(
            name="a quorum's signature over something else",
            of="quorum",
            patch=_set("/decision/evidence/bytes", _quorum_evidence(lambda e: e[:-64] + e[8:72])),
            reason="is not over this prediction",
        ),
        Bad(
            name="a quorum with a signature too few",
            of="quorum",
            patch=_set(
                "/decision/evidence/bytes",
                _quorum_evidence(lambda e: b"\0\0\0\x01" + e[4:72]),
            ),
            reason="the number of signatures is 1, it has to be 2",
        ),
        Bad(
            name="a quorum's evidence with bytes behind it",
            of="quorum",
            patch=_set("/decision/evidence/bytes", _quorum_evidence(lambda e: e + b"\0")),
            reason="names 2 signers, who need",
        ),
        Bad(
            name="a quorum with a malleated signature",
            of="quorum",
            patch=_set(
                "/decision/evidence/bytes",
                _quorum_evidence(lambda e: e[:8] + _malleated(e[8:72]) + e[72:]),
            ),
            reason="is not over this prediction",
        ),
        Bad(
            name="a quorum with a lower threshold",
            of="quorum",
            patch=_set("/decision/evidence/threshold", 1),
            reason="the number of signatures is 2, it has to be 1",
        ),
        Bad(
            name="a quorum of another attestor",
            of="quorum",
            patch=_set("/decision/evidence/attestor", receipts.LOG),
            reason="is not over this prediction",
        ),
        Bad(
            name="a member named twice",
            of="quorum",
            patch=_set("/decision/evidence/members", [str(receipts.MEMBERS[0].address)] * 2),
            reason="no two equal",
        ),
    ]


def _privates() -> list[Bad]:
    fields = good()["private"]["input"]["fields"]
    shown = next(n for n, f in enumerate(good()["redacted"]["input"]["fields"]) if "value" in f)
    where = f"/input/fields/{shown}"
    hashes = "the input's hash is"
    return [
        Bad(
            name="a shown field with another value",
            of="redacted",
            patch=_set(f"{where}/value", "0x" + "ff" * (len(fields[shown]["value"]) // 2 - 1)),
            reason=hashes,
        ),
        Bad(
            name="a shown field with another salt",
            of="redacted",
            patch=_set(f"{where}/salt", WORD),
            reason=hashes,
        ),
        Bad(
            name="a hidden field with another leaf",
            of="redacted",
            patch=_set(f"/input/fields/{0 if shown else 1}/leaf", WORD),
            reason=hashes,
        ),
        Bad(
            name="a field left out",
            of="redacted",
            patch=[{"op": "remove", "path": "/input/fields/0"}],
            reason="the input's fields is",
        ),
        Bad(
            name="a shown field under another's name",
            of="redacted",
            patch=_set(f"{where}/name", fields[shown - 1]["name"]),
            reason="the input's fields is",
        ),
        Bad(
            name="a commitment passed off as a plain input",
            of="private",
            patch=_set("/input", {"kind": "plain", "bytes": "0x" + TAG.hex() + "00" * 32}),
            reason="begins with the tag of private inputs",
        ),
    ]


def apply(entry: Bad | dict[str, Any]) -> str:
    """The bad receipt's text."""
    of, patch, text = (
        (entry["of"], entry.get("patch", []), entry.get("text"))
        if isinstance(entry, dict)
        else (entry.of, entry.patch, entry.text)
    )
    found = deepcopy(good()[of])
    for step in patch:
        *way, last = step["path"].split("/")[1:]
        at: Any = found
        for name in way:
            at = at[int(name)] if isinstance(at, list) else at[name]
        key: Any = int(last) if isinstance(at, list) else last
        if step["op"] == "remove":
            del at[key]
        else:
            at[key] = step["value"]
    written = json.dumps(found, separators=(",", ":"))
    if text:
        assert text[0] in written
        written = written.replace(text[0], text[1], 1)
    return written


def as_vectors() -> dict[str, Any]:
    """What ``tests/vectors/receipts.json`` holds."""
    listed = []
    for each in bad():
        entry: dict[str, Any] = {"name": each.name, "of": each.of, "reason": each.reason}
        if each.patch:
            entry["patch"] = each.patch
        if each.text:
            entry["text"] = list(each.text)
        if each.flip is not None:
            entry["flip"] = each.flip
        listed.append(entry)
    return {"model": "models/credit-default/model.onnx", "good": good(), "bad": listed}


if __name__ == "__main__":
    path = FOLDER / "receipts.json"
    path.write_text(json.dumps(as_vectors(), indent=1) + "\n", encoding="utf-8")
