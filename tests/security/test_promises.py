"""What SECURITY.md promises is tested by the tests that it names."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
TEXT = (ROOT / "SECURITY.md").read_text()
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def promises() -> list[tuple[str, str]]:
    """Each promise with what stands beside it."""
    section = TEXT.partition("## What is promised\n")[2].partition("\n## ")[0]
    rows = [line.strip("|").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    return [(row[0].strip(), row[1].strip()) for row in rows[1:]]


@cache
def known_in(path: str) -> frozenset[str]:
    """The tests in a file."""
    tree = ast.parse((ROOT / path).read_text())
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(
        node.name for node in tree.body if isinstance(node, functions) and node.name.startswith("test_")
    )


def test_there_are_promises() -> None:
    assert len(promises()) > 20


@pytest.mark.parametrize(("promise", "beside"), promises(), ids=lambda text: text[:40])
def test_each_promise_has_tests(promise: str, beside: str) -> None:
    named = NAMED.findall(beside)
    assert named, promise
    assert NAMED.sub("", beside).strip() == "", "only tests stand beside a promise"
    for path, name in named:
        assert (ROOT / path).is_file(), path
        assert name in known_in(path), f"{path} has no {name}"
