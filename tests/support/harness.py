"""A whole node on a local chain, wired as the command line wires it, and a requester beside it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from eth_account.signers.local import LocalAccount

from oracle.chain.anchor import AnchorLog, anchor_log_of
from oracle.chain.contracts import DecisionContract, DecisionLog, decode_logs
from oracle.chain.deployment import ContractSpec, deploy, plan_deployment
from oracle.chain.local import dev_account
from oracle.chain.rpc import RpcPool
from oracle.chain.signer import AccountSigner
from oracle.chain.signing import Key, key_of
from oracle.core.lifecycle import Request
from oracle.core.transaction import GWEI, FeePolicy
from oracle.inference.engine import Engine
from oracle.inference.folder import StoredModel
from oracle.inference.store import CardStore
from oracle.journal import Journal, requests
from oracle.node.node import Node
from oracle.node.parts import NodeOptions, Observer, Parts
from oracle.node.registration import (
    quorum_attestor,
    registration_of,
    sealed_attestor,
    terms_for,
)

CHAIN_ID = 31337
MODELS = Path(__file__).parents[2] / "models"
OPTIONS = NodeOptions(poll=0.02, resend_after=1.0, replace_after=5.0, finality=1, idle_chain=True)
OPERATOR = dev_account(0, chain_id=CHAIN_ID)
REQUESTER = dev_account(1, chain_id=CHAIN_ID)


@dataclass
class World:
    """A deployed contract with the bundled models, and an account that asks for decisions."""

    rpc: RpcPool
    contract: DecisionContract
    store: CardStore
    url: str
    name: str = ""

    @property
    def model(self) -> StoredModel:
        """The model that the tests ask."""
        return self.store.find(self.name) if self.name else next(iter(self.store))

    async def ask(
        self,
        count: int = 1,
        *,
        lifetime: int = 3600,
        callback_gas: int = 0,
        inputs: Sequence[bytes] = (),
    ) -> list[bytes]:
        """Request decisions as an account without code; returns the requests' ids."""
        signer = AccountSigner(self.rpc, REQUESTER)
        now = (await self.rpc.block("latest")).timestamp
        vectors = self.model.vectors
        assert self.model.policy is not None
        fee = self.model.policy.fee_gwei * GWEI
        asked = []
        for number in range(count):
            input_ = inputs[number] if inputs else vectors[number % len(vectors)].input
            receipt = await signer.send_transaction(
                to=self.contract.address,
                calldata=self.contract.encode_request_decision(
                    self.model.model_id,
                    input_,
                    callback_gas=callback_gas,
                    deadline=now + lifetime,
                ),
                value=fee,
            )
            asked += [
                entry.request_id
                for entry in decode_logs(receipt.logs, self.contract.address)
                if hasattr(entry, "request_id")
            ]
        return asked

    async def ask_at_once(
        self, count: int, *, lifetime: int = 3600, callback_gas: Sequence[int] = (0,)
    ) -> list[bytes]:
        """Request decisions in one block; returns the requests' ids, in its order.

        Args:
            callback_gas: of the requests in turn.
        """
        signer_nonce = await self.rpc.nonce(REQUESTER.address, block="latest")
        now = (await self.rpc.block("latest")).timestamp
        vectors = self.model.vectors
        assert self.model.policy is not None
        await self.rpc.call("evm_setAutomine", [False])
        for number in range(count):
            calldata = self.contract.encode_request_decision(
                self.model.model_id,
                vectors[number % len(vectors)].input,
                callback_gas=callback_gas[number % len(callback_gas)],
                deadline=now + lifetime,
            )
            signed = REQUESTER.sign_transaction(
                {
                    "type": 2,
                    "chainId": CHAIN_ID,
                    "nonce": signer_nonce + number,
                    "to": self.contract.address,
                    "value": self.model.policy.fee_gwei * GWEI,
                    "data": calldata,
                    "gas": 200_000,
                    "maxFeePerGas": 10 * GWEI,
                    "maxPriorityFeePerGas": GWEI,
                }
            )
            await self.rpc.broadcast(bytes(signed.raw_transaction))
        await self.rpc.call("evm_mine", [])
        await self.rpc.call("evm_setAutomine", [True])
        head = await self.rpc.block("latest")
        logs = await self.rpc.logs(address=self.contract.address, block_hash=head.hash)
        asked = [log.topics[2] for log in logs]
        assert len(asked) == count
        return asked

    async def mine(self, blocks: int = 1) -> None:
        """Mine so many blocks."""
        await self.rpc.call("anvil_mine", [hex(blocks)])

    async def decisions(self) -> list[DecisionLog]:
        """Every DecisionMade on the chain, in its order."""
        head = await self.rpc.block("latest")
        logs, _ = await self.rpc.logs_between(
            address=self.contract.address, first=0, last=head.number
        )
        return [
            entry
            for entry in decode_logs(logs, self.contract.address)
            if isinstance(entry, DecisionLog)
        ]

    async def decided(self, ids: Sequence[bytes], *, within: float = 60.0) -> list[DecisionLog]:
        """Wait until every id is decided; returns all decisions."""
        made: list[DecisionLog] = []

        async def all_there() -> bool:
            nonlocal made
            made = await self.decisions()
            return set(ids) <= {each.prediction.subject for each in made}

        await until(all_there, within=within)
        return made


