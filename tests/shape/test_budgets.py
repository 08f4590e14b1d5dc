"""Functions and files stay small, and modules are named for what they are."""

from __future__ import annotations

from tests.shape.sources import MODULES, PACKAGE, Function, functions, name

MAX_FUNCTION_LINES = 60
MAX_FILE_LINES = 420
BANNED = {"utils", "util", "helpers", "helper", "manager", "managers", "common", "misc", "stuff"}


def test_there_is_something_to_measure() -> None:
    assert len(MODULES) > 40


def test_no_function_is_long() -> None:
    sizes = {(name(path), one.name): lines(one) for path in MODULES for one in functions(path)}
    assert {where: size for where, size in sizes.items() if size > MAX_FUNCTION_LINES} == {}


def lines(function: Function) -> int:
    return (function.end_lineno or 0) - function.lineno + 1


def test_no_file_is_long() -> None:
    sizes = {name(path): len(path.read_text().splitlines()) for path in MODULES}
    assert {where: size for where, size in sizes.items() if size > MAX_FILE_LINES} == {}


def test_no_module_is_named_for_nothing() -> None:
    parts = {path: {part.removesuffix(".py") for part in path.relative_to(PACKAGE).parts} for path in MODULES}
    assert [name(path) for path, named in parts.items() if named & BANNED] == []
