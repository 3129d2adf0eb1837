"""``/ccip``: what ERC-3668 clients fetch by themselves when a gateway contract tells them to look.

No key and no cookie is looked at and any web page may call: whatever is answered is verified by the
contract. Status codes are the standard's: 4xx ends a client's search, 5xx sends it to the next URL.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Request, Response

from oracle.api.access import READS
from oracle.api.body import read_json
from oracle.api.context import context_of
from oracle.api.problems import Refusal, respond
from oracle.chain.gateway import AskCall, read_call, write_answer
from oracle.core.errors import InvalidInput, NotFound, OracleError
from oracle.node.reading import Reader

MAX_BYTES = 2 * 2**20
ANYONE = {"Access-Control-Allow-Origin": "*"}
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_OCTETS = re.compile(r"0x(?:[0-9a-fA-F]{2})*")

router = APIRouter(prefix=READS, tags=["gasless reads"])

RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"application/json": {"example": {"data": "0x…"}}},
        "description": "What the gateway's callback takes: the prediction and its evidence.",
    },
    400: {"description": "The call is malformed, or of another contract or chain."},
    404: {"description": "Nothing is known about the subject."},
    503: {"description": "Not here, not now: the client goes on to the next URL."},
}


@router.get(
    "/{sender}/{data}",
    summary="Answer a contract's lookup",
    response_class=Response,
    responses=RESPONSES,
)
async def get(
    request: Request,
    sender: Annotated[str, Path(description="The gateway contract, 0x and 40 hex digits.")],
    data: Annotated[str, Path(description="Calldata of `IDecisionLookup`, as 0x hex.")],
) -> Response:
    """The prediction and the evidence for it, as the contract asked through its client."""
    return await _answer(request, sender, data.removesuffix(".json"))


@router.post(
    "",
    summary="Answer a contract's lookup, of any size",
    response_class=Response,
    responses=RESPONSES,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["sender", "data"],
                        "properties": {
                            "sender": {"type": "string", "pattern": "^0x[0-9a-fA-F]{40}$"},
                            "data": {"type": "string", "pattern": "^0x([0-9a-fA-F]{2})*$"},
                        },
                    }
                }
            },
        }
    },
)
async def post(request: Request) -> Response:
    """The same, with sender and data in the body."""
    try:
        body = await read_json(request, max_bytes=MAX_BYTES)
    except Refusal as refusal:
        return _refuse(refusal)
    given = body if isinstance(body, dict) else {}
    return await _answer(request, given.get("sender"), given.get("data"))


@router.options("", include_in_schema=False)
@router.options("/{rest:path}", include_in_schema=False)
async def preflight() -> Response:
    """What a browser asks before a page's call."""
    allowed = {
        "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
        "Access-Control-Allow-Headers": "Content-Type",
        "Access-Control-Max-Age": "86400",
    }
    return Response(status_code=204, headers={**ANYONE, **allowed})


async def _answer(request: Request, sender: object, data: object) -> Response:
    reader = context_of(request).reader
    try:
        call = read_call(_read(reader, sender, data))
        found = await (reader.ask(call) if isinstance(call, AskCall) else reader.find(call))
    except OracleError as error:
        return _refuse(_as_clients_read_it(error))
    body = orjson.dumps({"data": "0x" + write_answer(found.prediction, found.evidence).hex()})
    return Response(
        body, media_type="application/json", headers={**ANYONE, "Cache-Control": "no-store"}
    )


def _read(reader: Reader, sender: object, data: object) -> bytes:
    if not isinstance(sender, str) or _ADDRESS.fullmatch(sender) is None:
        raise InvalidInput("the sender is no address", remedy="give 0x and 40 hex digits")
    if sender.lower() != reader.gateway.lower():
        raise InvalidInput(
            f"this node answers for the gateway {reader.gateway}, not for {sender}",
            remedy="ask through that contract; `oracle deploy` puts it there",
        )
    if not isinstance(data, str) or _OCTETS.fullmatch(data) is None:
        raise InvalidInput("the data is no 0x hex", remedy="send the lookup's calldata as it is")
    return bytes.fromhex(data[2:])


def _as_clients_read_it(error: OracleError) -> OracleError:
    """What is wrong with the call ends a client's search; what is wrong here does not."""
    if not isinstance(error, InvalidInput):
        return error
    if isinstance(error, NotFound):
        return Refusal(404, "Not found", error.what, remedy=error.remedy)
    return Refusal(400, "Not answered", error.what, remedy=error.remedy)


def _refuse(error: OracleError) -> Response:
    """A problem document that has the standard's ``message`` too, as plain JSON."""
    response = respond(error)
    fields = orjson.loads(bytes(response.body))
    fields["message"] = f"{fields['detail']} — {fields['remedy']}"
    return Response(
        orjson.dumps(fields),
        status_code=response.status_code,
        media_type="application/json",
        headers={
            **{k: v for k, v in response.headers.items() if k in ("retry-after", "connection")},
            **ANYONE,
        },
    )
