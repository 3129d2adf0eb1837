"""The sealed votes about one subject, read from the chain, each opening held to its seal here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from oracle.chain.contracts import DecisionContract
from oracle.chain.quorum import committee_at
from oracle.chain.sealed import rounds_about
from oracle.core.errors import NotFound
from oracle.core.sealed import SealedCommittee, seal_of
from oracle.core.sealed_round import Leaked, Revealed, Round, Sealed


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """A member's part in one round.

    Attributes:
        sealed, revealed, leaked: what the chain tells of it; None where it does not.
        holds: whether the opening is that of the seal; None where it is not open.
        agreed: whether it is among those who agreed with the outcome.
        lost: whether its bond was lost because it was not revealed.
    """

    member: str
    index: int
    sealed: Sealed | None
    revealed: Revealed | None
    leaked: Leaked | None
    holds: bool | None
    agreed: bool
    lost: bool


async def sealed_rounds(
    contract: DecisionContract, model_id: bytes, subject: bytes
) -> list[Round] | None:
    """The rounds about a subject so far; None where the model's attestor counts no sealed votes.

    Raises:
        NotFound: the model is not registered.
        Transient: no endpoint answers.
    """
    model = await contract.model_of(model_id, block="latest")
    if model is None:
        raise NotFound(f"model 0x{model_id.hex()} is not registered on this chain")
    if not model.verifies:
        return None
    committee = await committee_at(contract.rpc, model.attestor, block="latest")
    if not isinstance(committee, SealedCommittee):
        return None
    found = await rounds_about(contract.rpc, committee, model_id, subject)
    return [each for each in found if each.sealed]


def votes_in(found: Round) -> Sequence[Vote]:
    """Every member's part in a round, in the contract's order."""
    sealed = dict(zip(found.spoken, found.sealed, strict=True))
    votes = []
    for index, member in enumerate(found.committee.members):
        own, opened = sealed.get(member), found.revealed.get(member)
        holds = None
        if own is not None and opened is not None:
            holds = seal_of(found.committee, found.key, member, opened.opening) == own.seal
        votes.append(
            Vote(
                member=member,
                index=index,
                sealed=own,
                revealed=opened,
                leaked=found.leaked.get(member),
                holds=holds,
                agreed=member in found.agreed,
                lost=member in found.lost,
            )
        )
    return votes
