"""Full receipt gas of committees' decisions, for ``tests.support.gas``."""

from __future__ import annotations

from dataclasses import dataclass, replace

from eth_account import Account
from eth_utils.crypto import keccak

from oracle.chain.abi import Interface
from oracle.chain.artifacts import load_artifact
from oracle.chain.contracts import ModelConfig
from oracle.chain.wire import TxReceipt
from oracle.core.prediction import Prediction
from oracle.core.quorum import Committee, compact, encode_evidence
from tests.support.world import DEPLOYER, REQUESTER, THRESHOLD, World, address_of

BOND = 10**15
VOTERS = 4
NUMBER = 1
"""``AnswerKind.Number``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedGas:
    """Gas of one round of sealed votes, four of four members, who have had bonds back before.

    Attributes:
        first_commit: of the member whose vote opens the round.
        commit: of the others, the dearest.
        reveal: the dearest.
        tally: of four votes, with every bond returned.
        relay: ``relayDecision`` of the outcome: ThresholdPolicy, no fee, new subject.
    """

    first_commit: int
    commit: int
    reveal: int
    tally: int
    relay: int


async def quorum_gas(world: World, said: Prediction, *, threshold: int, members: int) -> int:
    """``relayDecision`` with that many signatures: ThresholdPolicy, no fee, new subject.

    The members with the highest indices sign: they are the dearest to find.

    Args:
        said: what they sign; the model's id is replaced.
    """
    keys = [Account.from_key(keccak(text=f"member {index}")) for index in range(members)]
    addresses = tuple(key.address for key in keys)
    attestor, _ = await world.deploy_artifact(
        load_artifact("QuorumAttestor"), world.contract.address, addresses, threshold
    )
    committee = Committee(
        attestor=attestor, chain_id=world.chain.chain_id, members=addresses, threshold=threshold
    )
    model_id = keccak(text=f"a model of {members}")
    config = ModelConfig(attestor=attestor, policy=THRESHOLD.address, fee_gwei=0, max_age=0)
    await world.send(DEPLOYER, world.contract.encode_register_model(model_id, config, ""))
    said = replace(said, model_id=model_id)
    votes: dict[str, bytes] = {}
    for key in keys[-threshold:]:
        signature = key.unsafe_sign_hash(committee.vote_digest(said))
        votes[key.address] = compact(signature.r, signature.s, signature.v - 27)
    call = world.contract.encode_relay_decision(
        said, encode_evidence(committee, votes, said.subject)
    )
    return (await world.send(REQUESTER, call)).gas_used


async def sealed_gas(world: World, said: Prediction) -> SealedGas:
    """A round in which all say the same, after an earlier one about another subject.

    The member with the highest index opens it: it is the dearest to find.

    Args:
        said: what they say; the model's id is replaced.
    """
    attestor, codec = await world.deploy_artifact(
        load_artifact("SealedVoteAttestor"),
        world.contract.address,
        [address_of(index) for index in range(VOTERS)],
        3,
        (600, 600, BOND, NUMBER, 1),
    )
    model_id = keccak(text="a model whose votes are sealed")
    config = ModelConfig(attestor=attestor, policy=THRESHOLD.address, fee_gwei=0, max_age=0)
    await world.send(DEPLOYER, world.contract.encode_register_model(model_id, config, ""))
    said = replace(said, model_id=model_id)
    await _round(world, attestor, codec, replace(said, subject=keccak(b"earlier")))
    return await _round(world, attestor, codec, said)


async def _round(world: World, attestor: str, codec: Interface, said: Prediction) -> SealedGas:
    async def send(voter: int, name: str, *arguments: object, value: int = 0) -> TxReceipt:
        return await world.signer(voter).send_transaction(
            to=attestor, calldata=codec.encode(name, *arguments), value=value
        )

    key = (said.model_id, said.subject, 0)
    vote = (said.input_hash, said.output_hash, said.value, said.confidence)
    openings = {voter: (*vote, keccak(bytes([voter]))) for voter in reversed(range(VOTERS))}
    seals: list[bytes] = []
    commits: list[int] = []
    for voter, opening in openings.items():
        call = codec.encode("sealOf", key, voter, opening)
        seal = await world.rpc.eth_call(attestor, call, block="latest")
        commits.append((await send(voter, "commit", key, seal, value=BOND)).gas_used)
        seals.append(seal)
    reveals = [
        (await send(voter, "reveal", key, voter, opening, seals)).gas_used
        for voter, opening in openings.items()
    ]
    counted = await send(REQUESTER, "tally", key, list(openings.values()), seals)
    (log,) = counted.logs
    event = codec.decode_event(log)
    assert event is not None
    predicted_at = event[1]["prediction"]["predictedAt"]
    call = world.contract.encode_relay_decision(replace(said, predicted_at=predicted_at), bytes(32))
    relayed = await world.send(REQUESTER, call)
    return SealedGas(
        first_commit=commits[0],
        commit=max(commits[1:]),
        reveal=max(reveals),
        tally=counted.gas_used,
        relay=relayed.gas_used,
    )
