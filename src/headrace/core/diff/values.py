"""The comparison of two JSON values, whatever they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from headrace.core.diff.edits import (
    Added,
    Edit,
    GraphChanged,
    Moved,
    Path,
    Removed,
    Replaced,
    Step,
    TextChanged,
    Unit,
)
from headrace.core.diff.effort import Effort
from headrace.core.diff.graph import read_graph
from headrace.core.diff.graphs import compare_graphs
from headrace.core.diff.likeness import is_same, is_written_alike
from headrace.core.diff.lists import names_of, pair_elements
from headrace.core.diff.sequences import staying
from headrace.core.diff.texts import are_texts, compare_texts

MOST_LEVELS = 80
"""What is nested deeper is compared as a whole; enough for Loops in Loops as deep as they are read."""
CODE = frozenset({"code", "source_code"})
"""The members whose texts are compared by lines."""


def compare_values(before: Any, after: Any, path: Path, effort: Effort, level: int) -> Iterator[Edit]:
    """What differs, in the order in which it stands in the value before.

    Args:
        path: where the values are.
        level: how deep they are.
    """
    if is_written_alike(before, after):
        return
    match before, after:
        case dict(), dict() if level < MOST_LEVELS:
            yield from _members_or_graph(before, after, path, effort, level)
        case list(), list() if level < MOST_LEVELS:
            yield from _elements(before, after, path, effort, level)
        case str(), str() if are_texts(before, after):
            unit: Unit = "line" if path and path[-1] in CODE else "word"
            spans = compare_texts(before, after, unit=unit, effort=effort)
            yield TextChanged(path=path, unit=unit, spans=spans)
        case _ if not is_same(before, after):
            yield Replaced(path=path, before=before, after=after)


def _members_or_graph(
    before: dict[str, Any], after: dict[str, Any], path: Path, effort: Effort, level: int
) -> Iterator[Edit]:
    old, new = read_graph(before), read_graph(after)
    if old is None or new is None:
        yield from _members(before, after, path, effort, level)
        return
    change = compare_graphs(old, new, path, effort, level, compare_values)
    if change != GraphChanged(path=path):
        yield change


def _members(
    before: Mapping[str, Any], after: Mapping[str, Any], path: Path, effort: Effort, level: int
) -> Iterator[Edit]:
    for name, value in before.items():
        if name in after:
            yield from compare_values(value, after[name], (*path, name), effort, level + 1)
        else:
            yield Removed(path=(*path, name), value=value)
    for name, value in after.items():
        if name not in before:
            yield Added(path=(*path, name), value=value)


def _elements(
    before: Sequence[Any], after: Sequence[Any], path: Path, effort: Effort, level: int
) -> Iterator[Edit]:
    steps: Sequence[Step] = names_of(before) or range(len(before))
    pairs = dict(pair_elements(before, after, effort))
    stay = staying(list(pairs.values()))
    for i, value in enumerate(before):
        here = (*path, steps[i])
        if i not in pairs:
            yield Removed(path=here, value=value)
            continue
        if pairs[i] not in stay:
            yield Moved(path=here, to=pairs[i])
        yield from compare_values(value, after[pairs[i]], here, effort, level + 1)
    taken = set(pairs.values())
    for j, value in enumerate(after):
        if j not in taken:
            yield Added(path=(*path, j), value=value)
