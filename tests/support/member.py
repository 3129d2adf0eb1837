"""A committee member in a process of its own, honest or not.

    python -m tests.support.member '{"index": 0, "behaviour": "honest", …}'

A dishonest one is an honest node with one part exchanged, so that what it does wrong arrives on the
wire as a real attacker's would, properly signed with its own key where that matters.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

from oracle.api.app import create_app
from oracle.api.server import bind, serve
from oracle.chain.local import dev_account
from oracle.core.errors import OracleError
from oracle.core.peer import Opinion
from oracle.core.prediction import Prediction
from oracle.core.quorum import Committee
from oracle.core.scoring import Outputs
from oracle.inference.readiness import Readiness
from oracle.node.committee import collect, member, voter
from oracle.node.metrics import Metrics
from oracle.node.node import Node
from tests.support.harness import CHAIN_ID, OPTIONS, wired_node

BASE_INDEX = 3
"""Members are the development accounts from this one on."""
LIE = 40
DIGIT = 1


def shift_outputs(node: Node, by: int) -> None:
    """Let the engine say ``by`` units more than the model does, once its golden vectors agreed: a
    node that computes wrong by mistake would notice, and refuse.
    """
    engine = node.parts.engine
    honest, honest_one, honest_test = engine.infer_many, engine.infer, engine.self_test

    def shifted(outputs: Outputs) -> Outputs:
        return replace(outputs, value=outputs.value + by, encoded=outputs.encoded + bytes([by]))

    async def infer_many(model: Any, messages: Sequence[bytes]) -> list[Outputs | OracleError]:
        found = await honest(model, messages)
        return [shifted(each) if isinstance(each, Outputs) else each for each in found]

    async def infer(model: Any, message: bytes) -> Outputs:
        return shifted(await honest_one(model, message))

    async def self_test() -> Readiness:
        found = await honest_test()
        engine.infer_many = infer_many  # type: ignore[method-assign]
        engine.infer = infer  # type: ignore[method-assign]
        return found

    engine.self_test = self_test  # type: ignore[method-assign]


def behave(node: Node, behaviour: str) -> None:
    """Exchange the part that makes a member what the test wants."""
    honest_opinion = member.opinion_of

    async def garbage(account: Any, committee: Committee, prediction: Prediction) -> Opinion:
        opinion = await honest_opinion(account, committee, prediction)
        return replace(opinion, signature=os.urandom(64))

    turns = count(1)

    async def two_faced(account: Any, committee: Committee, prediction: Prediction) -> Opinion:
        other = replace(prediction, value=prediction.value + LIE * next(turns))
        return await honest_opinion(account, committee, other)

    async def silent(*_: Any) -> tuple[bytes, bytes]:
        await asyncio.sleep(3600)
        raise AssertionError

    async def die(*_: Any) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    async def hold_back(*_: Any) -> None:
        return None

    async def reveals_nothing(*_: Any) -> None:
        return None

    async def collects_nothing(*_: Any) -> None:
        return None

    match behaviour:
        case "honest":
            pass
        case "silent":
            node.member.opinions = silent  # type: ignore[method-assign]
            node.member.ballots = silent  # type: ignore[method-assign]
            collect.Collector.turn = collects_nothing  # type: ignore[method-assign,assignment]
            voter.Voter.turn = collects_nothing  # type: ignore[method-assign,assignment]
        case "never reveals":
            voter.Voter._reveal = reveals_nothing  # type: ignore[method-assign,assignment]
        case "lies":
            shift_outputs(node, LIE)
        case "last digit":
            shift_outputs(node, DIGIT)
        case "garbage":
            member.opinion_of = garbage  # type: ignore[attr-defined]
        case "equivocates":
            member.opinion_of = two_faced  # type: ignore[attr-defined]
            collect.Collector.turn = collects_nothing  # type: ignore[method-assign,assignment]
        case "dies after collecting":
            collect.Collector._relay = die  # type: ignore[method-assign,assignment]
        case "holds back":
            collect.Collector._relay = hold_back  # type: ignore[method-assign,assignment]
        case "everybody's turn":
            node.member.due = lambda *_: 0.0  # type: ignore[method-assign]
        case _:
            raise AssertionError(behaviour)


async def main(options: dict[str, Any]) -> None:
    account = dev_account(BASE_INDEX + options["index"], chain_id=CHAIN_ID)
    listener = bind("127.0.0.1", options["port"])
    async with wired_node(
        rpc_url=options["rpc"],
        contract=options["contract"],
        folder=Path(options["folder"]),
        options=replace(OPTIONS, turn_seconds=options["turn_seconds"], peer_timeout=1.0, poll=0.1),
        account=account,
        peers=options["peers"],
    ) as node:
        metrics = Metrics()
        node.parts.observers.append(metrics)
        behave(node, options["behaviour"])
        async with asyncio.TaskGroup() as group:
            group.create_task(serve(create_app(node, metrics), listener))
            group.create_task(node.run())


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
