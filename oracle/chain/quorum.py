"""Reading a committee's attestor: its members, how many have to agree, and how they vote."""

from __future__ import annotations

from oracle.chain.abi import interface
from oracle.chain.rpc import RpcPool
from oracle.chain.sealed import terms_at
from oracle.chain.wire import BlockRef, checksum
from oracle.core.errors import Reverted
from oracle.core.quorum import Committee
from oracle.core.sealed import SealedCommittee


async def committee_at(rpc: RpcPool, attestor: str, *, block: BlockRef) -> Committee | None:
    """The committee behind an attestor contract, a ``SealedCommittee`` where its members vote on
    chain; None where it is neither a ``QuorumAttestor`` nor a ``SealedVoteAttestor``.

    Raises:
        Transient: no endpoint answers.
    """
    abi = interface("QuorumAttestor")
    try:
        members = await rpc.eth_call(attestor, abi.encode("members"), block=block)
        threshold = await rpc.eth_call(attestor, abi.encode("threshold"), block=block)
    except Reverted:
        return None
    if not members or not threshold:
        return None
    (listed,) = abi.decode_output("members", members).values()
    (needed,) = abi.decode_output("threshold", threshold).values()
    committee = Committee(
        attestor=checksum(attestor),
        chain_id=rpc.chain_id,
        members=tuple(checksum(member) for member in listed),
        threshold=int(needed),
    )
    terms = await terms_at(rpc, attestor, block=block)
    if terms is None:
        return committee
    return SealedCommittee(
        attestor=committee.attestor,
        chain_id=committee.chain_id,
        members=committee.members,
        threshold=committee.threshold,
        terms=terms,
    )
