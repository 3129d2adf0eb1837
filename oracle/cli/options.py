"""Options and arguments that several commands take, under one name and help."""

from __future__ import annotations

from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]
Words = Annotated[
    list[str] | None,
    typer.Argument(metavar="NAME=VALUE…", help="The features; `-` reads JSON from stdin."),
]
InputFile = Annotated[
    str | None, typer.Option("--input", "-i", help="A JSON file with the input; - for stdin.")
]
