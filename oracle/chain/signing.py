"""Whoever holds the operator's key and signs with it: this process, or a signer elsewhere.

Two things are signed: transactions, and typed messages (EIP-712). Nobody outside this module and
:mod:`oracle.chain.remote_key` needs to know where the key is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

from coincurve import PrivateKey
from eth_account import Account
from eth_account.signers.local import LocalAccount

from oracle.chain.signed import sign_call
from oracle.chain.wire import checksum
from oracle.core.quorum import compact
from oracle.core.typed_data import TypedMessage


class Key(Protocol):
    """A key that signs."""

    @property
    def address(self) -> str:
        """Its checksummed address."""

    async def sign_transaction(self, fields: Mapping[str, Any]) -> bytes:
        """The signed bytes of a transaction.

        Args:
            fields: ``chainId``, ``nonce``, ``gas``, ``value``, ``data`` (bytes), ``to`` (an
                address, or 20 bytes; none to create a contract), and ``gasPrice``, or ``type`` 2
                with ``maxFeePerGas`` and ``maxPriorityFeePerGas``.

        Raises:
            Transient: the signer does not answer, or not in time.
            ChainError: it refuses, or signed something else.
        """

    async def sign(self, message: TypedMessage) -> bytes:
        """A compact signature (EIP-2098) over the message's digest, 64 bytes; raises as above."""

    async def seed(self) -> bytes:
        """Secret bytes that follow from the key: the same each time, known to its holder only;
        raises as above.
        """

    async def check(self) -> str:
        """Where the key is and that it can be used, in words; raises as above."""

    async def close(self) -> None:
        """Let go of connections."""


class LocalKey:
    """A key in this process's memory."""

    def __init__(self, account: LocalAccount) -> None:
        self._account = account
        self._private = PrivateKey(bytes(account.key))

    def __repr__(self) -> str:
        return f"LocalKey({self.address})"

    @property
    def address(self) -> str:
        """Its checksummed address."""
        return checksum(str(self._account.address))

    async def sign_transaction(self, fields: Mapping[str, Any]) -> bytes:
        """The signed bytes of a transaction; a call of type 2 is not worth a thread."""
        if fields.get("type") == 2 and isinstance(fields.get("to"), bytes):
            raw, _ = sign_call(
                self._private,
                chain_id=fields["chainId"],
                nonce=fields["nonce"],
                to=fields["to"],
                value=fields["value"],
                calldata=fields["data"],
                gas=fields["gas"],
                max_fee=fields["maxFeePerGas"],
                priority_fee=fields["maxPriorityFeePerGas"],
            )
            return raw
        signed = await asyncio.to_thread(self._account.sign_transaction, dict(fields))
        return bytes(signed.raw_transaction)

    async def sign(self, message: TypedMessage) -> bytes:
        """A compact signature, the same each time (RFC 6979)."""
        return sign_digest(self._account, message.digest)

    async def seed(self) -> bytes:
        """The key itself."""
        return bytes(self._account.key)

    async def check(self) -> str:
        """It can always be used."""
        return "in this process"

    async def close(self) -> None:
        """Nothing to let go of."""


def sign_digest(account: LocalAccount, digest: bytes) -> bytes:
    """A compact signature (EIP-2098) over a digest, 64 bytes; the same each time (RFC 6979)."""
    signed = Account.unsafe_sign_hash(digest, account.key)
    return compact(signed.r, signed.s, signed.v - 27)


def key_of(holder: LocalAccount | Key) -> Key:
    """The key of an account in memory; any other holder stays what it is."""
    return LocalKey(holder) if isinstance(holder, LocalAccount) else holder
