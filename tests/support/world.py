"""The decision contract on a fresh local chain, with two models and everybody's signer.

Chains start once a module; each test runs between a snapshot and its revert, so that none sees
another's blocks.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak

from oracle.chain.abi import Interface
from oracle.chain.artifacts import Artifact, load_artifact
from oracle.chain.contracts import DecisionContract
from oracle.chain.deployment import ContractSpec, Deployed, ModelSpec, deploy, plan_deployment
from oracle.chain.events import ContractLog, decode_logs
from oracle.chain.local import LocalChain, dev_account
from oracle.chain.rpc import RpcPool
from oracle.chain.signer import AccountSigner
from oracle.chain.wire import TxReceipt
from oracle.core.prediction import Prediction

MOCKS = Path(__file__).parents[1] / "artifacts"
DEPLOYER, OPERATOR, REQUESTER, STRANGER = range(4)
"""Indices of development accounts, by role."""

THRESHOLD = ContractSpec(contract="ThresholdPolicy", arguments=(500, 0, True, 0))
"""Accepts values of 500 and more, rejects the others."""
CLASSES = ContractSpec(
    contract="ClassPolicy", arguments=(bytes([2, 1]).ljust(32, b"\0"), 2, 600_000)
)
"""Accepts label 0, rejects label 1, reviews below 60 % confidence."""
SCORE_MODEL = keccak(text="a model that scores")
CLASS_MODEL = keccak(text="a model that classifies")
FEE_GWEI = 1000


def address_of(index: int) -> str:
    """A development account's checksummed address."""
    return str(dev_account(index, chain_id=31337).address)


def models() -> tuple[ModelSpec, ModelSpec]:
    """One model with a fee and a threshold, one free of charge with classes."""
    operator = address_of(OPERATOR)
    return (
        ModelSpec(
            name="score",
            model_id=SCORE_MODEL,
            attestor=operator,
            policy=THRESHOLD,
            fee_gwei=FEE_GWEI,
            max_age=3600,
            card_uri="file:score",
        ),
        ModelSpec(name="class", model_id=CLASS_MODEL, attestor=operator, policy=CLASSES),
    )


async def deploy_models(chain: LocalChain) -> Deployed:
    """Deploy the decision contract, both policies and both models."""
    async with RpcPool([chain.url], chain_id=chain.chain_id) as rpc:
        signer = AccountSigner(rpc, dev_account(DEPLOYER, chain_id=chain.chain_id))
        return await deploy(plan_deployment(models()), rpc, signer)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A deployed chain as a test uses it."""

    chain: LocalChain
    rpc: RpcPool
    contract: DecisionContract
    deployed: Deployed

    def signer(self, index: int) -> AccountSigner:
        return AccountSigner(self.rpc, dev_account(index, chain_id=self.chain.chain_id))

    async def send(
        self, index: int, calldata: bytes, *, value: int = 0, gas: int | None = None
    ) -> TxReceipt:
        """Call the decision contract as a development account."""
        return await self.signer(index).send_transaction(
            to=self.contract.address, calldata=calldata, value=value, gas=gas
        )

    def logs(self, receipt: TxReceipt) -> tuple[ContractLog, ...]:
        return decode_logs(receipt.logs, self.contract.address)

    async def now(self) -> int:
        return (await self.rpc.block("latest")).timestamp

    async def head(self) -> bytes:
        return (await self.rpc.block("latest")).hash

    async def pass_time(self, seconds: int) -> None:
        """Mine a block that many seconds later."""
        await self.rpc.call("evm_increaseTime", [seconds])
        await self.rpc.call("evm_mine")

    async def deploy_mock(self, name: str, *arguments: Any) -> tuple[str, Interface]:
        """Deploy a contract of ``contracts/mocks`` and give its address and codec."""
        return await self.deploy_artifact(load_artifact(name, MOCKS), *arguments)

    async def deploy_artifact(self, artifact: Artifact, *arguments: Any) -> tuple[str, Interface]:
        codec = Interface(artifact.abi)
        code = artifact.creation_code(codec.encode_constructor(*arguments))
        receipt = await self.signer(DEPLOYER).send_transaction(to=None, calldata=code)
        assert receipt.contract is not None
        return receipt.contract, codec

    async def decide(self, subject: bytes, **fields: Any) -> TxReceipt:
        """Decide as the operator, by a prediction with these fields."""
        said = await self.prediction(subject, **fields)
        return await self.send(OPERATOR, self.contract.encode_make_decision(said))

    async def prediction(
        self,
        subject: bytes,
        *,
        model_id: bytes = SCORE_MODEL,
        value: int = 700,
        confidence: int = 900_000,
        input_: bytes = b"input",
    ) -> Prediction:
        """A prediction made now."""
        return Prediction(
            model_id=model_id,
            subject=subject,
            input_hash=keccak(input_),
            output_hash=keccak(b"outputs"),
            value=value,
            confidence=confidence,
            predicted_at=await self.now(),
        )

    async def request(
        self,
        *,
        model_id: bytes = SCORE_MODEL,
        input_: bytes = b"input",
        callback_gas: int = 0,
        lifetime: int = 600,
        fee_gwei: int = FEE_GWEI,
        sender: int = REQUESTER,
    ) -> tuple[bytes, TxReceipt]:
        """Ask for a decision; the request's id and the transaction's receipt."""
        calldata = self.contract.encode_request_decision(
            model_id, input_, callback_gas=callback_gas, deadline=await self.now() + lifetime
        )
        receipt = await self.send(sender, calldata, value=fee_gwei * 10**9)
        (log,) = self.logs(receipt)
        return log.request_id, receipt  # type: ignore[union-attr]


@asynccontextmanager
async def open_world(chain: LocalChain, deployed: Deployed) -> AsyncIterator[World]:
    """A world whose changes are undone at the end."""
    async with RpcPool([chain.url], chain_id=chain.chain_id) as rpc:
        snapshot = await rpc.call("evm_snapshot")
        yield World(
            chain=chain,
            rpc=rpc,
            contract=DecisionContract(rpc, deployed.address),
            deployed=deployed,
        )
        await rpc.call("evm_revert", [snapshot])


def sign_prediction(prediction: Prediction, *, signer: int, attestor: str) -> bytes:
    """The evidence ``SignedAttestor`` checks: an EIP-712 signature, 65 bytes."""
    account = dev_account(signer, chain_id=31337)
    words = ("modelId", "subject", "inputHash", "outputHash")
    fields = [{"name": name, "type": "bytes32"} for name in words]
    fields += [
        {"name": "value", "type": "int128"},
        {"name": "confidence", "type": "uint32"},
        {"name": "predictedAt", "type": "uint40"},
    ]
    domain = {"name": "Decision Oracle", "version": "1", "chainId": 31337}
    domain["verifyingContract"] = attestor
    message = dict(zip([field["name"] for field in fields], prediction.as_abi(), strict=True))
    signable = encode_typed_data(domain, {"Prediction": fields}, message)
    return bytes(account.sign_message(signable).signature)
