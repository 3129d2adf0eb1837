"""Which node the client commands talk to, and a client of it."""

from __future__ import annotations

from oracle.cli.home import Home, RunningNode
from oracle.cli.settings import API_PORT, Settings
from oracle.client.http import NodeClient

__all__ = ["NodeClient", "api_url", "connect", "running_node"]


def connect(settings: Settings) -> NodeClient:
    """A client of the node that a flag, the environment or the state folder names."""
    key = settings.api_key.get_secret_value() if settings.api_key else None
    return NodeClient(api_url(settings), key)


def api_url(settings: Settings) -> str:
    """Where the node's API is: as told, else the running node's of the state folder."""
    if settings.api_url:
        return settings.api_url
    node = running_node(settings)
    return node.api if node else f"http://127.0.0.1:{API_PORT}"


def running_node(settings: Settings) -> RunningNode | None:
    """The node that runs with this state folder."""
    return Home(settings.home).running()
