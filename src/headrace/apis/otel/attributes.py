"""Attributes of spans: nested again where they were flattened, and read as what they should be.

Exporters differ in how much of a value they keep: some send numbers and lists, some only texts, written as
Python or as JavaScript writes them. Everything here takes any of these, and never fails.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from headrace.core.parsing import Unreadable, parse_answer

Attributes = Mapping[str, Any]
MAX_LEVELS = 32
"""So many levels a name is split into; what is left of it stays one name."""
MAX_INDEX_DIGITS = 9
MAX_NUMBER_LENGTH = 40
_QUOTED = re.compile(r"'((?:[^'\\]|\\[\s\S])*)('|\\?\Z)|\"((?:[^\"\\]|\\[\s\S])*)(\"|\\?\Z)")
"""A text in quotes, and what ends it. One without an end is found too, and left out: looking for others in it
would take the square of its length."""
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_WORDS = {"true": True, "false": False, "True": True, "False": False}


class Branch(dict[str, Any]):
    """A level of names, as opposed to an object that is a value."""


def unflattened(attributes: Attributes, prefix: str) -> Branch:
    """What stands below a prefix, nested at the dots (humanloop 5.3).

    A name that is a value's and has others below it keeps them as names with dots, beside itself.
    """
    root = Branch()
    start = f"{prefix}."
    for name in sorted(name for name in attributes if name.startswith(start)):
        if attributes[name] is not None:
            _plant(root, name[len(start) :].split(".", MAX_LEVELS), attributes[name])
    return root


def _plant(branch: Branch, parts: list[str], value: Any) -> None:
    for depth, part in enumerate(parts[:-1]):
        inner = branch.setdefault(part, Branch())
        if not isinstance(inner, Branch):
            branch[".".join(parts[depth:])] = value
            return
        branch = inner
    branch[parts[-1]] = value


def plain(value: Any) -> Any:
    """A branch as JSON: a list where all names are indexes, an object elsewhere."""
    if not isinstance(value, Branch):
        return value
    return items(value) if is_list(value) else members(value)


def members(branch: Branch) -> dict[str, Any]:
    """A branch that is known to be an object."""
    return {name: plain(inner) for name, inner in branch.items()}


def items(value: Any) -> list[Any]:
    """A branch that is known to be a list; empty when it is none."""
    if not isinstance(value, Branch) or not is_list(value):
        return []
    return [plain(value[index]) for index in sorted(value, key=int)]


def is_list(branch: Branch) -> bool:
    """Whether all names are indexes."""
    return bool(branch) and all(
        name.isascii() and name.isdigit() and len(name) <= MAX_INDEX_DIGITS for name in branch
    )


def text(value: Any) -> str | None:
    """A text; None for everything else and for the empty one."""
    return value if isinstance(value, str) and value else None


def boolean(value: Any) -> Any:
    """A boolean where the value is one or its word; else the value."""
    return _WORDS.get(value, value) if isinstance(value, str) else value


def number(value: Any) -> float | int | None:
    """A finite number, or the text of one; None for everything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if not isinstance(value, str):
        return value if -1e308 <= value <= 1e308 else None
    if len(value) > MAX_NUMBER_LENGTH or not _NUMBER.fullmatch(value):
        return None
    found = float(value) if set(value) & set(".eE") else int(value)
    return found if -1e308 <= found <= 1e308 else None


def whole(value: Any) -> int | None:
    """A number of something, of at most 64 bits; None for everything else."""
    found = number(value)
    return int(found) if found is not None and found == int(found) and 0 <= found < 2**63 else None


def scalar(value: Any) -> Any:
    """What a text says unambiguously: a boolean or a number; else the value."""
    restored = boolean(value)
    found = None if isinstance(restored, bool) else number(restored)
    return restored if found is None else found


def words(value: Any) -> list[str]:
    """A list of texts: as such, as Python's ``('a', 'b')``, as JavaScript's ``a,b``, or one alone."""
    if isinstance(value, list):
        return [one for one in value if isinstance(one, str)]
    if not isinstance(value, str):
        return []
    inside = value.strip()
    if inside[:1] in ("(", "["):
        found = _QUOTED.findall(inside)
        return [first or second for first, end, second, other in found if end == "'" or other == '"']
    return [part.strip() for part in inside.split(",") if part.strip()]


def structure(value: Any) -> Any:
    """The object or list that a text is the JSON of, or that a value is; None when there is none."""
    if not isinstance(value, str):
        return value if isinstance(value, dict | list) else None
    if value.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return parse_answer(value)
    except Unreadable:
        return None
