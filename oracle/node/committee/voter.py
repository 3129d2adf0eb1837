"""A member's part in sealed votes: what the chain shows of a round, to the transaction it asks for.

:func:`oracle.core.sealed_step.next_step` says what is due; here it is simulated, recorded together
with the vote, and queued. Nothing else is remembered: after a crash the same step is due again, and
its idempotency key is in the journal already.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from eth_utils.crypto import keccak
from sqlalchemy.engine import Connection

from oracle.chain.sealed import encode_commit, encode_reveal, encode_tally
from oracle.chain.wire import to_bytes
from oracle.core.errors import Reverted
from oracle.core.lifecycle import Request, State
from oracle.core.prediction import Prediction
from oracle.core.scoring import Outputs
from oracle.core.sealed import (
    Opening,
    SealedCommittee,
    encode_round,
    opening_of,
    salt_of,
    seal_of,
    secret_of,
)
from oracle.core.sealed_round import Round, rounds_of
from oracle.core.sealed_step import Commit, Relay, Reveal, Sight, Step, Tally, Wait, next_step
from oracle.core.transaction import Purpose, Transaction, TxState, answer_gas
from oracle.journal import chain_view, requests, rounds, transactions
from oracle.node.committee.attestors import Attestors
from oracle.node.parts import Parts, log
from oracle.node.vouch import Ready, head, vouch

MOST_TRIES = 5
"""Transactions for one step of one round; more that reverted would be a fault of the node."""
SOON = 0.25
"""Least pause between looks, seconds."""
_UNDER_WAY = frozenset({TxState.QUEUED, TxState.SIGNED, TxState.SENT})
_PURPOSES = {Commit: Purpose.COMMIT, Reveal: Purpose.REVEAL, Tally: Purpose.TALLY}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One subject as the journal knows it."""

    committee: SealedCommittee
    model_id: bytes
    subject: bytes
    request: Request | None
    decided: bool
    rounds: Sequence[Round]
    transactions: Sequence[Transaction]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Time:
    now: int
    settled_block: int
    settled_at: int


