"""Which way a run went through its definition: which connections carried values, and how its nodes did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from headrace.core.definition import Connection, Definition, NodeType
from headrace.core.execution import ConditionsDecided, Event, NodeStarted
from headrace.services.executions.waterfalls import BarKind, BarState, Scope, Waterfall
from headrace.services.logs.excerpts import excerpt

Level = tuple[str, ...]
"""The Loops that something stands in, outermost first."""


class CarriedOver(msgspec.Struct, frozen=True, kw_only=True):
    """A connection that was taken.

    Attributes:
        level: the Loops that it stands in, outermost first.
        times: how often it was.
        value: the start of the JSON of what it carried last; None where it only permits, or none was kept.
    """

    level: Level
    name: str
    source: str
    target: str
    times: int
    value: str | None


class NodeRan(msgspec.Struct, frozen=True, kw_only=True):
    """How a node did, over all the times that it ran.

    Attributes:
        level: the Loops that it stands in, outermost first.
        times: how often it ran.
        duration_ms: how long altogether.
        step: the id of the step that tells most: a failed one, else the last.
    """

    level: Level
    name: str
    state: BarState
    times: int
    duration_ms: float
    step: str


class Path:
    """What a run's events tell of its connections. Give it all events in order."""

    def __init__(self) -> None:
        self._values: dict[tuple[Level, str, str, str, str], tuple[int, Any]] = {}
        self._wins: Counter[tuple[Level, str, str]] = Counter()

    def hear(self, events: Iterable[Event]) -> None:
        """Go on with further events, in order."""
        for event in events:
            if isinstance(event, NodeStarted):
                self._deliver(event)
            elif isinstance(event, ConditionsDecided):
                level = level_of(event.scope)
                self._wins.update((level, event.node, one) for one in event.conditions)

    def _deliver(self, event: NodeStarted) -> None:
        level = level_of(event.scope)
        for port, value in event.fields:
            key = (level, port.source.node, port.source.output, event.node, port.name)
            times, _ = self._values.get(key, (0, None))
            self._values[key] = (times + 1, value)

    def taken(self, definition: Definition) -> list[CarriedOver]:
        """The connections of what ran that were taken, in the order in which they were written."""
        found = (self._carried(level, one) for level, one in _connections(definition, ()))
        return [one for one in found if one is not None]

    def _carried(self, level: Level, connection: Connection) -> CarriedOver | None:
        if connection.is_data:
            ports = (connection.source_output or "", connection.target, connection.target_input or "")
            times, value = self._values.get((level, connection.source, *ports), (0, None))
        else:
            times, value = self._wins[level, connection.source, connection.condition or ""], None
        if not times:
            return None
        return CarriedOver(
            level=level,
            name=connection.name,
            source=connection.source,
            target=connection.target,
            times=times,
            value=None if value is None else excerpt(value),
        )


def level_of(scope: Scope) -> Level:
    """The Loops among some repetitions: only these have a graph of their own."""
    return tuple(link.node for link in scope if link.type is NodeType.LOOP)


def _connections(definition: Definition, level: Level) -> Iterator[tuple[Level, Connection]]:
    for connection in definition.connections:
        yield level, connection
    for node in definition.nodes:
        if node.body is not None:
            yield from _connections(node.body, (*level, node.name))


def nodes_of(waterfall: Waterfall) -> list[NodeRan]:
    """How each node did, in the order in which they first ran."""
    found: dict[tuple[Level, str], NodeRan] = {}
    for bar, _, _ in waterfall:
        if bar.kind is BarKind.NODE:
            key = (level_of(bar.scope), bar.name)
            ran = NodeRan(
                level=key[0],
                name=bar.name,
                state=bar.state,
                times=1,
                duration_ms=bar.duration_ms or 0.0,
                step=bar.id,
            )
            found[key] = _together(found, key, ran)
    return list(found.values())


def _together(found: Mapping[tuple[Level, str], NodeRan], key: tuple[Level, str], ran: NodeRan) -> NodeRan:
    known = found.get(key)
    if known is None:
        return ran
    telling = known if known.state is BarState.FAILED else ran
    return msgspec.structs.replace(
        telling, times=known.times + 1, duration_ms=known.duration_ms + ran.duration_ms
    )
