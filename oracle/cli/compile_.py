"""``oracle compile``: Solidity sources to the artifacts that everything else reads."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from oracle.cli.console import err, out, show_json
from oracle.cli.exits import ExitCode
from oracle.cli.options import AsJson


def compile_(
    check: Annotated[
        bool, typer.Option("--check", help="Only say whether the artifacts are fresh.")
    ] = False,
    download: Annotated[
        bool, typer.Option("--download", help="Let py-solc-x fetch a native compiler; faster.")
    ] = False,
    package: Annotated[
        Path | None,
        typer.Option(help="Compile nothing: write the npm package of contracts and ABIs there."),
    ] = None,
    json: AsJson = False,
) -> None:
    """Compile the contracts, or check that their artifacts are fresh."""
    from oracle.chain import compile as compiling

    if package is not None:
        from oracle.chain.npm_package import write_package

        files = write_package(compiling.project_root(), package)
        if json:
            show_json({"folder": str(package), "files": list(files)})
        else:
            out.print(f"[good]✓[/good] {len(files)} files in {package}; `npm pack {package}` packs")
        return
    if check:
        stale = compiling.check_fresh()
        if json:
            show_json({"fresh": not stale, "stale": list(stale)})
        elif stale:
            for fault in stale:
                err.print(f"[bad]✗[/bad] {fault}")
            err.print("  [quiet]→[/quiet] run `oracle compile` and commit what it writes")
        else:
            out.print("[good]✓[/good] every artifact is fresh")
        raise typer.Exit(ExitCode.FAILED if stale else ExitCode.OK)
    with err.status("compiling …"):
        compiled = compiling.compile_contracts(download=download)
    if json:
        show_json(
            {
                "written": list(compiled.written),
                "removed": list(compiled.removed),
                "warnings": list(compiled.warnings),
                "compiler": str(compiled.compiler),
            }
        )
        return
    for warning in compiled.warnings:
        err.print(warning.strip(), style="warn", markup=False)
    changed = ", ".join(compiled.written) or "nothing changed"
    out.print(f"[good]✓[/good] compiled; written: {changed}")
    if compiled.removed:
        out.print(f"  removed: {', '.join(compiled.removed)}")
