"""Confirmed requests to predictions, and the operator's own to queued transactions.

Requests are taken in the order of the chain. The model's outputs become a prediction, which is
recorded. Where this operator alone vouches, the prediction is simulated and queued here; where a
committee does, :mod:`oracle.node.committee.collect` goes on, or :mod:`oracle.node.committee.voter`;
where the operator's anchor log does, a promise to anchor it is recorded with it, and
:mod:`oracle.node.anchoring.answers` goes on.
"""

from __future__ import annotations

from collections.abc import Sequence

from eth_utils.crypto import keccak

from oracle.core.errors import InferenceError, OracleError
from oracle.core.lifecycle import Event, Failed, Inferred, Origin, Refused, Request, State
from oracle.core.prediction import Prediction
from oracle.core.private_input import commitment_of, seal_input
from oracle.core.scoring import Outputs
from oracle.core.transaction import answer_gas
from oracle.journal import chain_view, inputs, requests
from oracle.journal.promises import Promised
from oracle.journal.requests import Key
from oracle.node.anchoring.promise import promise_to_answer
from oracle.node.inputs import Inputs
from oracle.node.parts import Parts
from oracle.node.roles import Role
from oracle.node.vouch import Ready, head, record, vouch

BATCH = 1024
"""Most requests taken in one turn: many, since a turn has costs of its own."""


class Answer:
    """Turns confirmed requests into predictions, and the operator's own into transactions."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.inputs = Inputs(parts)

    async def turn(self) -> int:
        """Take what is ready one step further.

        Returns:
            How many requests were moved.
        """
        left = await self._ready(State.INFERRED, but_of=await self._of_others())
        await self._vouch(left)
        confirmed = await self.inputs.sift(await self._ready(State.CONFIRMED))
        if confirmed:
            inferred = await self._infer(confirmed)
            # Asked once more: the follower forgets a role when a model's rules changed.
            others = await self._of_others()
            await self._vouch([each for each in inferred if each.model_id not in others])
        return len(left) + len(confirmed)

    async def _of_others(self) -> list[bytes]:
        """The models whose predictions it takes more than this operator's word to decide on."""
        of = self._parts.roles.of
        known = [
            (m.model_id, await of(m.model_id, block="latest")) for m in self._parts.engine.store
        ]
        return [model_id for model_id, role in known if role.together or role.anchored]

    async def _ready(self, state: State, but_of: Sequence[bytes] = ()) -> list[Request]:
        now = self._parts.now()
        return await self._parts.journal.read(
            lambda db: requests.in_states(db, {state}, ready_at=now, but_of=but_of, limit=BATCH)
        )

    async def _infer(self, confirmed: Sequence[Request]) -> list[Request]:
        """Run the models and record what they say.

        Returns:
            The requests that have a prediction now.
        """
        parts = self._parts
        now = await parts.rpc.timestamp(head(parts))
        about = [(request.model_id, request.subject) for request in confirmed]
        salts = await parts.journal.read(lambda db: inputs.salts_of(db, about))
        events: dict[int, Event] = {}
        promised: dict[Key, Promised] = {}
        by_model: dict[bytes, list[int]] = {}
        for index, request in enumerate(confirmed):
            refusal = self._refusal(request)
            if refusal is None:
                by_model.setdefault(request.model_id, []).append(index)
            else:
                events[index] = Refused(refusal)
        for model_id, indices in by_model.items():
            role = await parts.roles.of(model_id, block="latest")
            messages = [confirmed[i].input for i in indices]
            try:
                answers: Sequence[Outputs | OracleError] = await parts.engine.infer_many(
                    model_id, messages
                )
            except OracleError as error:
                answers = [error] * len(indices)
            for index, answer in zip(indices, answers, strict=True):
                request = confirmed[index]
                at = await self._predicted_at(request, role, now)
                hashed = self._input_hash(request, salts.get(about[index]), answer)
                event = events[index] = _judged(request, answer, at, hashed)
                if role.anchored and isinstance(event, Inferred) and isinstance(answer, Outputs):
                    made = await promise_to_answer(
                        parts, request, event.prediction, answer, role.max_age
                    )
                    promised[about[index]] = made
        steps = [(request, events[i]) for i, request in enumerate(confirmed)]
        recorded = await record(parts, steps, promised=promised)
        for bell in (parts.to_collect, parts.to_vote, parts.to_anchor):
            bell.set()
        return [request for request in recorded if request.state is State.INFERRED]

    async def _predicted_at(self, request: Request, role: Role, now: int) -> int:
        """The head's time, which no later block is before; in a committee the time of the
        request's own block, which every member sees alike. What was promised to be anchored is
        said again as long as it is young enough to be decided on.
        """
        known = request.prediction
        if role.anchored and known is not None:
            young = role.max_age == 0 or now - known.predicted_at < role.max_age // 2
            return known.predicted_at if young else now
        if not role.together:
            return now
        return await self._parts.journal.read(
            lambda db: chain_view.timestamp_at(db, request.block_number) or now
        )

    def _input_hash(
        self, request: Request, salt: bytes | None, answer: Outputs | OracleError
    ) -> bytes:
        """The input's keccak256; of a private input the commitment to it."""
        if salt is None or isinstance(answer, OracleError):
            return keccak(request.input)
        card = self._parts.engine.card(request.model_id)
        return commitment_of(seal_input(card, request.input, salt))

    def _refusal(self, request: Request) -> str | None:
        """Why the request is not even tried."""
        unfit = self._parts.unfit.get(request.model_id)
        if unfit is not None:
            return f"the model's golden vectors do not agree on this machine: {unfit}"
        limit = self._parts.options.max_callback_gas
        if request.callback_gas > limit:
            return f"callback gas {request.callback_gas} is above this node's limit of {limit}"
        if request.origin is Origin.CHAIN and keccak(request.input)[:16] != request.subject[16:]:
            return "the input is not the one that the request names"
        return None

    async def _vouch(self, inferred: Sequence[Request]) -> None:
        encode = self._parts.contract.encode_make_decision
        await vouch(
            self._parts,
            [
                Ready(
                    request=request,
                    calldata=encode(said(request)),
                    gas=answer_gas(request.callback_gas),
                )
                for request in inferred
            ],
        )


def said(request: Request) -> Prediction:
    """The prediction of a request that has one."""
    assert request.prediction is not None
    return request.prediction


def _judged(
    request: Request, answer: Outputs | OracleError, timestamp: int, input_hash: bytes
) -> Event:
    known = request.prediction
    if known is not None and known.predicted_at == timestamp:
        return Inferred(known)  # a member never says two things about one block's request
    if isinstance(answer, InferenceError):
        return Failed(str(answer))
    if isinstance(answer, OracleError):
        return Refused(str(answer))
    try:
        return Inferred(
            answer.prediction(
                model_id=request.model_id,
                subject=request.subject,
                input_hash=input_hash,
                predicted_at=timestamp,
            )
        )
    except OracleError as error:
        return Refused(str(error))
