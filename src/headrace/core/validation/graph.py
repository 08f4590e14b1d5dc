"""What a graph of arrows tells: what can be reached, what closes a cycle, what can never come true."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

import msgspec


class Arrow(msgspec.Struct, frozen=True, kw_only=True):
    """A connection between two nodes that exist.

    Attributes:
        place: which connection it is.
        source: the name of the node it starts at.
        target: the name of the node it ends at.
        condition: the result of the source node that it waits for; None when it waits for none.
    """

    place: int
    source: str
    target: str
    condition: str | None = None


Outgoing = Mapping[str, Sequence[Arrow]]
"""The arrows that start at a node, by its name."""


def outgoing(arrows: Iterable[Arrow]) -> Outgoing:
    """The arrows by where they start, in order."""
    by_source: dict[str, list[Arrow]] = {}
    for arrow in arrows:
        by_source.setdefault(arrow.source, []).append(arrow)
    return by_source


def reached(starts: Iterable[str], arrows: Outgoing) -> frozenset[str]:
    """The names that can be reached from the starts, these included."""
    found, waiting = set(starts), list(starts)
    while waiting:
        for arrow in arrows.get(waiting.pop(), ()):
            if arrow.target not in found:
                found.add(arrow.target)
                waiting.append(arrow.target)
    return frozenset(found)


class Walk(msgspec.Struct, frozen=True, kw_only=True):
    """What a depth-first walk along all arrows found.

    Attributes:
        reached: the names that can be reached from the starts, these included.
        closing: the places of the arrows that close a cycle.
        order: all names; every arrow that closes no cycle points from an earlier one to a later one.
    """

    reached: frozenset[str]
    closing: frozenset[int]
    order: tuple[str, ...]


def walk(starts: Iterable[str], names: Iterable[str], arrows: Outgoing) -> Walk:
    """Walk from the starts, then from those of the names that were not reached from there."""
    closing: set[int] = set()
    left: list[str] = []
    is_open: dict[str, bool] = {}
    for start in starts:
        _walk(start, arrows, is_open, closing, left)
    reached = frozenset(is_open)
    for name in names:
        _walk(name, arrows, is_open, closing, left)
    return Walk(reached=reached, closing=frozenset(closing), order=tuple(reversed(left)))


def _walk(start: str, arrows: Outgoing, is_open: dict[str, bool], closing: set[int], left: list[str]) -> None:
    if start in is_open:
        return
    is_open[start] = True
    path: list[tuple[str, Iterator[Arrow]]] = [(start, iter(arrows.get(start, ())))]
    while path:
        name, rest = path[-1]
        for arrow in rest:
            target = arrow.target
            if target not in is_open:
                is_open[target] = True
                path.append((target, iter(arrows.get(target, ()))))
                break
            if is_open[target]:
                closing.add(arrow.place)
        else:
            path.pop()
            is_open[name] = False
            left.append(name)


def contradicting(order: Sequence[str], arrows: Sequence[Arrow], closing: frozenset[int]) -> frozenset[int]:
    """The places of the arrows that make a node wait for two results of one condition node.

    A node needs all that its arrows wait for, and all that their sources need. Of two results that
    exclude each other the first one asked for counts further down, so that a fault is found once.
    """
    asked = {(arrow.source, arrow.condition) for arrow in arrows if arrow.condition is not None}
    if len({source for source, _ in asked}) == len(asked):
        return frozenset()  # of no node are two results asked for
    incoming: defaultdict[str, list[Arrow]] = defaultdict(list)
    for arrow in arrows:
        if arrow.place not in closing:
            incoming[arrow.target].append(arrow)
    found: set[int] = set()
    needs: dict[str, Mapping[str, str]] = {}
    for name in order:
        needed: Mapping[str, str] = _NOTHING
        for arrow in incoming.get(name, ()):
            added = needs[arrow.source]
            if arrow.condition is not None:
                added = {**added, arrow.source: arrow.condition}
            if added.items() <= needed.items():
                continue
            if any(needed.get(node, result) != result for node, result in added.items()):
                found.add(arrow.place)
            needed = {**added, **needed} if needed else added
        needs[name] = needed
    return frozenset(found)


_NOTHING: Mapping[str, str] = MappingProxyType({})
