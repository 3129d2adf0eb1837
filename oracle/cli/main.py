"""``oracle``: the command that everything starts from.

Each command's module imports what it needs when it runs, so that ``oracle --help`` stays quick.
"""

from __future__ import annotations

import os
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from oracle.cli import (
    audit,
    batch,
    chain,
    committee,
    compile_,
    decide,
    decisions,
    demo,
    deploy,
    doctor,
    dumps,
    feed,
    journal,
    keys,
    model,
    receipt,
    request,
    up,
    verify,
)
from oracle.cli.console import err, show_error
from oracle.cli.exits import ExitCode, epilog, exit_code_of
from oracle.cli.running import first
from oracle.core.errors import OracleError


class Guarded(TyperGroup):
    """Ends every command with one clear line and the exit code of what went wrong."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; only ``--debug`` shows a traceback."""
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort):
            raise
        except (KeyboardInterrupt, EOFError):
            err.print("\n[quiet]stopped[/quiet]")
            raise typer.Exit(ExitCode.INTERRUPTED) from None
        except Exception as error:
            cause = first(error)
            if _is_click_error(cause):
                raise
            if isinstance(cause, KeyboardInterrupt):
                raise typer.Exit(ExitCode.INTERRUPTED) from None
            if ctx.params.get("debug"):
                err.print_exception(show_locals=False)
            if isinstance(cause, OracleError):
                show_error(cause)
            else:
                _show_unexpected(cause)
            raise typer.Exit(exit_code_of(cause)) from None


app = typer.Typer(
    name="oracle",
    cls=Guarded,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=epilog(),
)

START, ASK, BUILD, CARE = "Start here", "Decisions", "Models and contracts", "Care"

app.command(rich_help_panel=START)(demo.demo)
app.command(rich_help_panel=START)(up.up)
app.command(rich_help_panel=START)(doctor.doctor)
app.command(rich_help_panel=ASK)(decide.decide)
app.command(rich_help_panel=ASK)(request.request)
app.add_typer(decisions.app, rich_help_panel=ASK)
app.command(rich_help_panel=ASK)(verify.verify)
app.add_typer(receipt.app, rich_help_panel=ASK)
app.add_typer(batch.app, rich_help_panel=ASK)
app.command(rich_help_panel=ASK)(audit.audit)
app.add_typer(model.app, rich_help_panel=BUILD)
app.add_typer(committee.app, rich_help_panel=BUILD)
app.add_typer(feed.app, rich_help_panel=BUILD)
app.command("compile", rich_help_panel=BUILD)(compile_.compile_)
app.command(rich_help_panel=BUILD)(deploy.deploy)
app.command(rich_help_panel=CARE)(up.node)
app.command(rich_help_panel=CARE)(chain.chain)
app.add_typer(keys.app, rich_help_panel=CARE)
app.add_typer(journal.app, rich_help_panel=CARE)


def _version(wanted: bool) -> None:
    if wanted:
        from oracle.api.version import version

        typer.echo(f"oracle {version()}")
        raise typer.Exit


@app.callback()
def options(
    debug: Annotated[
        bool, typer.Option("--debug", envvar="ORACLE_DEBUG", help="Show tracebacks.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Which release.")
    ] = False,
) -> None:
    """Turns what a machine-learning model says into decisions on a blockchain, and shows how.

    New here? [bold]oracle demo[/bold] shows everything in a few seconds;
    [bold]oracle up[/bold] starts a chain, a node and its API to try things on.
    """


def main() -> None:
    """The entry point of the ``oracle`` command."""
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    dumps.forbid()
    app()


def _is_click_error(error: BaseException) -> bool:
    """Usage errors are shown by typer itself, with its own exit code 2."""
    return hasattr(error, "exit_code") and hasattr(error, "format_message")


def _show_unexpected(error: BaseException) -> None:
    from rich.text import Text

    err.print(Text.assemble(("✗ ", "bad"), (f"unexpected {type(error).__name__}: {error}", "bold")))
    err.print(Text.assemble(("  → ", "quiet"), "run it again as `oracle --debug …`, and report it"))
