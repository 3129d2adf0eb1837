"""Structured logs to stderr: coloured lines in a terminal, JSON elsewhere; secrets never.

Keys, salts and inputs are dropped by name, and the credentials in anything that looks like a URL
are cut, whoever logged them.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Literal

import structlog

LogFormat = Literal["auto", "console", "json"]

SECRET_NAMES = frozenset(
    {"key", "private_key", "password", "salt", "secret", "input", "api_key", "token", "raw"}
)
WORD = re.compile(r"0x[0-9a-f]{64}")
URL = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)([^\s/@]*@)?([^\s/?#'\"<>)]+)([^\s'\"<>)]*)")


def without_secrets(text: str) -> str:
    """``text`` with every URL cut to its scheme and host: a path may be an API key."""
    return URL.sub(lambda found: f"{found[1]}{found[3]}{'/…' if len(found[4]) > 1 else ''}", text)


def _clean(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in list(event.items()):
        if name in SECRET_NAMES:
            event[name] = "…"
        elif isinstance(value, str):
            event[name] = without_secrets(value)
    return event


def _shorten(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Hashes by their beginning, for people."""
    for name, value in event.items():
        if isinstance(value, str) and WORD.fullmatch(value):
            event[name] = f"{value[:18]}…"
    return event


def _hide_empty(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    return {name: value for name, value in event.items() if value is not None}


def configure(level: str = "auto", form: LogFormat = "auto") -> None:
    """Set up structlog and the libraries' loggers; called once, by the command line.

    Args:
        level: debug, info, warning or error; ``auto`` is info, but warning in a terminal, where
            decisions are shown otherwise.
        form: ``auto`` is ``console`` in a terminal and ``json`` elsewhere.
    """
    console = form == "console" or (form == "auto" and sys.stderr.isatty())
    if level == "auto":
        level = "warning" if console else "info"
    number = getattr(logging, level.upper(), logging.INFO)
    renderer: Any = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=18)
        if console
        else structlog.processors.JSONRenderer()
    )
    stamp = structlog.processors.TimeStamper(fmt="%H:%M:%S" if console else "iso", utc=not console)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            stamp,
            _hide_empty,
            _clean,
            *([_shorten] if console else []),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=max(number, logging.WARNING), stream=sys.stderr, force=True)
