"""``oracle journal``: the record that a node must not lose."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from oracle.cli.console import err, facts, out, show_json
from oracle.cli.options import AsJson

if TYPE_CHECKING:
    from oracle.cli.settings import Settings

app = typer.Typer(name="journal", help="The node's journal: backup.", no_args_is_help=True)


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="Where to; it must not exist.")],
    journal: Annotated[
        Path | None, typer.Option(help="The journal; without it the only one of the state folder.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Copy the journal while its node runs; it has inputs and salts, so keep it private.

    To restore: stop the node, put the file in the journal's place without the files ending in -wal
    and -shm beside it, start the node.
    """
    from dataclasses import asdict

    from oracle.cli.settings import read_settings
    from oracle.journal.backup import back_up

    source = journal or _only_one(read_settings())
    with err.status(f"copying {source} …"):
        made = back_up(source, file)
    if json:
        show_json(asdict(made) | {"path": str(made.path), "journal": str(source)})
        return
    out.print(
        facts(
            {
                "journal": str(source),
                "copy": f"{made.path}, {made.octets:,} bytes",
                "requests": f"{made.requests:,}",
                "revision": made.revision,
                **{name.replace("_", " "): value for name, value in made.belongs_to.items()},
            }
        )
    )


def _only_one(settings: Settings) -> Path:
    """The journal that the settings name, or the only one of the state folder."""
    from oracle.cli.home import Home
    from oracle.core.errors import ConfigError
    from oracle.journal.database import parse_url

    if settings.journal is not None:
        url = parse_url(settings.journal.get_secret_value())
        if url.get_backend_name() == "sqlite" and url.database:
            return Path(url.database)
        raise ConfigError(
            "the journal is on a PostgreSQL server",
            remedy="use its own tools: pg_dump --format=custom",
        )
    folder = Home(settings.home).journals
    found = sorted(folder.glob("*.db"))
    if len(found) == 1:
        return found[0]
    names = f": {', '.join(path.name for path in found)}" if found else ""
    raise ConfigError(
        f"{folder} has {len(found)} journals{names}", remedy="name one with --journal"
    )
