"""A committee on chain: which one vouches for a model, deploying one, changing to another."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from oracle.chain.contracts import DecisionContract, Model, ModelChange
from oracle.chain.create2 import PROXY, ensure_proxy
from oracle.chain.deployment import require_code
from oracle.chain.quorum import committee_at
from oracle.chain.rpc import RpcPool
from oracle.chain.signer import Signer
from oracle.chain.views import NOBODY
from oracle.chain.wire import TxReceipt, checksum
from oracle.cli.asking import registered
from oracle.cli.peers import member_of
from oracle.core.errors import ConfigError, Conflict, InvalidInput, NotFound, Transient
from oracle.core.quorum import Committee
from oracle.core.sealed import SealedCommittee, Terms
from oracle.inference.fit import fit_of
from oracle.inference.folder import StoredModel
from oracle.inference.store import CardStore
from oracle.node.registration import quorum_attestor, sealed_attestor

_ADDRESS, _WORD = re.compile(r"0x[0-9a-fA-F]{40}"), re.compile(r"0x[0-9a-fA-F]{64}")
HOUR = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Who vouches, now and after a pending change.

    Attributes:
        model_id, model: None where an attestor was asked for by its address.
        attestor: whoever vouches.
        committee: None where the attestor is one operator, or a contract of another kind.
        change: proposed by the model's owner.
        coming: the committee of that change, if it is one.
        due_in: seconds until the change can be applied; 0 where it can be, or there is none.
    """

    name: str
    attestor: str
    committee: Committee | None
    model_id: bytes | None = None
    model: Model | None = None
    change: ModelChange | None = None
    coming: Committee | None = None
    due_in: int = 0


def members_from(texts: Sequence[str]) -> tuple[str, ...]:
    """Members' addresses, each given on its own or several by commas.

    Raises:
        ConfigError: one is no address.
        InvalidInput: none, the zero address, or one twice.
    """
    found = [member_of(word) for text in texts for word in re.split(r"[\s,]+", text) if word]
    if not found or NOBODY in found:
        raise InvalidInput(
            "no members" if not found else "the zero address can not be a member",
            remedy="name their addresses: --members 0x…,0x…,0x…",
        )
    twice = sorted({member for member in found if found.count(member) > 1})
    if twice:
        raise InvalidInput(f"{', '.join(twice)} is named twice", remedy="name each member once")
    return tuple(found)


def concerns(members: int, threshold: int) -> list[str]:
    """What speaks against a threshold, in words; empty where nothing does."""
    found = []
    if 2 * threshold <= members:
        found.append(
            f"{threshold} of {members} is no majority: two groups could vouch for different "
            f"predictions; {members // 2 + 1} or more is recommended"
        )
    if threshold == members > 1:
        found.append(f"{threshold} of {members} needs everybody: one silent member stops it")
    return found


async def ensure_attestor(
    contract: DecisionContract,
    signer: Signer,
    members: Sequence[str],
    threshold: int,
    terms: Terms | None = None,
) -> tuple[Committee, TxReceipt | None]:
    """The committee's attestor, deployed where it is not there yet.

    Args:
        terms: where its members vote on chain.

    Raises:
        InvalidInput: no such quorum.
        VerificationError: other code is at its address.
        ConfigError, Reverted, Transient: as the signer's.
    """
    rpc = contract.rpc
    committee: Committee
    if terms is None:
        spec = quorum_attestor(members, threshold, contract.address)
        committee = Committee(
            attestor=spec.address,
            chain_id=rpc.chain_id,
            members=tuple(members),
            threshold=threshold,
        )
    else:
        spec = sealed_attestor(members, threshold, terms, contract.address)
        committee = SealedCommittee(
            attestor=spec.address,
            chain_id=rpc.chain_id,
            members=tuple(members),
            threshold=threshold,
            terms=terms,
        )
    code, receipt = await rpc.code(spec.address, "latest"), None
    if not code:
        await ensure_proxy(rpc, signer)
        receipt = await signer.send_transaction(to=PROXY, calldata=spec.salt + spec.creation_code)
        code = await rpc.code(spec.address, receipt.block_hash)
    require_code(spec.artifact, spec.address, code)
    return committee, receipt


async def find_standing(contract: DecisionContract, models: CardStore, which: str) -> Standing:
    """Who vouches for a model, or behind an attestor's address.

    Args:
        which: a model's name or 0x id, or an attestor's address.

    Raises:
        NotFound: no such model, or it is not registered, or no committee is at the address.
    """
    if _ADDRESS.fullmatch(which):
        attestor = checksum(which.lower())
        committee = await committee_at(contract.rpc, attestor, block="latest")
        if committee is None:
            raise NotFound(
                f"there is no committee's attestor at {attestor} on chain {contract.rpc.chain_id}",
                remedy="give a model, or the address that `oracle committee create` printed",
            )
        return Standing(name=attestor, attestor=attestor, committee=committee)
    name, model_id = find_model(models, which)
    model = await registered(contract, model_id)
    change, due_in = None, 0
    if model.change_at:
        now = max((await contract.rpc.block("latest")).timestamp, int(time.time()))
        due_in = max(0, model.change_at + 1 - now)
        change = await contract.model_change_of(model_id, block="latest")
    return Standing(
        name=name,
        attestor=model.attestor,
        committee=await _committee(contract, model.attestor, model.verifies),
        model_id=model_id,
        model=model,
        change=change,
        due_in=due_in,
        coming=await _committee(contract, change.config.attestor, change.verifies)
        if change
        else None,
    )


