"""A committee member at its desk: a journal, a model that says what the test wants, and the letters
that the other members would send it.
"""

from __future__ import annotations

from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak

from oracle.chain.signing import LocalKey
from oracle.core.lifecycle import Origin, Request, State
from oracle.core.model_card import ModelCard
from oracle.core.peer import (
    Asked,
    Envelope,
    Opinion,
    Proposal,
    Question,
    Reply,
    commitment_to,
    read_replies,
    write_proposals,
    write_questions,
)
from oracle.core.prediction import Prediction
from oracle.core.quorum import Committee
from oracle.core.scoring import Outputs
from oracle.core.signatures import signer_of
from oracle.core.transaction import FeePolicy
from oracle.inference.store import CardStore
from oracle.journal import Journal, requests
from oracle.node.committee.member import Member
from oracle.node.parts import NodeOptions, Parts
from oracle.node.roles import Role
from tests.support.harness import MODELS
from tests.support.signatures import opinion_of, sign

KEYS = [Account.from_key(bytes([n]) * 32) for n in range(1, 5)]
COMMITTEE = Committee(
    attestor="0x" + "Aa" * 20,
    chain_id=31337,
    members=tuple(str(key.address) for key in KEYS),
    threshold=3,
)
CARD = CardStore.open(MODELS).find("delivery-time").card
MODEL, SUBJECT, SALT, NOW = b"m" * 32, b"s" * 32, b"x" * 32, 10_000
BY_ADDRESS = {str(key.address): key for key in KEYS}
TURNS = COMMITTEE.turns(SUBJECT)
ME, FIRST = TURNS[3], TURNS[0]
"""The member under test is the last to collect."""


def said(value: int = 700) -> Prediction:
    return Prediction(
        model_id=MODEL,
        subject=SUBJECT,
        input_hash=b"i" * 32,
        output_hash=b"o" * 32,
        value=value,
        confidence=0,
        predicted_at=NOW - 5,
    )


class FakeRpc:
    """A chain whose head has a time."""

    def __init__(self) -> None:
        self.time = NOW

    async def timestamp(self, _: object) -> int:
        return self.time


class FakeContract:
    """A place on that chain."""

    address = "0x" + "cC" * 20
    address_bytes = b"\xcc" * 20


class FakeEngine:
    """A model that says the same of any input."""

    def __init__(self) -> None:
        self.value = 700
        self.runs = 0

    def card(self, _: bytes) -> ModelCard:
        return CARD

    async def infer(self, _: bytes, message: bytes) -> Outputs:
        self.runs += 1
        return Outputs(
            value=self.value,
            confidence=0,
            ambiguous=False,
            encoded=b"",
            _rounded=(),
            _raw=(),
            _row=0,
        )


class FakeRoles:
    """One model of the committee, and none else."""

    async def of(self, model_id: bytes, *, block: object) -> Role:
        return Role(committee=COMMITTEE) if model_id == MODEL else Role()


class Desk:
    """A member with a journal, and what the others would send it."""

    def __init__(self, journal: Journal) -> None:
        self.now = float(NOW)
        self.chain, self.engine = FakeRpc(), FakeEngine()
        self.parts = Parts(
            rpc=self.chain,  # type: ignore[arg-type]
            contract=FakeContract(),  # type: ignore[arg-type]
            journal=journal,
            engine=self.engine,  # type: ignore[arg-type]
            account=LocalKey(BY_ADDRESS[ME]),
            chain_id=31337,
            fees=FeePolicy(ceiling=10, priority=1),
            options=NodeOptions(turn_seconds=2.0),
            clock=lambda: self.now,
        )
        self.parts.roles = FakeRoles()  # type: ignore[assignment]
        self.member = Member(self.parts)

    async def compute(self, value: int = 700) -> None:
        request = Request(
            model_id=MODEL,
            subject=SUBJECT,
            origin=Origin.CHAIN,
            input=b"x",
            state=State.INFERRED,
            deadline=NOW + 100,
            prediction=said(value),
        )
        await self.parts.journal.write(lambda db: requests.save(db, request, at=0))

    async def ask(self, collector: str = FIRST, own: int = 700) -> Reply:
        commitment = commitment_to(said(own), SALT)
        question = Question(model_id=MODEL, subject=SUBJECT, commitment=commitment)
        return await self.put(question, collector)

    async def put(self, question: Question, collector: str = FIRST) -> Reply:
        envelope = Envelope(sender=collector, receiver=ME, at=int(self.now))
        body = write_questions(envelope, [question])
        return await self._send("opinions", body, BY_ADDRESS[collector])

    async def ask_read(
        self,
        asked: Asked,
        *,
        collector: str = FIRST,
        subject: bytes | None = None,
        commitment: bytes | None = None,
    ) -> Reply:
        """Ask about a gasless read; the collector is honest where nothing else is said."""
        about = self.read(asked)
        question = Question(
            model_id=MODEL,
            subject=subject or about.subject,
            commitment=commitment or commitment_to(about, SALT),
            asked=asked,
        )
        return await self.put(question, collector)

    def read(self, asked: Asked, value: int = 700) -> Prediction:
        """What an honest member says about a read."""
        return Prediction(
            model_id=MODEL,
            subject=self.member.reads.subject(MODEL, asked),
            input_hash=keccak(asked.input),
            output_hash=keccak(b""),
            value=value,
            confidence=0,
            predicted_at=asked.as_of,
        )

    async def propose(self, proposal: Proposal, collector: str = FIRST) -> Reply:
        envelope = Envelope(sender=collector, receiver=ME, at=int(self.now))
        body = write_proposals(envelope, [proposal])
        return await self._send("ballots", body, BY_ADDRESS[collector])

    async def _send(self, what: str, body: bytes, key: LocalAccount) -> Reply:
        signature = sign(key, COMMITTEE.message(body).digest)
        handle = self.member.opinions if what == "opinions" else self.member.ballots
        answer, signed = await handle(body, signature)
        digest = COMMITTEE.message(answer).digest
        assert signer_of(digest, signed) == ME
        (reply,) = read_replies(answer)[1]
        return reply


def opinions(*values: int) -> tuple[Opinion, ...]:
    """The first members' opinions, in the order of their turns."""
    return tuple(
        opinion_of(BY_ADDRESS[member], COMMITTEE, said(value))
        for member, value in zip(TURNS, values, strict=False)
    )


def proposal_of(*predictions: Prediction) -> Proposal:
    """The first members' opinions, and the first of them as what they make."""
    shown = tuple(
        opinion_of(BY_ADDRESS[member], COMMITTEE, each)
        for member, each in zip(TURNS, predictions, strict=False)
    )
    return Proposal(prediction=predictions[0], opinions=shown, salt=SALT)


def proposal(*values: int, prediction: int = 700, salt: bytes = SALT) -> Proposal:
    return Proposal(prediction=said(prediction), opinions=opinions(*values), salt=salt)
