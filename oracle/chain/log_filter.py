"""Which logs are asked for, as JSON-RPC takes it, and whether those that come are the ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from oracle.chain.failover import Reply, value_of
from oracle.chain.wire import Log, bloom_has, to_list, to_log

Topic: TypeAlias = bytes | Sequence[bytes] | None
"""A topic of 32 bytes, one of several, or any."""


def topic_of(topic: Topic) -> str | list[str] | None:
    """As JSON-RPC takes it."""
    if topic is None or isinstance(topic, bytes):
        return None if topic is None else "0x" + topic.hex()
    return ["0x" + each.hex() for each in topic]


def fits(log: Log, topics: Sequence[Topic]) -> bool:
    """Whether a log has these topics; an endpoint that filters worse gives more than asked for."""
    return len(log.topics) >= len(topics) and all(
        wanted is None or found == wanted or (not isinstance(wanted, bytes) and found in wanted)
        for found, wanted in zip(log.topics, topics, strict=False)
    )


def one_or_all(addresses: Sequence[str]) -> str | Sequence[str]:
    """Addresses as JSON-RPC takes them."""
    return addresses[0] if len(addresses) == 1 else addresses


def logs_of(reply: Reply, addresses: Sequence[str]) -> list[Log]:
    """The logs of these contracts in a reply, in the chain's order; a spoofed one is left out."""
    found = [to_log(log) for log in to_list(value_of(reply, "eth_getLogs"), "logs")]
    return of_these(found, addresses)


def of_these(logs: Sequence[Log], addresses: Sequence[str]) -> list[Log]:
    """Those of these contracts, in the chain's order."""
    wanted = {address.lower() for address in addresses}
    ours = [log for log in logs if log.address.lower() in wanted]
    return sorted(ours, key=lambda log: (log.block_number, log.index))


def unheard(bloom: object, logs: Sequence[Log], addresses: Sequence[str]) -> list[str]:
    """The contracts of which a block's bloom filter says that it has logs, and these are none."""
    heard = {log.address.lower() for log in logs}
    return [each for each in addresses if each.lower() not in heard and bloom_has(bloom, each)]
