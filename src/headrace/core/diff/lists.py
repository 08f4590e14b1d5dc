"""Which elements of two lists are the same one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Any, TypeAlias

from headrace.core.diff.effort import Effort
from headrace.core.diff.likeness import features, form, likeness
from headrace.core.diff.sequences import Pair, common

ALIKE = 0.4
"""Elements that are less alike are one that went and one that came."""

_Chain: TypeAlias = tuple[float, "tuple[_Chain, int, int] | None"]
"""How much pairs are alike in sum, and the last of them behind those before it."""


def names_of(elements: Sequence[Any]) -> list[str] | None:
    """The names of elements that all have one of their own; None when they have not, or there are none."""
    names = [one.get("name") if isinstance(one, dict) else None for one in elements]
    texts = [name for name in names if isinstance(name, str)]
    return texts if len(texts) == len(names) == len(set(texts)) and names else None


def pair_elements(before: Sequence[Any], after: Sequence[Any], effort: Effort) -> list[Pair]:
    """The places of elements that are the same one, though not always equal, by their places before.

    Elements with names may be anywhere; others are never paired crosswise.
    """
    old_names, new_names = names_of(before), names_of(after)
    if old_names is None or new_names is None:
        return _in_order(before, after, effort)
    places = {name: j for j, name in enumerate(new_names)}
    pairs = [(i, places[name]) for i, name in enumerate(old_names) if name in places]
    old_left = sorted(set(range(len(before))) - {i for i, _ in pairs})
    new_left = sorted(set(range(len(after))) - {j for _, j in pairs})
    rest = _alike([before[i] for i in old_left], [after[j] for j in new_left], effort)
    return sorted([*pairs, *((old_left[i], new_left[j]) for i, j in rest)])


def _in_order(before: Sequence[Any], after: Sequence[Any], effort: Effort) -> list[Pair]:
    pairs: list[Pair] = []
    i = j = 0
    ends = (len(before), len(after))
    for next_i, next_j in [*common([*map(form, before)], [*map(form, after)], effort), ends]:
        pairs += [(i + m, j + n) for m, n in _gap(before[i:next_i], after[j:next_j], effort)]
        pairs.append((next_i, next_j))
        i, j = next_i + 1, next_j + 1
    return pairs[:-1]


def _gap(before: Sequence[Any], after: Sequence[Any], effort: Effort) -> list[Pair]:
    """Pairs among elements of which none is equal to another."""
    if len(before) == len(after) == 1:
        return [(0, 0)]
    return _alike(before, after, effort)


def _alike(before: Sequence[Any], after: Sequence[Any], effort: Effort) -> list[Pair]:
    """The rising pairs that are, in sum, the most alike."""
    if not before or not after or not effort.allows(len(before) * len(after)):
        return []
    old, new = [*map(features, before)], [*map(features, after)]
    nothing: _Chain = (0.0, None)
    above = [nothing] * (len(new) + 1)
    for i, mine in enumerate(old):
        row = [nothing]
        for j, other in enumerate(new):
            score = likeness(mine, other)
            both = (above[j][0] + score, (above[j], i, j)) if score >= ALIKE else nothing
            row.append(max(both, above[j + 1], row[j], key=itemgetter(0)))
        above = row
    return list(_links(above[-1]))[::-1]


def _links(chain: _Chain) -> Iterator[Pair]:
    while chain[1] is not None:
        chain, i, j = chain[1]
        yield i, j
