"""A sender over a fake chain and a real journal, for its tests."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Self

from eth_utils.crypto import keccak
from sqlalchemy.engine import Connection

from oracle.chain.contracts import DecisionContract
from oracle.chain.signing import LocalKey
from oracle.core.lifecycle import Origin, Request, State
from oracle.core.prediction import Prediction
from oracle.core.transaction import (
    GWEI,
    FeePolicy,
    Purpose,
    Transaction,
    TxState,
    answers_gas,
)
from oracle.journal import Journal, chain_view, requests, transactions
from oracle.journal.chain_view import DecisionRecord
from oracle.node.parts import NodeOptions, Parts
from oracle.node.send import Sender
from tests.support.fake_chain import OPERATOR, FakeContract, FakeRpc, block_hash

MODEL = b"m" * 32
GAS = 150_000


def word(number: int) -> bytes:
    return number.to_bytes(32, "big")


def prediction_about(subject: bytes) -> Prediction:
    return Prediction(
        model_id=MODEL,
        subject=subject,
        input_hash=b"i" * 32,
        output_hash=b"o" * 32,
        value=1,
        confidence=0,
        predicted_at=1,
    )


class Bench:
    """A sender over a fake chain and a real journal, with a clock that the test turns."""

    def __init__(self, journal: Journal) -> None:
        self.rpc = FakeRpc()
        self.now = 1_000.0
        self.stages: list[str] = []
        self.parts = Parts(
            rpc=self.rpc,  # type: ignore[arg-type]
            contract=FakeContract(),  # type: ignore[arg-type]
            journal=journal,
            engine=None,  # type: ignore[arg-type]
            account=LocalKey(OPERATOR),
            chain_id=31337,
            fees=FeePolicy(ceiling=100 * GWEI, priority=GWEI),
            options=NodeOptions(resend_after=15, replace_after=45, finality=2),
            clock=lambda: self.now,
            observers=[lambda stage, _: self.stages.append(stage)],
        )
        self.sender = Sender(self.parts)

    async def vouch(self, *subjects: int) -> None:
        def record(db: Connection) -> None:
            for number in subjects:
                subject = word(number)
                request = Request(
                    model_id=MODEL,
                    subject=subject,
                    origin=Origin.CHAIN,
                    input=b"x",
                    state=State.VOUCHED,
                    deadline=10**9,
                    prediction=prediction_about(subject),
                )
                requests.save(db, request, at=0)
                queued = Transaction(
                    key=f"{number}",
                    model_id=MODEL,
                    subject=subject,
                    to=FakeContract.address_bytes,
                    data=subject,
                    gas=100_000,
                )
                transactions.queue(db, 31337, OPERATOR.address, queued)

        await self.parts.journal.write(record)

    async def follow(self) -> None:
        """What the follower does with the head's block."""
        head = self.rpc.head

        def record(db: Connection) -> None:
            if chain_view.hash_at(db, head) is None:
                chain_view.add_block(db, head, block_hash(head), 1_000 + head)

        await self.parts.journal.write(record)

    async def turn(self) -> None:
        await self.follow()
        await self.sender.turn()

    def restarted(self) -> Self:
        again = type(self)(self.parts.journal)
        again.rpc = self.rpc
        again.parts.rpc = self.rpc  # type: ignore[assignment]
        return again

    async def all(self) -> list[Transaction]:
        return await self.parts.journal.read(lambda db: transactions.in_states(db, list(TxState)))

    async def state_of(self, number: int) -> State:
        found = await self.parts.journal.read(lambda db: requests.find(db, MODEL, word(number)))
        assert found is not None
        return found.state


class Together(Bench):
    """A sender whose queue has answers that share transactions."""

    async def vouch_together(self, *subjects: int) -> None:
        await self.vouch(*subjects)

        def share(db: Connection) -> None:
            lone = transactions.waiting(db, limit=99)[-len(subjects) :]
            transactions.save_all(db, [replace(each, state=TxState.DROPPED) for each in lone])
            found = requests.find_all(db, [(MODEL, word(each)) for each in subjects])
            said = [found[MODEL, word(each)].prediction for each in subjects]
            calls = [DecisionContract.encode_make_decision(each) for each in said if each]
            shared = Transaction(
                key=f"together:{subjects[0]}",
                model_id=bytes(32),
                subject=bytes(32),
                to=FakeContract.address_bytes,
                data=DecisionContract.encode_make_decisions(calls, GAS),
                gas=answers_gas(GAS, len(subjects)),
                purpose=Purpose.ANSWERS,
                answers=tuple((MODEL, word(each)) for each in subjects),
            )
            keys = [f"shared:{each}" for each in subjects]
            transactions.queue_together(db, 31337, OPERATOR.address, shared, keys)

        await self.parts.journal.write(share)

    async def mine(self, *decided: int, succeeded: bool = True) -> None:
        """Mine what was sent; what the followed chain then says was decided by the first of it."""
        first = self.rpc.mempool.get(self.rpc.spent)
        self.rpc.mine(succeeded=succeeded)
        if first is not None:
            await self.decide(*decided, tx_hash=keccak(first))

    async def decide(self, *subjects: int, tx_hash: bytes) -> None:
        head = self.rpc.head

        def record(db: Connection) -> None:
            found = requests.find_all(db, [(MODEL, word(each)) for each in subjects])
            for place, request in enumerate(found.values()):
                assert request.prediction is not None
                made = DecisionRecord(
                    prediction=request.prediction,
                    verdict=1,
                    trust_level=1,
                    block_number=head,
                    block_hash=block_hash(head),
                    log_index=place,
                    tx_hash=tx_hash,
                    decided_at=head,
                )
                chain_view.add_decision(db, made)

        await self.parts.journal.write(record)

    async def move(self, number: int, state: State) -> None:
        def change(db: Connection) -> None:
            requests.save(db, replace(found(db), state=state), at=0)

        def found(db: Connection) -> Request:
            request = requests.find(db, MODEL, word(number))
            assert request is not None
            return request

        await self.parts.journal.write(change)

    async def shared(self) -> Transaction:
        (found,) = [each for each in await self.all() if each.purpose is Purpose.ANSWERS]
        return found

    async def states(self, subjects: Collection[int]) -> list[State]:
        return [await self.state_of(each) for each in subjects]

    async def request(self, number: int) -> Request:
        found = await self.parts.journal.read(lambda db: requests.find(db, MODEL, word(number)))
        assert found is not None
        return found
