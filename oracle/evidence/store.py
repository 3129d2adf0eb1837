"""Bytes kept under their own hash: a folder, or any file system of fsspec's by URL.

What is read is hashed again, so a name never stands for other bytes. A write is whole or is not
there: beside it first and renamed, or in the one step in which object stores write.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import fsspec
from fsspec.implementations.local import LocalFileSystem

from oracle.core.canonical import keccak256
from oracle.core.errors import ConfigError, EvidenceError, InvalidInput, NotFound, VerificationError

Algorithm: TypeAlias = Literal["keccak256", "sha256"]

MAX_BYTES = 64 << 20
"""Most bytes of one item."""
AT_ONCE = frozenset({"memory", "s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "oci"})
"""Where a write is seen whole or not at all, without a rename."""

_HASHES: Mapping[str, Callable[[bytes], bytes]] = {
    "keccak256": keccak256,
    "sha256": lambda octets: hashlib.sha256(octets).digest(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """What bytes are found by.

    Attributes:
        algorithm: ``keccak256`` for inputs, ``sha256`` for models' files.
        digest: 32 bytes.
    """

    algorithm: Algorithm
    digest: bytes

    def __post_init__(self) -> None:
        if len(self.digest) != 32 or self.algorithm not in _HASHES:
            raise InvalidInput(
                f"{self.algorithm} of {len(self.digest)} bytes names nothing",
                remedy="give 32 bytes of keccak256 or sha256",
            )

    @classmethod
    def of(cls, octets: bytes, algorithm: Algorithm = "keccak256") -> Name:
        """The name of these bytes."""
        return cls(algorithm=algorithm, digest=_HASHES[algorithm](octets))

    def fits(self, octets: bytes) -> bool:
        """Whether it is the name of these bytes."""
        return _HASHES[self.algorithm](octets) == self.digest

    @property
    def path(self) -> str:
        """Below the store's root; two digits first, so that no folder grows too large."""
        name = self.digest.hex()
        return f"{self.algorithm}/{name[:2]}/{name}"

    def __str__(self) -> str:
        return f"{self.algorithm} 0x{self.digest.hex()}"


class EvidenceStore:
    """Content-addressed bytes below one URL. Its calls block: await them in a thread.

    Args:
        url: a path, or fsspec's, such as ``s3://bucket/folder``.
        options: of the file system, such as an endpoint and keys; they are never shown.

    Raises:
        ConfigError: no such file system, or its package is missing.
    """

    def __init__(self, url: str, **options: Any) -> None:
        try:
            self._files, root = fsspec.core.url_to_fs(url, **options)
        except (ValueError, ImportError) as error:
            raise ConfigError(
                f"the evidence store {_scheme(url)} can not be used: {error}",
                remedy="give a folder, or a URL whose file system is installed (`.[s3]`)",
            ) from error
        self._root = str(root).rstrip("/")
        self._where = _scheme(url)
        protocol = self._files.protocol
        names = {protocol} if isinstance(protocol, str) else set(protocol)
        self._at_once = bool(names & AT_ONCE)

    def put(self, octets: bytes, algorithm: Algorithm = "keccak256") -> Name:
        """Keep these bytes; again the same ones change nothing.

        Raises:
            InvalidInput: they are too many.
            EvidenceError: they were not kept: the disk is full, or the store does not answer.
        """
        if len(octets) > MAX_BYTES:
            raise InvalidInput(
                f"{len(octets)} bytes are too many to keep", remedy=f"at most {MAX_BYTES}"
            )
        name = Name.of(octets, algorithm)
        if not self.has(name):
            self._io(lambda: self._write(self._path(name), octets), f"{name} was not kept")
        return name

    def get(self, name: Name) -> bytes:
        """The bytes of that name.

        Raises:
            NotFound: they are not kept here.
            VerificationError: what is kept has another hash.
            EvidenceError: the store can not be read.
        """
        octets: bytes | None = self._io(
            lambda: self._read(self._path(name)), f"{name} could not be read"
        )
        if octets is None:
            raise NotFound(f"{name} is not kept here", remedy="put it into the evidence store")
        if not name.fits(octets):
            raise VerificationError(
                f"what is kept as {name} has another hash",
                remedy="the disk is damaged or somebody changed it: delete it and put it again",
            )
        return octets

    def has(self, name: Name) -> bool:
        """Whether sound bytes of that name are kept.

        Raises:
            EvidenceError: the store can not be read.
        """
        try:
            self.get(name)
        except (NotFound, VerificationError):
            return False
        return True

    def delete(self, name: Name) -> None:
        """Forget the bytes of that name, where they are kept.

        Raises:
            EvidenceError: the store can not be written.
        """
        self._io(lambda: self._remove(self._path(name)), f"{name} was not deleted")

    def _path(self, name: Name) -> str:
        return f"{self._root}/{name.path}"

    def _write(self, path: str, octets: bytes) -> None:
        if self._at_once:
            self._files.pipe_file(path, octets)
            return
        self._files.makedirs(path.rpartition("/")[0], exist_ok=True)
        beside = f"{path}.{secrets.token_hex(8)}.part"
        try:
            if isinstance(self._files, LocalFileSystem):
                _write_through(Path(beside), octets)
                os.replace(beside, path)  # noqa: PTH105 - these are fsspec's own path texts
                _sync_folder(Path(path).parent)
            else:
                self._files.pipe_file(beside, octets)
                self._files.mv(beside, path)
        except BaseException:
            self._remove(beside)
            raise

    def _read(self, path: str) -> bytes | None:
        try:
            found: bytes = self._files.cat_file(path)
        except FileNotFoundError:
            return None
        return found

    def _remove(self, path: str) -> None:
        with suppress(FileNotFoundError):
            self._files.rm_file(path)

    def _io(self, call: Callable[[], Any], what: str) -> Any:
        try:
            return call()
        except Exception as error:  # file systems' errors share no narrower base
            if isinstance(error, InvalidInput | EvidenceError):
                raise
            why = error.strerror if isinstance(error, OSError) and error.strerror else error
            raise EvidenceError(
                f"{what} in the evidence store {self._where}: {why}",
                remedy="check its space, permissions and address; nothing half-written is left",
            ) from error


def _write_through(path: Path, octets: bytes) -> None:
    """On disk when it returns."""
    with path.open("xb") as file:
        file.write(octets)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _scheme(url: str) -> str:
    """The address without what may be a secret."""
    scheme, mark, rest = url.partition("://")
    if not mark:
        return url
    return f"{scheme}://{rest.rpartition('@')[2].partition('?')[0]}"
