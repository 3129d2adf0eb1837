"""What this operator is to a model: its only signer, a committee's member, or nothing."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from oracle.chain.artifacts import load_artifact
from oracle.chain.contracts import DecisionContract
from oracle.chain.quorum import committee_at
from oracle.chain.wire import BlockRef
from oracle.core.quorum import Committee
from oracle.core.sealed import SealedCommittee

log = structlog.get_logger("oracle.node")


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """How a model is vouched for, as far as it concerns this operator.

    Attributes:
        alone: the operator itself is the attestor.
        anchored: the operator's own anchor log is.
        max_age: seconds that a prediction may be old when it is decided on; 0 for any age.
        committee: the attestor is a quorum with this operator among its members, who sign.
        sealed: the same, where the members vote on chain.
    """

    alone: bool = False
    anchored: bool = False
    max_age: int = 0
    committee: Committee | None = None
    sealed: SealedCommittee | None = None

    @property
    def any(self) -> bool:
        """Whether this operator has a part in the model's decisions."""
        return self.alone or self.anchored or self.together

    @property
    def together(self) -> bool:
        """Whether it has its part with others."""
        return self.committee is not None or self.sealed is not None


class Roles:
    """Roles by model, read once and read again after a model's rules changed.

    Args:
        contract: where the models are registered.
        operator: this node's checksummed address.
        anchor_log: where it anchors, checksummed; None where it has no log.
    """

    def __init__(
        self, contract: DecisionContract, operator: str, anchor_log: str | None = None
    ) -> None:
        self._contract = contract
        self._operator = operator
        self._anchor_log = anchor_log
        self._known: dict[bytes, Role] = {}

    async def of(self, model_id: bytes, *, block: BlockRef) -> Role:
        """The role, read at this block where it is not known."""
        if model_id not in self._known:
            self._known[model_id] = await self._read(model_id, block)
        return self._known[model_id]

    def committees(self) -> dict[bytes, Committee]:
        """The committees that this operator is known to sign in, by model."""
        return {
            model_id: role.committee
            for model_id, role in self._known.items()
            if role.committee is not None
        }

    def sealed(self) -> dict[bytes, SealedCommittee]:
        """The committees that this operator is known to vote in on chain, by model."""
        return {
            model_id: role.sealed
            for model_id, role in self._known.items()
            if role.sealed is not None
        }

    def anchored(self) -> list[bytes]:
        """The models that this operator's anchor log is known to vouch for."""
        return [model_id for model_id, role in self._known.items() if role.anchored]

    def together(self) -> list[bytes]:
        """The models that this operator is known to vouch for with others."""
        return [model_id for model_id, role in self._known.items() if role.together]

    def forget(self, model_id: bytes | None = None) -> None:
        """Read the role of this model, or of all, again when it is next asked for."""
        if model_id is None:
            self._known.clear()
        else:
            self._known.pop(model_id, None)

    async def _read(self, model_id: bytes, block: BlockRef) -> Role:
        model = await self._contract.model_of(model_id, block=block)
        if model is None:
            return Role()
        if model.attestor == self._operator:
            return Role(alone=True, max_age=model.max_age)
        if model.attestor == self._anchor_log:
            return Role(anchored=True, max_age=model.max_age)
        if not model.verifies:
            return Role()
        committee = await committee_at(self._contract.rpc, model.attestor, block=block)
        if committee is None or self._operator not in committee.members:
            return Role()
        if isinstance(committee, SealedCommittee):
            return await self._sealed(committee, block)
        return Role(committee=committee)

    async def _sealed(self, committee: SealedCommittee, block: BlockRef) -> Role:
        """A bond goes to code that this release knows, and to no other."""
        code = await self._contract.rpc.code(committee.attestor, block)
        artifact = load_artifact("SealedVoteAttestor")
        if artifact.code_hash(code) != artifact.code_hash():
            log.warning("attestor_unknown", attestor=committee.attestor)
            return Role()
        return Role(sealed=committee)
