"""The model's regular expressions, read the same way everywhere."""

from __future__ import annotations

import re
from functools import cache

_SPACES = r"\t\n\x0b\f\r "
_PORTABLE = {
    r"\d": "[0-9]",
    r"\s": f"[{_SPACES}]",
    r"\S": f"[^{_SPACES}]",
    ".": "[^\\n\\r\x85\u2028\u2029]",
}
_PORTABLE_IN_CLASS = {r"\d": "0-9", r"\s": _SPACES}
_PATTERN_TOKEN = re.compile(r"\\.|.", re.DOTALL)


@cache  # the model has some eighty patterns, used in hundreds of places
def portable_pattern(pattern: str) -> str:
    """A Java pattern rewritten so that Python and jsonschema-rs read it as Java does.

    They differ in what ``.``, ``\\d`` and ``\\s`` match. The result is not anchored.

    Raises:
        ValueError: it uses a construct whose meaning is not known to agree.
    """
    parts: list[str] = []
    in_class = False
    for part in _PATTERN_TOKEN.findall(pattern):
        if part[0] == "\\" and part[1].isalnum() and part not in (r"\d", r"\s", r"\S", r"\b"):
            raise ValueError(f"{part} in pattern {pattern!r} is not portable")
        if in_class and part == r"\S":
            raise ValueError(f"{part} inside a class in pattern {pattern!r} is not portable")
        table = _PORTABLE_IN_CLASS if in_class else _PORTABLE
        parts.append(table.get(part, part))
        in_class = part == "[" or (in_class and part != "]")
    return "".join(parts)
