"""Everything public says what it is."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.shape.sources import MODULES, Function, name, tree

MAX_PLAIN_STATEMENTS = 2


def _is_protocol(node: ast.ClassDef) -> bool:
    return any("Protocol" in ast.unparse(base) for base in node.bases)


PROTOCOLS = [
    node
    for path in MODULES
    if "Protocol"
    in path.read_text()  # to parse all of them, each time that tests are looked for, takes seconds
    for node in ast.walk(tree(path))
    if isinstance(node, ast.ClassDef) and _is_protocol(node)
]
INTERFACES = {one.name for one in PROTOCOLS}
"""A class with the name of an interface implements it."""
INTERFACE_METHODS = {item.name for one in PROTOCOLS for item in one.body if isinstance(item, Function)}
"""Said once, in the interface, where it is not plain from the name."""
STANDARD_METHODS = {"format"}
"""Said in the standard library, of whose classes they are overrides."""


def test_everything_public_has_a_docstring() -> None:
    silent = {name(path): _silent_in(tree(path)) for path in MODULES}
    assert {where: which for where, which in silent.items() if which} == {}


def _silent_in(module: ast.Module) -> list[str]:
    says_itself = not module.body or ast.get_docstring(module)
    return [*([] if says_itself else ["the module"]), *_silent(module)]


def _silent(parent: ast.Module | ast.ClassDef, prefix: str = "") -> Iterator[str]:
    """Public classes and functions without a docstring."""
    for node in parent.body:
        if not isinstance(node, ast.ClassDef | Function) or node.name.startswith("_"):
            continue
        if isinstance(node, ast.ClassDef):
            if not ast.get_docstring(node) and node.name not in INTERFACES:
                yield prefix + node.name
            if not _is_protocol(node):
                yield from _silent(node, f"{prefix}{node.name}.")
        elif not ast.get_docstring(node) and not (prefix and _is_plain(node)):
            yield prefix + node.name


def _is_plain(method: Function) -> bool:
    """Whether a method is said elsewhere, or says all in its name and a statement or two."""
    return method.name in INTERFACE_METHODS | STANDARD_METHODS or len(method.body) <= MAX_PLAIN_STATEMENTS
