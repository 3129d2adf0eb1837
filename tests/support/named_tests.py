"""The names of all tests there are, for documents that say which test holds what they promise."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parents[1]
_SOLIDITY = re.compile(r"function ((?:testFuzz|test|invariant)_\w+)\(")
_JAVASCRIPT = re.compile(r"""^\s*(?:it|describe)\(\s*["'`]([^"'`]+)["'`]""", re.MULTILINE)
_TEST_NAME = re.compile(r"(?:testFuzz|test|invariant)_\w+")


@cache
def defined() -> frozenset[str]:
    """Names of Python's and Solidity's tests, and the titles of JavaScript's."""
    names: set[str] = set()
    for path in TESTS.rglob("test_*.py"):
        names |= {
            node.name
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and node.name.startswith("test_")
        }
    for path in (TESTS / "contracts").rglob("*.t.sol"):
        names |= set(_SOLIDITY.findall(path.read_text()))
    for path in (TESTS / "js").rglob("*.test.js"):
        names |= set(_JAVASCRIPT.findall(path.read_text()))
    return frozenset(names)


def spans(text: str) -> list[str]:
    """What stands between backticks."""
    return re.findall(r"`([^`]+)`", text)


def names_in(text: str) -> list[str]:
    """The spans that have the form of a test's name."""
    return [span for span in spans(text) if _TEST_NAME.fullmatch(span)]
