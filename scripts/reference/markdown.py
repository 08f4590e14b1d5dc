"""Small pieces of Markdown."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

NOTICE = "<!-- Written by scripts/generate_docs.py. Change the code, then run the script. -->"

Row = Iterable[Any]


def page(title: str, *parts: str) -> str:
    """A page of these parts, a blank line between them."""
    return "\n\n".join([f"# {title}", NOTICE, *(part.strip("\n") for part in parts if part)]) + "\n"


def table(head: Row, rows: Iterable[Row]) -> str:
    """A Markdown table."""
    lines = [list(head), *([str(cell).replace("|", "\\|") for cell in row] for row in rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def code(text: Any) -> str:
    """Text in backticks; nothing for nothing."""
    return f"`{text}`" if str(text) else ""


def summary(function: Callable[..., Any] | type) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join((inspect.getdoc(function) or "").partition("\n\n")[0].split())
