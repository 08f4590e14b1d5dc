"""How much differs, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec

from headrace.core.diff.edits import (
    Added,
    ConnectionAdded,
    ConnectionChanged,
    ConnectionRemoved,
    Edit,
    GraphChanged,
    Moved,
    NodeAdded,
    NodeChanged,
    NodeRemoved,
    Removed,
)


class Summary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How much differs. The nodes in Loops are counted too; what is in a node counts as that node.

    Attributes:
        nodes_changed: nodes in which something differs; one that has another name too is counted twice.
        connections_changed: those that join what they joined; something else than the name differs.
        connections_relabelled: those of which only the name differs, unless it follows that of a node.
        values_added: members and elements outside of nodes and connections.
    """

    nodes_added: int = 0
    nodes_removed: int = 0
    nodes_renamed: int = 0
    nodes_changed: int = 0
    nodes_moved: int = 0
    connections_added: int = 0
    connections_removed: int = 0
    connections_rewired: int = 0
    connections_changed: int = 0
    connections_relabelled: int = 0
    connections_moved: int = 0
    values_added: int = 0
    values_removed: int = 0
    values_changed: int = 0
    values_moved: int = 0

    @property
    def line(self) -> str:
        """The same as a line of text, such as ``nodes: 1 added, 2 changed; connections: 1 rewired``."""
        groups: dict[str, list[str]] = {}
        for name in self.__struct_fields__:
            thing, _, fate = name.partition("_")
            if count := getattr(self, name):
                groups.setdefault(thing, []).append(f"{count} {fate}")
        told = (f"{thing}: {', '.join(fates)}" for thing, fates in groups.items())
        return "; ".join(told) or "no differences"


def summary_of(edits: Iterable[Edit]) -> Summary:
    """How much differs."""
    return Summary(**Counter(_counted(edits)))


def _counted(edits: Iterable[Edit]) -> Iterator[str]:
    for edit in edits:
        match edit:
            case GraphChanged():
                yield from _graph(edit)
            case Added():
                yield "values_added"
            case Removed():
                yield "values_removed"
            case Moved():
                yield "values_moved"
            case _:
                yield "values_changed"


def _graph(graph: GraphChanged) -> Iterator[str]:
    for node in graph.nodes:
        match node:
            case NodeAdded():
                yield "nodes_added"
            case NodeRemoved():
                yield "nodes_removed"
            case NodeChanged():
                yield from _node(node)
    for connection in graph.connections:
        match connection:
            case ConnectionAdded():
                yield "connections_added"
            case ConnectionRemoved():
                yield "connections_removed"
            case ConnectionChanged():
                yield "connections_rewired" if connection.is_rewired else "connections_changed"
    yield from ("connections_relabelled" for one in graph.relabelled if not one.follows)
    yield from (f"{move.path[0]}_moved" for move in graph.moves)
    yield from _counted(graph.edits)


def _node(node: NodeChanged) -> Iterator[str]:
    if node.is_renamed:
        yield "nodes_renamed"
    if node.edits:
        yield "nodes_changed"
    yield from (one for edit in node.edits if isinstance(edit, GraphChanged) for one in _graph(edit))
