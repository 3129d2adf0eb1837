"""A shown round as JSON, and read strictly."""

from __future__ import annotations

from oracle.core.canonical import Json
from oracle.core.errors import InvalidInput
from oracle.core.prediction import PPM, UINT40_MAX
from oracle.core.prediction_json import INTEGER, hex_of, read_word
from oracle.core.quorum import MAX_MEMBERS
from oracle.core.sealed import Opening
from oracle.core.shown_round import Moment, ShownRound, ShownVote
from oracle.core.strict_json import Fields

DIGITS = r"0|[1-9][0-9]{0,38}"
"""An unsigned integer that JSON's numbers may not hold."""
_SAFE = 2**53 - 1
_INT128_MAX = 2**127 - 1


def round_to_json(shown: ShownRound) -> dict[str, Json]:
    """The JSON object; of labels without ``tolerance``."""
    written: dict[str, Json] = {
        "commitWindow": shown.commit_window,
        "revealWindow": shown.reveal_window,
        "opened": _moment_json(shown.opened),
        "counted": _moment_json(shown.counted),
        "votes": [_vote_json(vote) for vote in shown.votes],
    }
    if shown.tolerance is not None:
        written["tolerance"] = str(shown.tolerance)
    return written


def read_round(fields: Fields) -> ShownRound:
    """The round in such an object.

    Raises:
        InvalidInput: unknown or missing fields, or values that no round has.
    """
    found = ShownRound(
        commit_window=fields.integer("commitWindow", low=1, high=2**32 - 1),
        reveal_window=fields.integer("revealWindow", low=1, high=2**32 - 1),
        tolerance=fields.optional("tolerance", lambda name: _uint128(fields, name)),
        opened=_moment(fields.nested("opened")),
        counted=_moment(fields.nested("counted")),
        votes=tuple(_vote(vote) for vote in _listed(fields)),
    )
    fields.done()
    return found


def _moment_json(moment: Moment) -> dict[str, Json]:
    return {"blockNumber": moment.block_number, "timestamp": moment.timestamp}


def _vote_json(vote: ShownVote) -> dict[str, Json]:
    written: dict[str, Json] = {"seal": hex_of(vote.seal)}
    if vote.void:
        written["void"] = True
    if vote.opening is not None:
        written["opening"] = {
            "inputHash": hex_of(vote.opening.input_hash),
            "outputHash": hex_of(vote.opening.output_hash),
            "value": str(vote.opening.value),
            "confidence": vote.opening.confidence,
            "salt": hex_of(vote.opening.salt),
        }
    return written


def _listed(fields: Fields) -> list[Fields]:
    votes = fields.objects("votes")
    if len(votes) > MAX_MEMBERS:
        raise InvalidInput(
            f"{fields.where}.votes are {len(votes)}", remedy=f"a round has at most {MAX_MEMBERS}"
        )
    return votes


def _moment(fields: Fields) -> Moment:
    found = Moment(
        block_number=fields.integer("blockNumber", low=0, high=_SAFE),
        timestamp=fields.integer("timestamp", low=0, high=UINT40_MAX),
    )
    fields.done()
    return found


def _vote(fields: Fields) -> ShownVote:
    seal = read_word(fields, "seal")
    opening = _opening(fields.nested("opening")) if "opening" in fields else None
    void = "void" in fields
    if void and (fields.take("void") is not True or opening is not None):
        raise InvalidInput(
            f"{fields.where} is a void vote with an opening, or void is not true",
            remedy="a vote is open, void or neither; leave the field out where it is not void",
        )
    fields.done()
    return ShownVote(seal=seal, opening=opening, void=void)


def _opening(fields: Fields) -> Opening:
    found = Opening(
        input_hash=read_word(fields, "inputHash"),
        output_hash=read_word(fields, "outputHash"),
        value=_int128(fields, "value"),
        confidence=fields.integer("confidence", low=0, high=PPM),
        salt=read_word(fields, "salt"),
    )
    fields.done()
    return found


def _int128(fields: Fields, name: str) -> int:
    number = int(fields.text(name, pattern=INTEGER, hint="an integer as a text"))
    if not -_INT128_MAX - 1 <= number <= _INT128_MAX:
        raise InvalidInput(f"{fields.where}.{name} is {number}", remedy="it must fit int128")
    return number


def _uint128(fields: Fields, name: str) -> int:
    number = int(fields.text(name, pattern=DIGITS, hint="an integer as a text of digits"))
    if number >= 2**128:
        raise InvalidInput(f"{fields.where}.{name} is {number}", remedy="it must fit uint128")
    return number
