"""A diff as text: for a terminal, a log or the description of a pull request.

What is shown was written by others. Control characters, and those that turn the direction of writing, are
spelled out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
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
_HANGING = "    "
_TAB_COLUMNS = 4
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\U000e0000-\U000e007f]"
)
_WIDE = "[\u2e80-\uffdc]"
"""In scripts without blanks, a line may end after any character."""


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
    columns = max(LEAST_COLUMNS, width_columns - len(indent) - len(_HANGING))
    pieces = [Piece(seen(piece.text), piece.sign) for piece in row.pieces]
    if not is_coloured:
        pieces = [_marked(piece) for piece in pieces]
    # A row of which pieces were removed and added has no colour of its own.
    own: Sign = row.sign if len(pieces) == 1 else " "
    start = f"{row.sign} "
    for words in [pieces] if row.is_code else _broken(pieces, columns):
        runs = groupby(words, lambda word: own if word.sign == " " else word.sign)
        parts = [(row.sign, start), *((sign, "".join(word.text for word in run)) for sign, run in runs)]
        if is_coloured:
            parts = [(sign, _painted(text, sign)) for sign, text in parts]
        yield f"{indent}{''.join(text for _, text in parts)}".rstrip()
        start = _HANGING


def seen(text: str) -> str:
    """A text of somebody else's as it may be printed: what could not be seen, and line ends, spelled out."""
    return _UNSEEN.sub(_spelled, text.expandtabs(_TAB_COLUMNS))


def _spelled(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


def _marked(piece: Piece) -> Piece:
    before, after = _MARKS.get(piece.sign, ("", ""))
    return Piece(f"{before}{piece.text}{after}", piece.sign)


def _painted(text: str, sign: Sign) -> str:
    colour = _COLOURS.get(sign)
    return f"{colour}{text}{_NO_COLOUR}" if colour and not text.isspace() else text


def _broken(pieces: list[Piece], columns: int) -> Iterator[list[Piece]]:
    """The words of a row, as many a line as there is room for."""
    line: list[Piece] = []
    used = 0
    for word in _words(pieces):
        text = "".join(piece.text for piece in word)
        if line and used + _columns(text.rstrip()) > columns:
            yield line
            line, used = [], 0
        line += word
        used += _columns(text)
    yield line


@cache
def _breaks() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """A word, its end, and a character that is one; ranges as wide as these are slow to compile."""
    return re.compile(rf"{_WIDE}|[^\s{_WIDE[1:]}+\s?|\s"), re.compile(rf"\s$|{_WIDE}$"), re.compile(_WIDE)


def _words(pieces: list[Piece]) -> Iterator[list[Piece]]:
    """What no line end may be put into; a change may be within a word."""
    words, ended, wide = _breaks()
    word: list[Piece] = []
    for piece in pieces:
        for text in words.findall(piece.text):
            if word and (ended.search(word[-1].text) or wide.match(text)):
                yield word
                word = []
            word.append(Piece(text, piece.sign))
    yield word


def _columns(text: str) -> int:
    return len(text) + sum(east_asian_width(character) in "WF" for character in text)
