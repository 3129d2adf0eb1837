"""Anchored batches: what an ``AnchorLog`` holds, and the evidence that a prediction is in one.

A log numbers its predictions from 0 without gaps, over all batches. A leaf is one prediction with
its index; a batch is a range of indices under one Merkle root, linked to the batch before it. The
contract keeps one word for each batch: its id, which binds the chain, the log and the whole header.
Formats: ``contracts/interfaces/IAnchorLog.sol``; both are held to ``tests/vectors/merkle.json``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from oracle.core.canonical import keccak256
from oracle.core.errors import InvalidInput, VerificationError
from oracle.core.merkle import MAX_LEAVES, hash_leaf, proof_length, root_from, verify_proof
from oracle.core.prediction import Prediction

MAX_INDEX = 2**64 - 1
LEAF_TYPES = (
    "uint64 index",
    "bytes32 modelId",
    "bytes32 subject",
    "bytes32 inputHash",
    "bytes32 outputHash",
    "int128 value",
    "uint32 confidence",
    "uint40 predictedAt",
)
"""What a leaf holds, as ``@openzeppelin/merkle-tree`` is told."""

HEAD_BYTES = 8 + 8 + 4 + 4 + 32
NO_BATCH = b"\0" * 32
_LOG_ID = "decision-oracle/anchor-log/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The header of a batch.

    Attributes:
        number: consecutive from 0.
        first_index: the index of its first prediction: how many the log had before.
        count: how many predictions it has, at least one.
        root: of the tree of its leaves, 32 bytes.
        previous: the id of the batch before it; zero for the first.
    """

    number: int
    first_index: int
    count: int
    root: bytes
    previous: bytes

    def __post_init__(self) -> None:
        if not 1 <= self.count <= MAX_LEAVES:
            raise InvalidInput(
                f"a batch of {self.count} predictions", remedy=f"have 1 to {MAX_LEAVES} in it"
            )
        if not (0 <= self.number <= MAX_INDEX and self.first_index >= 0):
            raise InvalidInput(f"batch number {self.number} from index {self.first_index}")
        if self.first_index + self.count > MAX_INDEX:
            raise InvalidInput(
                f"batch {self.number} reaches index {self.first_index + self.count}",
                remedy="a log has at most 2^64 - 1 predictions: open another",
            )
        if len(self.root) != 32 or len(self.previous) != 32:
            raise InvalidInput("root and previous have 32 bytes each")

    @property
    def next_index(self) -> int:
        """The index of the first prediction after this batch."""
        return self.first_index + self.count

    def id(self, chain_id: int, log: str) -> bytes:
        """What the log at this address stores for the batch, 32 bytes:
        ``keccak256(abi.encode(chainId, log, batch))``.
        """
        return keccak256(
            _word(chain_id)
            + bytes.fromhex(log[2:]).rjust(32, b"\0")
            + _word(self.number)
            + _word(self.first_index)
            + _word(self.count)
            + self.root
            + self.previous
        )

    def as_abi(self) -> tuple[int, int, int, bytes, bytes]:
        """The struct as the ABI codec takes it."""
        return self.number, self.first_index, self.count, self.root, self.previous


def anchor_arguments(last: Batch | None, batch: Batch) -> tuple[bytes, bytes, int, bytes]:
    """What ``AnchorLog.anchor`` takes to append ``batch``: lastRoot, lastPrevious, span, root.

    Args:
        last: the log's last batch; None where it is empty.
    """
    span = batch.count << 64
    if last is None:
        return NO_BATCH, NO_BATCH, span, batch.root
    span |= last.number << 192 | last.first_index << 128 | last.count << 96
    return last.root, last.previous, span, batch.root


def batch_after(last: Batch | None, count: int, root: bytes, *, chain_id: int, log: str) -> Batch:
    """The batch of ``count`` predictions with this root that follows ``last``.

    Args:
        last: the log's last batch; None where it is empty.
    """
    return Batch(
        number=0 if last is None else last.number + 1,
        first_index=0 if last is None else last.next_index,
        count=count,
        root=root,
        previous=NO_BATCH if last is None else last.id(chain_id, log),
    )


def leaf_of(index: int, prediction: Prediction) -> bytes:
    """The leaf of a prediction, 32 bytes; ``index`` counts all predictions of the log."""
    if not 0 <= index <= MAX_INDEX:
        raise InvalidInput(f"index {index} does not fit uint64")
    return hash_leaf(_word(index) + prediction.encoded())


