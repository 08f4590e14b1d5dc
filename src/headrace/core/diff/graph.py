"""What counts as a graph of nodes and connections, and how its parts are read.

Contents may be anything their authors like, so nothing is taken for granted that was not looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

import msgspec

Parts: TypeAlias = list[dict[str, Any]]

_NODE_MEMBERS = ("name", "type")
_CONNECTION_MEMBERS = ("name", "type", "source", "target")
_PORTS = {"Data": ("data", "sourceOutput", "targetInput"), "Conditional": ("conditional", "condition", "")}
"""By the type of a connection: where its configuration is, and what in it says where it starts and ends."""


class Graph(msgspec.Struct, frozen=True, kw_only=True):
    """Nodes and connections, of which each has a name of its own.

    Attributes:
        whole: all members.
    """

    whole: dict[str, Any]
    nodes: Parts
    connections: Parts


def read_graph(value: dict[str, Any]) -> Graph | None:
    """A graph; None when the value is none, or one in which names are not unique."""
    nodes = _parts(value.get("nodes"), _NODE_MEMBERS)
    connections = _parts(value.get("connections", []), _CONNECTION_MEMBERS)
    if nodes is None or connections is None:
        return None
    return Graph(whole=value, nodes=nodes, connections=connections)


def _parts(value: Any, members: tuple[str, ...]) -> Parts | None:
    if not isinstance(value, list):
        return None
    for one in value:
        if not isinstance(one, dict) or not all(isinstance(one.get(member), str) for member in members):
            return None
    return value if len({one["name"] for one in value}) == len(value) else None


class Wiring(NamedTuple):
    """What a connection joins.

    Attributes:
        start: the output or the condition; None when that is not said.
        end: the input; None when that is not said, and of permissions to run.
    """

    type: str
    source: str
    start: str | None
    target: str
    end: str | None


def wiring(connection: Mapping[str, Any]) -> Wiring:
    """What a connection joins, by the names of nodes."""
    sort, start, end = _PORTS.get(connection["type"], ("", "", ""))
    configuration = _object(_object(connection.get("configuration")).get(sort))
    return Wiring(
        type=connection["type"],
        source=connection["source"],
        start=_text(configuration.get(start)),
        target=connection["target"],
        end=_text(configuration.get(end)),
    )


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def followed(connection: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """A connection after its nodes were renamed."""
    ends = {end: names.get(connection[end], connection[end]) for end in ("source", "target")}
    return {**connection, **ends}


def frame_of(graph: Graph) -> dict[str, Any]:
    """A graph without its nodes and connections, which is no graph."""
    return graph.whole | {part: None for part in ("nodes", "connections") if part in graph.whole}
