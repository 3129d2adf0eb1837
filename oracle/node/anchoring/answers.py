"""Requests of models that the operator's own anchor log vouches for.

Their prediction was recorded with a promise to anchor it. Once that is in a block, the decision on
it is simulated and queued as the request's answer, and what holds for any answer holds for it: it
is sent again after a crash, fails with a reason, and is tried again until the deadline.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.engine import Connection

from oracle.core.anchor import encode_evidence
from oracle.core.lifecycle import Failed, Request, State
from oracle.core.merkle import MerkleTree
from oracle.journal import promises, requests
from oracle.node.anchoring.anchorer import tree_of
from oracle.node.anchoring.filed import Filed, file_of
from oracle.node.anchoring.receipts import relay_gas
from oracle.node.parts import Parts
from oracle.node.vouch import Ready, record, vouch

AT_ONCE = 256
"""Most requests taken in one turn."""


class AnchoredAnswers:
    """Answers requests by the proof that their prediction is in the log."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def turn(self) -> None:
        """Queue the answers whose predictions are in a block by now."""
        parts = self._parts
        if parts.anchor_log is None:
            return
        for model in parts.engine.store:
            await parts.roles.of(model.model_id, block="latest")
        models = parts.roles.anchored()
        if not models:
            return
        found = await parts.journal.read(lambda db: _inferred(db, models, parts.now()))
        missing = [(request, _NOT_PROMISED) for request, filed in found if filed is None]
        if missing:
            await record(parts, missing)
            parts.to_answer.set()
        anchored = [(request, filed) for request, filed in found if filed and filed.is_anchored]
        if anchored:
            await vouch(parts, await self._answers(anchored))

    async def _answers(self, anchored: Sequence[tuple[Request, Filed]]) -> list[Ready]:
        """Each with its proof; a batch's tree is made once for all of them."""
        parts = self._parts
        trees: dict[bytes, MerkleTree] = {}
        ready = []
        for request, filed in anchored:
            promised, batch, index = filed.promised, filed.batch, filed.index
            assert promised.batch_id is not None
            assert promised.position is not None
            assert batch is not None
            assert index is not None
            tree = trees.get(promised.batch_id)
            if tree is None:
                batch_id = promised.batch_id
                members = await parts.journal.read(
                    lambda db, of=batch_id: promises.members_of(db, of)  # type: ignore[misc]
                )
                tree = trees[batch_id] = tree_of(members, batch.first_index)
            evidence = encode_evidence(batch, index, tree.proof(promised.position))
            calldata = parts.contract.encode_relay_decision(promised.prediction, evidence)
            gas = relay_gas(request.callback_gas)
            ready.append(Ready(request=request, calldata=calldata, gas=gas))
        return ready


_NOT_PROMISED = Failed("the prediction was made before the anchor log vouched for the model")


def _inferred(
    db: Connection, models: Sequence[bytes], now: int
) -> list[tuple[Request, Filed | None]]:
    found = []
    for request in requests.in_states(db, {State.INFERRED}, ready_at=now, of=models, limit=AT_ONCE):
        assert request.prediction is not None
        promised = promises.said(db, request.prediction)
        found.append((request, None if promised is None else file_of(db, promised)))
    return found
