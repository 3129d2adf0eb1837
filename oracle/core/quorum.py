"""How a committee agrees: whose turn it is, which prediction its opinions make, and the evidence.

Pure rules, the same on every member. An *opinion* is a member's own signed prediction; it binds
nobody on chain. A *vote* is the EIP-712 signature over the one prediction that the opinions agree
on; k votes are the evidence that ``QuorumAttestor`` checks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eth_utils.crypto import keccak

from oracle.core.errors import InvalidInput
from oracle.core.prediction import PREDICTION_TYPES, Prediction
from oracle.core.typed_data import TypedMessage, type_of, typed_digest

MAX_MEMBERS = 31
COMPACT_SIGNATURE = 64
_OPINION_TYPES = {"Opinion": {"prediction": "Prediction"}, **PREDICTION_TYPES}
_OPINION_TYPEHASH = keccak(text=type_of("Opinion", _OPINION_TYPES))
_MESSAGE_TYPES = {"Message": {"body": "string"}}
_MESSAGE_TYPEHASH = keccak(text=type_of("Message", _MESSAGE_TYPES))


@dataclass(frozen=True, slots=True, kw_only=True)
class Committee:
    """Who vouches for a model together.

    Attributes:
        attestor: the ``QuorumAttestor``'s address, checksummed.
        members: checksummed addresses, in the contract's order.
        threshold: votes needed.
    """

    attestor: str
    chain_id: int
    members: tuple[str, ...]
    threshold: int

    def __post_init__(self) -> None:
        if not 1 <= self.threshold <= len(self.members) <= MAX_MEMBERS:
            raise InvalidInput(
                f"{self.threshold} of {len(self.members)} members is no quorum",
                remedy=f"have at most {MAX_MEMBERS} members and a threshold among them",
            )
        if len(set(self.members)) != len(self.members):
            raise InvalidInput("a member is named twice", remedy="name each member once")

    def vote(self, prediction: Prediction) -> TypedMessage:
        """What a member signs to vote."""
        return prediction.message(self.chain_id, self.attestor)

    def vote_digest(self, prediction: Prediction) -> bytes:
        """The digest of that, 32 bytes."""
        return typed_digest(self.chain_id, self.attestor, prediction.struct_hash())

    def opinion(self, prediction: Prediction) -> TypedMessage:
        """What a member signs to say its own opinion: another struct than a vote, so that no
        contract takes it for one.
        """
        return TypedMessage(
            chain_id=self.chain_id,
            contract=self.attestor,
            primary_type="Opinion",
            types=_OPINION_TYPES,
            content={"prediction": prediction.as_typed()},
            struct_hash=keccak(_OPINION_TYPEHASH + prediction.struct_hash()),
        )

    def opinion_digest(self, prediction: Prediction) -> bytes:
        """The digest of that, 32 bytes."""
        return self.opinion(prediction).digest

    def message(self, body: bytes) -> TypedMessage:
        """What the sender of a message between members signs (:mod:`oracle.core.peer`)."""
        return TypedMessage(
            chain_id=self.chain_id,
            contract=self.attestor,
            primary_type="Message",
            types=_MESSAGE_TYPES,
            content={"body": body.decode(errors="replace")},
            struct_hash=keccak(_MESSAGE_TYPEHASH + keccak(body)),
        )

    def turns(self, subject: bytes) -> tuple[str, ...]:
        """The members in the order in which they collect for this subject; each later one is the
        backup of those before.
        """
        return tuple(sorted(self.members, key=lambda m: keccak(subject + bytes.fromhex(m[2:]))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When two values are the same answer.

    Attributes:
        tolerance: units of the head's last decimal; None for labels, which are equal or not.
    """

    tolerance: int | None

    def agree(self, mine: Prediction, other: Prediction) -> bool:
        """Whether both say the same about the same input at the same time."""
        same_question = (
            mine.model_id == other.model_id
            and mine.subject == other.subject
            and mine.input_hash == other.input_hash
            and mine.predicted_at == other.predicted_at
        )
        return same_question and abs(mine.value - other.value) <= (self.tolerance or 0)