def verify_inclusion(
    batch: Batch, index: int, prediction: Prediction, proof: Sequence[bytes]
) -> None:
    """Return where the prediction has this index in the batch; the chain says if that is anchored.

    Raises:
        VerificationError: the index is outside the batch, or the proof is not this prediction's.
    """
    if not batch.first_index <= index < batch.next_index:
        raise VerificationError(
            f"index {index} is outside batch {batch.number}, which has "
            f"{batch.first_index} … {batch.next_index - 1}",
            remedy="take the batch that the receipt names",
        )
    verify_proof(
        batch.root,
        leaf_of(index, prediction),
        proof,
        position=index - batch.first_index,
        count=batch.count,
    )


def encode_evidence(batch: Batch, index: int, proof: Sequence[bytes]) -> bytes:
    """The evidence that ``AnchorLog.verify`` takes, tightly packed.

    ``uint64 number ‖ uint64 firstIndex ‖ uint32 count ‖ uint32 position ‖ bytes32 previous ‖
    bytes32 of each node of the proof``; the root is where the proof leads, so it is not sent.

    Raises:
        InvalidInput: the index is outside the batch, or the proof has another length.
    """
    position = index - batch.first_index
    if len(proof) != proof_length(position, batch.count):
        raise InvalidInput(
            f"the proof of index {index} has {len(proof)} nodes",
            remedy=f"it must have {proof_length(position, batch.count)}",
        )
    return (
        batch.number.to_bytes(8, "big")
        + batch.first_index.to_bytes(8, "big")
        + batch.count.to_bytes(4, "big")
        + position.to_bytes(4, "big")
        + batch.previous
        + b"".join(proof)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a piece of evidence says for one prediction: where it is, in which batch."""

    batch: Batch
    index: int
    proof: tuple[bytes, ...]


def decode_evidence(evidence: bytes, prediction: Prediction) -> Evidence:
    """The batch, index and proof in a piece of evidence; the root follows from the prediction.

    Raises:
        InvalidInput: it has another length, or names a place that can not be.
    """
    if len(evidence) < HEAD_BYTES or (len(evidence) - HEAD_BYTES) % 32:
        raise InvalidInput(
            f"evidence of {len(evidence)} bytes",
            remedy=f"it has {HEAD_BYTES} bytes, and 32 for each node of the proof",
        )
    first_index = int.from_bytes(evidence[8:16], "big")
    count = int.from_bytes(evidence[16:20], "big")
    position = int.from_bytes(evidence[20:24], "big")
    proof = tuple(evidence[at : at + 32] for at in range(HEAD_BYTES, len(evidence), 32))
    if len(proof) != proof_length(position, count):
        raise InvalidInput(f"the proof of position {position} of {count} has {len(proof)} nodes")
    batch = Batch(
        number=int.from_bytes(evidence[:8], "big"),
        first_index=first_index,
        count=count,
        root=root_from(leaf_of(first_index + position, prediction), proof),
        previous=evidence[24:56],
    )
    return Evidence(batch=batch, index=first_index + position, proof=proof)


def log_id(chain_id: int, log: str) -> bytes:
    """What stands for the log where a model's id would, in a batch as a prediction; 32 bytes."""
    return keccak256(
        keccak256(_LOG_ID.encode()) + _word(chain_id) + bytes.fromhex(log[2:]).rjust(32, b"\0")
    )


def as_prediction(batch: Batch, *, chain_id: int, log: str, at: int) -> Prediction:
    """The batch as a prediction, for an attestor contract to vouch for it.

    Args:
        at: Unix seconds; the time that who vouches for it puts into it.
    """
    batch_id = batch.id(chain_id, log)
    return Prediction(
        model_id=log_id(chain_id, log),
        subject=batch_id,
        input_hash=batch.root,
        output_hash=batch_id,
        value=batch.count,
        confidence=0,
        predicted_at=at,
    )


def verify_chain(batches: Sequence[Batch], *, chain_id: int, log: str) -> None:
    """Return where these are all batches of a log from its first on, without a gap.

    Raises:
        VerificationError: a number, an index or a link does not follow from the batch before.
    """
    last: Batch | None = None
    for batch in batches:
        wanted = batch_after(last, batch.count, batch.root, chain_id=chain_id, log=log)
        if batch != wanted:
            raise VerificationError(
                f"batch {batch.number} from index {batch.first_index} does not follow "
                f"{'nothing' if last is None else f'batch {last.number}'}",
                remedy=f"batch {wanted.number} from index {wanted.first_index} must come there",
            )
        last = batch


def _word(number: int) -> bytes:
    return number.to_bytes(32, "big")
