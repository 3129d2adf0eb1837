"""What a run is: all that enters its leaves, fixed before the first row is scored.

Members of a committee that run one batch copy the first one's manifest, so that they get one root.
"""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from oracle.batch.subjects import SubjectRule
from oracle.core.canonical import canonical_json, keccak256
from oracle.core.errors import Conflict, InvalidInput, NotFound
from oracle.core.prediction import UINT40_MAX
from oracle.core.strict_json import parse_json

SCHEMA = "decision-oracle/batch/1"
FILE = "manifest.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One run.

    Attributes:
        model: the model's id, ``0x`` and 64 digits.
        source: the input file's name; fingerprint: ``Source.fingerprint``.
        rows: of the input.
        subject_column, subject_prefix: the subject rule; one of them.
        predicted_at: Unix seconds, of every prediction.
    """

    model: str
    source: str
    fingerprint: str
    rows: int
    subject_column: str | None
    subject_prefix: str | None
    predicted_at: int

    def __post_init__(self) -> None:
        if not 0 < self.predicted_at <= UINT40_MAX:
            raise InvalidInput(
                f"predictedAt {self.predicted_at} is not a Unix time in seconds",
                remedy="give seconds since 1970",
            )

    @property
    def model_id(self) -> bytes:
        """32 bytes."""
        return bytes.fromhex(self.model[2:])

    @property
    def rule(self) -> SubjectRule:
        """Where subjects come from."""
        return SubjectRule(column=self.subject_column, prefix=self.subject_prefix)

    def octets(self) -> bytes:
        """Canonical JSON."""
        return canonical_json({"schema": SCHEMA, **asdict(self)})

    def digest(self) -> bytes:
        """keccak256 of ``octets``, 32 bytes: which run a part belongs to."""
        return keccak256(self.octets())


def read_manifest(folder: Path) -> Manifest:
    """The manifest in a batch's folder.

    Raises:
        NotFound: there is none.
        InvalidInput: it is no manifest of this release.
    """
    path = folder / FILE
    if not path.is_file():
        raise NotFound(f"{path} does not exist", remedy="name the folder of a batch")
    found: Any = parse_json(path.read_bytes(), str(path))
    names = {field.name for field in fields(Manifest)}
    if not isinstance(found, dict) or found.pop("schema", None) != SCHEMA or set(found) != names:
        raise InvalidInput(f"{path} is no {SCHEMA}", remedy="run the batch into a new folder")
    return Manifest(**found)


def fix_manifest(folder: Path, wanted: Manifest, *, given_time: bool) -> Manifest:
    """The run's manifest: the one in the folder, else ``wanted``, which is written.

    Args:
        given_time: whether ``wanted`` has a time that the caller asked for.

    Raises:
        Conflict: the folder has another run.
    """
    if (folder / FILE).is_file():
        found = read_manifest(folder)
        differing = [
            f"{field.name} is {getattr(found, field.name)!r}, not {getattr(wanted, field.name)!r}"
            for field in fields(Manifest)
            if getattr(found, field.name) != getattr(wanted, field.name)
            and field.name != "source"
            and (given_time or field.name != "predicted_at")
        ]
        if differing:
            raise Conflict(
                f"{folder} has another run: {'; '.join(differing)}",
                remedy="name another folder, or the same input and options",
            )
        return found
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / FILE, wanted.octets())
    return wanted


def write_whole(path: Path, octets: bytes) -> None:
    """Write a file so that it is there whole or not at all, whenever the machine stops."""
    draft = path.with_name(path.name + ".draft")
    with draft.open("wb") as file:
        file.write(octets)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
