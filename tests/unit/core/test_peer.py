"""What members say to each other: read back as it was written, and nothing else is read."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from oracle.core.errors import InvalidInput
from oracle.core.peer import (
    MAX_INPUT,
    MAX_ITEMS,
    Asked,
    Envelope,
    Opinion,
    Proposal,
    Question,
    Reply,
    commitment_to,
    proposal_from_json,
    proposal_to_json,
    read_proposals,
    read_questions,
    read_replies,
    write_proposals,
    write_questions,
    write_replies,
)
from oracle.core.prediction import UINT40_MAX, Prediction

ME, YOU = "0x" + "1" * 40, "0x" + "2" * 40
ENVELOPE = Envelope(sender=ME, receiver=YOU, at=1_900_000_000)
SAID = Prediction(
    model_id=b"m" * 32,
    subject=b"s" * 32,
    input_hash=b"i" * 32,
    output_hash=b"o" * 32,
    value=-7,
    confidence=900_000,
    predicted_at=1_900_000_000,
)
OPINIONS = tuple(Opinion(member=who, prediction=SAID, signature=b"o" * 64) for who in (ME, YOU))
PROPOSAL = Proposal(prediction=SAID, opinions=OPINIONS, salt=b"x" * 32)
QUESTION = Question(model_id=b"m" * 32, subject=b"s" * 32, commitment=b"c" * 32)
SECONDED = replace(PROPOSAL, seconded=b"v" * 64)
REPLIES = [
    Reply(subject=b"a" * 32, opinion=OPINIONS[0]),
    Reply(subject=b"b" * 32, vote=b"v" * 64),
    Reply(subject=b"c" * 32, vote=b"v" * 64, earlier=SECONDED),
    Reply(subject=b"d" * 32, refusal="the model is unknown here"),
    Reply(subject=b"e" * 32),
]


def test_messages__written_and_read__are_the_same() -> None:
    asked = replace(QUESTION, asked=Asked(input=b"\0\1", as_of=1))
    questions = [QUESTION, asked, replace(QUESTION, asked=Asked(input=b"", as_of=UINT40_MAX))]
    assert read_questions(write_questions(ENVELOPE, questions)) == (ENVELOPE, questions)
    proposals = [PROPOSAL, SECONDED, replace(PROPOSAL, opinions=OPINIONS[1:])]
    assert read_proposals(write_proposals(ENVELOPE, proposals)) == (ENVELOPE, proposals)
    assert read_replies(write_replies(ENVELOPE, REPLIES)) == (ENVELOPE, REPLIES)
    assert [proposal_from_json(proposal_to_json(each)) for each in proposals] == proposals


def test_message__of_as_much_as_there_may_be__is_read() -> None:
    many = [replace(QUESTION, asked=Asked(input=b"i" * MAX_INPUT, as_of=1)), *[QUESTION] * 31]
    assert read_questions(write_questions(ENVELOPE, many))[1] == many


@pytest.mark.parametrize("name", ["questions", "proposals", "replies"])
def test_message__of_more_items__is_refused(name: str) -> None:
    write: Any = {
        "questions": lambda n: read_questions(write_questions(ENVELOPE, [QUESTION] * n)),
        "proposals": lambda n: read_proposals(write_proposals(ENVELOPE, [PROPOSAL] * n)),
        "replies": lambda n: read_replies(write_replies(ENVELOPE, REPLIES[-1:] * n)),
    }[name]
    assert len(write(MAX_ITEMS)[1]) == MAX_ITEMS
    with pytest.raises(InvalidInput, match=f"{name} is 33 items|33 items"):
        write(MAX_ITEMS + 1)


def changed(body: bytes, *path: str | int, value: Any) -> bytes:
    read = json.loads(body)
    place = read
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return json.dumps(read).encode()


QUESTIONS = write_questions(ENVELOPE, [replace(QUESTION, asked=Asked(input=b"i", as_of=1))])
PROPOSALS = write_proposals(ENVELOPE, [SECONDED])
ANSWERS = write_replies(ENVELOPE, REPLIES)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["from"], "somebody"),
        (["to"], ME + "0"),
        (["at"], -1),
        (["at"], UINT40_MAX + 1),
        (["more"], 1),
        (["questions"], {}),
        (["questions", 0, "more"], 1),
        (["questions", 0, "model"], "0x"),
        (["questions", 0, "subject"], "0x" + "S" * 64),
        (["questions", 0, "commitment"], None),
        (["questions", 0, "asked"], "0x"),
        (["questions", 0, "asked", "more"], 1),
        (["questions", 0, "asked", "input"], "0x0"),
        (["questions", 0, "asked", "input"], "0x" + "00" * (MAX_INPUT + 1)),
        (["questions", 0, "asked", "asOf"], 0),
        (["questions", 0, "asked", "asOf"], UINT40_MAX + 1),
    ],
)
def test_questions__one_thing_wrong__are_refused(path: list[str | int], value: Any) -> None:
    with pytest.raises(InvalidInput):
        read_questions(changed(QUESTIONS, *path, value=value))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["more"], 1),
        (["proposals", 0, "more"], 1),
        (["proposals", 0, "salt"], "0x00"),
        (["proposals", 0, "seconded"], "0x00"),
        (["proposals", 0, "prediction"], {}),
        (["proposals", 0, "opinions"], [1]),
        (["proposals", 0, "opinions"], []),
        (["proposals", 0, "opinions", 1, "more"], 1),
        (["proposals", 0, "opinions", 1, "member"], "me"),
        (["proposals", 0, "opinions", 1, "signature"], "0x" + "00" * 65),
    ],
)
def test_proposals__one_thing_wrong__are_refused(path: list[str | int], value: Any) -> None:
    with pytest.raises(InvalidInput):
        read_proposals(changed(PROPOSALS, *path, value=value))
    if path[0] == "proposals":
        alone = json.dumps(json.loads(changed(PROPOSALS, *path, value=value))["proposals"][0])
        with pytest.raises(InvalidInput):
            proposal_from_json(alone)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["more"], 1),
        (["replies", 4, "more"], 1),
        (["replies", 0, "subject"], 7),
        (["replies", 0, "opinion"], None),
        (["replies", 1, "vote"], "0x"),
        (["replies", 2, "earlier"], {}),
        (["replies", 3, "refusal"], None),
    ],
)
def test_replies__one_thing_wrong__are_refused(path: list[str | int], value: Any) -> None:
    with pytest.raises(InvalidInput):
        read_replies(changed(ANSWERS, *path, value=value))


def test_commitment__binds_the_opinion_and_the_salt() -> None:
    other = replace(SAID, value=8)
    digests = [
        commitment_to(SAID, b"x" * 32),
        commitment_to(SAID, b"y" * 32),
        commitment_to(other, b"x" * 32),
    ]
    assert len(set(digests)) == 3
    assert all(len(digest) == 32 for digest in digests)
