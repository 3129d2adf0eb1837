"""Reading a ``DecisionFeed``, and what to deploy for one."""

from __future__ import annotations

from dataclasses import dataclass

from eth_utils.crypto import keccak

from oracle.chain.abi import interface
from oracle.chain.deployment import ContractSpec
from oracle.chain.rpc import RpcPool
from oracle.core.errors import NotFound, Reverted
from oracle.core.model_card import ModelCard

_ABI = interface("DecisionFeed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A feed as it stands.

    Attributes:
        next_round, next_subject: what is to be decided next.
        latest: round, answer and time of the last round that counts; None before the first, and
            where it is stale.
        why: why there is no latest round.
    """

    address: str
    contract: str
    model_id: bytes
    description: str
    decimals: int
    max_age: int
    required_trust_level: int
    next_round: int
    next_subject: bytes
    latest: tuple[int, int, int] | None
    why: str = ""


def feed_spec(
    contract: str,
    model_id: bytes,
    card: ModelCard,
    *,
    series: str,
    max_age: int,
    trust_level: int,
    description: str,
) -> ContractSpec:
    """The feed of a series; the same terms are the same feed, at the same address."""
    terms = (contract, model_id, keccak(text=series), card.decimals)
    return ContractSpec(
        contract="DecisionFeed", arguments=(*terms, max_age, trust_level, description)
    )


async def read_feed(rpc: RpcPool, address: str) -> Feed:
    """The feed at an address.

    Raises:
        NotFound: there is none.
        Transient: no endpoint answers.
    """
    block = (await rpc.block("latest")).hash

    async def read(function: str, *arguments: object) -> tuple[object, ...]:
        body = await rpc.eth_call(address, _ABI.encode(function, *arguments), block=block)
        if not body:
            raise NotFound(
                f"there is no feed at {address}", remedy="create one: oracle feed create"
            )
        return tuple(_ABI.decode_output(function, body).values())

    async def only(function: str, *arguments: object) -> object:
        (value,) = await read(function, *arguments)
        return value

    next_round = int(str(await only("nextRound")))
    subject = await only("subjectOf", next_round)
    model_id = await only("modelId")
    assert isinstance(subject, bytes)
    assert isinstance(model_id, bytes)
    latest, why = None, ""
    try:
        round_, answer, _, updated, _ = await read("latestRoundData")
        latest = (int(str(round_)), int(str(answer)), int(str(updated)))
    except Reverted as refused:
        why = {"NoRound": "no round yet", "FeedStale": "stale"}.get(refused.error, str(refused))
    return Feed(
        address=address,
        contract=str(await only("decisionContract")),
        model_id=model_id,
        description=str(await only("description")),
        decimals=int(str(await only("decimals"))),
        max_age=int(str(await only("maxAge"))),
        required_trust_level=int(str(await only("requiredTrustLevel"))),
        next_round=next_round,
        next_subject=subject,
        latest=latest,
        why=why,
    )
