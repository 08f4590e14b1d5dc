"""What two sequences have in common, and what has moved within one."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import TypeAlias, TypeVar

from headrace.core.diff.effort import Effort

Pair: TypeAlias = tuple[int, int]
"""A place in the sequence before, and one in the sequence after."""

MOST_DIFFERENCES = 400
"""Sequences that differ more count as wholly different: nobody reads such a comparison word by word."""

Item = TypeVar("Item")


def common(before: Sequence[Item], after: Sequence[Item], effort: Effort) -> list[Pair]:
    """The longest common subsequence, as pairs of places of equal items."""
    shorter = min(len(before), len(after))
    start = next((n for n in range(shorter) if before[n] != after[n]), shorter)
    shorter -= start
    end = next((n for n in range(shorter) if before[-1 - n] != after[-1 - n]), shorter)
    middle = _snakes(before[start : len(before) - end], after[start : len(after) - end], effort)
    return [
        *((n, n) for n in range(start)),
        *((i + start, j + start) for i, j in middle),
        *((len(before) - n, len(after) - n) for n in range(end, 0, -1)),
    ]


def _snakes(before: Sequence[Item], after: Sequence[Item], effort: Effort) -> list[Pair]:
    """The same by the greedy algorithm of Myers (1986), which is fast where there are few differences."""
    if not before or not after:
        return []
    furthest = {1: 0}  # by diagonal (i - j), the largest i that so many differences lead to
    history = []
    for differences in range(min(len(before) + len(after), MOST_DIFFERENCES) + 1):
        history.append(furthest.copy())
        for diagonal in range(-differences, differences + 1, 2):
            start, _ = _entry(furthest, diagonal, differences)
            i = start
            while i < len(before) and i - diagonal < len(after) and before[i] == after[i - diagonal]:
                i += 1
            furthest[diagonal] = i
            if not effort.allows(1 + i - start):
                return []
            if i >= len(before) and i - diagonal >= len(after):
                return _way_back(history, i, diagonal)
    return []


def _entry(furthest: dict[int, int], diagonal: int, differences: int) -> Pair:
    """Where a diagonal is entered, and from which: by an addition or by a removal."""
    if diagonal == -differences or (
        diagonal != differences and furthest[diagonal - 1] < furthest[diagonal + 1]
    ):
        return furthest[diagonal + 1], diagonal + 1
    return furthest[diagonal - 1] + 1, diagonal - 1


def _way_back(history: list[dict[int, int]], i: int, diagonal: int) -> list[Pair]:
    pairs = []
    for differences in range(len(history) - 1, -1, -1):
        start, origin = _entry(history[differences], diagonal, differences)
        pairs += [(n, n - diagonal) for n in range(i - 1, start - 1, -1)]
        i, diagonal = start - (origin < diagonal), origin
    return pairs[::-1]


def staying(places: Sequence[int]) -> set[int]:
    """The longest rising subsequence of different numbers: what stays when the rest is said to have moved."""
    tails: list[int] = []
    # By length, the place of the smallest number that such a subsequence ends with.
    ends: list[int] = []
    before: list[int] = []
    for n, place in enumerate(places):
        length = bisect_left(tails, place)
        before.append(ends[length - 1] if length else -1)
        tails[length:] = [place, *tails[length + 1 :]]
        ends[length:] = [n, *ends[length + 1 :]]
    found = set()
    n = ends[-1] if ends else -1
    while n >= 0:
        found.add(places[n])
        n = before[n]
    return found
