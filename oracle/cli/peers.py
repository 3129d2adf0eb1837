"""The peers file: where the other members of one's committees answer, as TOML.

    "0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65" = "https://oracle.example.org"

Who is a member is on chain; the file only says where. Nothing that answers there is believed
unsigned, so a wrong line costs a member's votes and no more.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from oracle.chain.wire import checksum
from oracle.cli.home import Home
from oracle.cli.settings import Settings
from oracle.core.errors import ConfigError

PEERS = "peers.toml"
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_HEAD = """\
# Where the other members of this operator's committees answer: address = base URL of the API.
# Written by `oracle committee join` and `leave`; the node reads it when it starts.

"""


def peers_path(settings: Settings) -> Path:
    """The file that the settings name, else ``peers.toml`` in the state folder."""
    return settings.peers or Home(settings.home).folder / PEERS


def peers_of(settings: Settings) -> dict[str, str]:
    """Base URL by member; empty where there is no file and none was named.

    Raises:
        ConfigError: a file was named and is not there, or a line is wrong.
    """
    path = peers_path(settings)
    if settings.peers is None and not path.exists():
        return {}
    return read_peers(path)


def read_peers(path: Path) -> dict[str, str]:
    """The file's content, with checksummed addresses.

    Raises:
        ConfigError: it can not be read, or a line is no address and URL.
    """
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"the peers file {path} can not be read: {error.strerror}",
            remedy="correct ORACLE_PEERS, or write it with `oracle committee join`",
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"the peers file {path} is no TOML: {error}", remedy='write lines "0x…" = "https://…"'
        ) from None
    return {member_of(key): url_of(key, value) for key, value in found.items()}


def write_peers(path: Path, peers: Mapping[str, str]) -> None:
    """Replace the file; a reader sees the old one or the new one."""
    lines = [f'"{member}" = "{url}"\n' for member, url in sorted(peers.items())]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(f".{os.getpid()}.tmp")
        fresh.write_text(_HEAD + "".join(lines), encoding="utf-8")
        fresh.replace(path)
    except OSError as error:
        raise ConfigError(
            f"the peers file {path} can not be written: {error.strerror}",
            remedy="correct its folder's permissions, or name another with ORACLE_PEERS",
        ) from None


def member_of(text: str) -> str:
    """A member's address, checksummed.

    Raises:
        ConfigError: it is none; or its capitals are not those of its checksum (EIP-55).
    """
    mixed = text[2:] not in (text[2:].lower(), text[2:].upper())
    if not _ADDRESS.fullmatch(text) or (mixed and checksum(text.lower()) != text):
        raise ConfigError(
            f"{text!r} is no address" + (": its checksum is wrong" if mixed else ""),
            remedy="give 0x and 40 hex digits, as the member's `oracle keys list` shows them",
        )
    return str(checksum(text.lower()))


def url_of(member: str, url: object) -> str:
    """A member's base URL without a slash at its end.

    Raises:
        ConfigError: it is no http or https URL, or has a query, a fragment or a password.
    """
    try:
        parts = urlsplit(url) if isinstance(url, str) and not set(url) & set('"\\\n ') else None
        good = parts is not None and parts.scheme in ("http", "https") and bool(parts.hostname)
        good = good and parts is not None and (parts.port is None or parts.port > 0)
    except ValueError:
        good, parts = False, None
    if not good or parts is None or parts.query or parts.fragment or "@" in parts.netloc:
        raise ConfigError(
            f"{url!r} is no base URL of member {member}'s API",
            remedy="write it as http://host:port or https://host/path",
        )
    return str(url).rstrip("/")