async def until(
    condition: Callable[[], Awaitable[bool]], *, within: float = 60.0, pause: float = 0.05
) -> None:
    """Wait for a condition.

    Raises:
        TimeoutError: it did not hold within that many seconds.
    """
    async with asyncio.timeout(within):
        while not await condition():
            await asyncio.sleep(pause)


@asynccontextmanager
async def deployed_world(
    url: str,
    *,
    anchored: bool = False,
    committee: tuple[Sequence[str], int] | None = None,
    sealed: tuple[int, int, int] | None = None,
    attestors: Mapping[str, ContractSpec] | None = None,
    name: str = "",
) -> AsyncIterator[World]:
    """Deploy the contract and register the bundled models on a fresh local chain.

    Args:
        anchored: predictions of all models are decided through the operator's anchor log.
        committee: members' addresses and threshold of a quorum that vouches, instead of OPERATOR.
        sealed: both windows, seconds, and the bond, wei, where its members vote on chain.
        attestors: who vouches for these models, by name, instead.
        name: the model that the tests ask; the first one if not said.
    """
    store = CardStore.open(MODELS)
    vouching = {m.model_id: _attestor(m, committee, sealed) for m in store if committee}
    vouching |= {store.find(of).model_id: spec for of, spec in (attestors or {}).items()}
    async with RpcPool([url], chain_id=CHAIN_ID) as rpc:
        log = anchor_log_of(OPERATOR.address)
        alone = log.address if anchored else OPERATOR.address
        registered = [
            registration_of(m, vouching[m.model_id].address if m.model_id in vouching else alone)
            for m in store
        ]
        others = [*vouching.values(), *([log] if anchored else [])]
        plan = plan_deployment(registered, others=others)
        deployed = await deploy(plan, rpc, AccountSigner(rpc, OPERATOR))
        contract = DecisionContract(rpc, deployed.address)
        yield World(rpc=rpc, contract=contract, store=store, url=url, name=name)


def _attestor(
    model: StoredModel,
    committee: tuple[Sequence[str], int],
    sealed: tuple[int, int, int] | None,
) -> ContractSpec:
    if sealed is None:
        return quorum_attestor(*committee)
    terms = terms_for(model.card, commit_window=sealed[0], reveal_window=sealed[1], bond=sealed[2])
    return sealed_attestor(*committee, terms)


@asynccontextmanager
async def wired_node(
    *,
    rpc_url: str | Sequence[str],
    contract: str,
    folder: Path,
    observers: Sequence[Observer] = (),
    options: NodeOptions = OPTIONS,
    max_fee_gwei: int = 500,
    rpc_timeout: float = 10.0,
    account: LocalAccount | Key = OPERATOR,
    peers: Mapping[str, str] | None = None,
) -> AsyncIterator[Node]:
    """A node that is wired but not yet running."""
    urls = [rpc_url] if isinstance(rpc_url, str) else rpc_url
    async with (
        RpcPool(urls, chain_id=CHAIN_ID, timeout=rpc_timeout) as rpc,
        Engine(CardStore.open(MODELS)) as engine,
        await Journal.at(folder / "journal.db").open({"chain_id": str(CHAIN_ID)}) as journal,
    ):
        log = AnchorLog(rpc, anchor_log_of(str(account.address)).address)
        yield Node(
            Parts(
                anchor_log=log if await log.there() else None,
                rpc=rpc,
                contract=DecisionContract(rpc, contract),
                journal=journal,
                engine=engine,
                account=key_of(account),
                peers=dict(peers or {}),
                chain_id=CHAIN_ID,
                fees=FeePolicy(ceiling=max_fee_gwei * GWEI, priority=GWEI),
                options=options,
                observers=list(observers),
            )
        )


@asynccontextmanager
async def running_node(
    world: World, folder: Path, *, observers: Sequence[Observer] = (), **changes: object
) -> AsyncIterator[Node]:
    """A node that runs until the block ends; ``changes`` are of its options."""
    options = replace(OPTIONS, **changes)  # type: ignore[arg-type]
    async with wired_node(
        rpc_url=world.url,
        contract=world.contract.address,
        folder=folder,
        observers=observers,
        options=options,
    ) as node:
        running = asyncio.create_task(node.run())
        try:
            yield node
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running


async def request_of(node: Node, world: World, subject: bytes) -> Request:
    """What the node's journal says of a subject."""
    found = await node.parts.journal.read(
        lambda db: requests.find(db, world.model.model_id, subject)
    )
    assert found is not None
    return found