class Voter:
    """Votes in the rounds of this operator's sealed committees."""

    def __init__(self, parts: Parts, attestors: Attestors) -> None:
        self._parts = parts
        self._attestors = attestors
        self._secret = b""

    async def turn(self) -> float | None:
        """Take every round one step further.

        Returns:
            Seconds until something may be due; None where nothing waits.
        """
        committees = list(self._attestors.known.values())
        if not committees:
            return None
        cases = await self._parts.journal.read(
            lambda db: [case for committee in committees for case in self._cases(db, committee)]
        )
        if not cases:
            return None
        self._secret = secret_of(await self._parts.account.seed())
        time = await self._time()
        soonest: float | None = None
        ready: list[Ready] = []
        for case in cases:
            step = next_step(self._sight(case, time))
            pause = await self._take(case, step, ready)
            if isinstance(step, Wait):
                pause = max(SOON, float(step.until - time.now))
            if pause is not None:
                soonest = pause if soonest is None else min(soonest, pause)
        if ready:
            await vouch(self._parts, ready)
        return soonest

    def _cases(self, db: Connection, committee: SealedCommittee) -> list[_Case]:
        """The subjects that wait for an answer, and those whose round is open."""
        now = self._parts.now()
        mine = [m for m, c in self._parts.roles.sealed().items() if c == committee]
        waiting = requests.in_states(db, {State.INFERRED}, of=mine, ready_at=now, limit=1000)
        subjects = [(request.model_id, request.subject) for request in waiting]
        subjects += rounds.open_subjects(db, committee.attestor)
        found = []
        for model_id, subject in dict.fromkeys(subjects):
            events = rounds.events_about(db, committee.attestor, model_id, subject)
            found.append(
                _Case(
                    committee=committee,
                    model_id=model_id,
                    subject=subject,
                    request=requests.find(db, model_id, subject),
                    decided=chain_view.find_decision(db, model_id, subject) is not None,
                    rounds=rounds_of(committee, model_id, subject, events),
                    transactions=transactions.about(db, model_id, subject),
                )
            )
        return found

    async def _time(self) -> _Time:
        """The chain's time: on an idle chain that of the block which the next transaction makes."""
        options = self._parts.options

        def followed(db: Connection) -> tuple[int, int, int]:
            number, timestamp = chain_view.head(db) or (0, 0)
            settled = max(0, number - options.confirmations + 1)
            return settled, chain_view.timestamp_at(db, settled) or 0, timestamp

        settled, settled_at, now = await self._parts.journal.read(followed)
        if options.idle_chain:
            now = settled_at = await self._parts.rpc.timestamp(head(self._parts))
        return _Time(now=now, settled_block=settled, settled_at=settled_at)

    def _sight(self, case: _Case, time: _Time) -> Sight:
        request, options = case.request, self._parts.options
        ready = request is not None and request.state is State.INFERRED
        return Sight(
            rounds=case.rounds,
            me=self._parts.operator,
            now=time.now,
            settled_block=time.settled_block,
            settled_at=time.settled_at,
            deadline=request.deadline if request is not None else None,
            decided=case.decided,
            ready=ready and request is not None and request.prediction is not None,
            turn=options.step_turn,
            margin=options.step_margin,
        )

    async def _take(self, case: _Case, step: Step, ready: list[Ready]) -> float | None:
        """Do what is due; returns seconds until the next look, None to wait for the chain."""
        await self._take_back(case, step)
        match step:
            case Commit(found):
                return await self._commit(case, found)
            case Reveal(found):
                return await self._reveal(case, found)
            case Tally(found):
                return await self._queue(case, step, found, encode_tally(found))
            case Relay(found):
                ready += self._relay(case, found)
        return None

    async def _commit(self, case: _Case, found: Round) -> float | None:
        assert case.request is not None
        assert case.request.prediction is not None
        vote = self._vote_for(found, case.request.prediction)
        seal = seal_of(found.committee, found.key, self._parts.operator, vote)
        return await self._queue(
            case, Commit(found), found, encode_commit(found.key, seal), vote=vote
        )

    async def _reveal(self, case: _Case, found: Round) -> float | None:
        me = self._parts.operator
        opening = await self._opening(case, found)
        if opening is None or seal_of(found.committee, found.key, me, opening) != found.seal_of(me):
            self._parts.trouble["vote"] = (
                f"the vote about 0x{case.subject.hex()} was sealed with another answer than this "
                "node computes now, and can not be opened: its bond is lost"
            )
            return None
        return await self._queue(case, Reveal(found), found, encode_reveal(found, me, opening))

    def _vote_for(self, found: Round, prediction: Prediction) -> Opening:
        return opening_of(prediction, salt_of(self._secret, found.committee, found.key))

    async def _opening(self, case: _Case, found: Round) -> Opening | None:
        """What was sealed: as recorded; where the journal was lost, computed again."""
        attestor, key = found.committee.attestor, found.key
        salt = salt_of(self._secret, found.committee, key)
        recorded = await self._parts.journal.read(
            lambda db: rounds.find_vote(db, attestor, key, salt=salt)
        )
        request = case.request
        if recorded is not None or request is None:
            return recorded
        if request.prediction is not None:
            return self._vote_for(found, request.prediction)
        (outputs,) = await self._parts.engine.infer_many(case.model_id, [request.input])
        if not isinstance(outputs, Outputs):
            return None
        again = outputs.prediction(
            model_id=case.model_id,
            subject=case.subject,
            input_hash=keccak(request.input),
            predicted_at=1,
        )
        return self._vote_for(found, again)

    def _relay(self, case: _Case, found: Round) -> list[Ready]:
        request = case.request
        if request is None or request.state is not State.INFERRED:
            return []
        assert found.closed is not None
        assert found.closed.prediction is not None
        calldata = self._parts.contract.encode_relay_decision(
            found.closed.prediction, encode_round(found.key.number)
        )
        gas = answer_gas(request.callback_gas)
        return [Ready(request=request, calldata=calldata, gas=gas)]

    async def _queue(
        self,
        case: _Case,
        step: Commit | Reveal | Tally,
        found: Round,
        calldata: bytes,
        *,
        vote: Opening | None = None,
    ) -> float | None:
        """Simulate a step and queue it, with the vote that it seals, unless it is on its way."""
        base = _key(step)
        before = [t for t in case.transactions if t.key.startswith(base)]
        if any(t.state in _UNDER_WAY or t.succeeded for t in before):
            return None
        if len(before) >= MOST_TRIES:
            self._parts.trouble["vote"] = f"{len(before)} transactions to {base} failed"
            return None
        value = found.committee.terms.bond if isinstance(step, Commit) else 0
        to = found.committee.attestor
        try:
            gas = await self._gas(to, calldata, value)
        except Reverted as error:
            log.info("step_refused", step=base, why=str(error))
            return 1.0
        transaction = Transaction(
            key=f"{base}{len(before)}",
            model_id=case.model_id,
            subject=case.subject,
            to=to_bytes(to, "attestor", 20),
            data=calldata,
            gas=gas,
            value=value,
            purpose=_PURPOSES[type(step)],
        )
        parts = self._parts

        def record(db: Connection) -> bool:
            if vote is not None and rounds.cast(db, to, found.key, vote) != vote:
                return False
            return transactions.queue(db, parts.chain_id, parts.operator, transaction)

        if await parts.journal.write(record):
            parts.trouble.pop("vote", None)
            parts.observe(str(transaction.purpose), case.request)
            parts.to_send.set()
        return None

    async def _gas(self, to: str, calldata: bytes, value: int) -> int:
        message = {
            "from": self._parts.operator,
            "to": to,
            "data": "0x" + calldata.hex(),
            "value": hex(value),
        }
        estimate = await self._parts.rpc.estimate_gas(message, block=head(self._parts))
        # What others do before it is mined may cost it more: the first vote opens the round.
        return estimate * 13 // 10 + 25_000

    async def _take_back(self, case: _Case, step: Step) -> None:
        """Drop what is queued and no longer due, before it costs anything."""
        base = _key(step)
        stale = [
            t.key
            for t in case.transactions
            if t.state is TxState.QUEUED
            and t.purpose in _PURPOSES.values()
            and not (base and t.key.startswith(base))
        ]
        if not stale:
            return

        def drop(db: Connection) -> None:
            for transaction in transactions.about(db, case.model_id, case.subject):
                if transaction.key in stale and transaction.state is TxState.QUEUED:
                    transactions.save(db, replace(transaction, state=TxState.DROPPED))

        await self._parts.journal.write(drop)


def _key(step: Step) -> str:
    """What the idempotency keys of a step's transactions begin with; empty where it has none."""
    if not isinstance(step, Commit | Reveal | Tally):
        return ""
    found = step.round
    where = keccak(to_bytes(found.committee.attestor, "attestor", 20) + found.key.encoded())
    return f"{_PURPOSES[type(step)]}:{where.hex()}:"
