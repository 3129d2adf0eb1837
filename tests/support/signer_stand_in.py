"""Signers that speak as Web3Signer (eth1 mode) and Clef do over HTTP, for tests.

What they take, refuse and answer follows the sources of both: Web3Signer's
``EthSignTransactionResultProvider``, ``EthSignTypedDataResultProvider`` and ``JsonRpcError``, and
go-ethereum's ``signer/core/api.go`` and ``signer/core/apitypes``. Typed messages are encoded by
eth-account from their JSON, so a JSON that does not say what was to be signed is noticed.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from eth_account import Account
from eth_account.messages import _hash_eip191_message, encode_typed_data
from eth_account.signers.local import LocalAccount
from eth_keys.backends.native import ecdsa
from eth_keys.constants import SECPK1_N

_NOT_UNLOCKED = (-32000, "No unlocked account matches the Sender")
_DENIED = (-32000, "Request denied")
_QUANTITY = re.compile(r"0x(0|[1-9a-f][0-9a-f]*)")


class Refused(Exception):
    """A JSON-RPC error."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass
class StandIn:
    """One signer and what it was asked.

    Attributes:
        behaviour: ``honest``, ``denies``, ``hangs``, ``garbage``, ``another key``,
            ``high s``, ``random``, ``other gas``, ``drops``.
        heard: method and parameters of every question.
    """

    kind: str
    account: LocalAccount
    chain_id: int
    url: str = ""
    behaviour: str = "honest"
    heard: list[tuple[str, Any]] = field(default_factory=list)

    @property
    def signed(self) -> list[dict[str, Any]]:
        """The typed messages that it was asked to sign."""
        said = [p[1] for method, p in self.heard if method.endswith("signTypedData")]
        return [json.loads(each) if isinstance(each, str) else each for each in said]

    def methods(self) -> dict[str, Any]:
        """What it answers to, by method."""
        if self.kind == "clef":
            return {
                "account_version": lambda: "6.1.0",
                "account_list": lambda: [self.account.address.lower()],
                "account_signTransaction": self._clef_transaction,
                "account_signTypedData": self._clef_typed,
            }
        return {
            "eth_accounts": lambda: [self.account.address.lower()],
            "eth_signTransaction": self._web3signer_transaction,
            "eth_signTypedData": self._web3signer_typed,
        }

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One JSON-RPC question."""
        if self.behaviour == "drops":
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        if self.kind == "clef" and request.content_type != "application/json":
            return web.Response(status=415, text="invalid content type")
        asked = await request.json()
        self.heard.append((asked["method"], asked.get("params")))
        if self.behaviour == "hangs":
            await asyncio.sleep(3600)
        reply = {"jsonrpc": "2.0", "id": asked["id"]}
        try:
            method = self.methods().get(asked["method"])
            if method is None:
                raise Refused(-32601, "Method not found")
            if self.behaviour == "denies" and "sign" in asked["method"]:
                raise Refused(*(_DENIED if self.kind == "clef" else _NOT_UNLOCKED))
            reply["result"] = method(*asked["params"])
        except Refused as error:
            reply["error"] = {"code": error.code, "message": str(error)}
            status = 200 if self.kind == "clef" else 400
            return web.json_response(reply, status=status)
        return web.json_response(reply)

    @property
    def _key(self) -> LocalAccount:
        return Account.create() if self.behaviour == "another key" else self.account

    def _own(self, address: str) -> None:
        if address.lower() != self.account.address.lower():
            raise Refused(*(_DENIED if self.kind == "clef" else _NOT_UNLOCKED))

    def _web3signer_transaction(self, *params: Any) -> str:
        if len(params) != 1 or "nonce" not in params[0]:
            raise Refused(-32602, "Invalid params")
        return "0x" + self._transaction(params[0]).hex()

    def _clef_transaction(self, args: dict[str, str], _signature: str = "") -> dict[str, Any]:
        asked = int(args["chainId"], 16)
        if asked != self.chain_id:
            text = f"requested chainid {asked} does not match the configuration of the signer"
            raise Refused(-32000, text)
        return {"raw": "0x" + self._transaction(args).hex(), "tx": {}}

    def _transaction(self, args: dict[str, str]) -> bytes:
        self._own(args["from"])
        names = ("nonce", "gas", "value", "gasPrice", "maxFeePerGas", "maxPriorityFeePerGas")
        for name in names:
            if name in args and not _QUANTITY.fullmatch(args[name]):
                raise Refused(-32602, "Invalid params")
        fields: dict[str, Any] = {n: int(args[n], 16) for n in names if n in args}
        fields |= {"data": args.get("data", "0x"), "chainId": self.chain_id}
        if "to" in args:
            fields["to"] = args["to"]
        if "maxFeePerGas" in fields:
            fields["type"] = 2
        if self.behaviour == "other gas":
            fields["gas"] += 1
        if self.behaviour == "garbage":
            return os.urandom(120)
        return bytes(self._key.sign_transaction(fields).raw_transaction)

    def _web3signer_typed(self, *params: Any) -> str:
        if len(params) != 2 or not isinstance(params[1], str):
            raise Refused(-32602, "Invalid params")
        return self._typed(params[0], json.loads(params[1]))

    def _clef_typed(self, address: str, message: Any) -> str:
        if not isinstance(message, dict):
            raise Refused(-32602, "invalid argument 1: json: cannot unmarshal string")
        return self._typed(address, message)

    def _typed(self, address: str, message: dict[str, Any]) -> str:
        self._own(address)
        for struct, fields in message["types"].items():
            content = message["domain" if struct == "EIP712Domain" else "message"]
            if struct == message["primaryType"] and set(content) != {f["name"] for f in fields}:
                raise Refused(-32000, "there is extra data provided in the message")
        signable = encode_typed_data(full_message=message)
        signed = self._key.sign_message(signable)
        r, s, v = signed.r, signed.s, signed.v
        if self.behaviour == "random":
            r, s, v = _with_a_random_nonce(self._key, _hash_eip191_message(signable))
        if self.behaviour == "high s":
            s, v = SECPK1_N - s, 55 - v
        octets = r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([v])
        return "0x" + (os.urandom(65) if self.behaviour == "garbage" else octets).hex()


def _with_a_random_nonce(account: LocalAccount, digest: bytes) -> tuple[int, int, int]:
    """A valid signature that is another each time, as of hardware without RFC 6979."""
    nonce = int.from_bytes(os.urandom(32), "big") % SECPK1_N
    x, y = ecdsa.fast_multiply(ecdsa.G, nonce)
    secret = int.from_bytes(account.key, "big")
    s = pow(nonce, -1, SECPK1_N) * (int.from_bytes(digest, "big") + x * secret) % SECPK1_N
    return (x, SECPK1_N - s, 28 - y % 2) if s > SECPK1_N // 2 else (x, s, 27 + y % 2)


@asynccontextmanager
async def stand_in(kind: str, account: LocalAccount, chain_id: int) -> AsyncIterator[StandIn]:
    """A signer on a free loopback port until the block ends.

    Args:
        kind: ``web3signer`` or ``clef``.
        chain_id: the one it is configured for; Web3Signer does not look at the request's.
    """
    signer = StandIn(kind, account, chain_id)
    app = web.Application()
    app.router.add_post("/", signer.serve)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    signer.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield signer
    finally:
        await runner.cleanup()
