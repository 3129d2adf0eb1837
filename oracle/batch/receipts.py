"""A row's proof, evidence and receipt, on demand from what is stored: none is kept one by one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from oracle.batch import tree
from oracle.batch.manifest import read_manifest
from oracle.batch.parts import Parts, Row
from oracle.batch.record import AnchorRecord, require_anchored
from oracle.core.anchor import encode_evidence, verify_inclusion
from oracle.core.canonical import Json
from oracle.core.model_card import ModelCard
from oracle.core.receipt import Anchor, PlainInput, Receipt
from oracle.core.strict_json import parse_json

RUNTIME = "runtime.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchoredRow:
    """One row of an anchored batch, with the path to the root; it was checked."""

    row: Row
    index: int
    proof: tuple[bytes, ...]
    record: AnchorRecord

    @property
    def evidence(self) -> bytes:
        """What the anchor log takes as evidence."""
        return encode_evidence(self.record.batch, self.index, self.proof)

    def as_json(self) -> dict[str, Json]:
        """The proof for programs, such as ``@openzeppelin/merkle-tree``."""
        said, batch = self.row.prediction, self.record.batch
        return {
            "root": "0x" + batch.root.hex(),
            "index": str(self.index),
            "value": [
                str(self.index),
                *("0x" + word.hex() for word in said.as_abi()[:4]),
                str(said.value),
                str(said.confidence),
                str(said.predicted_at),
            ],
            "proof": ["0x" + node.hex() for node in self.proof],
            "evidence": "0x" + self.evidence.hex(),
        }

    def receipt(self, card: ModelCard, contract: str, runtime: dict[str, str]) -> Receipt:
        """The anchored receipt.

        Args:
            contract: the decision contract that may decide on it.
        """
        record = self.record
        assert record.place is not None
        return Receipt(
            card=card,
            input=PlainInput(octets=self.row.input),
            outputs=self.row.outputs,
            prediction=self.row.prediction,
            runtime=runtime,
            chain_id=record.chain_id,
            contract=contract,
            operator=record.operator,
            anchor=Anchor(
                log=record.log,
                batch=record.batch,
                index=self.index,
                proof=self.proof,
                place=record.place,
            ),
        )


def anchored_row(folder: Path, row: int) -> AnchoredRow:
    """One row of an anchored batch.

    Raises:
        NotFound: no such batch or row, or it is not anchored.
        VerificationError: what is stored does not lead to the anchored root.
    """
    manifest, record = read_manifest(folder), require_anchored(folder)
    parts = Parts(folder, manifest)
    stored = parts.row(parts.chunks(), row)
    batch = record.batch
    nodes = parts.tree_folder(batch.first_index) / "nodes"
    proof = tree.read_proof(nodes, row, batch.count)
    verify_inclusion(batch, batch.first_index + row, stored.prediction, proof)
    return AnchoredRow(row=stored, index=batch.first_index + row, proof=proof, record=record)


def runtime_of(folder: Path) -> dict[str, str]:
    """What ran the model, as it was written down when the run began."""
    path = folder / RUNTIME
    found: dict[str, str] = parse_json(path.read_bytes(), str(path))
    return found
