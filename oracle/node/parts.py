"""What a node is made of, wired by the composition root and shared by its loops."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from oracle.chain.anchor import AnchorLog
from oracle.chain.contracts import DecisionContract
from oracle.chain.rpc import RpcPool
from oracle.chain.signing import Key
from oracle.core.lifecycle import Request
from oracle.core.transaction import FeePolicy
from oracle.evidence import EvidenceStore, Fetcher
from oracle.inference.engine import Engine
from oracle.journal import Journal
from oracle.node.roles import Roles

log = structlog.get_logger("oracle.node")


class Observer(Protocol):
    """Told of every stage right after it was recorded: metrics, live streams, tests."""

    def __call__(self, stage: str, request: Request | None, /) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeOptions:
    """How one node works; blocks are counted, times are seconds.

    Attributes:
        confirmations: blocks, the request's own included, before it is answered.
        finality: blocks, the decision's own included, before it counts as final.
        poll: pause between looks at the chain's head.
        resend_after: age of an unmined attempt when its bytes are broadcast again.
        replace_after: age of an unmined attempt when it is replaced with higher fees.
        in_flight: most transactions signed and not yet mined.
        max_callback_gas: requests that ask for more are refused; 2**24 is the most that a
            transaction may have at all (EIP-7825).
        turn_seconds: in a committee, how long a collector has before its backup takes over.
        peer_timeout: for one exchange with a committee member.
        step_turn: in a committee that votes on chain, seconds of the chain's that a member has to
            tally or relay before the next one does; a few blocks.
        step_margin: seconds that a vote leaves for tally and relay before a request's deadline.
        anchor_within: seconds after a prediction within which it is promised to be anchored.
        anchor_every: most seconds that a promised prediction waits for its batch to close.
        anchor_count: predictions at which a batch closes before that.
        start_block: where a journal that is empty begins to follow.
        idle_chain: the chain makes blocks only when it gets transactions, as local ones do: its
            latest block may be old, so time and simulations are the pending block's.
    """

    confirmations: int = 1
    finality: int = 1
    poll: float = 0.05
    resend_after: float = 15.0
    replace_after: float = 45.0
    in_flight: int = 64
    max_callback_gas: int = 5_000_000
    turn_seconds: float = 2.0
    peer_timeout: float = 1.5
    step_turn: int = 2
    step_margin: int = 10
    anchor_within: int = 600
    anchor_every: float = 60.0
    anchor_count: int = 10_000
    start_block: int = 0
    idle_chain: bool = False


@dataclass(slots=True, kw_only=True)
class PeerTally:
    """How exchanges with one committee member ended since the node was started.

    Attributes:
        answered, silent, wrong: how many; wrong ones are garbage or not the member's own.
        equivocations: contradictions between what it said and what it said before.
        fault: what was last amiss; empty since it answered properly.
    """

    answered: int = 0
    silent: int = 0
    wrong: int = 0
    equivocations: int = 0
    fault: str = ""


@dataclass(slots=True, kw_only=True)
class Parts:
    """Everything the loops of a node use. Bells wake a loop when another made work for it.

    Attributes:
        account: the operator's key, wherever it is.
        currency: what fees are paid in on this chain.
        anchor_log: where this operator anchors; None where it has no log on this chain.
        genesis: hash of block 0, which tells a restarted local chain from the one before.
        evidence: where inputs by hash are kept.
        fetcher: how they are fetched from elsewhere.
        peers: base URL of each other committee member's API, by checksummed address.
        tallies: how each of them answered, by checksummed address.
        roles: what this operator is to each model.
        trouble: what each loop met last and has not overcome.
        unfit: models whose golden vectors do not agree on this machine, and how.
    """

    rpc: RpcPool
    contract: DecisionContract
    journal: Journal
    engine: Engine
    account: Key
    chain_id: int
    fees: FeePolicy
    options: NodeOptions
    currency: str = "ETH"
    anchor_log: AnchorLog | None = None
    genesis: bytes | None = None
    evidence: EvidenceStore | None = None
    fetcher: Fetcher = field(default_factory=Fetcher)
    peers: dict[str, str] = field(default_factory=dict)
    tallies: dict[str, PeerTally] = field(default_factory=dict)
    roles: Roles = field(init=False)
    observers: list[Observer] = field(default_factory=list)
    clock: Callable[[], float] = time.time
    trouble: dict[str, str] = field(default_factory=dict)
    unfit: dict[bytes, str] = field(default_factory=dict)
    to_answer: asyncio.Event = field(default_factory=asyncio.Event)
    to_collect: asyncio.Event = field(default_factory=asyncio.Event)
    to_anchor: asyncio.Event = field(default_factory=asyncio.Event)
    to_vote: asyncio.Event = field(default_factory=asyncio.Event)
    to_send: asyncio.Event = field(default_factory=asyncio.Event)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    def __post_init__(self) -> None:
        log = self.anchor_log
        self.roles = Roles(self.contract, self.operator, log.address if log else None)

    @property
    def operator(self) -> str:
        """The operator's checksummed address."""
        return self.account.address

    def is_own(self, attestor: str) -> bool:
        """Whether an attestor, checksummed, is this operator or its anchor log."""
        log = self.anchor_log
        return attestor == self.operator or (log is not None and attestor == log.address)

    def now(self) -> int:
        """Unix seconds."""
        return int(self.clock())

    def observe(self, stage: str, request: Request | None = None) -> None:
        """Tell the observers of a stage that was just recorded."""
        if request is not None:
            log.info(
                stage,
                request_id="0x" + request.subject.hex(),
                model_id="0x" + request.model_id.hex(),
                block=request.block_number or None,
            )
        for observer in self.observers:
            observer(stage, request)

    def observe_peer(self, member: str, stage: str, why: str = "") -> None:
        """Tell how an exchange with a committee member ended.

        Args:
            stage: ``peer_answered``, ``peer_silent``, ``peer_wrong`` or ``equivocation``.
            why: what was amiss.
        """
        tally = self.tallies.setdefault(member, PeerTally())
        match stage:
            case "peer_answered":
                tally.answered += 1
            case "peer_silent":
                tally.silent += 1
            case "peer_wrong":
                tally.wrong += 1
            case "equivocation":
                tally.equivocations += 1
        tally.fault = why
        self.observe(stage)

    async def announce(self) -> None:
        """Wake those who wait for a request's state to change."""
        async with self.changed:
            self.changed.notify_all()


async def rung(bell: asyncio.Event, timeout: float) -> None:
    """Wait until the bell rings or the timeout, seconds, has passed; silence it."""
    try:
        async with asyncio.timeout(timeout):
            await bell.wait()
    except TimeoutError:
        pass
    bell.clear()
