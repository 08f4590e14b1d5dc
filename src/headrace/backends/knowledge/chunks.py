"""Cuts texts into passages: at headings and paragraphs, with a little of the one before."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

CHUNK_CHARS = 1_200
OVERLAP_CHARS = 200

_HEADING = re.compile(r"(#{1,6})\s+(\S.*)")
_FENCE = re.compile(r"^\s*(```|~~~)")
_SENTENCE = re.compile(r"(?<=[.!?…])\s+|\n+")


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a document.

    Attributes:
        heading: the headings that it stands under, outermost first, joined by `` > ``.
        page: of a document with pages, from 1.
    """

    text: str
    heading: str = ""
    page: int | None = None


def passages(
    text: str, *, is_markdown: bool, page: int | None = None, chunk_chars: int = CHUNK_CHARS
) -> Iterator[Passage]:
    """A text's passages, of at most ``chunk_chars`` characters besides the overlap."""
    for heading, section in _sections(text) if is_markdown else [("", text)]:
        before = ""
        for piece in _packed(section, chunk_chars):
            yield Passage(text=f"{before}{piece}", heading=heading, page=page)
            before = _tail(piece)


def _sections(text: str) -> Iterator[tuple[str, str]]:
    """The parts of a Markdown text between its headings, each with the headings above it."""
    above: list[tuple[int, str]] = []
    lines: list[str] = []
    is_code = False
    for line in text.splitlines():
        if _FENCE.match(line):
            is_code = not is_code
        found = None if is_code else _HEADING.match(line)
        if found is None:
            lines.append(line)
            continue
        yield _path(above), "\n".join(lines)
        depth = len(found[1])
        above = [*(one for one in above if one[0] < depth), (depth, _title(found[2]))]
        lines = [line]
    yield _path(above), "\n".join(lines)


def _title(text: str) -> str:
    """A heading without the marks that may close it."""
    return text.rstrip().rstrip("#").rstrip() or "#"


def _path(above: list[tuple[int, str]]) -> str:
    return " > ".join(title for _, title in above)


def _packed(section: str, most: int) -> Iterator[str]:
    """Paragraphs together as long as they fit."""
    packed = ""
    for piece in _pieces(section, most):
        if packed and len(packed) + 2 + len(piece) > most:
            yield packed
            packed = piece
        else:
            packed = f"{packed}\n\n{piece}" if packed else piece
    if packed:
        yield packed


def _pieces(section: str, most: int) -> Iterator[str]:
    """Paragraphs; those that are too long by sentences, and those by length."""
    for paragraph in re.split(r"\n\s*\n", section):
        text = paragraph.strip()
        if len(text) <= most:
            if text:
                yield text
            continue
        packed = ""
        for sentence in _SENTENCE.split(text):
            for start in range(0, len(sentence), most):
                part = sentence[start : start + most]
                if packed and len(packed) + 1 + len(part) > most:
                    yield packed
                    packed = part
                else:
                    packed = f"{packed} {part}" if packed else part
        if packed:
            yield packed


def _tail(piece: str) -> str:
    """The end of a passage from the beginning of a word, for the next one to begin with."""
    if len(piece) <= OVERLAP_CHARS:
        return ""
    tail = piece[-OVERLAP_CHARS:]
    _, _, whole = tail.partition(" ")
    return f"{whole}\n\n" if whole else ""
