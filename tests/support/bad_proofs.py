"""Receipts whose anchor, decision or private input is wrong."""

from __future__ import annotations

from typing import Any

from eth_utils.address import to_checksum_address

from oracle.chain.contracts import DecisionContract
from oracle.core.anchor import leaf_of
from oracle.core.merkle import hash_pair
from oracle.core.private_input import TAG
from oracle.core.receipt import ContractEvidence
from tests.support import receipts
from tests.support.bad_receipt import WORD, Bad, good, malleated, put


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
    return put("/decision/evidence/raw", raw) + put("/decision/transaction", tx_hash)


def anchors() -> list[Bad]:
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
            patch=put("/anchor/proof", [WORD] * len(proof)),
            reason=leads,
        ),
        Bad(
            name="swapped leaf and node",
            of="anchored",
            patch=put("/anchor/proof/0", above),
            reason=leads,
        ),
        Bad(
            name="a proof without its first node",
            of="anchored",
            patch=put("/anchor/proof", proof[1:]),
            reason="the length of the proof is",
        ),
        Bad(
            name="a proof with one node more",
            of="anchored",
            patch=put("/anchor/proof", [*proof, WORD]),
            reason="the length of the proof is",
        ),
        Bad(
            name="another index of the batch",
            of="anchored",
            patch=put("/anchor/index", str(anchor.index + 1)),
            reason=leads,
        ),
        Bad(
            name="an index outside the batch",
            of="anchored",
            patch=put("/anchor/index", "3"),
            reason="index 3 is not in batch 1",
        ),
        Bad(
            name="an index beyond uint64",
            of="anchored",
            patch=put("/anchor/index", str(2**64)),
            reason="must fit uint64",
        ),
        Bad(
            name="another count",
            of="anchored",
            patch=put("/anchor/batch/count", 50),
            reason="the length of the proof is",
        ),
        Bad(
            name="a batch of nothing",
            of="anchored",
            patch=put("/anchor/batch/count", 0),
            reason="batch.count is 0",
        ),
        Bad(
            name="another root",
            of="anchored",
            patch=put("/anchor/batch/root", WORD),
            reason=leads,
        ),
        Bad(
            name="a later batch without a previous link",
            of="anchored",
            patch=put("/anchor/batch/previous", "0x" + "00" * 32),
            reason="which no log writes",
        ),
        Bad(
            name="a first batch with a previous link",
            of="anchored",
            patch=put("/anchor/batch/number", "0"),
            reason="which no log writes",
        ),
        Bad(
            name="anchored later than promised",
            of="anchored",
            patch=put("/anchor/timestamp", receipts.ANCHOR_BY + 5),
            reason="anchored 5 s later than the operator promised",
        ),
        Bad(
            name="anchored before it was predicted",
            of="anchored",
            patch=put("/anchor/timestamp", receipts.PREDICTED_AT - 1),
            reason="before the prediction was made",
        ),
        Bad(
            name="anchored in another log than promised",
            of="anchored",
            patch=put("/anchor/log", receipts.CONTRACT),
            reason="the anchor log is",
        ),
    ]


def decisions() -> list[Bad]:
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
            name="a transaction about several other predictions",
            of="decided",
            patch=_decided_by(data=DecisionContract.encode_make_decisions([other] * 2, 150_000)),
            reason="about another prediction",
        ),
        Bad(
            name="a transaction about no prediction",
            of="decided",
            patch=_decided_by(data=DecisionContract.encode_make_decisions([], 150_000)),
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
            patch=put("/decision/transaction", WORD),
            reason="the transaction's hash is",
        ),
        Bad(
            name="bytes that are no transaction",
            of="decided",
            patch=put("/decision/evidence/raw", "0x02c0"),
            reason="is no signed transaction",
        ),
        Bad(
            name="another verdict",
            of="decided",
            patch=put("/decision/verdict", 1),
            reason="the verdict is REJECT, it has to be ACCEPT",
        ),
        Bad(
            name="a higher trust level",
            of="decided",
            patch=put("/decision/trustLevel", 4),
            reason="the trust level is 4, it has to be 1",
        ),
        Bad(
            name="decided before it was predicted",
            of="decided",
            patch=put("/decision/timestamp", receipts.PREDICTED_AT - 1),
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
            patch=put("/decision/evidence/attestor", receipts.QUORUM),
            reason="the attestor is",
        ),
        Bad(
            name="a decision on other evidence than the batch that is shown",
            of="from_anchor",
            patch=put("/decision/evidence/bytes", "0x" + "00" * 56),
            reason="the evidence is",
        ),
        Bad(
            name="a quorum's signature over something else",
            of="quorum",
            patch=put("/decision/evidence/bytes", _quorum_evidence(lambda e: e[:-64] + e[8:72])),
            reason="is not over this prediction",
        ),
        Bad(
            name="a quorum with a signature too few",
            of="quorum",
            patch=put(
                "/decision/evidence/bytes",
                _quorum_evidence(lambda e: b"\0\0\0\x01" + e[4:72]),
            ),
            reason="the number of signatures is 1, it has to be 2",
        ),
        Bad(
            name="a quorum's evidence with bytes behind it",
            of="quorum",
            patch=put("/decision/evidence/bytes", _quorum_evidence(lambda e: e + b"\0")),
            reason="names 2 signers, who need",
        ),
        Bad(
            name="a quorum with a malleated signature",
            of="quorum",
            patch=put(
                "/decision/evidence/bytes",
                _quorum_evidence(lambda e: e[:8] + malleated(e[8:72]) + e[72:]),
            ),
            reason="is not over this prediction",
        ),
        Bad(
            name="a quorum with a lower threshold",
            of="quorum",
            patch=put("/decision/evidence/threshold", 1),
            reason="the number of signatures is 2, it has to be 1",
        ),
        Bad(
            name="a quorum of another attestor",
            of="quorum",
            patch=put("/decision/evidence/attestor", receipts.LOG),
            reason="is not over this prediction",
        ),
        Bad(
            name="a member named twice",
            of="quorum",
            patch=put("/decision/evidence/members", [str(receipts.MEMBERS[0].address)] * 2),
            reason="no two equal",
        ),
    ]


def privates() -> list[Bad]:
    fields = good()["private"]["input"]["fields"]
    shown = next(n for n, f in enumerate(good()["redacted"]["input"]["fields"]) if "value" in f)
    where = f"/input/fields/{shown}"
    hashes = "the input's hash is"
    return [
        Bad(
            name="a shown field with another value",
            of="redacted",
            patch=put(f"{where}/value", "0x" + "ff" * (len(fields[shown]["value"]) // 2 - 1)),
            reason=hashes,
        ),
        Bad(
            name="a shown field with another salt",
            of="redacted",
            patch=put(f"{where}/salt", WORD),
            reason=hashes,
        ),
        Bad(
            name="a hidden field with another leaf",
            of="redacted",
            patch=put(f"/input/fields/{0 if shown else 1}/leaf", WORD),
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
            patch=put(f"{where}/name", fields[shown - 1]["name"]),
            reason="the input's fields is",
        ),
        Bad(
            name="a commitment passed off as a plain input",
            of="private",
            patch=put("/input", {"kind": "plain", "bytes": "0x" + TAG.hex() + "00" * 32}),
            reason="begins with the tag of private inputs",
        ),
    ]
