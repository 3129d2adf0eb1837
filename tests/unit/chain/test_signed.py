"""Signed calls: the bytes that eth-account would have made, and everyone can read."""

from __future__ import annotations

from coincurve import PrivateKey
from eth_account import Account
from hypothesis import given, settings
from hypothesis import strategies as st

from oracle.chain.signed import read_signed, sign_call
from oracle.chain.wire import checksum

WORD = st.integers(0, 2**64 - 1)


@settings(max_examples=40, deadline=None)
@given(
    secret=st.integers(1, 2**255).map(lambda number: number.to_bytes(32, "big")),
    numbers=st.tuples(st.integers(1, 2**32), WORD, WORD, WORD, WORD, st.integers(0, 2**200)),
    to=st.binary(min_size=20, max_size=20),
    calldata=st.binary(max_size=300),
)
def test_sign_call__any_fields__is_what_eth_account_signs(
    secret: bytes, numbers: tuple[int, ...], to: bytes, calldata: bytes
) -> None:
    chain_id, nonce, gas, tip, more, value = numbers
    raw, tx_hash = sign_call(
        PrivateKey(secret),
        chain_id=chain_id,
        nonce=nonce,
        to=to,
        value=value,
        calldata=calldata,
        gas=gas,
        max_fee=tip + more,
        priority_fee=tip,
    )
    fields = {
        "type": 2,
        "chainId": chain_id,
        "nonce": nonce,
        "to": to,
        "value": value,
        "data": calldata,
        "gas": gas,
        "maxFeePerGas": tip + more,
        "maxPriorityFeePerGas": tip,
    }
    expected = Account.sign_transaction(fields, secret)
    assert (raw, tx_hash) == (bytes(expected.raw_transaction), bytes(expected.hash))
    said = read_signed(raw)
    assert said.hash == tx_hash
    assert said.sender == Account.from_key(secret).address
    assert said.to == checksum("0x" + to.hex())
    assert (said.chain_id, said.calldata) == (chain_id, calldata)
