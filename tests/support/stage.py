"""A decision contract with one model on a fresh local chain, and contracts that use it.

The chain's own accounts sign (``eth_sendTransaction``), each transaction is mined at once, and
predictions are written by hand: what is tested on this stage is contracts only.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_utils.crypto import keccak

from oracle.chain.abi import Interface
from oracle.chain.artifacts import Artifact, load_artifact
from oracle.chain.local import DEV_KEYS, dev_account, local_chain
from oracle.chain.rpc import RpcPool
from oracle.chain.wire import TxReceipt
from oracle.core.prediction import Prediction

CHAIN_ID = 31337
ACCOUNTS = tuple(dev_account(index, chain_id=CHAIN_ID).address for index in range(len(DEV_KEYS)))
OPERATOR, ALICE, BOB, CAROL = ACCOUNTS[:4]
MODEL_ID = keccak(text="the model on stage")
ETHER = 10**18
GWEI = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """A contract on the stage: reads return by name, sends return the receipt."""

    stage: Stage
    address: str
    artifact: Artifact

    @property
    def codec(self) -> Interface:
        return Interface(self.artifact.abi)

    async def read(self, function: str, *arguments: Any) -> Any:
        """A view's only output, or a dictionary of several."""
        calldata = self.codec.encode(function, *arguments)
        body = await self.stage.rpc.eth_call(self.address, calldata, block="latest")
        outputs = self.codec.decode_output(function, body)
        return outputs if len(outputs) > 1 else next(iter(outputs.values()))

    async def send(
        self, function: str, *arguments: Any, sender: str, value: int = 0, gas: int = 3_000_000
    ) -> TxReceipt:
        """Send a transaction; raises Reverted, with the decoded error, where it would revert."""
        calldata = self.codec.encode(function, *arguments)
        await self.stage.rpc.eth_call(
            self.address, calldata, block="latest", sender=sender, value=value
        )
        return await self.stage.transact(sender, calldata, to=self.address, value=value, gas=gas)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The chain, and the decision contract on it."""

    rpc: RpcPool

    async def transact(
        self, sender: str, calldata: bytes, *, to: str | None, value: int, gas: int
    ) -> TxReceipt:
        message = {"from": sender, "data": "0x" + calldata.hex(), "value": hex(value)}
        message |= {"gas": hex(gas)} | ({"to": to} if to else {})
        tx_hash = bytes.fromhex((await self.rpc.call("eth_sendTransaction", [message]))[2:])
        async with asyncio.timeout(10):
            while (receipt := (await self.rpc.receipts([tx_hash]))[0]) is None:
                await asyncio.sleep(0.005)
        assert receipt.succeeded
        return receipt

    async def deploy(self, name: str, *arguments: Any, value: int = 0) -> Deployed:
        """Deploy a contract from its artifact; ``value`` goes along, in wei."""
        artifact = load_artifact(name)
        codec = Interface(artifact.abi)
        code = artifact.creation_code(codec.encode_constructor(*arguments))
        receipt = await self.transact(OPERATOR, code, to=None, value=value, gas=8_000_000)
        assert receipt.contract is not None
        return Deployed(stage=self, address=receipt.contract, artifact=artifact)

    async def oracle(self, policy: str, *arguments: Any, fee_gwei: int = 0) -> Deployed:
        """A decision contract in which OPERATOR answers for MODEL_ID under a policy."""
        contract = await self.deploy("DecisionContract")
        rule = await self.deploy(policy, *arguments)
        config = (OPERATOR, rule.address, fee_gwei, 0)
        await contract.send("registerModel", MODEL_ID, config, "", sender=OPERATOR)
        return contract

    async def now(self) -> int:
        """The latest block's Unix time."""
        return (await self.rpc.block("latest")).timestamp

    async def pass_time(self, seconds: int) -> None:
        """Mine a block that many seconds later."""
        await self.rpc.call("evm_increaseTime", [seconds])
        await self.rpc.call("evm_mine")


async def answer(
    contract: Deployed,
    request_id: bytes,
    input_: bytes,
    value: int,
    confidence: int = 0,
    gas: int = 1_000_000,
) -> TxReceipt:
    """The operator's ``makeDecision`` on a request."""
    prediction = Prediction(
        model_id=MODEL_ID,
        subject=request_id,
        input_hash=keccak(input_),
        output_hash=keccak(text="outputs"),
        value=value,
        confidence=confidence,
        predicted_at=await contract.stage.now(),
    )
    return await contract.send("makeDecision", prediction.as_abi(), sender=OPERATOR, gas=gas)


def events(receipt: TxReceipt, contract: Deployed) -> list[tuple[str, dict[str, Any]]]:
    """The events a contract emitted in a transaction, in order."""
    return [
        contract.codec.decode_event(log) for log in receipt.logs if log.address == contract.address
    ]


def request_id_in(receipt: TxReceipt, contract: Deployed) -> bytes:
    """The id of the request that a transaction made."""
    for name, fields in events(receipt, contract):
        if name.startswith("DecisionRequested"):
            found: bytes = fields["requestId"]
            return found
    raise AssertionError("no request was made")


@asynccontextmanager
async def open_stage(folder: Path) -> AsyncIterator[Stage]:
    """A stage on an Anvil of its own."""
    async with (
        local_chain(folder=folder) as chain,
        RpcPool([chain.url], chain_id=chain.chain_id) as rpc,
    ):
        yield Stage(rpc=rpc)
