"""The documentation as the tests read it: pages, headings, links, blocks of code."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [
        *(ROOT / "docs").rglob("*.md"),
        ROOT / "examples" / "README.md",
        *(ROOT / f"{name}.md" for name in ("README", "CHANGELOG", "CONTRIBUTING", "SECURITY")),
    ]
)
"""Every page there is."""
ADDRESS = "http://127.0.0.1:8321"
"""Where the documentation says that the server is."""

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block of a page.

    Attributes:
        line: where it begins.
    """

    language: str
    text: str
    line: int


def blocks(page: Path, language: str = "") -> list[Block]:
    """The blocks of a page in order; all of them, or those of one language."""
    text = page.read_text()
    found = [
        Block(language=match[1], text=match[2], line=text.count("\n", 0, match.start()) + 1)
        for match in _FENCE.finditer(text)
    ]
    return [block for block in found if block.language == language or not language]


def prose(page: Path) -> str:
    """A page without its blocks."""
    return _FENCE.sub("", page.read_text())


def links(page: Path) -> list[str]:
    """The targets of a page's links."""
    return _LINK.findall(prose(page))


def headings(page: Path) -> list[str]:
    """The headings of a page, without their marks."""
    return [line.lstrip("# ").strip() for line in prose(page).splitlines() if re.match(r"#+ ", line)]


def anchor(heading: str) -> str:
    """What a heading is linked to by, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def name(page: Path) -> str:
    """A page's path in the repository."""
    return page.relative_to(ROOT).as_posix()
