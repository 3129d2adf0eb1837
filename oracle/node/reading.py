"""Gasless reads: what the model says about an input, vouched for, with nothing on chain.

A reading is no decision and leaves no trace but a count: whoever asked verifies it through the
gateway contract. Its subject holds the input and the time, so that this operator never says two
things about one subject.
"""

from __future__ import annotations

from dataclasses import dataclass

from oracle.chain.gateway import AskCall, FindCall
from oracle.core.anchor import encode_evidence
from oracle.core.errors import Conflict, InferenceError, NotFound
from oracle.core.peer import Asked
from oracle.core.prediction import Prediction
from oracle.core.quorum import Committee, expand
from oracle.node.anchoring.filed import filed_about
from oracle.node.anchoring.receipts import proof_of
from oracle.node.node import Node
from oracle.node.parts import Parts
from oracle.node.reads import OLDEST_BLOCK, gateway_of, read_prediction


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A prediction and what its model's attestor takes for it."""

    prediction: Prediction
    evidence: bytes


class Reader:
    """Answers the calls of one gateway, the one of this node's chain and contract."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self.gateway = gateway_of(node.parts)

    @property
    def _parts(self) -> Parts:
        return self._node.parts

    async def ask(self, call: AskCall) -> Reading:
        """What the model says about the input, signed by its operator or by its committee.

        Raises:
            NotFound: the node does not serve the model, or it is not registered.
            Conflict: of another chain; another vouches for the model; or an old block asks.
            InvalidInput: the input does not fit the card.
            InferenceError: the model failed, or is unfit on this machine; or too few members agree.
            JournalError: a member's vote could not be recorded.
            Transient: no endpoint answers.
        """
        parts = self._parts
        self._check(call)
        role = await parts.roles.of(call.model_id, block="latest")
        if not role.alone and role.committee is None:
            who = "votes on chain" if role.sealed else "another attestor than this node"
            raise Conflict(
                f"model 0x{call.model_id.hex()} is vouched for by {who}",
                remedy="request a decision on chain, and find it by its subject",
            )
        at = await self._time(call.as_of)
        if role.committee is not None:
            found = await self._together(role.committee, call, at)
        else:
            said = await read_prediction(parts, self.gateway, call.model_id, call.input, at)
            found = Reading(prediction=said, evidence=await self._sign(said))
        parts.observe("read")
        return found

    async def _together(self, committee: Committee, call: AskCall, at: int) -> Reading:
        collector = self._node.reads
        if collector is None:
            raise InferenceError("this node is starting", remedy="ask again in a second")
        asked = Asked(input=call.input, as_of=at)
        prediction, evidence = await collector.collect(committee, call.model_id, asked)
        return Reading(prediction=prediction, evidence=evidence)

    async def find(self, call: FindCall) -> Reading:
        """The prediction about a subject that was anchored, with the path to its batch's root.

        Raises:
            NotFound: none was anchored here.
            Conflict: the call is of another chain.
        """
        parts = self._parts
        self._check(call)
        for each in await filed_about(parts, call.subject, call.model_id):
            if each.is_anchored and each.batch is not None and each.index is not None:
                proof = await proof_of(parts, each)
                parts.observe("read")
                return Reading(
                    prediction=each.promised.prediction,
                    evidence=encode_evidence(each.batch, each.index, proof),
                )
        raise NotFound(
            f"nothing about 0x{call.subject.hex()} is vouched for here beside the chain",
            remedy="wait until it is decided or anchored, or ask with the input",
        )

    def _check(self, call: AskCall | FindCall) -> None:
        parts = self._parts
        if call.chain_id != parts.chain_id:
            raise Conflict(
                f"the call is of chain {call.chain_id}, this node serves {parts.chain_id}",
                remedy="ask a node of that chain; its gateway says where",
            )
        parts.engine.card(call.model_id)  # NotFound where it is not served

    async def _time(self, as_of: int) -> int:
        """The prediction's time: the asking block's, or the head's where the caller is ahead."""
        followed = self._node.follow.head
        head = followed.stamp.timestamp if followed is not None else 0
        if head < as_of:
            head = await self._parts.rpc.timestamp("latest")
        if head - as_of > OLDEST_BLOCK:
            raise Conflict(
                f"the asking block is {head - as_of} s behind the chain's head",
                remedy="ask at the latest block",
            )
        return min(as_of, head)

    async def _sign(self, prediction: Prediction) -> bytes:
        """R ‖ s ‖ v over the digest of ``reading_digest``, as the gateway takes it."""
        message = prediction.message(self._parts.chain_id, self.gateway)
        r, s, parity = expand(await self._parts.account.sign(message))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([27 + parity])
