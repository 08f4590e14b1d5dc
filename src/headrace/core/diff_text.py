"""A diff as text: for a terminal, a log or the description of a pull request.

What is shown was written by others. Control characters, and those that turn the direction of writing, are
spelled out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from unicodedata import east_asian_width

from headrace.core.diff import Diff
from headrace.core.diff.rows import Piece, Row, Sign, rows_of

WIDTH_COLUMNS = 100
CONTEXT_LINES = 2
LEAST_COLUMNS = 20
"""A row has at least so many columns beside its indent, however narrow the page is."""

_COLOURS: dict[Sign, str] = {"+": "\x1b[32m", "-": "\x1b[31m", "~": "\x1b[33m", ">": "\x1b[36m"}
_NO_COLOUR = "\x1b[0m"
_MARKS: dict[Sign, tuple[str, str]] = {"-": ("[-", "-]"), "+": ("{+", "+}")}
_INDENT = "  "
_TAB_COLUMNS = 4
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\U000e0000-\U000e007f]"
)
_WORD = re.compile(r"[\u2e80-\uffdc]|[^\s\u2e80-\uffdc]*\s?")
"""What no line end may be put into; in scripts without blanks a character."""


def render(
    diff: Diff,
    *,
    width_columns: int = WIDTH_COLUMNS,
    context_lines: int = CONTEXT_LINES,
    is_coloured: bool = False,
) -> str:
    """A diff as lines, the first of which says how much differs.

    A line begins with what it is about: ``+`` was added, ``-`` removed, ``~`` changed, ``>`` moved. Within a
    changed line of prose it is ``[-removed-]`` and ``{+added+}``, or the colours alone.

    Args:
        width_columns: how wide lines may be; words that are longer, and lines of code, are not broken.
        context_lines: how many lines of a text are shown around a change.
    """
    rows = rows_of(diff.edits, depth=0, context_lines=context_lines)
    lines = [diff.summary.line, *(line for row in rows for line in _lines(row, width_columns, is_coloured))]
    return "".join(f"{line}\n" for line in lines)


def _lines(row: Row, width_columns: int, is_coloured: bool) -> Iterator[str]:
    """A row as lines; those after the first are indented more."""
    indent = _INDENT * row.depth
    columns = max(LEAST_COLUMNS, width_columns - len(indent) - len(_INDENT))
    pieces = [Piece(_seen(piece.text), piece.sign) for piece in row.pieces]
    if not is_coloured:
        pieces = [_marked(piece) for piece in pieces]
    # A row of which pieces were removed and added has no colour of its own.
    own: Sign = row.sign if len(pieces) == 1 else " "
    start = f"{row.sign} "
    for words in [pieces] if row.is_code else _broken(pieces, columns):
        runs = groupby(words, lambda word: own if word.sign == " " else word.sign)
        parts = [(sign, "".join(word.text for word in run)) for sign, run in runs]
        if is_coloured:
            parts = [(sign, _painted(text, sign)) for sign, text in parts]
            start = _painted(start, row.sign)
        yield f"{indent}{start}{''.join(text for _, text in parts)}".rstrip()
        start = _INDENT * 2


def _seen(text: str) -> str:
    return _UNSEEN.sub(_spelled, text.expandtabs(_TAB_COLUMNS))


def _spelled(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


def _marked(piece: Piece) -> Piece:
    before, after = _MARKS.get(piece.sign, ("", ""))
    return Piece(f"{before}{piece.text}{after}", piece.sign)


def _painted(text: str, sign: Sign) -> str:
    colour = _COLOURS.get(sign)
    return f"{colour}{text}{_NO_COLOUR}" if colour and text.strip() else text


def _broken(pieces: list[Piece], columns: int) -> Iterator[list[Piece]]:
    """The words of a row, as many a line as there is room for."""
    line: list[Piece] = []
    used = 0
    for piece in pieces:
        for word in _WORD.findall(piece.text):
            if line and used + _columns(word.rstrip()) > columns:
                yield line
                line, used = [], 0
            line.append(Piece(word, piece.sign))
            used += _columns(word)
    yield line


def _columns(text: str) -> int:
    return len(text) + sum(east_asian_width(character) in "WF" for character in text)
