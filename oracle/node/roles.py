"""What this operator is to a model: its only signer, a member of its committee, or nothing."""

from __future__ import annotations

from dataclasses import dataclass

from oracle.chain.contracts import DecisionContract
from oracle.chain.quorum import committee_at
from oracle.chain.wire import BlockRef
from oracle.core.quorum import Committee


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """How a model is vouched for, as far as it concerns this operator.

    Attributes:
        alone: the operator itself is the attestor.
        committee: the attestor is a quorum with this operator among its members.
    """

    alone: bool = False
    committee: Committee | None = None

    @property
    def any(self) -> bool:
        """Whether this operator has a part in the model's decisions."""
        return self.alone or self.committee is not None


class Roles:
    """Roles by model, read once and read again after a model's rules changed.

    Args:
        contract: where the models are registered.
        operator: this node's checksummed address.
    """

    def __init__(self, contract: DecisionContract, operator: str) -> None:
        self._contract = contract
        self._operator = operator
        self._known: dict[bytes, Role] = {}

    async def of(self, model_id: bytes, *, block: BlockRef) -> Role:
        """The role, read at this block where it is not known."""
        if model_id not in self._known:
            self._known[model_id] = await self._read(model_id, block)
        return self._known[model_id]

    def committees(self) -> dict[bytes, Committee]:
        """The committees that this operator is known to be in, by model."""
        return {
            model_id: role.committee
            for model_id, role in self._known.items()
            if role.committee is not None
        }

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
            return Role(alone=True)
        if not model.verifies:
            return Role()
        committee = await committee_at(self._contract.rpc, model.attestor, block=block)
        if committee is None or self._operator not in committee.members:
            return Role()
        return Role(committee=committee)
