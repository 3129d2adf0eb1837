"""What is to be deployed, as a plan with every address known before anything is sent.

    plan = plan_deployment(models)      pure: no chain
    report = await deploy(plan, rpc, signer)

Deploying is idempotent: what is there is checked and kept, so a run that was cut off is run again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from eth_typing import ChecksumAddress

from oracle.chain.abi import interface
from oracle.chain.artifacts import Artifact, load_artifact
from oracle.chain.contracts import DecisionContract, Model, ModelConfig
from oracle.chain.create2 import PROXY, ZERO_SALT, create2_address, ensure_proxy
from oracle.chain.opcodes import require_rules
from oracle.chain.rpc import RpcPool
from oracle.chain.signer import Signer
from oracle.chain.wire import checksum
from oracle.core.errors import ChainError, ConfigError, VerificationError


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractSpec:
    """A contract to deploy: its artifact's name and its constructor arguments."""

    contract: str
    arguments: tuple[Any, ...] = ()
    salt: bytes = ZERO_SALT

    @property
    def artifact(self) -> Artifact:
        """The compiled contract."""
        return load_artifact(self.contract)

    @property
    def creation_code(self) -> bytes:
        """Creation code with the encoded arguments."""
        encoded = interface(self.contract).encode_constructor(*self.arguments)
        return self.artifact.creation_code(encoded)

    @property
    def address(self) -> ChecksumAddress:
        """Where CREATE2 puts it, on every chain."""
        return create2_address(self.creation_code, self.salt)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """A model to register.

    Attributes:
        name: for people; it is not on chain.
        attestor: an operator's address, or an attestor contract's.
        policy: the contract that turns its predictions into verdicts.
    """

    name: str
    model_id: bytes
    attestor: str
    policy: ContractSpec
    fee_gwei: int = 0
    max_age: int = 0
    card_uri: str = ""

    @property
    def config(self) -> ModelConfig:
        """The rules to register, its policy by address."""
        return ModelConfig(
            attestor=checksum(self.attestor),
            policy=self.policy.address,
            fee_gwei=self.fee_gwei,
            max_age=self.max_age,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that is to be on chain at the end; contracts first, then the models."""

    decision_contract: ContractSpec
    contracts: tuple[ContractSpec, ...]
    models: tuple[ModelSpec, ...]


class StepState(StrEnum):
    """What became of one step."""

    PRESENT = "present"
    DONE = "done"
    DIFFERS = "differs"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepReport:
    """One step, done or found done.

    Attributes:
        subject: the contract's or model's name.
        address: the contract's; None for a model.
        gas_used: 0 where nothing was sent.
        note: how it differs, if it does.
    """

    subject: str
    state: StepState
    address: ChecksumAddress | None = None
    tx_hash: bytes | None = None
    block_number: int | None = None
    gas_used: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """What is on chain now.

    Attributes:
        block_number: block the decision contract was created in, to follow from.
        steps: one report for each step, in order.
    """

    chain_id: int
    address: ChecksumAddress
    block_number: int
    steps: tuple[StepReport, ...]
    plan: Plan


Progress = Callable[[StepReport], None]


def plan_deployment(
    models: Sequence[ModelSpec] = (), *, others: Sequence[ContractSpec] = ()
) -> Plan:
    """The plan for the decision contract, the models' policies, other contracts, and the models.

    Args:
        models: models to register; two may share a policy.
        others: contracts beside them, such as attestors or examples.
    """
    contract = ContractSpec(contract="DecisionContract")
    wanted = {spec.address: spec for spec in [contract, *(m.policy for m in models), *others]}
    return Plan(decision_contract=contract, contracts=tuple(wanted.values()), models=tuple(models))


async def deploy(
    plan: Plan,
    rpc: RpcPool,
    signer: Signer,
    *,
    created_at: int | None = None,
    evm: str | None = None,
    progress: Progress | None = None,
) -> Deployed:
    """Bring a chain to what the plan says.

    Args:
        plan: from ``plan_deployment``.
        rpc: endpoints of the chain.
        signer: pays, and becomes the owner of newly registered models.
        created_at: block of the decision contract's creation where it is known from before.
        evm: the chain's rules (``Network.evm``); code that needs newer ones is refused at once.
        progress: told of each step once it is done.

    Raises:
        VerificationError: other code than the artifact's is at an address of the plan.
        ConfigError: a model is registered with other rules, the balance is too small, or the
            chain's EVM is too old for the code.
        Reverted, Transient: as the signer's.
    """
    for spec in plan.contracts:
        if evm is not None:
            require_rules(spec.contract, spec.artifact.deployed_bytecode, evm)
    reports: list[StepReport] = []

    def done(report: StepReport) -> None:
        reports.append(report)
        if progress is not None:
            progress(report)

    if await ensure_proxy(rpc, signer):
        done(StepReport(subject="deployment proxy", state=StepState.DONE, address=PROXY))
    for spec in plan.contracts:
        done(await _deploy_contract(spec, rpc, signer))
    contract = DecisionContract(rpc, plan.decision_contract.address)
    for model in plan.models:
        done(await _register(model, contract, signer))
    differing = [report for report in reports if report.state is StepState.DIFFERS]
    if differing:
        raise ConfigError(
            "; ".join(f"{report.subject}: {report.note}" for report in differing),
            remedy="its owner can propose a change, due two days later; or deploy with its rules",
        )
    created = next(
        (r.block_number for r in reports if r.address == contract.address and r.block_number), None
    )
    if created is None:
        created = created_at if created_at is not None else await _creation_block(rpc, contract)
    return Deployed(
        chain_id=rpc.chain_id,
        address=contract.address,
        block_number=created,
        steps=tuple(reports),
        plan=plan,
    )


async def _deploy_contract(spec: ContractSpec, rpc: RpcPool, signer: Signer) -> StepReport:
    address = spec.address
    code = await rpc.code(address, "latest")
    if code:
        require_code(spec.artifact, address, code)
        return StepReport(subject=spec.contract, state=StepState.PRESENT, address=address)
    receipt = await signer.send_transaction(to=PROXY, calldata=spec.salt + spec.creation_code)
    require_code(spec.artifact, address, await rpc.code(address, receipt.block_hash))
    return StepReport(
        subject=spec.contract,
        state=StepState.DONE,
        address=address,
        tx_hash=receipt.tx_hash,
        block_number=receipt.block_number,
        gas_used=receipt.gas_used,
    )


def require_code(artifact: Artifact, address: str, code: bytes) -> None:
    """Hold a contract's code to its artifact, immutables aside.

    Raises:
        VerificationError: they differ; the message has both hashes.
    """
    found, wanted = artifact.code_hash(code), artifact.code_hash()
    if found != wanted:
        raise VerificationError(
            f"the code at {address} hashes to 0x{found.hex()}, that of {artifact.name} to "
            f"0x{wanted.hex()} (immutables zeroed)",
            remedy="compile the same sources with the same settings, or correct the address",
        )


async def _register(model: ModelSpec, contract: DecisionContract, signer: Signer) -> StepReport:
    found = await contract.model_of(model.model_id, block="latest")
    if found is not None:
        note = differences(model.config, found)
        state = StepState.DIFFERS if note else StepState.PRESENT
        return StepReport(subject=model.name, state=state, note=note)
    receipt = await signer.send_transaction(
        to=contract.address,
        calldata=contract.encode_register_model(model.model_id, model.config, model.card_uri),
    )
    return StepReport(
        subject=model.name,
        state=StepState.DONE,
        tx_hash=receipt.tx_hash,
        block_number=receipt.block_number,
        gas_used=receipt.gas_used,
    )


def differences(wanted: ModelConfig, found: Model) -> str:
    """How a registered model's rules differ from those wanted, in words; empty if they do not."""
    pairs = (
        ("attestor", wanted.attestor, found.attestor),
        ("policy", wanted.policy, found.policy),
        ("fee in gwei", wanted.fee_gwei, found.fee_gwei),
        ("greatest age", wanted.max_age, found.max_age),
    )
    unlike = [f"{name} is {b}, not {a}" for name, a, b in pairs if str(a) != str(b)]
    return ", ".join(unlike) + (f" (owner {found.owner})" if unlike else "")


async def _creation_block(rpc: RpcPool, contract: DecisionContract) -> int:
    """The block a contract appeared in, by bisection; 0 where old state is not kept."""
    high = (await rpc.block("latest")).number
    low = 0
    try:
        while low < high:
            middle = (low + high) // 2
            if await rpc.code(contract.address, middle):
                high = middle
            else:
                low = middle + 1
    except ChainError:
        return 0
    return low
