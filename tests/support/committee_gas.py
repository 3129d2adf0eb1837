"""Full receipt gas of committees' decisions, for ``tests.support.gas``."""

from __future__ import annotations

from dataclasses import replace

from eth_account import Account
from eth_utils.crypto import keccak

from oracle.chain.artifacts import load_artifact
from oracle.chain.contracts import ModelConfig
from oracle.core.prediction import Prediction
from oracle.core.quorum import Committee, compact, encode_evidence
from tests.support.world import DEPLOYER, REQUESTER, THRESHOLD, World


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
    call = world.contract.encode_relay_decision(said, encode_evidence(committee, votes))
    return (await world.send(REQUESTER, call)).gas_used
