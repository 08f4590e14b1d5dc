"""Which connections of two graphs are the same one, and what differs in them.

The name of a connection is a mere id: what it joins says which one it is.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from headrace.core.diff.edits import (
    ConnectionAdded,
    ConnectionChange,
    ConnectionChanged,
    ConnectionRemoved,
    Relabelled,
)
from headrace.core.diff.effort import Effort
from headrace.core.diff.graph import Graph, Wiring, wiring
from headrace.core.diff.likeness import form

# What makes one connection out of two that differ, and how much it counts.
SAME_END = 4
SAME_START = 3
SAME_NODES = 2
SAME_TEXT = 1
SAME_NAME = 1


class _Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A connection as it is compared.

    Attributes:
        written: what it joins, by the names of nodes.
        wiring: the same, with nodes called the same that are the same one.
        rest: all that is not its name and its ends.
    """

    name: str
    written: Wiring
    wiring: Wiring
    rest: bytes


class Connections(msgspec.Struct, frozen=True, kw_only=True):
    """What differs in the connections of two graphs.

    Attributes:
        places: of connections that are the same one, the place after by the place before.
    """

    changes: tuple[ConnectionChange, ...]
    relabelled: tuple[Relabelled, ...]
    places: Mapping[int, int]


def compare_connections(before: Graph, after: Graph, nodes: Mapping[int, int], effort: Effort) -> Connections:
    """What differs in the connections, given which nodes are the same one."""
    old, new = _seen(before, after, nodes)
    places = _pairs(old, new, effort)
    names = {before.nodes[i]["name"]: after.nodes[j]["name"] for i, j in nodes.items()}
    changes: list[ConnectionChange] = []
    relabelled = []
    for i, connection in enumerate(before.connections):
        if i not in places:
            changes.append(ConnectionRemoved(name=connection["name"], connection=connection))
            continue
        there = after.connections[places[i]]
        mine, other = old[i], new[places[i]]
        if (mine.wiring, mine.rest) != (other.wiring, other.rest):
            changes.append(
                ConnectionChanged(
                    name=there["name"],
                    was=connection["name"],
                    is_rewired=mine.wiring != other.wiring,
                    before=connection,
                    after=there,
                )
            )
        elif mine.name != other.name:
            follows = _follows(connection, there["name"], names)
            relabelled.append(Relabelled(name=other.name, was=mine.name, follows=follows))
    changes += _added(after.connections, set(places.values()))
    return Connections(changes=tuple(changes), relabelled=tuple(relabelled), places=places)


def _added(connections: Sequence[dict[str, Any]], known: set[int]) -> Iterator[ConnectionAdded]:
    for index, connection in enumerate(connections):
        if index not in known:
            yield ConnectionAdded(name=connection["name"], index=index, connection=connection)


def _follows(connection: Mapping[str, Any], name: str, names: Mapping[str, str]) -> bool:
    """Whether a connection's other name is its name with the names of its nodes renamed."""
    ends = sorted({connection["source"], connection["target"]}, key=len, reverse=True)
    pattern = "|".join(re.escape(end) for end in ends if end)
    return name == re.sub(pattern, lambda found: names.get(found[0], found[0]), connection["name"])


def _seen(before: Graph, after: Graph, nodes: Mapping[int, int]) -> tuple[list[_Seen], list[_Seen]]:
    """The connections of both, with one word for each node of either.

    A removed node is another than the one that has its name now, and so is a new one.
    """
    kept = {before.nodes[i]["name"]: f"={j}" for i, j in nodes.items()}
    old = {node["name"]: f"-{i}" for i, node in enumerate(before.nodes)} | kept
    kept = {after.nodes[j]["name"]: f"={j}" for j in nodes.values()}
    new = {node["name"]: f"+{j}" for j, node in enumerate(after.nodes)} | kept
    return [_look(one, old) for one in before.connections], [_look(one, new) for one in after.connections]


def _look(connection: Mapping[str, Any], nodes: Mapping[str, str]) -> _Seen:
    ends = {end: nodes.get(connection[end], f"?{connection[end]}") for end in ("source", "target")}
    rest = {name: value for name, value in connection.items() if name not in ("name", *ends)}
    written = wiring(connection)
    return _Seen(name=connection["name"], written=written, wiring=written._replace(**ends), rest=form(rest))


def _pairs(old: Sequence[_Seen], new: Sequence[_Seen], effort: Effort) -> dict[int, int]:
    """The places of connections that are the same one: of equal ones first, then of likely ones."""
    pairs: dict[int, int] = {}
    for named in (True, False):
        free: dict[Hashable, list[int]] = defaultdict(list)
        for j in _left(new, pairs.values()):
            free[_key(new[j], named=named)].append(j)
        for i in _left(old, pairs):
            if fitting := free[_key(old[i], named=named)]:
                pairs[i] = fitting.pop(0)
    taken: set[int] = set(pairs.values())
    for _, i, j in sorted(_likely(old, new, pairs, effort)):
        if i not in pairs and j not in taken:
            pairs[i] = j
            taken.add(j)
    return dict(sorted(pairs.items()))


def _left(many: Sequence[_Seen], taken: Iterable[int]) -> list[int]:
    known = set(taken)
    return [n for n in range(len(many)) if n not in known]


def _key(one: _Seen, *, named: bool) -> Hashable:
    return (one.wiring, one.rest, one.name if named else None)


def _likely(
    old: Sequence[_Seen], new: Sequence[_Seen], pairs: Mapping[int, int], effort: Effort
) -> Iterator[tuple[int, int, int]]:
    """Connections that have something in common, as minus how much that is, and their places."""
    rows: dict[Hashable, list[int]] = defaultdict(list)
    for j in _left(new, pairs.values()):
        for trait in _traits(new[j]):
            rows[trait].append(j)
    for i in _left(old, pairs):
        scores: dict[int, int] = defaultdict(int)
        for trait, weight in _traits(old[i]).items():
            for j in rows[trait] if effort.allows(len(rows[trait])) else ():
                scores[j] += weight
        yield from ((-score - SAME_NAME * (old[i].name == new[j].name), i, j) for j, score in scores.items())


def _traits(one: _Seen) -> dict[Hashable, int]:
    """What must be the same for a connection to be one that was changed, and how much that counts.

    An input takes one value: another connection into it is the same one from elsewhere. A condition leads to
    one node, and may lead to another instead. An output leads to many, so that the same output counts only
    where both lead to nodes that are in both graphs.
    """
    found: dict[Hashable, int] = {
        ("written", one.written): SAME_TEXT,
        ("nodes", one.wiring.source, one.wiring.target): SAME_NODES,
    }
    if one.wiring.end is not None:
        found["end", one.wiring.target, one.wiring.end] = SAME_END
    if one.wiring.start is not None and (one.wiring.end is None or one.wiring.target.startswith("=")):
        found["start", one.wiring.type, one.wiring.source, one.wiring.start] = SAME_START
    return found
