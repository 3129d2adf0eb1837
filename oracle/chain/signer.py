"""One account's own transactions, one after the other: deployments and the terminal's commands.

The node does not send through this; it keeps every attempt in its journal.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from eth_account.signers.local import LocalAccount

from oracle.chain.errors import MethodMissing
from oracle.chain.replies import SendOutcome
from oracle.chain.rpc import RpcPool
from oracle.chain.signing import Key, key_of
from oracle.chain.wire import TxReceipt, checksum, to_int
from oracle.core.errors import ChainError, ConfigError, Reverted, Transient

GAS_MARGIN_PERCENT = 120
"""Gas limit in percent of the estimate."""
LONGEST_POLL = 2.0

_REFUSALS = frozenset(
    {
        SendOutcome.NONCE_TOO_LOW,
        SendOutcome.UNDERPRICED,
        SendOutcome.INSUFFICIENT_FUNDS,
        SendOutcome.FEE_CAP,
        SendOutcome.REFUSED,
    }
)


class Signer(Protocol):
    """Whatever can send a transaction and wait for its receipt."""

    @property
    def address(self) -> str:
        """The checksummed address it sends from."""

    async def send_transaction(
        self, *, to: str | None, calldata: bytes = b"", value: int = 0, gas: int | None = None
    ) -> TxReceipt:
        """Send, wait, and give the receipt of a transaction that succeeded."""


class AccountSigner:
    """Sends from one key, with EIP-1559 fees where the chain has them.

    Args:
        rpc: endpoints of the chain.
        account: the key: in memory, or held elsewhere.
        timeout: seconds to wait for a receipt.
        max_fee_gwei: most to pay for one gas, or None for no ceiling.
        record: told of the signed bytes before they are sent, to write them down.
    """

    def __init__(
        self,
        rpc: RpcPool,
        account: LocalAccount | Key,
        *,
        timeout: float = 180.0,
        max_fee_gwei: float | None = None,
        record: Callable[[bytes], None] | None = None,
    ) -> None:
        self._rpc = rpc
        self._key = key_of(account)
        self._timeout = timeout
        self._ceiling = None if max_fee_gwei is None else round(max_fee_gwei * 10**9)
        self._record = record
        self._one_at_a_time = asyncio.Lock()

    @property
    def address(self) -> str:
        """The checksummed address it sends from."""
        return self._key.address

    async def send_transaction(
        self, *, to: str | None, calldata: bytes = b"", value: int = 0, gas: int | None = None
    ) -> TxReceipt:
        """Send one transaction and wait until it is mined.

        Args:
            to: the callee; None to create a contract.
            calldata: what it is called with.
            value: wei.
            gas: limit; estimated where not given.

        Raises:
            Reverted: it would revert, or did; with the decoded reason.
            ConfigError: the balance is too small, or the fees are above the ceiling.
            Transient: no receipt in time; the message has the hash.
        """
        message: dict[str, Any] = {"from": self.address, "value": hex(value)}
        if to is not None:
            message["to"] = to
        if calldata or to is None:
            message["data"] = "0x" + calldata.hex()
        async with self._one_at_a_time:
            fees = await self._fees()
            limit = gas if gas is not None else await self._estimate(message, value)
            await self._require_funds(value + limit * max(fees.values()))
            nonce = await self._rpc.nonce(self.address, "pending")
            fields: dict[str, Any] = {
                "chainId": self._rpc.chain_id,
                "nonce": nonce,
                "value": value,
                "data": calldata,
                "gas": limit,
                **fees,
            }
            if to is not None:
                fields["to"] = checksum(to)
            if "gasPrice" not in fees:
                fields["type"] = 2
            raw = await self._key.sign_transaction(fields)
            if self._record is not None:
                self._record(raw)
            receipt = await self._broadcast(raw)
        if not receipt.succeeded:
            raise await self._why(message, limit, receipt)
        return receipt

    async def send_again(self, raw: bytes) -> TxReceipt:
        """Send signed bytes that may have been sent before, and wait; it may have reverted.

        Raises:
            ChainError: it is refused for good: its nonce went to another transaction, say.
            Transient: no receipt in time.
        """
        return await self._broadcast(raw)

    async def _fees(self) -> dict[str, int]:
        head = await self._rpc.block("latest")
        try:
            history = await self._rpc.fee_history(5, (50,))
        except MethodMissing:
            history = None
        if head.base_fee is None or history is None:
            price = await self._rpc.call(
                "eth_gasPrice", retype=lambda reply: to_int(reply, "eth_gasPrice")
            )
            fees = {"gasPrice": price}
        else:
            tips = sorted(row[0] for row in history.tips if row)
            tip = max(tips[len(tips) // 2] if tips else 0, 1)
            fees = {"maxFeePerGas": 2 * head.base_fee + tip, "maxPriorityFeePerGas": tip}
        highest = max(fees.values())
        if self._ceiling is not None and highest > self._ceiling:
            least = (head.base_fee or highest) + fees.get("maxPriorityFeePerGas", 0)
            if least > self._ceiling:
                raise ConfigError(
                    f"gas costs {least / 1e9:g} gwei now, the ceiling is {self._ceiling / 1e9:g}",
                    remedy="wait, or raise max_fee_gwei",
                )
            fees["gasPrice" if "gasPrice" in fees else "maxFeePerGas"] = self._ceiling
        return fees

    async def _estimate(self, message: Mapping[str, Any], value: int) -> int:
        try:
            estimate = await self._rpc.estimate_gas(message)
        except Reverted:
            raise
        except ChainError as fault:
            if "insufficient" in fault.what.lower() or "enough funds" in fault.what.lower():
                await self._require_funds(value + 1)
            raise
        return estimate * GAS_MARGIN_PERCENT // 100

    async def _require_funds(self, needed: int) -> None:
        balance = await self._rpc.balance(self.address, "latest")
        if balance < needed:
            raise ConfigError(
                f"{self.address} has {balance / 1e18:g} of chain {self._rpc.chain_id}'s currency "
                f"and needs {needed / 1e18:g}",
                remedy="send it some, or use another key",
            )

    async def _broadcast(self, raw: bytes) -> TxReceipt:
        sent = await self._rpc.broadcast(raw)
        name = "0x" + sent.tx_hash.hex()
        if sent.outcome in _REFUSALS:
            (known,) = await self._rpc.receipts([sent.tx_hash])
            if known is not None:
                return known
            raise ChainError(
                f"transaction {name} was refused: {sent.outcome} ({sent.why})",
                remedy="another program may use this key; look at its transactions and try again",
            )
        deadline = time.monotonic() + self._timeout
        pause = 0.01
        while time.monotonic() < deadline:
            (receipt,) = await self._rpc.receipts([sent.tx_hash])
            if receipt is not None:
                return receipt
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, LONGEST_POLL)
        raise Transient(
            f"transaction {name} was not mined within {self._timeout:g} s",
            remedy="it may still be: look it up before sending again",
        )

    async def _why(self, message: Mapping[str, Any], gas: int, receipt: TxReceipt) -> Reverted:
        """The reason of a mined revert, found by calling again on the state before its block."""
        what = f"transaction 0x{receipt.tx_hash.hex()} reverted in block {receipt.block_number}"
        try:
            await self._rpc.call(
                "eth_call", [{**message, "gas": hex(gas)}, hex(receipt.block_number - 1)]
            )
        except Reverted as fault:
            reason = fault.what.partition(": ")[2] or "without a reason"
            return Reverted(f"{what}: {reason}", error=fault.error, arguments=fault.arguments)
        except ChainError:
            return Reverted(what, remedy="trace it with a node that keeps old state")
        if receipt.gas_used >= gas * 63 // 64:
            return Reverted(f"{what}: out of gas", error="OutOfGas", remedy="give more gas")
        return Reverted(what, remedy="it goes through on the state before its block; try again")
