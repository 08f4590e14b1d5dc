"""Which pieces of two texts are the same: of code the lines, of prose the words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TypeAlias

from headrace.core.diff.edits import Span, Unit
from headrace.core.diff.effort import Effort
from headrace.core.diff.sequences import common

SHORT_CHARS = 30
"""Shorter texts of one line are compared as a whole."""
ENOUGH_IN_COMMON = 0.25
"""Blocks that share a smaller part of their letters are two texts that happen to share some words."""
_TOKEN = re.compile(r"\{\{[^{}]*\}\}|\w+|\s+|[^\w\s]")
_ISLAND = re.compile(r"[^\w\n]*")

_Block: TypeAlias = tuple[str, str]
"""A piece of the text before, and what is in its place after: the same, or something else."""


def are_texts(before: str, after: str) -> bool:
    """Whether texts are worth comparing piece by piece; ARNs or models' ids are not."""
    is_long = max(len(before), len(after)) > SHORT_CHARS or "\n" in before + after
    return is_long and all(" " in text or "\n" in text for text in (before, after))


def compare_texts(before: str, after: str, *, unit: Unit, effort: Effort) -> tuple[Span, ...]:
    """All of both texts, in order."""
    lines = _blocks(before.splitlines(keepends=True), after.splitlines(keepends=True), effort)
    if unit == "line":
        return tuple(_spans(lines))
    return tuple(_spans(piece for block in lines for piece in _by_words(block, effort)))


def _blocks(before: Sequence[str], after: Sequence[str], effort: Effort) -> Iterator[_Block]:
    """What is the same and what is not, in turn, as much at a time as there is."""
    start = i = j = 0  # what is the same begins at `start` in the text before; it is read up to `i` and `j`
    for next_i, next_j in [*common(before, after, effort), (len(before), len(after))]:
        if (next_i, next_j) != (i, j):
            yield from _same(before[start:i])
            yield "".join(before[i:next_i]), "".join(after[j:next_j])
            start = next_i
        i, j = next_i + 1, next_j + 1
    yield from _same(before[start:])


def _same(pieces: Sequence[str]) -> Iterator[_Block]:
    if text := "".join(pieces):
        yield text, text


def _by_words(block: _Block, effort: Effort) -> Sequence[_Block]:
    """A block of lines as blocks of words, unless that would only make it harder to read."""
    before, after = block
    if before == after or not before or not after:
        return [block]
    blocks = list(_blocks(_TOKEN.findall(before), _TOKEN.findall(after), effort))
    shared = sum(_letters(old) for old, new in blocks if old == new)
    if 2 * shared < ENOUGH_IN_COMMON * (_letters(before) + _letters(after)):
        return [block]
    return _without_islands(blocks)


def _letters(text: str) -> int:
    return sum(map(str.isalnum, text))


def _without_islands(blocks: Sequence[_Block]) -> list[_Block]:
    """The same, where blanks and signs between two changes are taken for a part of the change."""
    joined: list[_Block] = []
    for block in blocks:
        old, new = block
        if old != new and len(joined) > 1 and _ISLAND.fullmatch(joined[-1][0]):
            island, _ = joined.pop()
            before, after = joined.pop()
            old, new = before + island + old, after + island + new
        joined.append((old, new))
    return joined


def _spans(blocks: Iterable[_Block]) -> Iterator[Span]:
    """Neighbouring blocks of a sort as one; what was there before stands first."""
    for is_same, some in groupby(blocks, lambda block: block[0] == block[1]):
        run = list(some)
        before = "".join(old for old, _ in run)
        after = "".join(new for _, new in run)
        if is_same:
            yield Span(in_="both", text=before)
            continue
        if before:
            yield Span(in_="before", text=before)
        if after:
            yield Span(in_="after", text=after)