def find_model(models: CardStore, which: str) -> tuple[str, bytes]:
    """A model's name and id; one that is not known here by its id alone."""
    if _WORD.fullmatch(which):
        model_id = bytes.fromhex(which[2:])
        known = {model.model_id: model.name for model in models}
        return known.get(model_id, which), model_id
    found = models.find(which)
    return found.name, found.model_id


async def _committee(contract: DecisionContract, attestor: str, verifies: bool) -> Committee | None:
    return await committee_at(contract.rpc, attestor, block="latest") if verifies else None


def require_fit(models: CardStore, which: str) -> StoredModel:
    """The model, if a committee can run it.

    Raises:
        NotFound: it is not known here, so that nothing can be measured.
        Conflict: its members would split.
    """
    model = models.find(which)
    reason = fit_of(model)
    if reason is not None:
        raise Conflict(
            f"{model.name} is not fit for a committee: {reason}",
            remedy="correct it, as `oracle model check` proposes",
        )
    return model


async def require_vouching(rpc: RpcPool, models: CardStore, attestor: str) -> str:
    """An attestor to register the models with: an account, or a committee that can run them.

    Raises:
        ConfigError: it is no address.
        Conflict: a committee's members would split over a model.
    """
    address = member_of(attestor)
    if await committee_at(rpc, address, block="latest") is not None:
        for model in models:
            require_fit(models, model.name)
    return address


async def require_quorum(rpc: RpcPool, address: str) -> str:
    """A quorum that can anchor batches, which its members sign.

    Raises:
        ConfigError: there is none at the address.
    """
    quorum = member_of(address)
    committee = await committee_at(rpc, quorum, block="latest")
    if committee is None or isinstance(committee, SealedCommittee):
        raise ConfigError(
            f"{quorum} is no quorum that signs",
            remedy="deploy one: oracle committee create, and give its address",
        )
    return quorum


async def propose(
    contract: DecisionContract, signer: Signer, standing: Standing, attestor: str
) -> tuple[TxReceipt, int]:
    """Propose that another attestor vouches for the model.

    Returns:
        The receipt, and the Unix time from which on it can be applied.

    Raises:
        Conflict: it vouches already.
        ConfigError: the signer does not own the model.
    """
    assert standing.model is not None
    assert standing.model_id is not None
    if standing.attestor == attestor:
        raise Conflict(
            f"{attestor} vouches for {standing.name} already",
            remedy="name other members or another threshold",
        )
    require_owner(standing, signer.address)
    config = replace(standing.model.config, attestor=attestor)
    receipt = await signer.send_transaction(
        to=contract.address, calldata=contract.encode_propose_change(standing.model_id, config)
    )
    model = await registered(contract, standing.model_id)
    return receipt, model.change_at + 1


def require_owner(standing: Standing, address: str) -> None:
    """Only the owner changes a model.

    Raises:
        ConfigError: somebody else is.
    """
    assert standing.model is not None
    if standing.model.owner != address:
        raise ConfigError(
            f"{standing.name} belongs to {standing.model.owner}, and this is {address}",
            remedy="use the owner's key: ORACLE_PRIVATE_KEY, or ORACLE_KEYSTORE and ORACLE_ACCOUNT",
        )


async def apply_change(contract: DecisionContract, signer: Signer, standing: Standing) -> TxReceipt:
    """Apply the pending change; anyone may, once it is due.

    Raises:
        NotFound: none is pending.
        Transient: it is not due yet.
    """
    assert standing.model is not None
    assert standing.model_id is not None
    if standing.change is None:
        raise NotFound(
            f"no change of {standing.name} is pending",
            remedy="propose one: oracle committee change MODEL --members … --threshold …",
        )
    if standing.due_in > 0:
        raise Transient(
            f"the change of {standing.name} is due in {duration(standing.due_in)}",
            remedy="apply it then; until then the present committee answers",
        )
    return await signer.send_transaction(
        to=contract.address, calldata=contract.encode("applyModelChange", standing.model_id)
    )


def duration(seconds: int) -> str:
    """A time to wait: ``47 h 59 min``, ``12 min``, ``8 s``."""
    if seconds < 60:
        return f"{seconds} s"
    hours, minutes = seconds // HOUR, seconds % HOUR // 60
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
