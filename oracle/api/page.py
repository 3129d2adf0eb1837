"""``/``: the page, and the files that it is made of.

They are bundled from ``dapp/page`` into ``oracle/api/static``, each gzipped and named after its
content; the wheel carries them. Nothing is fetched from anywhere else, no script is in the markup,
and the browser is told to refuse both. It may talk to this node, and to the one RPC endpoint that
the visitor names (``/?rpc=``), so that a check need not go through the node.
"""

from __future__ import annotations

import gzip
import re
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

STATIC = Path(__file__).with_name("static")
FOREVER = "public, max-age=31536000, immutable"
MOMENT = "no-cache"

_NAME = re.compile(r"[\w-]+(\.[\w-]+)*")
_HASHED = re.compile(r"-[0-9A-Za-z]{8}\.\w+")
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]")
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
}
_SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_NOT_BUILT = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>Decision Oracle</title>"
    "<h1>The page is not built</h1><p>The node works; in a checkout, <code>make page</code> builds "
    "its page. Until then there is <a href=/docs>the API</a>.</p></html>"
)

router = APIRouter(include_in_schema=False)


@router.get("/")
async def index(request: Request, rpc: str | None = None) -> Response:
    """The page's markup, with what the browser may load and talk to."""
    headers = {
        **_SAFE,
        "Content-Security-Policy": policy(endpoint_of(rpc)),
        "Cross-Origin-Opener-Policy": "same-origin-allow-popups",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    }
    packed = _packed(STATIC, "index.html")
    if packed is None:
        return HTMLResponse(_NOT_BUILT, status_code=503, headers=headers)
    return _answer(request, packed, "text/html; charset=utf-8", headers | {"Cache-Control": MOMENT})


@router.get("/page/{name}")
async def file(request: Request, name: str) -> Response:
    """A script, a style sheet, an image, or the model runtime."""
    kind = _TYPES.get(Path(name).suffix)
    packed = _packed(STATIC, name) if kind and _NAME.fullmatch(name) else None
    if kind is None or packed is None:
        raise HTTPException(404, "the page has no such file")
    cache = FOREVER if _HASHED.search(name) else "public, max-age=3600"
    return _answer(request, packed, kind, _SAFE | {"Cache-Control": cache})


def policy(endpoint: str | None) -> str:
    """The page's Content-Security-Policy.

    Args:
        endpoint: origin of an RPC endpoint that the page may talk to beside the node.
    """
    talk = f"'self' {endpoint}" if endpoint else "'self'"
    return (
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; "
        f"img-src 'self' data:; connect-src {talk}; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )


def endpoint_of(url: str | None) -> str | None:
    """The origin of an http or https URL; None where it is none."""
    try:
        parts = urlsplit(url or "")
        port = parts.port
    except ValueError:
        return None
    host = parts.netloc.rpartition("@")[2].removesuffix(f":{port}")
    if parts.scheme not in ("http", "https") or _HOST.fullmatch(host) is None:
        return None
    return f"{parts.scheme}://{host.lower()}" + (f":{port}" if port else "")


@lru_cache(maxsize=64)
def _packed(folder: Path, name: str) -> bytes | None:
    """The gzipped file, None where there is none."""
    path = folder / f"{name}.gz"
    return path.read_bytes() if path.is_file() else None


def _answer(request: Request, packed: bytes, kind: str, headers: dict[str, str]) -> Response:
    headers = headers | {"Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(packed, media_type=kind, headers=headers | {"Content-Encoding": "gzip"})
    return Response(gzip.decompress(packed), media_type=kind, headers=headers)
