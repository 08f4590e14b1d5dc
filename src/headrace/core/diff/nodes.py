"""Which nodes of two graphs are the same one.

A node with the same name and type is. Of the others, those are that are alike in what they hold and in what
they are joined to: each round settles the pairs that leave no doubt, and so tells the next one more about
their neighbours.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence, Set
from math import inf
from typing import TypeAlias

import msgspec

from headrace.core.diff.effort import Effort
from headrace.core.diff.graph import Graph, wiring
from headrace.core.diff.likeness import Features, features, likeness

ENOUGH = 0.5
"""Nodes that are less alike, content and neighbours taken together, are two nodes."""
ENOUGH_CONTENT = 0.35
"""What another node does is another node, even in the same place."""

MARGIN = 0.2
"""A round leaves pairs to the next that are less alike than its best by more than that."""
MOST_RATINGS = 60_000
"""Once so many pairs were rated, what is left is settled all at once."""

_Candidate: TypeAlias = tuple[float, int, int]
"""How alike two nodes are, and their places."""


class _Side(msgspec.Struct, frozen=True, kw_only=True):
    """The nodes of one of the graphs.

    Attributes:
        seen: what can be seen in each; nothing where no other node of its type is looked for.
        arrows: of each, by its place: the direction, the node at the other end, and between which ports.
    """

    types: list[str]
    seen: list[Features]
    arrows: list[list[tuple[str, int, str, str]]]


def pair_nodes(before: Graph, after: Graph, effort: Effort) -> dict[int, int]:
    """The place after of each node that is in both, by its place before."""
    pairs = _same(before, after, "name", "type")
    gone = [node for i, node in enumerate(before.nodes) if i not in pairs]
    known = set(pairs.values())
    new = [node for j, node in enumerate(after.nodes) if j not in known]
    if gone and new:
        types = {node["type"] for node in gone} & {node["type"] for node in new}
        pairs |= _alike(_side(before, types), _side(after, types), pairs, effort)
        named = _same(before, after, "name")
        taken = set(pairs.values())
        pairs |= {i: j for i, j in named.items() if i not in pairs and j not in taken}
    return dict(sorted(pairs.items()))


def _same(before: Graph, after: Graph, *members: str) -> dict[int, int]:
    places = {tuple(node[member] for member in members): j for j, node in enumerate(after.nodes)}
    keys = [tuple(node[member] for member in members) for node in before.nodes]
    return {i: places[key] for i, key in enumerate(keys) if key in places}


def _side(graph: Graph, types: Set[str]) -> _Side:
    places = {node["name"]: n for n, node in enumerate(graph.nodes)}
    arrows: list[list[tuple[str, int, str, str]]] = [[] for _ in graph.nodes]
    for connection in graph.connections:
        joined = wiring(connection)
        ports = (joined.start or "", joined.end or "")
        source, target = places.get(joined.source), places.get(joined.target)
        if source is not None and target is not None:
            arrows[source].append(("to", target, *ports))
            arrows[target].append(("from", source, *ports))
    return _Side(
        types=[node["type"] for node in graph.nodes],
        seen=[
            features({**node, "name": ""}) if node["type"] in types else frozenset() for node in graph.nodes
        ],
        arrows=arrows,
    )


def _alike(old: _Side, new: _Side, known: Mapping[int, int], effort: Effort) -> dict[int, int]:
    """Pairs of nodes that nobody knows by name."""
    found: dict[int, int] = {}
    free = _candidates(old, new, known, effort)
    telling = _telling(old, new)
    ratings = 0
    while free and effort.allows(len(free)):
        ratings += len(free)
        rated = _rated(old, new, {**known, **found}, free, telling)
        settled = (ratings <= MOST_RATINGS and _without_doubt(rated)) or _in_order(rated)
        if not settled:
            break
        found |= settled
        taken = set(settled.values())
        free = {
            pair: content for pair, content in free.items() if pair[0] not in settled and pair[1] not in taken
        }
    return found


def _candidates(
    old: _Side, new: _Side, known: Mapping[int, int], effort: Effort
) -> dict[tuple[int, int], float]:
    """How alike in content two nodes of one type are that nobody knows; only where that is enough."""
    taken = set(known.values())
    rows: dict[str, list[int]] = defaultdict(list)
    for j, sort in enumerate(new.types):
        if j not in taken:
            rows[sort].append(j)
    found = {}
    for i, sort in enumerate(old.types):
        if i in known or not effort.allows(len(rows[sort])):
            continue
        for j in rows[sort]:
            score = likeness(old.seen[i], new.seen[j])
            if score >= ENOUGH_CONTENT:
                found[i, j] = score
    return found


def _telling(old: _Side, new: _Side) -> Features:
    """What is seen in no more than two nodes."""
    counts = Counter(feature for seen in (*old.seen, *new.seen) for feature in seen)
    return frozenset(feature for feature, count in counts.items() if count <= 2)


def _rated(
    old: _Side, new: _Side, known: Mapping[int, int], free: Mapping[tuple[int, int], float], telling: Features
) -> list[_Candidate]:
    """How alike nodes are, content and neighbours taken together; only where that is enough.

    Nodes such as outputs are alike everywhere: two of them need a neighbour in common, or something that no
    other node has.
    """
    backwards = {j: i for i, j in known.items()}
    mine = {i: _traits(old, i, {one: one for one in known}) for i, _ in free}
    other = {j: _traits(new, j, backwards) for _, j in free}
    rated = []
    for (i, j), content in free.items():
        around = likeness(mine[i], other[j]) if mine[i] or other[j] else content
        is_related = mine[i] & other[j] or not (mine[i] or other[j]) or old.seen[i] & new.seen[j] & telling
        score = (content + around) / 2
        if is_related and score >= ENOUGH:
            rated.append((score, i, j))
    return rated


def _traits(side: _Side, place: int, known: Mapping[int, int]) -> Features:
    """What a node is joined to: neighbours that are known by their places before, others by their types."""
    return frozenset(
        (f"{direction} {known.get(end, side.types[end])}", f"{start} {stop}")
        for direction, end, start, stop in side.arrows[place]
    )


def _without_doubt(rated: Sequence[_Candidate]) -> dict[int, int]:
    """The pairs that are more alike than any other of either node, and not much less than the best of all."""
    scores: dict[tuple[str, int], list[float]] = defaultdict(list)
    for score, i, j in rated:
        scores["before", i].append(score)
        scores["after", j].append(score)
    best = {key: max(many) if many.count(max(many)) == 1 else inf for key, many in scores.items()}
    bar = max((score for score, _, _ in rated), default=0.0) - MARGIN
    return {i: j for score, i, j in rated if score >= bar and score == best["before", i] == best["after", j]}


def _in_order(rated: Sequence[_Candidate]) -> dict[int, int]:
    """The pairs that are most alike; of equal ones those that stand first."""
    found: dict[int, int] = {}
    taken = set()
    for _, i, j in sorted((-score, i, j) for score, i, j in rated):
        if i not in found and j not in taken:
            found[i] = j
            taken.add(j)
    return found
