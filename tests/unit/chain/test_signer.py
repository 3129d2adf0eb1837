"""The signer over a transport in memory: fees, refusals, receipts that come late or never."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from eth_account import Account
from eth_account.typed_transactions import TypedTransaction
from eth_utils.crypto import keccak
from hexbytes import HexBytes

from oracle.chain.signer import AccountSigner
from oracle.core.errors import ChainError, ConfigError, Reverted, Transient
from tests.support.fake_rpc import FakeChain, FakeProvider, Refusal, pool_of

KEY = Account.from_key("0x" + "42" * 32)
TO = "0x" + "11" * 20


@dataclass
class FakeMiner(FakeChain):
    """A chain that mines what it is sent, or does not."""

    mines: bool = True
    status: int = 1
    refusal: Refusal | None = None
    reason: Refusal | None = None
    balance: int = 10**18
    tips: bool = True
    sent: list[bytes] = field(default_factory=list)

    def answer(self, method: str, params: Sequence[Any]) -> Any:
        match method:
            case "eth_feeHistory":
                if not self.tips:
                    raise Refusal(-32601, "Method not found")
                rewards = [[hex(n)] for n in (1, 9, 5)]
                return {
                    "oldestBlock": "0x0",
                    "baseFeePerGas": ["0x7"] * 4,
                    "gasUsedRatio": [0.5] * 3,
                    "reward": rewards,
                }
            case "eth_gasPrice":
                return "0x64"
            case "eth_estimateGas":
                if self.balance == 0:
                    raise Refusal(-32000, "insufficient funds for transfer")
                return "0xc350"
            case "eth_getBalance":
                return hex(self.balance)
            case "eth_getTransactionCount":
                return hex(len(self.sent))
            case "eth_call":
                if self.reason is not None:
                    raise self.reason
                return "0x"
            case "eth_sendRawTransaction":
                if self.refusal is not None:
                    raise self.refusal
                self.sent.append(bytes.fromhex(params[0][2:]))
                return "0x" + keccak(self.sent[-1]).hex()
            case "eth_getTransactionReceipt":
                return self._receipt(params[0])
        return super().answer(method, params)

    def _receipt(self, name: str) -> Any:
        if not self.mines or all("0x" + keccak(raw).hex() != name for raw in self.sent):
            return None
        return {
            "transactionHash": name,
            "status": hex(self.status),
            "blockNumber": "0x2",
            "blockHash": "0x" + "33" * 32,
            "gasUsed": "0x5208",
            "effectiveGasPrice": "0x8",
            "contractAddress": None,
            "logs": [],
        }

    def transaction(self) -> dict[str, Any]:
        """The last one sent, its fields."""
        return dict(TypedTransaction.from_bytes(HexBytes(self.sent[-1])).as_dict())


def signer(chain: FakeMiner, **options: Any) -> AccountSigner:
    chain.mine(3)
    return AccountSigner(pool_of(FakeProvider(chain.answer), rounds=1), KEY, **options)


async def test_send__mined__fees_and_gas_follow_the_chain() -> None:
    chain = FakeMiner()
    receipt = await signer(chain).send_transaction(to=TO, calldata=b"\x12", value=3)
    assert receipt.succeeded
    sent = chain.transaction()
    assert sent["maxPriorityFeePerGas"] == 5, "the median of the recent tips"
    assert sent["maxFeePerGas"] == 2 * 7 + 5
    assert sent["gas"] == 50_000 * 120 // 100
    assert (sent["nonce"], sent["value"], sent["chainId"]) == (0, 3, 31337)


async def test_send__no_fee_history__uses_the_gas_price() -> None:
    chain = FakeMiner(tips=False)
    await signer(chain).send_transaction(to=TO)
    assert Account.recover_transaction(chain.sent[-1]) == KEY.address
    assert chain.sent[-1][0] >= 0xC0, "a legacy transaction"


async def test_send__fee_above_the_ceiling__is_cut_or_refused() -> None:
    chain = FakeMiner()
    await signer(chain, max_fee_gwei=15e-9).send_transaction(to=TO)
    assert chain.transaction()["maxFeePerGas"] == 15
    with pytest.raises(ConfigError, match="ceiling"):
        await signer(FakeMiner(), max_fee_gwei=11e-9).send_transaction(to=TO)


@pytest.mark.parametrize("balance", [0, 7])
async def test_send__empty_wallet__names_address_balance_and_need(balance: int) -> None:
    with pytest.raises(ConfigError) as caught:
        await signer(FakeMiner(balance=balance)).send_transaction(to=TO, value=9)
    assert KEY.address in caught.value.what
    assert f"has {balance / 1e18:g} " in caught.value.what


async def test_send__refused_by_the_node__is_a_chain_error_with_its_words() -> None:
    chain = FakeMiner(refusal=Refusal(-32000, "nonce too low"))
    with pytest.raises(ChainError, match="nonce too low") as caught:
        await signer(chain).send_transaction(to=TO)
    assert not isinstance(caught.value, Transient)


async def test_send__never_mined__is_transient_with_the_hash() -> None:
    chain = FakeMiner(mines=False)
    with pytest.raises(Transient) as caught:
        await signer(chain, timeout=0.05).send_transaction(to=TO)
    assert "0x" + keccak(chain.sent[-1]).hex() in caught.value.what


async def test_send__unknown_error_but_mined__is_found() -> None:
    class Silent(FakeMiner):
        def answer(self, method: str, params: Sequence[Any]) -> Any:
            found = super().answer(method, params)
            if method == "eth_sendRawTransaction":
                raise Refusal(-32603, "it went wrong afterwards")
            return found

    assert (await signer(Silent()).send_transaction(to=TO)).succeeded


@pytest.mark.parametrize(
    ("reason", "error", "words"),
    [
        (
            Refusal(3, "execution reverted", "0x" + keccak(text="ModelIdZero()")[:4].hex()),
            "ModelIdZero",
            "ModelIdZero()",
        ),
        (None, "unknown", "try again"),
        (Refusal(-32000, "missing trie node"), "unknown", "old state"),
    ],
)
async def test_send__mined_with_status_0__says_why_as_far_as_it_can(
    reason: Refusal | None, error: str, words: str
) -> None:
    chain = FakeMiner(status=0, reason=reason)
    with pytest.raises(Reverted) as caught:
        await signer(chain).send_transaction(to=TO, gas=100_000)
    assert caught.value.error == error
    assert words in str(caught.value)


async def test_send__all_gas_used__is_out_of_gas() -> None:
    with pytest.raises(Reverted) as caught:
        await signer(FakeMiner(status=0)).send_transaction(to=TO, gas=21_000)
    assert caught.value.error == "OutOfGas"