def settle(opinions: Mapping[str, Prediction], threshold: int, rule: Rule) -> Prediction | None:
    """The prediction that the opinions make, or None where too few agree.

    What ``threshold`` members said word for word stands. Otherwise it is the opinion with the
    median value (the lower one of two), where ``threshold`` of them agree with it; for labels, the
    opinion with the median confidence among those of the commonest label. The outcome depends on
    the set of opinions only, not on their order.
    """
    exact: dict[bytes, list[Prediction]] = {}
    for opinion in opinions.values():
        exact.setdefault(opinion.struct_hash(), []).append(opinion)
    commonest = max(exact.items(), key=lambda each: (len(each[1]), each[0]), default=None)
    if commonest is not None and len(commonest[1]) >= threshold:
        return commonest[1][0]
    said = sorted(opinions.values(), key=_by_value)
    if rule.tolerance is None:
        said = _commonest_label(said)
    if not said:
        return None
    median = said[(len(said) - 1) // 2]
    agreeing = sum(rule.agree(median, each) for each in opinions.values())
    return median if agreeing >= threshold else None


def _by_value(opinion: Prediction) -> tuple[int, int, bytes]:
    return opinion.value, opinion.confidence, opinion.struct_hash()


def _commonest_label(said: Sequence[Prediction]) -> list[Prediction]:
    by_label: dict[int, list[Prediction]] = {}
    for opinion in said:
        by_label.setdefault(opinion.value, []).append(opinion)
    counts = sorted((len(group) for group in by_label.values()), reverse=True)
    if not counts or counts[1:2] == counts[:1]:
        return []  # a tie decides nothing
    return max(by_label.values(), key=len)


def encode_evidence(committee: Committee, votes: Mapping[str, bytes], subject: bytes) -> bytes:
    """The evidence of exactly ``threshold`` votes, as ``QuorumAttestor`` reads it.

    ``bytes4 signers ‖ bytes4 contract signers ‖ signatures``, lowest member first: 64 bytes each
    (EIP-2098), those of contracts (EIP-1271) as ``uint16 length ‖ bytes``.

    Of more votes than that, those are taken whose turn to collect came first for this subject, so
    that every member is named, and shares the fee, equally often.

    Args:
        votes: compact signature by member's address; any other length is a contract's.

    Raises:
        InvalidInput: too few votes, or one of a stranger.
    """
    strangers = set(votes) - set(committee.members)
    if strangers:
        raise InvalidInput(f"{', '.join(sorted(strangers))} is no member")
    if len(votes) < committee.threshold:
        raise InvalidInput(
            f"{len(votes)} of {committee.threshold} votes",
            remedy="wait for more members",
        )
    chosen = [m for m in committee.turns(subject) if m in votes][: committee.threshold]
    signers = contracts = 0
    signatures = b""
    for place, member in enumerate(committee.members):
        if member not in chosen:
            continue
        signers |= 1 << place
        signature = votes[member]
        if len(signature) != COMPACT_SIGNATURE:
            contracts |= 1 << place
            signature = len(signature).to_bytes(2, "big") + signature
        signatures += signature
    return signers.to_bytes(4, "big") + contracts.to_bytes(4, "big") + signatures


def signers_of(committee: Committee, evidence: bytes) -> tuple[str, ...]:
    """The members that a piece of evidence names, in the contract's order.

    Raises:
        InvalidInput: it is too short, or names a member that does not exist.
    """
    signers = int.from_bytes(evidence[:4], "big")
    if len(evidence) < 8 or signers >> len(committee.members):
        raise InvalidInput(
            f"evidence 0x{evidence[:8].hex()}… names no members of this committee",
            remedy="give the evidence of a decision by this committee",
        )
    return tuple(m for place, m in enumerate(committee.members) if signers >> place & 1)


def compact(r: int, s: int, y_parity: int) -> bytes:
    """A signature in 64 bytes (EIP-2098): r, then s with the parity in its highest bit."""
    return r.to_bytes(32, "big") + (s | y_parity << 255).to_bytes(32, "big")


def expand(signature: bytes) -> tuple[int, int, int]:
    """r, s and the parity of a compact signature.

    Raises:
        InvalidInput: it is not 64 bytes.
    """
    if len(signature) != COMPACT_SIGNATURE:
        raise InvalidInput(f"a compact signature has 64 bytes, not {len(signature)}")
    s = int.from_bytes(signature[32:], "big")
    return int.from_bytes(signature[:32], "big"), s & ~(1 << 255), s >> 255
