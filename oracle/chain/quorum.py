"""Reading a ``QuorumAttestor``: who its members are and how many have to vote."""

from __future__ import annotations

from oracle.chain.abi import interface
from oracle.chain.rpc import RpcPool
from oracle.chain.wire import BlockRef, checksum
from oracle.core.errors import Reverted
from oracle.core.quorum import Committee


async def committee_at(rpc: RpcPool, attestor: str, *, block: BlockRef) -> Committee | None:
    """The committee behind an attestor contract; None where it is no ``QuorumAttestor``.

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
    return Committee(
        attestor=checksum(attestor),
        chain_id=rpc.chain_id,
        members=tuple(checksum(member) for member in listed),
        threshold=int(needed),
    )
