"""An app without a socket."""

from __future__ import annotations

from typing import Any

import httpx


def client(app: Any) -> httpx.AsyncClient:
    """A client of it, as one on loopback; what the app fails at is answered, not raised."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8550", timeout=30)
