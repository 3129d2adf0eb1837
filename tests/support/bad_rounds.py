"""Receipts whose round of sealed votes is wrong."""

from __future__ import annotations

from typing import Any

from oracle.core.receipt_json import receipt_to_json
from tests.support import receipts
from tests.support.bad_receipt import WORD, Bad, good, put

ROUND = "/decision/evidence/round"


def rounds() -> list[Bad]:
    return [*_forms(), *_votes(), *_tallies()]


def _bad(name: str, reason: str, patch: list[dict[str, Any]]) -> Bad:
    return Bad(name=name, of="sealed", patch=patch, reason=reason)


def _votes_of() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = good()["sealed"]["decision"]["evidence"]["round"]["votes"]
    return found


def _forms() -> list[Bad]:
    return [
        _bad(
            "a round of a quorum that signs",
            "unknown fields: round",
            put("/decision/evidence/kind", "quorum"),
        ),
        _bad(
            "a round with an unknown field",
            "unknown fields: bond",
            [{"op": "add", "path": f"{ROUND}/bond", "value": "1"}],
        ),
        _bad("a round without votes", "votes is", put(f"{ROUND}/votes", [])),
        _bad(
            "a round with more votes than members can be",
            "votes are 32",
            put(f"{ROUND}/votes", _votes_of()[:1] * 32),
        ),
        _bad("a round without a window", "commitWindow is 0", put(f"{ROUND}/commitWindow", 0)),
        _bad(
            "a tolerance beyond its type",
            "it must fit uint128",
            put(f"{ROUND}/tolerance", str(2**128)),
        ),
        _bad(
            "a vote beyond its type",
            "it must fit int128",
            put(f"{ROUND}/votes/0/opening/value", str(2**127)),
        ),
        _bad(
            "a vote of too high a confidence",
            "confidence is 1000001",
            put(f"{ROUND}/votes/0/opening/confidence", 1_000_001),
        ),
        _bad(
            "a void vote with an opening",
            "is a void vote with an opening",
            [{"op": "add", "path": f"{ROUND}/votes/0/void", "value": True}],
        ),
        _bad("a vote that is not void", "or void is not true", put(f"{ROUND}/votes/2/void", False)),
    ]


def _votes() -> list[Bad]:
    other = "0x" + "01" * 20
    return [
        *(
            _bad(
                f"a revealed vote with another {field}",
                "is not the one that it sealed",
                put(f"{ROUND}/votes/0/opening/{field}", value),
            )
            for field, value in (
                ("inputHash", WORD),
                ("outputHash", WORD),
                ("value", "-7"),
                ("confidence", 77),
                ("salt", WORD),
            )
        ),
        _bad(
            "a round's votes passed off as another round's",
            "is not the one that it sealed",
            put("/decision/evidence/bytes", "0x" + "00" * 32),
        ),
        _bad(
            "a round's votes passed off as another attestor's",
            "is not the one that it sealed",
            put("/decision/evidence/attestor", receipts.LOG),
        ),
        _bad(
            "a member's vote passed off as another's",
            "is not the one that it sealed",
            put("/decision/evidence/members/2", other),
        ),
        _bad(
            "a seal of no member",
            "who is none or has sealed",
            put(f"{ROUND}/votes/0/seal", "0x" + "ee" * 31 + "05"),
        ),
        _bad(
            "a member who sealed twice",
            "who is none or has sealed",
            put(f"{ROUND}/votes/4", _votes_of()[0]),
        ),
        _bad(
            "evidence that names no round",
            "evidence of 31 bytes names no round",
            put("/decision/evidence/bytes", "0x" + "00" * 31),
        ),
    ]


def _tallies() -> list[Bad]:
    counted = f"{ROUND}/counted/timestamp"
    another = receipt_to_json(receipts.by_sealed_round(1))
    elsewhere = ("input", "outputs", "prediction")
    less = [{"op": "remove", "path": f"{ROUND}/votes/{n}/opening"} for n in (0, 1)]
    return [
        _bad(
            "a tally before the round was opened",
            "before it was opened",
            put(counted, receipts.PREDICTED_AT - 61),
        ),
        _bad(
            "a tally while votes could be revealed",
            "while votes could be revealed",
            put(counted, receipts.PREDICTED_AT + 30),
        ),
        _bad(
            "a tally while votes could be sealed",
            "while votes could be sealed",
            [
                {"op": "remove", "path": f"{ROUND}/votes/4"},
                *put(counted, receipts.PREDICTED_AT),
            ],
        ),
        _bad("a round with too few revealed votes", "1 revealed votes decide nothing", less),
        _bad(
            "a round in which too few agree",
            "3 revealed votes decide nothing: 4 have to agree",
            put("/decision/evidence/threshold", 4),
        ),
        _bad(
            "a round about the same subject that decided something else",
            "the prediction's input hash, by the votes,",
            [step for part in elsewhere for step in put(f"/{part}", another[part])],
        ),
        _bad(
            "a prediction later than the last seal",
            "the prediction's time, by the votes,",
            put("/prediction/predictedAt", receipts.PREDICTED_AT + 1),
        ),
        _bad(
            "a window for sealing that was longer",
            "the prediction's time, by the votes,",
            put(f"{ROUND}/commitWindow", 61),
        ),
        _bad(
            "a decision before the tally",
            "before the round was counted",
            put("/decision/timestamp", receipts.PREDICTED_AT + 30),
        ),
        _bad(
            "a round with a lower trust level",
            "the trust level is 2, it has to be 3",
            put("/decision/trustLevel", 2),
        ),
    ]
