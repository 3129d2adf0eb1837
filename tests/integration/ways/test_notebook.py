"""The example notebook, run from its first cell to its last."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.support.up import Ways

NOTEBOOK = Path(__file__).parents[3] / "examples" / "notebook.ipynb"


def printed(cell: Any) -> str:
    """What is below a cell, as text."""
    return "".join(
        each.get("text", "") + each.get("data", {}).get("text/plain", "") for each in cell.outputs
    )


def test_notebook__as_committed__has_no_outputs_that_would_rot() -> None:
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    assert all(not cell.get("outputs") and not cell.get("execution_count") for cell in cells)


def test_notebook__run_against_a_node__decides_verifies_and_finds_the_forgery(
    ways: Ways, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORACLE_API_URL", ways.url)
    monkeypatch.setenv("ORACLE_RPC_URLS", ways.rpc)
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()

    said = [printed(cell) for cell in notebook.cells if cell.cell_type == "code"]
    assert "'hour'" in said[0]
    assert "Decimal(" in said[1]
    assert said[2].count("held") > 10
    assert "failed" not in said[2]
    assert "distance" in said[3]
    assert "count" in said[4]
    assert "has to be" in said[-1]
