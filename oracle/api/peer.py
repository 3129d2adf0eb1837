"""For other members of a committee: each message is signed by its sender, and so is each answer."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from oracle.api.access import PEERS
from oracle.api.body import read_body
from oracle.api.context import context_of
from oracle.api.problems import Refusal
from oracle.core.errors import VerificationError
from oracle.node.committee.peers import LARGEST, SIGNATURE

router = APIRouter(prefix=PEERS.rstrip("/"), include_in_schema=False)


@router.post("/opinions")
async def opinions(request: Request) -> Response:
    """What the member says about requests that the sender collects for."""
    return await _answer(request, "opinions")


@router.post("/ballots")
async def ballots(request: Request) -> Response:
    """The member's votes for what the sender proposes."""
    return await _answer(request, "ballots")


async def _answer(request: Request, what: str) -> Response:
    member = context_of(request).node.member
    body = await read_body(request, max_bytes=LARGEST)
    try:
        signature = bytes.fromhex(request.headers.get(SIGNATURE, "").removeprefix("0x"))
        handle = member.opinions if what == "opinions" else member.ballots
        answer, signed = await handle(body, signature)
    except (VerificationError, ValueError) as error:
        raise Refusal(
            401,
            "Not a member",
            f"the message is not from whom it says: {error}",
            remedy="sign it with the key of a member of the committee",
        ) from None
    headers = {SIGNATURE: "0x" + signed.hex()}
    return Response(answer, media_type="application/json", headers=headers)
