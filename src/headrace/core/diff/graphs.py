"""The comparison of two graphs of nodes and connections, put together.

Which nodes are the same one is decided in `headrace.core.diff.nodes`, of connections in
`headrace.core.diff.connections`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from headrace.core.diff.connections import compare_connections
from headrace.core.diff.edits import (
    Edit,
    GraphChanged,
    Moved,
    NodeAdded,
    NodeChange,
    NodeChanged,
    NodeRemoved,
    Path,
)
from headrace.core.diff.effort import Effort
from headrace.core.diff.graph import Graph, Parts, frame_of
from headrace.core.diff.nodes import pair_nodes
from headrace.core.diff.sequences import staying

Compare: TypeAlias = Callable[[Any, Any, Path, Effort, int], Iterator[Edit]]
"""How values are compared that are no graphs."""


def compare_graphs(
    before: Graph, after: Graph, path: Path, effort: Effort, level: int, compare: Compare
) -> GraphChanged:
    """What differs in two graphs."""
    places = pair_nodes(before, after, effort)
    connections = compare_connections(before, after, places, effort)
    nodes = [
        *_kept_or_gone(before, after, places, effort, level, compare),
        *_new(after, set(places.values())),
    ]
    return GraphChanged(
        path=path,
        nodes=tuple(nodes),
        connections=connections.changes,
        relabelled=connections.relabelled,
        order=(
            *_moved("nodes", before.nodes, places),
            *_moved("connections", before.connections, connections.places),
        ),
        edits=tuple(compare(frame_of(before), frame_of(after), (), effort, level)),
    )


def _kept_or_gone(
    before: Graph, after: Graph, places: Mapping[int, int], effort: Effort, level: int, compare: Compare
) -> Iterator[NodeChange]:
    for i, node in enumerate(before.nodes):
        if i not in places:
            yield NodeRemoved(name=node["name"], type=node["type"], node=node)
            continue
        there = after.nodes[places[i]]
        edits = tuple(compare({**node, "name": ""}, {**there, "name": ""}, (), effort, level + 2))
        if edits or node["name"] != there["name"]:
            yield NodeChanged(name=there["name"], was=node["name"], type=there["type"], edits=edits)


def _new(after: Graph, known: set[int]) -> Iterator[NodeChange]:
    for index, node in enumerate(after.nodes):
        if index not in known:
            yield NodeAdded(name=node["name"], type=node["type"], index=index, node=node)


def _moved(part: str, before: Parts, places: Mapping[int, int]) -> Iterator[Moved]:
    stay = staying(list(places.values()))
    for i, place in places.items():
        if place not in stay:
            yield Moved(path=(part, before[i]["name"]), to=place)
