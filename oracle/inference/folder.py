"""A model is a folder: ``card.json``, the ONNX file it names, ``vectors.json`` and ``policy.json``.

What is loaded is what was hashed: files are read once, and the session is made of those bytes.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from oracle.core.card_json import model_id
from oracle.core.card_reader import parse_card
from oracle.core.errors import InvalidInput, NotFound, VerificationError
from oracle.core.model_card import FileDigest, ModelCard
from oracle.core.policy import Policy, parse_policy
from oracle.inference.graph import GraphFacts, read_graph
from oracle.inference.vectors import Vector, parse_vectors

CARD = "card.json"
VECTORS = "vectors.json"
POLICY = "policy.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredModel:
    """A verified model.

    Attributes:
        card: its card.
        model_id: 32 bytes.
        folder: where it lies.
        onnx: the verified bytes of the ONNX file.
        external: the verified bytes of its weight files, by name.
        graph: what the ONNX file asks for.
        vectors: its golden vectors, none if it has no ``vectors.json``.
        policy: its policy, None if it has no ``policy.json``.
    """

    card: ModelCard
    model_id: bytes
    folder: Path
    onnx: bytes = field(repr=False)
    external: dict[str, bytes] = field(repr=False)
    graph: GraphFacts = field(repr=False)
    vectors: tuple[Vector, ...] = field(repr=False)
    policy: Policy | None

    @property
    def name(self) -> str:
        """The card's name."""
        return self.card.name


def load_model(folder: Path) -> StoredModel:
    """The model in ``folder``, verified.

    Raises:
        NotFound: no such folder, or it has no card.
        InvalidInput: the card, the vectors, the policy or the graph are not acceptable.
        VerificationError: a file is missing or is not the one that the card names.
    """
    path = folder / CARD
    if not path.is_file():
        raise NotFound(f"{path} does not exist", remedy="name a folder with a model card")
    card = parse_card(path.read_bytes())
    onnx = _read(folder, card.model.onnx)
    external = {item.file: _read(folder, item) for item in card.model.external}
    graph = read_graph(onnx)
    unlisted = [name for name in graph.external if name not in external]
    if unlisted:
        raise InvalidInput(
            f"model {card.name} keeps weights in {', '.join(unlisted)}, which its card lacks",
            remedy="list the file with its sha256 under model.external",
        )
    vectors, policy = folder / VECTORS, folder / POLICY
    return StoredModel(
        card=card,
        model_id=model_id(card),
        folder=folder,
        onnx=onnx,
        external=external,
        graph=graph,
        vectors=parse_vectors(vectors.read_bytes()) if vectors.is_file() else (),
        policy=parse_policy(policy.read_bytes()) if policy.is_file() else None,
    )


def digest_of(name: str, octets: bytes) -> FileDigest:
    """The card's entry for a file."""
    return FileDigest(file=name, sha256=hashlib.sha256(octets).hexdigest(), size=len(octets))


def _read(folder: Path, expected: FileDigest) -> bytes:
    path = folder / expected.file
    if path.resolve().parent != folder.resolve():
        raise InvalidInput(
            f"{path} leads out of the model's folder", remedy="copy the file into the folder"
        )
    if not path.is_file():
        raise VerificationError(
            f"{path} is missing", remedy="get the file with the SHA-256 that the card names"
        )
    size = path.stat().st_size
    octets = path.read_bytes() if size == expected.size else b""
    found = digest_of(expected.file, octets)
    if found != expected:
        raise VerificationError(
            f"{path} has {size} bytes and the SHA-256 {hashlib.sha256(octets).hexdigest()}"
            if octets
            else f"{path} has {size} bytes, the card says {expected.size}",
            remedy=f"get the file with the SHA-256 {expected.sha256}, or the card of this file",
        )
    return octets
