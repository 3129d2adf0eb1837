"""Answers that are ready to send, over a contract that says what a test wants."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from eth_abi.abi import encode

from oracle.chain.abi import interface
from oracle.chain.contracts import DecisionContract
from oracle.chain.signing import LocalKey
from oracle.core.lifecycle import Origin, Request, State
from oracle.core.prediction import Prediction
from oracle.core.transaction import GWEI, FeePolicy, Transaction, TxState
from oracle.journal import Journal, requests, transactions
from oracle.journal.promises import Promised
from oracle.node.parts import NodeOptions, Parts
from oracle.node.vouch import Ready, vouch
from tests.support.fake_chain import OPERATOR
from tests.support.fake_rpc import FakeProvider, Refusal, pool_of

MODEL = b"m" * 32


ADDRESS = "0x" + "cc" * 20


CODEC = interface("DecisionContract")


GAS, MORE = 150_000, 210_794


def word(number: int) -> bytes:
    return number.to_bytes(32, "big")


def revert(name: str, *values: Any) -> Refusal:
    entry = next(each for each in CODEC.errors.values() if each.name == name)
    body = entry.selector + encode(entry.input_types, values)
    return Refusal(3, "execution reverted", "0x" + body.hex())


class Contract:
    """What the contract says to each subject, alone and with others, as JSON-RPC shows it.

    Attributes:
        refused: the error that a subject's answer meets.
        crowded: subjects that are refused beside others only, as one that leaves too little gas.
        most_gas: what the endpoint allows a call.
    """

    def __init__(self) -> None:
        self.refused: dict[int, Refusal] = {}
        self.crowded: set[int] = set()
        self.block = "latest"
        self.has_together = True
        self.most_gas = 10_000_000
        self.away = False
        self.asked: list[tuple[str, list[int], int]] = []

    def answer(self, method: str, params: Sequence[Any]) -> Any:
        if self.away:
            raise ConnectionError
        assert method == "eth_call"
        message, block = params
        assert (message["from"], block) == (OPERATOR.address, self.block)
        name, arguments = CODEC.decode_call(bytes.fromhex(message["data"][2:]))
        said = arguments.get("predictions") or [arguments["prediction"]]
        subjects = [int.from_bytes(each["subject"], "big") for each in said]
        self.asked.append((name, subjects, int(message["gas"], 16)))
        if int(message["gas"], 16) > self.most_gas:
            raise Refusal(-32000, "too much gas for a call")
        if name == "makeDecisions":
            if not self.has_together:
                raise Refusal(3, "execution reverted", "0x")
            closed = self.crowded | set(self.refused)
            return "0x" + encode(("bool[]",), ([each not in closed for each in subjects],)).hex()
        if subjects[0] in self.refused:
            raise self.refused[subjects[0]]
        return "0x"

    def alone(self) -> list[int]:
        """Whose answers were simulated by themselves."""
        return [subjects[0] for name, subjects, _ in self.asked if name != "makeDecisions"]


class Bench:
    """Requests whose predictions are recorded, and what becomes of them."""

    def __init__(self, journal: Journal, parts: Parts, chain: Contract) -> None:
        self.journal, self.parts, self.chain = journal, parts, chain
        self.told: list[tuple[str, Request | None]] = []
        parts.observers.append(lambda stage, request: self.told.append((stage, request)))

    async def infer(self, *subjects: int, **changes: object) -> list[Request]:
        found = [inferred(each, **changes) for each in subjects]
        await self.journal.write(
            lambda db: requests.save_all(db, [(each, "") for each in found], at=1)
        )
        return found

    async def vouch(self, asked: Sequence[Request], gas: Mapping[int, int] | None = None) -> None:
        await vouch(self.parts, [ready(each, (gas or {}).get(number(each), GAS)) for each in asked])

    async def queued(self) -> list[Transaction]:
        return await self.journal.read(lambda db: transactions.in_states(db, {TxState.QUEUED}))

    async def carried(self) -> list[list[int]]:
        """The subjects that each queued transaction decides on."""
        return [
            [int.from_bytes(subject, "big") for _, subject in each.answers]
            for each in await self.queued()
        ]

    async def request(self, subject: int) -> Request:
        found = await self.journal.read(lambda db: requests.find(db, MODEL, word(subject)))
        assert found is not None
        return found

    async def states(self, *subjects: int) -> list[State]:
        return [(await self.request(each)).state for each in subjects]


def inferred(subject: int, **changes: object) -> Request:
    said = Prediction(
        model_id=MODEL,
        subject=word(subject),
        input_hash=b"i" * 32,
        output_hash=b"o" * 32,
        value=subject,
        confidence=0,
        predicted_at=1,
    )
    request = Request(
        model_id=MODEL,
        subject=word(subject),
        origin=Origin.CHAIN,
        input=b"x",
        state=State.INFERRED,
        deadline=10**10,
        prediction=said,
    )
    return replace(request, **changes)  # type: ignore[arg-type]


def promised(subject: int) -> Promised:
    said = inferred(subject).prediction
    assert said is not None
    return Promised(
        receipt_id=word(subject),
        prediction=said,
        input=b"x",
        outputs=b"y",
        runtime="{}",
        log=ADDRESS,
        anchor_by=600,
        signature=b"s" * 64,
        accepted_at=1,
        body_hash=b"b" * 32,
    )


def number(request: Request) -> int:
    return int.from_bytes(request.subject, "big")


def ready(request: Request, gas: int = GAS) -> Ready:
    assert request.prediction is not None
    calldata = DecisionContract.encode_make_decision(request.prediction)
    return Ready(request=request, calldata=calldata, gas=gas)


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Bench]:
    chain = Contract()
    async with (
        await Journal.at(folder / "journal.db").open({}) as journal,
        pool_of(FakeProvider(chain.answer)) as rpc,
    ):
        parts = Parts(
            rpc=rpc,
            contract=DecisionContract(rpc, ADDRESS),
            journal=journal,
            engine=None,  # type: ignore[arg-type]
            account=LocalKey(OPERATOR),
            chain_id=31337,
            fees=FeePolicy(ceiling=100 * GWEI, priority=GWEI),
            options=NodeOptions(),
        )
        yield Bench(journal, parts, chain)
