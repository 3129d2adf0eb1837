"""The HTTP application of one node."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from oracle.api import (
    callbacks,
    ccip,
    decisions,
    figures,
    health,
    models,
    page,
    peer,
    predictions,
    problems,
    receipts,
    reference,
    stream,
    votes,
)
from oracle.api.access import Gate
from oracle.api.context import Context
from oracle.api.examples import ask_examples
from oracle.api.inference import reference as protocol
from oracle.api.inference.rest import Rest
from oracle.api.inference.service import Inference
from oracle.api.keys import ApiKeys
from oracle.api.limits import Limits
from oracle.api.models import example_of
from oracle.api.version import version
from oracle.node.metrics import Metrics
from oracle.node.node import Node

DESCRIPTION = """
Ask a model, get a decision on chain, and read its whole account.

* `POST /api/decisions` runs a model on an input and puts the decision on chain. Send an
  `Idempotency-Key`, and it is safe to send again.
* `GET /api/decisions/{subject}` tells everything about one decision: the prediction and its hashes,
  the verdict, the transactions with gas and fees, and when each stage was reached.
* `GET /api/stream` tells of decisions as they arrive, as server-sent events.
* Errors are problem documents (RFC 9457) that say what was wrong and what to do.
"""


class Api(FastAPI):
    """An application with an entry of its own: what that refuses or answers, the framework does
    not see.
    """

    def __init__(self, **about: Any) -> None:
        super().__init__(**about)
        self.entry: ASGIApp = super().__call__

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.entry(scope, receive, send)


def create_app(
    node: Node,
    metrics: Metrics,
    *,
    api_keys: ApiKeys | None = None,
    limits: Limits | None = None,
) -> FastAPI:
    """The application; it serves once the node's journal is open.

    Args:
        api_keys: who may do what; without keys every program on this machine may do all.
        limits: how much may be asked; without it only how much at once.
    """
    keys = api_keys or ApiKeys()
    app = Api(
        title="Decision Oracle",
        version=version(),
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_tags=[
            {"name": "decisions", "description": "Ask, list, read."},
            {"name": "predictions", "description": "Answered at once, anchored together."},
            {"name": "receipts", "description": "Check it, and what belongs to it."},
            {"name": "models", "description": "What can be asked, and how it is judged."},
            {
                "name": "gasless reads",
                "description": "For clients of a `DecisionGateway`, which call by themselves.",
            },
            {
                "name": protocol.TAG,
                "description": "What clients of Triton, KServe and MLServer speak.",
            },
            {"name": "operation", "description": "For whoever runs the node."},
        ],
    )
    app.state.context = context = Context(node=node, metrics=metrics, keys=keys)
    app.state.stream = stream.Stream(context)
    app.state.inference = inference = Inference(context)
    app.entry = Gate(Rest(app.entry, inference), keys, limits)
    problems.install(app)
    app.include_router(decisions.router)
    app.include_router(votes.router)
    app.include_router(callbacks.router)
    app.include_router(stream.router)
    app.include_router(predictions.router)
    app.include_router(receipts.router)
    app.include_router(models.router)
    app.include_router(figures.router)
    app.include_router(page.router)
    app.include_router(ccip.router)
    app.include_router(health.router)
    app.include_router(peer.router)

    @app.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> Response:
        return reference.page(app.openapi(), str(request.base_url).rstrip("/"))

    _document(app, keys)
    return app


def _document(app: FastAPI, keys: ApiKeys) -> None:
    """Put the served models' own inputs and the key into the OpenAPI document."""
    build = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is not None:
            return app.openapi_schema
        schema = build()
        schema["paths"] |= protocol.paths()
        context = app.state.context
        inputs = {
            model.name: example
            for model in sorted(context.models, key=lambda each: each.name)
            if (example := example_of(model)) is not None
        }
        ask = schema["paths"]["/api/decisions"]["post"]
        ask["requestBody"]["content"]["application/json"]["examples"] = ask_examples(inputs)
        if keys:
            schemes = schema.setdefault("components", {}).setdefault("securitySchemes", {})
            schemes["key"] = {"type": "http", "scheme": "bearer"}
            ask["security"] = [{"key": []}]
        return schema

    app.openapi = openapi  # type: ignore[method-assign]
