"""Which pieces of two texts are the same: of code the lines, of prose the words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, groupby
from typing import TypeAlias

from headrace.core.diff.edits import Span, Unit
from headrace.core.diff.effort import Effort
from headrace.core.diff.sequences import common

SHORT_CHARS = 40
"""A shorter text of one line is shown as a whole."""
ENOUGH_IN_COMMON = 0.25
"""Blocks that share a smaller part of their letters are two texts that happen to share some words."""
_TOKEN = re.compile(r"\{\{[^{}]*\}\}|\w+|\s+|[^\w\s]")

_Block: TypeAlias = tuple[Sequence[str], Sequence[str]]
"""Pieces of the text before, and what is in their place after; all the same, or none."""


def is_text(value: str) -> bool:
    """Whether a text is worth comparing piece by piece; an ARN or a model's id is not."""
    return "\n" in value or (len(value) > SHORT_CHARS and " " in value)


def compare_texts(before: str, after: str, *, unit: Unit, effort: Effort) -> tuple[Span, ...]:
    """All of both texts, in order."""
    blocks = _blocks(before.splitlines(keepends=True), after.splitlines(keepends=True), effort)
    if unit == "word":
        blocks = chain.from_iterable(_by_words(block, effort) for block in blocks)
    return tuple(_merged(blocks))


def _blocks(before: Sequence[str], after: Sequence[str], effort: Effort) -> Iterator[_Block]:
    """The pieces that are the same and those that are not, in turn."""
    i = j = 0
    for next_i, next_j in common(before, after, effort):
        if (i, j) != (next_i, next_j):
            yield before[i:next_i], after[j:next_j]
        yield before[next_i : next_i + 1], after[next_j : next_j + 1]
        i, j = next_i + 1, next_j + 1
    if i < len(before) or j < len(after):
        yield before[i:], after[j:]


def _by_words(block: _Block, effort: Effort) -> Iterable[_Block]:
    """A block of lines as blocks of words, unless that would only make it harder to read."""
    before, after = ("".join(lines) for lines in block)
    if before == after or not before or not after:
        return [block]
    blocks = list(_blocks(_TOKEN.findall(before), _TOKEN.findall(after), effort))
    letters = sum(_letters(old) for old, new in blocks if old == new)
    if 2 * letters < ENOUGH_IN_COMMON * (_letters(before) + _letters(after)):
        return [block]
    return _without_islands(blocks)


def _letters(text: Iterable[str]) -> int:
    return sum(map(str.isalnum, chain.from_iterable(text)))


def _without_islands(blocks: Sequence[_Block]) -> Iterator[_Block]:
    """Blanks and signs between two changes are taken for a part of the change."""
    for is_island, some in groupby(enumerate(blocks), lambda one: _is_change_or_between(blocks, one[0])):
        if not is_island:
            yield from (block for _, block in some)
            continue
        run = [block for _, block in some]
        yield [word for old, _ in run for word in old], [word for _, new in run for word in new]


def _is_change_or_between(blocks: Sequence[_Block], place: int) -> bool:
    if _is_change(blocks[place]):
        return True
    return (
        0 < place < len(blocks) - 1
        and not _letters(blocks[place][0])
        and "\n" not in "".join(blocks[place][0])
        and _is_change(blocks[place - 1])
        and _is_change(blocks[place + 1])
    )


def _is_change(block: _Block) -> bool:
    return block[0] != block[1]


def _merged(blocks: Iterable[_Block]) -> Iterator[Span]:
    """Neighbouring blocks of a sort as one; what was there before stands first."""
    for is_change, some in groupby(blocks, _is_change):
        run = list(some)
        before = "".join(chain.from_iterable(old for old, _ in run))
        if not is_change:
            yield Span(in_="both", text=before)
            continue
        after = "".join(chain.from_iterable(new for _, new in run))
        if before:
            yield Span(in_="before", text=before)
        if after:
            yield Span(in_="after", text=after)
