"""Any mix of answers, alone and shared, of blocks, reorganisations, losses and restarts: once the
chain works again, each request is decided once, by bytes that were on disk before they left.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from eth_utils.crypto import keccak
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import Connection
from structlog.testing import capture_logs

from oracle.chain.contracts import DecisionContract
from oracle.chain.replies import SendOutcome
from oracle.chain.signing import LocalKey
from oracle.chain.wire import BlockStamp, TxReceipt
from oracle.core.lifecycle import Inferred, Origin, Request, State, Vouched
from oracle.core.transaction import GWEI, FeePolicy, Transaction, TxState
from oracle.journal import Journal, chain_view, requests, transactions
from oracle.journal.chain_view import DecisionRecord
from oracle.node.parts import NodeOptions, Parts
from oracle.node.send import Sender
from oracle.node.vouch import Ready, key_of, record
from tests.support.fake_chain import OPERATOR, FakeContract, FakeRpc, fields_of, nonce_of
from tests.support.sender import GAS, MODEL, prediction_about, word

FINALITY = 3
LOST = [SendOutcome.MAYBE_SENT, SendOutcome.REFUSED, SendOutcome.INSUFFICIENT_FUNDS]


@dataclass
class Block:
    """A mined block: its transactions in order, and what each decided."""

    hash: bytes
    raws: list[bytes] = field(default_factory=list)
    made: list[tuple[bytes, bytes]] = field(default_factory=list)


class Chain(FakeRpc):
    """A chain of blocks that can be thrown away, with a contract that decides a subject once."""

    def __init__(self) -> None:
        super().__init__(head=10)
        self.blocks = {10: Block(keccak(text="the first"))}
        self.forks = 0
        self.final = 10
        self.foreigners: set[int] = set()

    async def block(self, _: object) -> BlockStamp:
        return BlockStamp(
            number=self.head,
            hash=self.blocks[self.head].hash,
            parent_hash=bytes(32),
            timestamp=1_000 + self.head,
            base_fee=self.base_fee,
        )

    def decided(self) -> list[bytes]:
        return [subject for block in self.blocks.values() for subject, _ in block.made]

    def step(self, left_out: int = 0) -> None:
        """Mine what is there; each shared transaction leaves out one answer, by its place."""
        self.head += 1
        block = Block(keccak(text=f"block {self.head} of fork {self.forks}"))
        self.blocks[self.head] = block
        self.final = max(self.final, self.head - FINALITY + 1)
        while self.spent in self.mempool or self.spent in self.foreigners:
            raw = self.mempool.pop(self.spent, None)
            if raw is not None and self.spent not in self.foreigners:
                self._run(raw, block, left_out)
            self.spent += 1

    def foreign(self) -> None:
        """Another transaction of the key takes the next nonce, for good."""
        self.foreigners.add(self.spent)
        self.spent += 1

    def reorganise(self, depth: int, *, forget: bool) -> int:
        """Throw blocks away that are not final; their transactions come back, or are forgotten.

        Returns:
            The head's number.
        """
        for _ in range(min(depth, self.head - self.final)):
            block = self.blocks.pop(self.head)
            self.head -= 1
            for raw in reversed(block.raws):
                self.mined.pop(keccak(raw))
                self.spent = min(self.spent, nonce_of(raw))
                if not forget:
                    self.mempool[self.spent] = raw
        self.forks += 1
        return self.head

    def _run(self, raw: bytes, block: Block, left_out: int) -> None:
        calldata = calldata_of(raw)
        alone = DecisionContract.is_make_decision(calldata)
        calls = [calldata] if alone else DecisionContract.decode_make_decisions(calldata)[0]
        known, made = set(self.decided()), []
        for place, call in enumerate(calls):
            subject = call[36:68]
            if subject not in known and (alone or place != left_out - 1):
                made.append((subject, keccak(raw)))
        block.raws.append(raw)
        block.made += made
        self.mined[keccak(raw)] = TxReceipt(
            tx_hash=keccak(raw),
            succeeded=bool(made) or not alone,
            block_number=self.head,
            block_hash=block.hash,
            gas_used=50_000,
            gas_price=self.base_fee,
            contract=None,
            logs=(),
        )


def calldata_of(raw: bytes) -> bytes:
    return bytes(fields_of(raw)["data"])


class Walk:
    """A sender over such a chain, with as much of follower and answering as it meets."""

    def __init__(self, journal: Journal) -> None:
        self.journal, self.chain, self.now = journal, Chain(), 1_000.0
        self.asked = 0
        self.start()

    def start(self) -> None:
        self.parts = Parts(
            rpc=self.chain,  # type: ignore[arg-type]
            contract=FakeContract(),  # type: ignore[arg-type]
            journal=self.journal,
            engine=None,  # type: ignore[arg-type]
            account=LocalKey(OPERATOR),
            chain_id=31337,
            fees=FeePolicy(ceiling=100 * GWEI, priority=GWEI),
            options=NodeOptions(resend_after=15, replace_after=45, finality=FINALITY, in_flight=4),
            clock=lambda: self.now,
        )
        self.sender = Sender(self.parts)

    async def ask(self, count: int) -> None:
        fresh = [
            Request(
                model_id=MODEL,
                subject=word(number),
                origin=Origin.CHAIN,
                input=b"x",
                state=State.CONFIRMED,
                deadline=10**9,
            )
            for number in range(self.asked + 1, self.asked + count + 1)
        ]
        self.asked += count
        await self.journal.write(
            lambda db: requests.save_all(db, [(each, "") for each in fresh], at=self.now)
        )

    async def answer(self, *, together: bool) -> None:
        """What answering does with requests that wait, the contract's simulation included."""
        now, made = int(self.now), set(self.chain.decided())
        ready = await self.journal.read(
            lambda db: requests.in_states(db, {State.CONFIRMED}, ready_at=now)
        )
        inferred = await record(
            self.parts,
            [
                (each, Inferred(prediction_about(each.subject)))
                for each in ready
                if each.subject not in made
            ],
        )
        answers = {
            key_of(each): Ready(
                request=each,
                calldata=DecisionContract.encode_make_decision(prediction_about(each.subject)),
                gas=GAS,
            )
            for each in inferred
        }
        steps = [(each, Vouched()) for each in inferred]
        await record(self.parts, steps, answers, together=list(answers) if together else ())

    async def follow(self) -> None:
        """What following does with blocks that it has not seen."""

        def change(db: Connection) -> None:
            for number, block in self.chain.blocks.items():
                if chain_view.hash_at(db, number) == block.hash:
                    continue
                chain_view.add_block(db, number, block.hash, number)
                chain_view.add_decisions(
                    db, [_decision(number, block, *each) for each in block.made]
                )
            transactions.settle(db, self.chain.head - FINALITY + 1)

        await self.journal.write(change)

    async def reorganise(self, depth: int, *, forget: bool) -> None:
        to = self.chain.reorganise(depth, forget=forget)

        def change(db: Connection) -> None:
            chain_view.rewind(db, to)
            transactions.unmine(db, above=to)

        await self.journal.write(change)

    async def take(self, name: str, number: int, *, look: bool) -> None:
        """One step; with ``look`` the node looks around after it."""
        self.now += 1
        match name:
            case "ask":
                await self.ask(number % 5 + 1)
                await self.answer(together=number % 3 > 0)
            case "lose":
                self.chain.says = LOST[number % 3] if number > 5 else None
            case "mine":
                self.chain.step(left_out=number % 4)
            case "foreign":
                self.chain.foreign()
            case "reorganise":
                await self.follow()
                await self.reorganise(number % (FINALITY - 1) + 1, forget=number > 5)
            case "forget":
                self.chain.mempool.clear()
            case "wait":
                self.now += 10 * number
            case "fees":
                self.chain.base_fee = number * 10 * GWEI
            case "restart":
                self.start()
        if look:
            await self.answer(together=number % 2 > 0)
            await self.follow()
            await self.sender.turn()

    async def heal(self) -> None:
        """The chain works again, until nothing is left to do."""
        self.chain.says, self.chain.base_fee = None, GWEI
        for _ in range(60):
            self.now += 20
            await self.answer(together=True)
            await self.follow()
            busy = await self.sender.turn()
            if not busy and len(self.chain.decided()) == self.asked:
                return
            self.chain.step()
        raise AssertionError(f"{len(self.chain.decided())} of {self.asked} are decided")


