"""Full receipt gas of anchoring a batch, and of one anchored prediction's decision."""

from __future__ import annotations

from dataclasses import dataclass, replace

from eth_utils.crypto import keccak

from oracle.chain.artifacts import load_artifact
from oracle.chain.contracts import ModelConfig
from oracle.core.anchor import Batch, anchor_arguments, batch_after, encode_evidence, leaf_of
from oracle.core.merkle import root_from
from oracle.core.prediction import Prediction
from tests.support.world import DEPLOYER, OPERATOR, REQUESTER, THRESHOLD, World

COUNT = 2**20
"""Predictions in the batch: a proof of depth 20."""
SPARE = 8
"""Bytes of the calldata that are always zero: `span` fills 24 of its 32."""
EARLIER = 0x01234567
"""How many the log has before: an index without zero bytes among those that count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorGas:
    """Gas of each.

    Attributes:
        anchor: the dearest batch that there can be: no byte of its numbers and hashes is zero.
        relay: ``relayDecision`` of one of them: ThresholdPolicy, no fee, new subject.
    """

    anchor: int
    relay: int


async def anchor_gas(world: World, said: Prediction) -> AnchorGas:
    """Anchor three batches, decide on a prediction in the last, and anchor the dearest one.

    The last tree is only as much as one path needs: the gas is that of any other.

    Args:
        said: what is anchored; the model's id is replaced.
    """
    operator = world.signer(OPERATOR).address
    log, codec = await world.deploy_artifact(load_artifact("AnchorLog"), operator, operator)
    model_id = keccak(text="a model whose predictions are anchored")
    config = ModelConfig(attestor=log, policy=THRESHOLD.address, fee_gwei=0, max_age=0)
    await world.send(DEPLOYER, world.contract.encode_register_model(model_id, config, ""))
    said = replace(said, model_id=model_id)
    where = {"chain_id": world.chain.chain_id, "log": log}

    async def anchor(last: Batch | None, batch: Batch) -> int:
        call = codec.encode("anchor", *anchor_arguments(last, batch))
        signer = world.signer(OPERATOR)
        return (await signer.send_transaction(to=log, calldata=call)).gas_used

    first = batch_after(None, EARLIER - 3, keccak(b"the first root"), **where)
    await anchor(None, first)
    second = batch_after(first, 3, keccak(b"the second root"), **where)
    await anchor(first, second)
    position = COUNT - 2
    index = EARLIER + position
    proof = tuple(keccak(bytes([level])) for level in range(20))
    root = root_from(leaf_of(index, said), proof)
    batch = batch_after(second, COUNT, root, **where)
    await anchor(second, batch)
    call = world.contract.encode_relay_decision(said, encode_evidence(batch, index, proof))
    relayed = await world.send(REQUESTER, call)
    last = Batch(
        number=2**64 - 3,
        first_index=0xFEFE_FEFE_FEFE_FEFE,
        count=2**32 - 1,
        root=b"\xa1" * 32,
        previous=b"\xa2" * 32,
    )
    dearest = batch_after(last, 2**32 - 1, b"\xa3" * 32, **where)
    assert codec.encode("anchor", *anchor_arguments(last, dearest)).count(0) == SPARE
    # No log gets there by anchoring: its storage is written, one word by the batch's number.
    planted = "0x" + last.id(**where).hex()
    await world.rpc.call("hardhat_setStorageAt", [log, f"0x{last.number:x}", planted])
    spent = await anchor(last, dearest)
    return AnchorGas(anchor=spent, relay=relayed.gas_used)
