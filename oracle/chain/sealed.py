"""A ``SealedVoteAttestor`` as Python values: its terms, its events, its calldata."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from oracle.chain.abi import interface
from oracle.chain.blocks import block_at
from oracle.chain.errors import RangeRefused
from oracle.chain.rpc import RpcPool
from oracle.chain.wire import BlockRef, Log
from oracle.core.errors import Reverted
from oracle.core.prediction import Prediction
from oracle.core.sealed import Opening, RoundKey, SealedCommittee, Terms
from oracle.core.sealed_round import (
    Closed,
    Leaked,
    Revealed,
    Round,
    RoundEvent,
    Sealed,
    rounds_of,
)

WIDEST = 10_000
"""Blocks in one query of an attestor's history, at most; halved whenever an endpoint refuses."""
_NAME = "SealedVoteAttestor"


async def terms_at(rpc: RpcPool, attestor: str, *, block: BlockRef) -> Terms | None:
    """The terms of an attestor contract; None where it is no ``SealedVoteAttestor``.

    Raises:
        Transient: no endpoint answers.
    """
    abi = interface(_NAME)
    try:
        body = await rpc.eth_call(attestor, abi.encode("terms"), block=block)
    except Reverted:
        return None
    if not body:
        return None
    (found,) = abi.decode_output("terms", body).values()
    return Terms(
        commit_window=found["commitWindow"],
        reveal_window=found["revealWindow"],
        bond=found["bond"],
        tolerance=found["tolerance"] if found["kind"] else None,
    )


def encode_commit(key: RoundKey, seal: bytes) -> bytes:
    """Calldata of ``commit``; the bond is the transaction's value."""
    return interface(_NAME).encode("commit", key.as_abi(), seal)


def encode_reveal(found: Round, member: str, opening: Opening) -> bytes:
    """Calldata of ``reveal``."""
    index = found.committee.members.index(member)
    return interface(_NAME).encode(
        "reveal", found.key.as_abi(), index, opening.as_abi(), list(found.seals)
    )


def encode_tally(found: Round) -> bytes:
    """Calldata of ``tally``, of all that was revealed."""
    openings = [opening.as_abi() for opening in found.openings]
    return interface(_NAME).encode("tally", found.key.as_abi(), openings, list(found.seals))


def _place(log: Log, fields: Mapping[str, Any], at: int) -> dict[str, Any]:
    return {
        "key": RoundKey(
            model_id=fields["modelId"], subject=fields["subject"], number=fields["round"]
        ),
        "block_number": log.block_number,
        "log_index": log.index,
        "tx_hash": log.tx_hash,
        "at": at,
    }


def _opening(fields: Mapping[str, Any]) -> Opening:
    return Opening(
        input_hash=fields["inputHash"],
        output_hash=fields["outputHash"],
        value=fields["value"],
        confidence=fields["confidence"],
        salt=fields["salt"],
    )


def _prediction(fields: Mapping[str, Any]) -> Prediction:
    return Prediction(
        model_id=fields["modelId"],
        subject=fields["subject"],
        input_hash=fields["inputHash"],
        output_hash=fields["outputHash"],
        value=fields["value"],
        confidence=fields["confidence"],
        predicted_at=fields["predictedAt"],
    )


_BUILDERS: Mapping[str, Callable[[dict[str, Any], Mapping[str, Any]], RoundEvent]] = {
    "VoteSealed": lambda place, f: Sealed(**place, seal=f["seal"]),
    "VoteRevealed": lambda place, f: Revealed(
        **place, member=f["operator"], opening=_opening(f["opening"])
    ),
    "VoteLeaked": lambda place, f: Leaked(
        **place, member=f["operator"], reporter=f["reporter"], reward=f["reward"]
    ),
    "RoundDecided": lambda place, f: Closed(
        **place, prediction=_prediction(f["prediction"]), agreed=f["agreed"], lost=f["lost"]
    ),
    "RoundUndecided": lambda place, f: Closed(**place, prediction=None, agreed=0, lost=f["lost"]),
}

_TOPICS = [interface(_NAME).events[name].selector for name in _BUILDERS]
"""Of the events that tell of rounds; others tell of money."""


def decode_round_log(log: Log, at: int) -> RoundEvent | None:
    """What a log of a ``SealedVoteAttestor`` tells of a round; None where it tells of money only.

    Args:
        at: its block's Unix time.

    Raises:
        Transient: it is malformed.
    """
    decoded = interface(_NAME).decode_event(log)
    if decoded is None or decoded[0] not in _BUILDERS:
        return None
    name, fields = decoded
    return _BUILDERS[name](_place(log, fields, at), fields)


async def history(
    rpc: RpcPool,
    attestor: str,
    *,
    first: int,
    last: int,
    about: tuple[bytes, bytes] | None = None,
) -> list[Log]:
    """What an attestor logged of rounds in these blocks, in order, as the chain is now.

    Args:
        about: the model and the subject, where not all are meant.

    Raises:
        BlockUnknown: no endpoint knows the last block.
        RangeRefused: not even one block's logs are given.
    """
    topics = [_TOPICS, *(about or ())]
    found: list[Log] = []
    width = WIDEST
    while first <= last:
        end = min(last, first + width - 1)
        try:
            logs, _ = await rpc.logs_between(address=attestor, first=first, last=end, topics=topics)
        except RangeRefused:
            if first == end:
                raise
            width = max(1, (end - first + 1) // 4)
            continue
        found += logs
        first = end + 1
    return found


async def round_events(rpc: RpcPool, logs: Iterable[Log]) -> list[RoundEvent]:
    """What these logs tell of rounds, with the times of their blocks.

    Raises:
        BlockUnknown: one of the blocks left the chain meanwhile.
    """
    times: dict[bytes, int] = {}
    found = []
    for log in logs:
        if log.block_hash not in times:
            times[log.block_hash] = (await rpc.block(log.block_hash)).timestamp
        event = decode_round_log(log, times[log.block_hash])
        if event is not None:
            found.append(event)
    return found


async def opened_at(
    rpc: RpcPool, attestor: str, key: RoundKey, *, block: BlockRef = "latest"
) -> int | None:
    """Unix time of a round's first seal; None before it was opened.

    Raises:
        Transient: no endpoint answers.
    """
    abi = interface(_NAME)
    body = await rpc.eth_call(attestor, abi.encode("roundOf", key.as_abi()), block=block)
    (found,) = abi.decode_output("roundOf", body).values()
    return found["openedAt"] or None


async def rounds_about(
    rpc: RpcPool,
    committee: SealedCommittee,
    model_id: bytes,
    subject: bytes,
    *,
    from_round: int = 0,
    last: int | None = None,
) -> list[Round]:
    """The rounds about a subject, read from the chain as it is now.

    Only blocks from the first seal on are searched: the contract tells when that was.

    Args:
        from_round: leave out those before.
        last: the block up to which to look; the newest one where None.

    Raises:
        Transient: no endpoint answers.
        RangeRefused: not even one block's logs are given.
    """
    key = RoundKey(model_id=model_id, subject=subject, number=from_round)
    began = await opened_at(rpc, committee.attestor, key)
    if began is None:
        return []
    head = (await rpc.block("latest")).number if last is None else last
    first = await block_at(rpc, began)
    about = (model_id, subject)
    logs = await history(rpc, committee.attestor, first=first, last=head, about=about)
    events = await round_events(rpc, logs)
    return rounds_of(committee, model_id, subject, events, first=from_round)