def _decision(number: int, block: Block, subject: bytes, tx_hash: bytes) -> DecisionRecord:
    return DecisionRecord(
        prediction=prediction_about(subject),
        verdict=1,
        trust_level=1,
        block_number=number,
        block_hash=block.hash,
        log_index=0,
        tx_hash=tx_hash,
        decided_at=number,
    )


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal with its tables: to make them takes longer than a walk."""
    path = tmp_path_factory.mktemp("empty") / "journal.db"

    async def make() -> None:
        async with await Journal.at(path).open({}):
            pass

    asyncio.run(make())
    return path


async def _walk(steps: Sequence[tuple[str, int, bool]], folder: Path) -> None:
    async with await Journal.at(folder / "journal.db").open({}) as journal:
        walk = Walk(journal)
        for step in steps:
            await walk.take(*step[:2], look=step[2])
        await walk.heal()
        decided = walk.chain.decided()
        assert len(decided) == len(set(decided)) == walk.asked
        rows: list[Transaction] = await journal.read(
            lambda db: transactions.in_states(db, list(TxState))
        )
        on_disk = {attempt.raw for each in rows for attempt in each.attempts}
        assert on_disk.issuperset(walk.chain.sends)
        assert {each.state for each in rows} <= {TxState.MINED, TxState.FINAL, TxState.DROPPED}
        sent = {nonce_of(raw) for raw in walk.chain.sends}
        assert {each.nonce for each in rows if each.nonce is not None} <= sent


STEPS = st.tuples(
    st.sampled_from(
        ["ask", "ask", "mine", "mine", "mine", "reorganise", "reorganise", "foreign"]
        + ["forget", "lose", "wait", "fees", "restart"]
    ),
    st.integers(0, 11),
    st.sampled_from([True, True, True, False]),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=st.lists(STEPS, min_size=20, max_size=40))
def test_sender__any_walk__decides_each_once_by_bytes_that_were_on_disk(
    empty: Path, steps: list[tuple[str, int, bool]]
) -> None:
    with capture_logs(), tempfile.TemporaryDirectory() as folder:
        shutil.copy(empty, folder)
        asyncio.run(_walk(steps, Path(folder)))
