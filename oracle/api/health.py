"""``/healthz``, ``/readyz`` and ``/metrics``: for whoever operates the node."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from oracle.api.context import context_of, is_trusted_caller
from oracle.api.problems import without_addresses
from oracle.api.schemas import Alive, CheckView, Readiness
from oracle.api.version import version
from oracle.node.readiness import readiness

router = APIRouter(tags=["operation"])


@router.get("/healthz", response_model=Alive, summary="Does the process live?")
async def healthz() -> Alive:
    """Answers as long as the process can answer at all."""
    return Alive(status="ok", version=version())


@router.get(
    "/readyz",
    response_model=Readiness,
    summary="Can it do its work?",
    responses={503: {"model": Readiness, "description": "Something keeps it from its work."}},
)
async def readyz(request: Request, response: Response) -> Readiness:
    """Every check, and the names of those that do not hold."""
    context = context_of(request)
    parts = context.node.parts
    checks = await readiness(context.node)
    missing = [check.name for check in checks if not check.ok]
    response.status_code = 503 if missing else 200
    clean = (lambda text: text) if is_trusted_caller(request) else without_addresses
    return Readiness(
        ready=not missing,
        not_ready=missing,
        checks=[
            CheckView(name=check.name, ok=check.ok, what=clean(check.what)) for check in checks
        ],
        network={
            "chain_id": parts.chain_id,
            "contract": parts.contract.address,
            "gateway": context.reader.gateway,
            "operator": parts.operator,
            "currency": parts.currency,
        },
    )


@router.get("/metrics", summary="Prometheus metrics", response_class=Response)
async def metrics(request: Request) -> Response:
    """The text exposition format, version 0.0.4."""
    context = context_of(request)
    body = await context.metrics.exposition(context.node)
    return Response(body, media_type="text/plain; version=0.0.4; charset=utf-8")
