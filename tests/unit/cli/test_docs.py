"""The page about the command line names every command, exit code and setting there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from oracle.cli.exits import MEANING
from oracle.cli.settings import Settings

PAGE = (Path(__file__).parents[3] / "docs" / "command-line.md").read_text()


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_page__names_every_setting(name):
    assert f"`ORACLE_{name.upper()}`" in PAGE


def test_page__has_the_table_of_exit_codes():
    for code in MEANING:
        assert f"\n| {code.value} |" in PAGE
