"""The voter: a vote and its transaction in one change, each step once, and nothing remembered."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.engine import Connection

from oracle.chain.abi import interface
from oracle.chain.signing import LocalKey
from oracle.core.errors import Reverted
from oracle.core.lifecycle import Origin, Request, State
from oracle.core.prediction import Prediction
from oracle.core.sealed import (
    RoundKey,
    SealedCommittee,
    Terms,
    opening_of,
    salt_of,
    seal_of,
    secret_of,
)
from oracle.core.sealed_round import Closed, Revealed, RoundEvent, Sealed
from oracle.core.transaction import GWEI, FeePolicy, Purpose, Transaction, TxState
from oracle.journal import Journal, chain_view, requests, rounds, transactions
from oracle.node.committee.voter import MOST_TRIES, Voter
from oracle.node.parts import NodeOptions, Parts
from tests.support.fake_chain import OPERATOR

ME, OTHERS = OPERATOR.address, tuple("0x" + f"{n:040x}" for n in range(1, 4))
BOND, NOW = 10**16, 5_000
COMMITTEE = SealedCommittee(
    attestor="0x" + "aA" * 20,
    chain_id=31337,
    members=(*OTHERS, ME),
    threshold=3,
    terms=Terms(commit_window=60, reveal_window=60, bond=BOND, tolerance=0),
)
SAID = Prediction(
    model_id=b"m" * 32,
    subject=b"s" * 32,
    input_hash=b"i" * 32,
    output_hash=b"o" * 32,
    value=7,
    confidence=0,
    predicted_at=NOW,
)
KEY = RoundKey(model_id=SAID.model_id, subject=SAID.subject, number=0)
SECRETS = {ME: secret_of(bytes(OPERATOR.key))} | {m: secret_of(m.encode()) for m in OTHERS}
CODEC = interface("SealedVoteAttestor")


@dataclass
class FakeRpc:
    """As much of RpcPool as the voter uses."""

    now: int = NOW
    refuses: bool = False
    asked: list[Mapping[str, Any]] = field(default_factory=list)

    async def timestamp(self, _: object) -> int:
        return self.now

    async def estimate_gas(self, message: Mapping[str, Any], block: object) -> int:
        self.asked.append(message)
        if self.refuses:
            raise Reverted("it would revert")
        return 40_000


class Bench:
    """A voter over a fake chain and a real journal."""

    def __init__(self, journal: Journal) -> None:
        self.rpc = FakeRpc()
        self.parts = Parts(
            rpc=self.rpc,  # type: ignore[arg-type]
            contract=SimpleNamespace(rpc=self.rpc),  # type: ignore[arg-type]
            journal=journal,
            engine=None,  # type: ignore[arg-type]
            account=LocalKey(OPERATOR),
            chain_id=31337,
            fees=FeePolicy(ceiling=100 * GWEI, priority=GWEI),
            options=NodeOptions(idle_chain=True),
            clock=lambda: float(self.rpc.now),
        )
        self.parts.roles.sealed = lambda: {SAID.model_id: COMMITTEE}  # type: ignore[method-assign]
        self.blocks = 10

    def voter(self) -> Voter:
        """A fresh one, as after a crash."""
        attestors = SimpleNamespace(known={COMMITTEE.attestor: COMMITTEE})
        return Voter(self.parts, attestors)  # type: ignore[arg-type]

    async def turn(self) -> float | None:
        return await self.voter().turn()

    async def request(self, **changes: Any) -> None:
        request = Request(
            model_id=SAID.model_id,
            subject=SAID.subject,
            origin=Origin.CHAIN,
            input=b"x",
            state=State.INFERRED,
            deadline=NOW + 3_600,
            prediction=SAID,
        )

        def record(db: Connection) -> None:
            requests.save(db, replace(request, **changes), at=0)
            if chain_view.head(db) is None:
                chain_view.add_block(db, 1_000, b"h" * 32, NOW)

        await self.parts.journal.write(record)

    def place(self) -> dict[str, Any]:
        self.blocks += 1
        where = {"block_number": self.blocks, "log_index": 0, "tx_hash": bytes(32)}
        return {"key": KEY, "at": self.rpc.now, **where}

    async def tell(self, *events: RoundEvent) -> None:
        await self.parts.journal.write(lambda db: rounds.add_events(db, COMMITTEE.attestor, events))

    def sealed(self, member: str, said: Prediction = SAID) -> Sealed:
        opening = opening_of(said, salt_of(SECRETS[member], COMMITTEE, KEY))
        return Sealed(**self.place(), seal=seal_of(COMMITTEE, KEY, member, opening))

    def revealed(self, member: str) -> Revealed:
        opening = opening_of(SAID, salt_of(SECRETS[member], COMMITTEE, KEY))
        return Revealed(**self.place(), member=member, opening=opening)

    async def queued(self, purpose: Purpose | None = None) -> list[Transaction]:
        found = await self.parts.journal.read(
            lambda db: transactions.about(db, SAID.model_id, SAID.subject)
        )
        return [t for t in found if purpose in (None, t.purpose)]

    async def finish(self, transaction: Transaction, **changes: Any) -> None:
        await self.parts.journal.write(
            lambda db: transactions.save(db, replace(transaction, **changes))
        )


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with await Journal.at(tmp_path / "journal.db").open({}) as journal:
        yield Bench(journal)


async def test_commit__computed__seals_the_own_vote_with_the_bond(bench: Bench) -> None:
    await bench.request()
    await bench.turn()
    (commit,) = await bench.queued()
    assert (commit.purpose, commit.value, commit.state) == (Purpose.COMMIT, BOND, TxState.QUEUED)
    assert commit.to.hex() == "aa" * 20
    name, arguments = CODEC.decode_call(commit.data)
    vote = opening_of(SAID, salt_of(SECRETS[ME], COMMITTEE, KEY))
    assert (name, arguments["seal"]) == ("commit", seal_of(COMMITTEE, KEY, ME, vote))
    recorded = await bench.parts.journal.read(
        lambda db: rounds.find_vote(db, COMMITTEE.attestor, KEY, salt=vote.salt)
    )
    assert recorded == vote


async def test_commit__killed_and_started_again__is_not_queued_twice(bench: Bench) -> None:
    await bench.request()
    for _ in range(3):
        await bench.turn()
    assert len(await bench.queued()) == 1


async def test_commit__it_would_revert__is_not_queued(bench: Bench) -> None:
    bench.rpc.refuses = True
    await bench.request()
    assert await bench.turn() is not None, "looked at again soon"
    assert await bench.queued() == []


async def test_commit__computed_otherwise_after_the_vote_was_recorded__is_not_sent(
    bench: Bench,
) -> None:
    """The first transaction failed, and the model now says something else: one vote a round."""
    await bench.request()
    await bench.turn()
    (commit,) = await bench.queued()
    await bench.finish(commit, state=TxState.DROPPED)
    await bench.request(prediction=replace(SAID, value=8))
    await bench.turn()
    assert len(await bench.queued()) == 1


async def test_commit__failed__is_tried_again_a_few_times(bench: Bench) -> None:
    await bench.request()
    for _ in range(MOST_TRIES + 2):
        await bench.turn()
        for transaction in await bench.queued():
            if transaction.state is TxState.QUEUED:
                await bench.finish(transaction, state=TxState.MINED, succeeded=False)
    assert len(await bench.queued()) == MOST_TRIES
    assert "failed" in bench.parts.trouble["vote"]


async def test_commit__too_late_before_it_was_sent__is_taken_back(bench: Bench) -> None:
    await bench.request()
    await bench.turn()
    await bench.request(deadline=NOW + 10)
    await bench.turn()
    (commit,) = await bench.queued()
    assert commit.state is TxState.DROPPED


async def all_sealed(bench: Bench) -> None:
    await bench.request()
    await bench.tell(*[bench.sealed(member) for member in COMMITTEE.members])


async def test_reveal__without_a_journal_of_the_vote__opens_the_same(bench: Bench) -> None:
    await all_sealed(bench)
    await bench.turn()
    (reveal,) = await bench.queued(Purpose.REVEAL)
    name, arguments = CODEC.decode_call(reveal.data)
    assert (name, reveal.value, arguments["member"]) == ("reveal", 0, 3)
    assert arguments["opening"]["value"] == SAID.value
    assert arguments["opening"]["salt"] == salt_of(SECRETS[ME], COMMITTEE, KEY)
    assert len(arguments["seals"]) == 4


async def test_reveal__the_model_says_otherwise_by_now__opens_what_was_sealed(
    bench: Bench,
) -> None:
    await bench.request()
    await bench.turn()
    await all_sealed(bench)
    await bench.request(prediction=replace(SAID, value=9))
    await bench.turn()
    (reveal,) = await bench.queued(Purpose.REVEAL)
    assert CODEC.decode_call(reveal.data)[1]["opening"]["value"] == SAID.value


async def test_reveal__sealed_by_another_answer__is_not_sent_and_said(bench: Bench) -> None:
    await bench.request(prediction=replace(SAID, value=9))
    await bench.tell(*[bench.sealed(member) for member in COMMITTEE.members])
    await bench.turn()
    assert await bench.queued(Purpose.REVEAL) == []
    assert "can not be opened" in bench.parts.trouble["vote"]


@pytest.mark.parametrize("state", [State.EXPIRED, State.REFUSED, State.FINAL])
async def test_reveal__the_request_is_closed__saves_the_bond_all_the_same(
    bench: Bench, state: State
) -> None:
    await all_sealed(bench)
    await bench.request(state=state)
    await bench.turn()
    assert len(await bench.queued(Purpose.REVEAL)) == 1


async def test_tally__once_due_and_all_turns_passed__brings_votes_in_the_seals_order(
    bench: Bench,
) -> None:
    await all_sealed(bench)
    await bench.tell(*[bench.revealed(member) for member in reversed(COMMITTEE.members)])
    bench.rpc.now += 100
    await bench.turn()
    (tally,) = await bench.queued()
    name, arguments = CODEC.decode_call(tally.data)
    salts = [salt_of(SECRETS[m], COMMITTEE, KEY) for m in COMMITTEE.members]
    assert (name, tally.purpose) == ("tally", Purpose.TALLY)
    assert [opening["salt"] for opening in arguments["openings"]] == salts


async def test_tally__another_was_quicker__the_own_is_taken_back(bench: Bench) -> None:
    await all_sealed(bench)
    await bench.tell(*[bench.revealed(member) for member in COMMITTEE.members])
    bench.rpc.now += 100
    await bench.turn()
    await bench.request(deadline=NOW + 50)
    closed = Closed(**bench.place(), prediction=None, agreed=0, lost=0)
    await bench.tell(closed)
    await bench.turn()
    (tally,) = await bench.queued()
    assert tally.state is TxState.DROPPED


async def test_turn__nothing_waits__sleeps(bench: Bench) -> None:
    assert await bench.turn() is None
    assert bench.rpc.asked == []
