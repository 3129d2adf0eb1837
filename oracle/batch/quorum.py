"""A batch that a quorum anchors: each member computes its root, signs it, and hands the vote over.

No member takes another's word: it runs the batch of a copied manifest on its own machine, asks the
chain itself where the log stands, and signs the header that follows from both. Whoever has enough
votes sends them; the log's anchorer, a ``QuorumAttestor``, checks them on chain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from oracle.batch.anchoring import Recorder, anchor
from oracle.batch.engine import stored_root
from oracle.batch.manifest import read_manifest
from oracle.batch.record import AnchorRecord, batch_json, batch_of, octets_of
from oracle.chain.anchor import AnchorLog
from oracle.chain.quorum import committee_at
from oracle.chain.signer import AccountSigner
from oracle.chain.signing import Key
from oracle.core.anchor import Batch, as_prediction, batch_after
from oracle.core.canonical import canonical_json
from oracle.core.errors import ConfigError, Conflict, InvalidInput, NotFound, VerificationError
from oracle.core.prediction import Prediction
from oracle.core.quorum import Committee, encode_evidence
from oracle.core.sealed import SealedCommittee
from oracle.core.signatures import signer_of
from oracle.core.strict_json import parse_json

SCHEMA = "decision-oracle/batch-vote/1"
_FIELDS = {"schema", "chainId", "log", "batch", "predictedAt", "member", "signature"}


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchVote:
    """A member's word that a log's next batch is this one.

    Attributes:
        log: the anchor log's address, checksummed.
        at: Unix seconds in the prediction that is signed: the manifest's ``predictedAt``.
        signature: compact (EIP-2098), over that prediction in the quorum's EIP-712 domain.
    """

    chain_id: int
    log: str
    batch: Batch
    at: int
    member: str
    signature: bytes = field(repr=False)

    @property
    def prediction(self) -> Prediction:
        """The batch as the quorum signs it."""
        return as_prediction(self.batch, chain_id=self.chain_id, log=self.log, at=self.at)

    def octets(self) -> bytes:
        """Canonical JSON."""
        return canonical_json(
            {
                "schema": SCHEMA,
                "chainId": self.chain_id,
                "log": self.log,
                "batch": batch_json(self.batch),
                "predictedAt": self.at,
                "member": self.member,
                "signature": "0x" + self.signature.hex(),
            }
        )


def read_vote(path: Path) -> BatchVote:
    """A vote from its file; whose it is in truth ``evidence_of`` checks.

    Raises:
        NotFound: there is no such file.
        InvalidInput: it is no vote of this release.
    """
    if not path.is_file():
        raise NotFound(f"{path} does not exist", remedy="name the files of the members' votes")
    found: Any = parse_json(path.read_bytes(), str(path))
    try:
        if set(found) != _FIELDS or found["schema"] != SCHEMA:
            raise ValueError
        return BatchVote(
            chain_id=int(found["chainId"]),
            log=str(found["log"]),
            batch=batch_of(found["batch"]),
            at=int(found["predictedAt"]),
            member=str(found["member"]),
            signature=octets_of(found["signature"]),
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        raise InvalidInput(
            f"{path} is no {SCHEMA}", remedy="name a file that `oracle batch sign` wrote"
        ) from None


async def sign_batch(folder: Path, log: AnchorLog, key: Key) -> BatchVote:
    """The key's vote for the folder's batch as the log's next one.

    Raises:
        ConfigError: the log's anchorer is no quorum, or the key is no member's.
        NotFound: not every row is scored.
        ChainError: the log can not be read.
    """
    committee = await quorum_of(log)
    member = key.address
    if member not in committee.members:
        raise ConfigError(
            f"{member} is no member of the quorum {committee.attestor}",
            remedy=f"use the key of one of {', '.join(committee.members)}",
        )
    manifest, last = read_manifest(folder), await log.last()
    root = stored_root(folder, 0 if last is None else last.next_index)
    chain_id, at = log.rpc.chain_id, manifest.predicted_at
    batch = batch_after(last, manifest.rows, root, chain_id=chain_id, log=log.address)
    said = as_prediction(batch, chain_id=chain_id, log=log.address, at=at)
    return BatchVote(
        chain_id=chain_id,
        log=log.address,
        batch=batch,
        at=at,
        member=member,
        signature=await key.sign(committee.vote(said)),
    )


async def anchor_vouched(
    folder: Path,
    votes: Sequence[BatchVote],
    log: AnchorLog,
    signer: AccountSigner,
    recorder: Recorder,
) -> AnchorRecord:
    """Anchor the folder's batch by the votes of its quorum, once; anybody may.

    Raises:
        Conflict: a vote is for another batch than this machine computes.
        VerificationError: a vote is not its member's.
        InvalidInput: too few votes, or one of a stranger.
        ConfigError: the log's anchorer is no quorum.
        ChainError: the log refuses, or can not be reached; run it again.
    """
    committee, manifest = await quorum_of(log), read_manifest(folder)

    def vouch(batch: Batch) -> tuple[int, bytes]:
        at = manifest.predicted_at
        return at, evidence_of(committee, votes, batch, at, log)

    return await anchor(
        folder,
        manifest.rows,
        log,
        signer,
        recorder,
        lambda first_index: stored_root(folder, first_index),
        vouch,
    )


def evidence_of(
    committee: Committee, votes: Sequence[BatchVote], batch: Batch, at: int, log: AnchorLog
) -> bytes:
    """What the quorum takes for this batch.

    Raises:
        Conflict: a vote is for another batch.
        VerificationError: a signature is not its member's.
        InvalidInput: too few votes, or one of a stranger.
    """
    signatures: dict[str, bytes] = {}
    said = as_prediction(batch, chain_id=log.rpc.chain_id, log=log.address, at=at)
    for vote in votes:
        if vote.prediction != said:
            raise Conflict(
                f"{vote.member} voted for batch {vote.batch.number} from index "
                f"{vote.batch.first_index} with the root 0x{vote.batch.root.hex()}; here it is "
                f"batch {batch.number} from index {batch.first_index} with 0x{batch.root.hex()}",
                remedy="run the same manifest everywhere; where the log went on, sign again",
            )
        if vote.member in committee.members and (
            signer_of(committee.vote_digest(said), vote.signature) != vote.member
        ):
            raise VerificationError(
                f"the vote of {vote.member} is not signed by it",
                remedy="ask that member for its own vote",
            )
        signatures[vote.member] = vote.signature
    return encode_evidence(committee, signatures, said.subject)


async def quorum_of(log: AnchorLog) -> Committee:
    """The quorum that anchors in the log.

    Raises:
        ConfigError: another anchors there.
    """
    anchorer = await log.anchorer()
    committee = await committee_at(log.rpc, anchorer, block="latest")
    if committee is None or isinstance(committee, SealedCommittee):
        raise ConfigError(
            f"{anchorer}, who anchors in the log {log.address}, is no quorum that signs",
            remedy="deploy a log of one: oracle deploy --anchorer QUORUM",
        )
    return committee
