"""Functions and files stay small, and modules are named for what they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.shape.sources import MODULES, PACKAGE, functions, name

MAX_FUNCTION_LINES = 60
MAX_FILE_LINES = 420
BANNED = {"utils", "util", "helpers", "helper", "manager", "managers", "common", "misc", "stuff"}


def test_there_is_something_to_measure() -> None:
    assert len(MODULES) > 40


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_no_function_is_long(path: Path) -> None:
    sizes = {one.name: (one.end_lineno or 0) - one.lineno + 1 for one in functions(path)}
    assert {called: lines for called, lines in sizes.items() if lines > MAX_FUNCTION_LINES} == {}


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_no_file_is_long(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MAX_FILE_LINES


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_no_module_is_named_for_nothing(path: Path) -> None:
    assert not BANNED & {part.removesuffix(".py") for part in path.relative_to(PACKAGE).parts}
