"""API keys: held as hashes only, each with a scope; a scope includes those below it."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from enum import IntEnum

from oracle.core.errors import ConfigError

LEAST_KEY = 16
_SCOPED = re.compile(r"(read|decide|admin):(.*)", re.DOTALL)
_HASHED = re.compile(r"sha256:([0-9a-fA-F]{64})")


class Scope(IntEnum):
    """What a key is good for.

    READ: to see inputs that are not on chain. DECIDE: to have the operator answer and pay.
    ADMIN: to delete.
    """

    READ = 1
    DECIDE = 2
    ADMIN = 3


class ApiKeys:
    """The keys of one node, held as SHA-256 only.

    Args:
        given: each a key of at least 16 characters, or ``sha256:`` and its hash in hex; before it
            may stand a scope, such as ``read:``; without one it is ADMIN.

    Raises:
        ConfigError: a key is too short to be a secret.
    """

    def __init__(self, given: Iterable[str] = ()) -> None:
        self._known: list[tuple[bytes, Scope]] = []
        for key in (key.strip() for key in given):
            scoped = _SCOPED.fullmatch(key)
            scope = Scope[scoped[1].upper()] if scoped else Scope.ADMIN
            key = scoped[2].strip() if scoped else key
            if not key and not scoped:
                continue
            hashed = _HASHED.fullmatch(key)
            if hashed:
                self._known.append((bytes.fromhex(hashed[1]), scope))
                continue
            if len(key) < LEAST_KEY:
                raise ConfigError(
                    f"an API key has {len(key)} characters",
                    remedy=f"use {LEAST_KEY} or more, such as `openssl rand -hex 24` gives",
                )
            self._known.append((hash_of(key), scope))

    def __bool__(self) -> bool:
        return bool(self._known)

    def __repr__(self) -> str:
        return f"ApiKeys({len(self._known)})"

    def scope_of(self, key: str) -> Scope | None:
        """What the key is good for, or None where it is none; takes as long for any key."""
        given = hash_of(key)
        found = [scope for known, scope in self._known if hmac.compare_digest(given, known)]
        return max(found, default=None)

    def allow(self, headers: Mapping[str, str], needed: Scope) -> bool:
        """Whether a caller may do what needs this scope: it has such a key, or none is needed."""
        scope = self.scope_of(key_in(headers))
        return not self or (scope is not None and scope >= needed)


def key_in(headers: Mapping[str, str]) -> str:
    """The key that a request carries; empty where it carries none."""
    kind, _, key = headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer" and key.strip():
        return key.strip()
    return headers.get("x-api-key", "").strip()


def hash_of(key: str) -> bytes:
    """SHA-256 of a key, 32 bytes: what is kept of it."""
    return hashlib.sha256(key.encode()).digest()
