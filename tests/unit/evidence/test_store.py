"""Bytes under their own hash: never other bytes, never half of them, and clear errors."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from oracle.cli.exits import ExitCode, exit_code_of
from oracle.core.errors import (
    ConfigError,
    EvidenceError,
    InvalidInput,
    NotFound,
    VerificationError,
)
from oracle.evidence import EvidenceStore, Name
from oracle.evidence import store as storing

INPUT = b"an input"


def test_put__then_get__is_the_same_and_named_by_its_hash(tmp_path: Path) -> None:
    store = EvidenceStore(str(tmp_path))
    name = store.put(INPUT)
    assert name == Name.of(INPUT)
    assert store.get(name) == INPUT
    assert store.get(store.put(INPUT, "sha256")) == INPUT


def test_get__unknown__is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="is not kept here"):
        EvidenceStore(str(tmp_path)).get(Name.of(INPUT))


def test_get__changed_on_disk__is_refused_and_put_again_mends_it(tmp_path: Path) -> None:
    store = EvidenceStore(str(tmp_path))
    name = store.put(INPUT)
    (tmp_path / name.path).write_bytes(b"another input")
    with pytest.raises(VerificationError, match="has another hash"):
        store.get(name)
    store.put(INPUT)
    assert store.get(name) == INPUT


def test_put__killed_before_the_rename__leaves_nothing_under_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = EvidenceStore(str(tmp_path))

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            store.put(INPUT)
    assert not store.has(Name.of(INPUT))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_put__disk_full__says_so_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = EvidenceStore(str(tmp_path))

    def full(path: Path, octets: bytes) -> None:
        path.write_bytes(octets[:3])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(storing, "_write_through", full)
    with pytest.raises(EvidenceError, match="No space left on device") as caught:
        store.put(INPUT)
    assert exit_code_of(caught.value) is ExitCode.JOURNAL
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_put__too_large__is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storing, "MAX_BYTES", 4)
    with pytest.raises(InvalidInput, match="8 bytes are too many"):
        EvidenceStore(str(tmp_path)).put(INPUT)


def test_delete__then_get__is_not_found(tmp_path: Path) -> None:
    store = EvidenceStore(str(tmp_path))
    name = store.put(INPUT)
    store.delete(name)
    store.delete(name)
    assert not store.has(name)


def test_url__no_such_file_system__is_a_config_error_without_its_secrets() -> None:
    with pytest.raises(ConfigError) as caught:
        EvidenceStore("nonsense://user:hunter2@host/bucket?key=hunter2")
    assert "hunter2" not in str(caught.value)


def test_memory__is_a_store_too() -> None:
    store = EvidenceStore("memory://evidence")
    assert store.get(store.put(INPUT)) == INPUT
