"""The example dApps in a test's world: deployed, called, and answered by the operator.

Predictions are written by hand here, as what is tested is contracts only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from eth_utils.crypto import keccak

from oracle.chain.abi import Interface
from oracle.chain.artifacts import Artifact, load_artifact
from oracle.chain.deployment import ContractSpec, ModelSpec, deploy, plan_deployment
from oracle.chain.events import ContractLog
from oracle.chain.wire import TxReceipt
from tests.support.world import DEPLOYER, OPERATOR, World, address_of

GWEI = 10**9
ETHER = 10**18


@dataclass(frozen=True, slots=True, kw_only=True)
class Dapp:
    """A deployed contract: reads give values by name, sends give the receipt."""

    world: World
    address: str
    artifact: Artifact

    @property
    def codec(self) -> Interface:
        return Interface(self.artifact.abi)

    async def read(self, function: str, *arguments: Any) -> Any:
        """A view's only output, or a dictionary of several."""
        calldata = self.codec.encode(function, *arguments)
        body = await self.world.rpc.eth_call(self.address, calldata, block="latest")
        outputs = self.codec.decode_output(function, body)
        return outputs if len(outputs) > 1 else next(iter(outputs.values()))

    async def send(self, sender: int, function: str, *arguments: Any, value: int = 0) -> TxReceipt:
        """Call as a development account; raises Reverted with the decoded error."""
        calldata = self.codec.encode(function, *arguments)
        return await self.world.signer(sender).send_transaction(
            to=self.address, calldata=calldata, value=value
        )

    async def ask(self, sender: int, function: str, *arguments: Any, value: int = 0) -> bytes:
        """Call what asks for a decision, and give the request's id."""
        receipt = await self.send(sender, function, *arguments, value=value)
        (request,) = self.world.logs(receipt)
        return request.request_id  # type: ignore[union-attr]

    async def balance(self) -> int:
        """Wei that it holds."""
        return await self.world.rpc.balance(self.address, "latest")


async def register(world: World, policy: ContractSpec, *, fee_gwei: int = 0) -> bytes:
    """A model of OPERATOR's under a policy of the test's own; its id."""
    name = f"{policy.contract} {policy.arguments}"
    model = ModelSpec(
        name=name,
        model_id=keccak(text=name),
        attestor=address_of(OPERATOR),
        policy=policy,
        fee_gwei=fee_gwei,
    )
    await deploy(plan_deployment([model]), world.rpc, world.signer(DEPLOYER))
    return model.model_id


async def deploy_dapp(world: World, name: str, *arguments: Any, value: int = 0) -> Dapp:
    """Deploy a contract that uses the decision contract; ``value`` in wei goes along."""
    artifact = load_artifact(name)
    encoded = Interface(artifact.abi).encode_constructor(world.contract.address, *arguments)
    receipt = await world.signer(DEPLOYER).send_transaction(
        to=None, calldata=artifact.creation_code(encoded), value=value
    )
    assert receipt.contract is not None
    return Dapp(world=world, address=receipt.contract, artifact=artifact)


async def answer(
    world: World, model_id: bytes, request_id: bytes, input_: bytes, value: int, confidence: int = 0
) -> tuple[ContractLog, ...]:
    """The operator's ``makeDecision`` on a request; what the decision contract logged."""
    prediction = await world.prediction(
        request_id, model_id=model_id, value=value, confidence=confidence, input_=input_
    )
    calldata = world.contract.encode_make_decision(prediction)
    return world.logs(await world.send(OPERATOR, calldata))
