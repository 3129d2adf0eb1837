"""The command as people and programs meet it: quick help, one clear line, an exit code."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from oracle.cli.exits import MEANING, ExitCode, exit_code_of
from oracle.cli.main import Guarded, app
from oracle.core.errors import (
    ChainError,
    ConfigError,
    Conflict,
    InferenceError,
    InvalidInput,
    JournalError,
    OracleError,
    Reverted,
    Undecided,
    VerificationError,
)

runner = CliRunner()
COMMANDS = (
    "up",
    "node",
    "demo",
    "chain",
    "compile",
    "deploy",
    "model",
    "decide",
    "request",
    "decisions",
    "doctor",
    "keys",
)


def command_that(error: BaseException) -> typer.Typer:
    failing = typer.Typer(cls=Guarded, pretty_exceptions_enable=False)

    @failing.callback()
    def options(debug: bool = False) -> None:
        pass

    @failing.command()
    def fail() -> None:
        raise error

    return failing


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OracleError("w"), 1),
        (RuntimeError("w"), 1),
        (InvalidInput("w"), 2),
        (Conflict("w"), 2),
        (ChainError("w"), 3),
        (Reverted("w"), 3),
        (ConfigError("w"), 4),
        (VerificationError("w"), 5),
        (InferenceError("w"), 6),
        (JournalError("w"), 7),
        (Undecided("w"), 8),
        (KeyboardInterrupt(), 130),
        (ExceptionGroup("tasks", [ExceptionGroup("more", [ConfigError("w")])]), 4),
    ],
)
def test_errors__end_with_their_exit_code(error, code):
    result = runner.invoke(command_that(error), ["fail"])

    assert result.exit_code == code
    assert ExitCode(code) in MEANING
    assert "Traceback" not in result.output


def test_error__is_one_line_and_its_remedy():
    error = InvalidInput("age is 420 [b]", remedy="it must be within 0 … 120")
    result = runner.invoke(command_that(error), ["fail"])

    assert result.output == "✗ age is 420 [b]\n  → it must be within 0 … 120\n"


def test_debug__shows_the_traceback():
    result = runner.invoke(command_that(InvalidInput("w")), ["--debug", "fail"])
    assert "Traceback" in result.output
    assert result.exit_code == 2


def test_exit_code_of__every_error_class__is_in_the_table():
    assert exit_code_of(OracleError("w")) is ExitCode.FAILED


def test_usage_error__is_2():
    assert runner.invoke(app, ["decide"]).exit_code == 2
    assert runner.invoke(app, ["nope"]).exit_code == 2


def test_help__names_every_command_and_exit_code():
    result = runner.invoke(app, ["--help"])

    assert result.exit_code == 0
    for command in COMMANDS:
        assert command in result.output
    for code in ExitCode:
        assert str(code.value) in result.output


@pytest.mark.parametrize("command", COMMANDS)
def test_help__of_each_command__has_words(command):
    result = runner.invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert "Usage" in result.output


def test_help__takes_less_than_half_a_second():
    """Of processor time, the best of five: the machine may do other things meanwhile."""
    best = min(_cpu_seconds([sys.executable, "-m", "oracle.cli", "--help"]) for _ in range(5))
    assert best < 0.5, f"oracle --help took {best:.2f} s"


def test_help__imports_nothing_heavy():
    code = (
        "import sys; import oracle.cli.main; "
        "print([m for m in ('web3', 'asyncio', "
        "'fastapi', 'onnxruntime', 'sqlalchemy', 'numpy', 'pydantic', "
        "'eth_account', 'httpx', 'structlog') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def _cpu_seconds(command: list[str]) -> float:
    before = os.times()
    subprocess.run(command, capture_output=True, check=True, env=os.environ | {"COLUMNS": "100"})
    after = os.times()
    return after.children_user + after.children_system - before[2] - before[3]
