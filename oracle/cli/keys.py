"""``oracle keys``: encrypted keys in the state folder, or in the folder of ORACLE_KEYSTORE."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from oracle.cli.console import err, out, show_json, table
from oracle.cli.options import AsJson

app = typer.Typer(
    name="keys", help="Encrypted keys: new, import, list, show.", no_args_is_help=True
)


@app.command()
def new(json: AsJson = False) -> None:
    """Make a new key, and keep it encrypted."""
    from oracle.chain.keys import create_key

    passphrase = _new_passphrase()
    with err.status("encrypting …"):
        made = create_key(_folder(), passphrase)
    _show(made.address, made.path, json, "made")


@app.command("import")
def import_(json: AsJson = False) -> None:
    """Keep an existing private key encrypted; it is asked for, or read from standard input."""
    import getpass
    import sys

    from oracle.chain.keys import import_key

    if sys.stdin.isatty():
        private_key = getpass.getpass("Private key (0x…): ")
    else:
        private_key = sys.stdin.readline().strip()
    passphrase = _new_passphrase()
    with err.status("encrypting …"):
        made = import_key(_folder(), private_key, passphrase)
    _show(made.address, made.path, json, "imported")


@app.command("list")
def list_(json: AsJson = False) -> None:
    """List the keys by address."""
    from oracle.chain.keys import list_keys

    found = list_keys(_folder())
    if json:
        show_json([{"address": key.address, "file": str(key.path)} for key in found])
        return
    if not found:
        out.print(f"no keys in {_folder()} — [quiet]make one:[/quiet] oracle keys new")
        return
    grid = table("address", "file", "mode")
    for key in found:
        mode = key.path.stat().st_mode & 0o777
        grid.add_row(key.address, str(key.path), f"[{'bad' if mode & 0o77 else 'quiet'}]{mode:03o}")
    out.print(grid)


@app.command()
def show(
    address: Annotated[str, typer.Argument(help="The key's address.")],
    network: Annotated[str | None, typer.Option(help="Where to look up its balance.")] = None,
    json: AsJson = False,
) -> None:
    """Show one key: where it is, and what it has on a network; never the key itself."""
    from oracle.chain.keys import list_keys
    from oracle.cli.running import run
    from oracle.cli.settings import read_settings
    from oracle.core.errors import NotFound

    found = [key for key in list_keys(_folder()) if key.address.lower() == address.lower()]
    if not found:
        raise NotFound(f"no key of {address} in {_folder()}", remedy="see `oracle keys list`")
    balance: int | None = None
    if network is not None:
        balance = run(_balance(read_settings(network=network), found[0].address))
    if json:
        wei = None if balance is None else str(balance)
        show_json({"address": found[0].address, "file": str(found[0].path), "balance_wei": wei})
        return
    out.print(f"[head]{found[0].address}[/head]\n  {found[0].path}")
    if balance is not None:
        from oracle.api.words import ether_text

        out.print(f"  {ether_text(balance)} on {network}")


async def _balance(settings: object, address: str) -> int:
    from oracle.chain.rpc import RpcPool
    from oracle.cli.place import network_of
    from oracle.cli.settings import Settings

    assert isinstance(settings, Settings)
    network = network_of(settings)
    async with RpcPool(network.rpc_urls, chain_id=network.chain_id) as rpc:
        return await rpc.balance(address, "latest")


def _folder() -> Path:
    from oracle.cli.home import Home
    from oracle.cli.settings import read_settings

    settings = read_settings()
    if settings.keystore is not None:
        return settings.keystore if settings.keystore.is_dir() else settings.keystore.parent
    return Home(settings.home).keystore


def _new_passphrase() -> str:
    """From the environment, or typed twice.

    Raises:
        ConfigError: there is none, or the two differ.
    """
    from oracle.chain.keys import find_passphrase
    from oracle.cli.place import ask_passphrase
    from oracle.cli.settings import read_settings
    from oracle.core.errors import ConfigError

    environ = read_settings().key_environment()
    found = find_passphrase(environ, ask_passphrase, question="New passphrase")
    if not any("PASSWORD" in name for name in environ) and ask_passphrase("Again") != found:
        raise ConfigError("the two passphrases differ", remedy="type the same one twice")
    return found


def _show(address: str, path: Path, json: bool, what: str) -> None:
    if json:
        show_json({"address": address, "file": str(path)})
        return
    out.print(f"[good]✓[/good] {what} [head]{address}[/head]\n  {path}")
    out.print("  [quiet]without its passphrase the key is lost: keep both safe[/quiet]")
