"""The package as source text and syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "headrace"
MODULES = sorted(PACKAGE.rglob("*.py"))
"""Every module of the package."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def name(path: Path) -> str:
    """A module's path in the package."""
    return path.relative_to(PACKAGE).as_posix()


def tree(path: Path) -> ast.Module:
    """A module, parsed."""
    return ast.parse(path.read_text())


def functions(path: Path) -> Iterator[Function]:
    """Every function of a module, nested ones too."""
    return (node for node in _statements(tree(path)) if isinstance(node, Function))


def _statements(parent: ast.AST) -> Iterator[ast.AST]:
    """What a syntax tree is made of down to statements; there is no function in an expression."""
    for node in ast.iter_child_nodes(parent):
        if isinstance(node, ast.stmt | ast.excepthandler | ast.match_case):
            yield node
            yield from _statements(node)
