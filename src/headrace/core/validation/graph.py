"""What a graph of arrows tells: what can be reached, what closes a cycle, what can never come true."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

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


def walk(starts: Iterable[str], arrows: Outgoing) -> tuple[frozenset[int], tuple[str, ...]]:
    """A depth-first walk: the places of the arrows that close a cycle, and an order without these.

    In the order, every arrow that closes no cycle points from an earlier name to a later one.
    """
    closing: set[int] = set()
    left: list[str] = []
    is_open: dict[str, bool] = {}
    for start in starts:
        if start in is_open:
            continue
        is_open[start] = True
        path: list[tuple[str, Iterator[Arrow]]] = [(start, iter(arrows.get(start, ())))]
        while path:
            name, rest = path[-1]
            arrow = next(rest, None)
            if arrow is None:
                path.pop()
                is_open[name] = False
                left.append(name)
            elif arrow.target not in is_open:
                is_open[arrow.target] = True
                path.append((arrow.target, iter(arrows.get(arrow.target, ()))))
            elif is_open[arrow.target]:
                closing.add(arrow.place)
    return frozenset(closing), tuple(reversed(left))


def contradicting(order: Sequence[str], arrows: Sequence[Arrow], closing: frozenset[int]) -> frozenset[int]:
    """The places of the arrows that make a node wait for two results of one condition node.

    A node needs all that its arrows wait for, and all that their sources need. Of two results that
    exclude each other the first one asked for counts further down, so that a fault is found once.
    """
    if all(arrow.condition is None for arrow in arrows):
        return frozenset()
    incoming: dict[str, list[Arrow]] = {}
    for arrow in arrows:
        if arrow.place not in closing:
            incoming.setdefault(arrow.target, []).append(arrow)
    found: set[int] = set()
    needs: dict[str, dict[str, str]] = {}
    for name in order:
        needed: dict[str, str] = {}
        for arrow in incoming.get(name, ()):
            added = needs[arrow.source]
            if arrow.condition is not None:
                added = {**added, arrow.source: arrow.condition}
            for node, result in added.items():
                if needed.setdefault(node, result) != result:
                    found.add(arrow.place)
        needs[name] = needed
    return frozenset(found)
