"""Whose call it is over gRPC."""

from __future__ import annotations

import pytest

from oracle.api.inference.door import address_of


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        ("ipv4:127.0.0.1:40000", "127.0.0.1"),
        ("ipv6:%5B::1%5D:40000", "::1"),
        ("ipv6:[2001:db8::7]:40000", "2001:db8::7"),
        ("unix:", ""),
    ],
)
def test_address_of__a_peer__is_its_host(peer: str, address: str):
    assert address_of(peer) == address
