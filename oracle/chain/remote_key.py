"""A key that another process or machine holds: Web3Signer's and Clef's HTTP APIs.

Nothing that comes back is believed: a transaction has to be the one that was asked for, and a
signature this key's over the digest that was asked for. Neither signer is told to send anything.

Sources: https://docs.web3signer.consensys.io/reference/api/json-rpc and
https://geth.ethereum.org/docs/tools/clef/apis
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

import httpx
from eth_keys.constants import SECPK1_N
from eth_utils.crypto import keccak

from oracle.chain.limited import read_at_most
from oracle.chain.signed import signed_exactly
from oracle.chain.wire import checksum
from oracle.core.errors import ChainError, ConfigError, Transient, VerificationError
from oracle.core.quorum import compact
from oracle.core.signatures import signer_of
from oracle.core.typed_data import TypedMessage, type_of

TIMEOUT = 10.0
AT_ONCE = 16
"""Most questions to a signer at once."""
_LARGEST = 1_000_000
_SEED_TYPES = {"Seed": {"purpose": "string"}}
_PURPOSE = "Decision Oracle: the salts of this operator's votes. Sign it for nobody else."


class SignerKind(StrEnum):
    """Whose API a signer speaks."""

    WEB3SIGNER = "web3signer"
    CLEF = "clef"


class RemoteKey:
    """One key of a remote signer.

    Args:
        kind: whose API it speaks.
        url: its HTTP endpoint; a name and password in it are sent, and never shown.
        address: which of its keys; a signer that has another is refused at the first signature.
        timeout: seconds for one answer; where people confirm each one, they need longer.
    """

    def __init__(
        self, kind: SignerKind, url: str, address: str, *, timeout: float = TIMEOUT
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigError(
                "the signer's URL is not http:// or https:// and a host",
                remedy=f"ORACLE_SIGNER={kind}:http://127.0.0.1:9000, say",
            )
        self.kind = kind
        self._address = checksum(address.lower())
        port = f":{parts.port}" if parts.port else ""
        self._where = f"{kind} at {parts.scheme}://{parts.hostname}{port}"
        self._timeout = timeout
        self._http = httpx.AsyncClient(
            base_url=url, timeout=timeout, follow_redirects=False, trust_env=False
        )
        self._room = asyncio.Semaphore(AT_ONCE)
        self._ids = itertools.count(1)
        self._seed: bytes | None = None

    def __repr__(self) -> str:
        return f"RemoteKey({self._address}, {self._where})"

    @property
    def address(self) -> str:
        """Its checksummed address."""
        return self._address

    async def sign_transaction(self, fields: Mapping[str, Any]) -> bytes:
        """The signed bytes of a transaction; see :class:`oracle.chain.signing.Key`."""
        asked = _transaction_json(self._address, fields)
        if self.kind is SignerKind.CLEF:
            answer = await self._call("account_signTransaction", [asked])
            answer = answer.get("raw") if isinstance(answer, dict) else answer
        else:
            answer = await self._call("eth_signTransaction", [asked])
        raw = self._octets(answer, "a signed transaction")
        try:
            signed_exactly(raw, fields, sender=self._address)
        except VerificationError as error:
            raise ChainError(
                f"{self._where} signed another transaction than it was asked to: {error.what}",
                remedy="its chain id and its key have to be this node's",
            ) from None
        return raw

    async def sign(self, message: TypedMessage) -> bytes:
        """A compact signature over a typed message; see :class:`oracle.chain.signing.Key`."""
        asked = message.as_json()
        if self.kind is SignerKind.CLEF:
            answer = await self._call("account_signTypedData", [self._address, asked])
        else:
            answer = await self._call("eth_signTypedData", [self._address, json.dumps(asked)])
        octets = self._octets(answer, "a signature")
        if len(octets) != 65 or octets[64] not in (0, 1, 27, 28):
            raise self._garbage("a signature of 65 bytes", octets)
        signature = _compacted(octets)
        try:
            signer = signer_of(message.digest, signature)
        except VerificationError as error:
            raise ChainError(f"{self._where} gives no signature: {error.what}") from None
        if signer != self._address:
            raise ChainError(
                f"{self._where} signed another {message.primary_type}, or with {signer}'s key "
                f"instead of {self._address}'s",
                remedy="correct ORACLE_ACCOUNT or the signer's keys",
            )
        return signature

    async def seed(self) -> bytes:
        """The hash of a signature that is made for nothing else.

        Raises:
            ChainError: the signer's signatures differ each time, so that nothing can follow from
                them; or as ``sign``.
        """
        if self._seed is None:
            message = TypedMessage(
                chain_id=1,
                contract="0x" + "00" * 20,
                primary_type="Seed",
                types=_SEED_TYPES,
                content={"purpose": _PURPOSE},
                struct_hash=keccak(
                    keccak(text=type_of("Seed", _SEED_TYPES)) + keccak(text=_PURPOSE)
                ),
            )
            first, second = await self.sign(message), await self.sign(message)
            if first != second:
                raise ChainError(
                    f"{self._where} signs the same message differently each time, so the salts of "
                    "votes can not follow from its key",
                    remedy="use a signer with deterministic nonces (RFC 6979) in a committee",
                )
            self._seed = keccak(first)
        return self._seed

    async def check(self) -> str:
        """Where the signer is, after it was asked.

        Raises:
            Transient: it does not answer.
            ConfigError: it does not have the key. Clef shows its keys only to whom a person lets
                see them, so there the first signature tells.
        """
        if self.kind is SignerKind.CLEF:
            version = await self._call("account_version", [])
            return f"{self._where}, API {version}"
        known = await self._call("eth_accounts", [])
        if not isinstance(known, list) or self._address.lower() not in (
            str(each).lower() for each in known
        ):
            raise ConfigError(
                f"{self._where} has no key of {self._address}",
                remedy="load it there, or correct ORACLE_ACCOUNT",
            )
        return self._where

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _call(self, method: str, params: list[Any]) -> Any:
        body = {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": params}
        try:
            async with (
                self._room,
                asyncio.timeout(self._timeout),
                self._http.stream("POST", "", json=body) as response,
            ):
                octets = await read_at_most(response, _LARGEST)
        except (TimeoutError, httpx.TimeoutException):
            raise Transient(
                f"{self._where} did not answer {method} in {self._timeout:g} s",
                remedy="is it running, and does nobody have to confirm? see ORACLE_SIGNER_TIMEOUT",
            ) from None
        except httpx.HTTPError as error:
            raise Transient(
                f"{self._where} can not be reached: {type(error).__name__}",
                remedy="start it, or correct ORACLE_SIGNER",
            ) from None
        try:
            reply = json.loads(octets)
        except ValueError:
            reply = None
        if isinstance(reply, dict) and isinstance(reply.get("error"), dict):
            why = str(reply["error"].get("message", ""))[:200]
            raise ChainError(
                f"{self._where} refuses {method}: {why}",
                remedy=f"see its log; its key has to be {self._address}'s",
            )
        if not isinstance(reply, dict) or "result" not in reply:
            raise Transient(
                f"{self._where} answers {response.status_code} and no JSON-RPC",
                remedy="is this host allowed to ask it? see --http-host-allowlist of Web3Signer",
            )
        return reply["result"]

    def _octets(self, answer: Any, what: str) -> bytes:
        if not isinstance(answer, str) or not re.fullmatch(r"0x(?:[0-9a-fA-F]{2})+", answer):
            raise self._garbage(what, answer)
        return bytes.fromhex(answer[2:])

    def _garbage(self, wanted: str, found: Any) -> ChainError:
        return ChainError(f"{self._where} gives no {wanted.removeprefix('a ')}: {found!r:.80}")


def _compacted(octets: bytes) -> bytes:
    """R ‖ s ‖ v as EIP-2098 has it, in the form with the low s (EIP-2)."""
    r, s = int.from_bytes(octets[:32], "big"), int.from_bytes(octets[32:64], "big")
    parity = octets[64] % 27
    if s > SECPK1_N // 2:
        s, parity = SECPK1_N - s, parity ^ 1
    return compact(r, s, parity)


def _transaction_json(sender: str, fields: Mapping[str, Any]) -> dict[str, str]:
    """The fields as JSON-RPC has them."""
    asked = {"from": sender, "data": "0x" + bytes(fields["data"]).hex()}
    if fields.get("to") is not None:
        to = fields["to"]
        asked["to"] = checksum("0x" + to.hex() if isinstance(to, bytes) else to)
    numbers = ("chainId", "nonce", "gas", "value", "gasPrice", "maxFeePerGas")
    for name in (*numbers, "maxPriorityFeePerGas"):
        if name in fields:
            asked[name] = hex(fields[name])
    return asked
