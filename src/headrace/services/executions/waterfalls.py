"""A run as bars on a line of time: a projection of its events, with no store in it.

There is a bar for the run, one for each time that a node ran (whatever its type), one for each request that
a node made, and one for each item of an Iterator and round of a Loop, around what ran in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from headrace.core.definition import NodeType
from headrace.core.effects import Usage
from headrace.core.execution import (
    ConditionsDecided,
    Event,
    FlowAborted,
    FlowFailed,
    FlowFinished,
    FlowOutput,
    FlowStarted,
    InputRequested,
    Link,
    NodeActed,
    NodeFailed,
    NodeFinished,
    NodeStarted,
    Reason,
    Status,
)
from headrace.services.logs.excerpts import excerpt

MOST_BARS = 50_000
"""So many bars are told of one run; further ones are counted."""
ROOT = "0"
_AT_ONCE = frozenset({NodeType.LOOP_CONTROLLER})
"""Types of nodes that only start."""
_NS_A_MS = 1e6
Scope = tuple[Link, ...]


class BarKind(StrEnum):
    """What a bar stands for."""

    FLOW = "flow"
    NODE = "node"
    REQUEST = "request"
    ROUND = "round"


class BarState(StrEnum):
    """How it is with what a bar stands for."""

    RUNNING = "Running"
    WAITING = "Waiting"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    ABORTED = "Aborted"


@dataclass(slots=True, kw_only=True, eq=False)
class Bar:
    """Something that took its time.

    Attributes:
        id: the number of the event that it began with; of a round the iterator's or loop's, and the index.
        name: of a node; of a request the operation, of a round its number.
        type: of a node; of a request the service, of a round the type of what repeats.
        place: the number of the event that it began with; None for a round.
        scope: the repetitions that it stands in, itself included for a round.
        inputs: the start of what it was given as JSON; None where that was not kept.
        decided: the conditions that won.
        usage: what it used itself.
    """

    id: str
    kind: BarKind
    name: str
    type: str
    began_ns: int
    place: int | None
    scope: Scope = ()
    ended_ns: int | None = None
    state: BarState = BarState.RUNNING
    inputs: str | None = None
    outputs: str | None = None
    error: str | None = None
    request_id: str | None = None
    decided: tuple[str, ...] = ()
    usage: list[Usage] = field(default_factory=list)
    below: list[Bar] = field(default_factory=list)

    def close(self, at_ns: int, state: BarState) -> None:
        """It is over."""
        self.ended_ns, self.state = at_ns, state

    @property
    def duration_ms(self) -> float | None:
        """How long it took; None while it goes on."""
        return None if self.ended_ns is None else max(self.ended_ns - self.began_ns, 0) / _NS_A_MS


class Waterfall:
    """The bars of a run. Give it all events in order, then `settle`.

    Attributes:
        root: the bar of the run; None before the first event.
        left_out: how many bars there were beyond the most.
        question: the last one that was asked: the node, and what.
    """

    def __init__(self, *, most: int = MOST_BARS) -> None:
        self.root: Bar | None = None
        self.left_out = 0
        self.question: tuple[str, Any] | None = None
        self._most = most
        self._size = 0
        self._number = 0
        self._open: dict[tuple[str, Scope], Bar] = {}
        self._last: dict[tuple[str, Scope], Bar] = {}
        self._rounds: dict[Scope, Bar] = {}

    def hear(self, events: Iterable[Event]) -> None:
        """Go on with further events, in order."""
        for event in events:
            self._take(event)
            self._number += 1

    def _take(self, event: Event) -> None:
        match event:
            case NodeStarted():
                self._begin(event)
            case NodeActed():
                self._act(event)
            case NodeFinished() | ConditionsDecided() | NodeFailed() | FlowOutput():
                self._end(event)
            case FlowStarted(value=value):
                self.root = Bar(
                    id=ROOT, kind=BarKind.FLOW, name="Execution", type="Flow", began_ns=event.at_ns, place=0
                )
                self.root.inputs = _kept(value)
            case InputRequested(node=node, value=value):
                self.question = (node, value)
            case FlowFinished() | FlowFailed() | FlowAborted():
                self._finish(event)

    def _begin(self, event: NodeStarted) -> None:
        values = {port.name: value for port, value in event.fields}
        bar = self._add(event.node, event.type, event.at_ns, event.scope)
        if bar is None:
            return
        bar.inputs = _kept_values(values)
        if event.type in _AT_ONCE:
            bar.close(event.at_ns, BarState.SUCCEEDED)
        else:
            self._open[event.node, event.scope] = bar

    def _add(self, node: str, type_: NodeType, at_ns: int, scope: Scope) -> Bar | None:
        """A bar for a node; None when there are too many."""
        above = None if self._size >= self._most else self._round(scope, at_ns)
        if above is None:  # nothing stands in a round that was left out
            self.left_out += 1
            return None
        bar = Bar(
            id=str(self._number),
            kind=BarKind.NODE,
            name=node,
            type=type_.value,
            began_ns=at_ns,
            place=self._number,
            scope=scope,
        )
        above.below.append(bar)
        self._size += 1
        self._last[node, scope] = bar
        return bar

    def _round(self, scope: Scope, at_ns: int) -> Bar | None:
        """The bar around what stands in a repetition."""
        if not scope:
            return self.root
        known = self._rounds.get(scope)
        if known is None:
            link = scope[-1]
            above = self._last.get((link.node, scope[:-1]))
            if above is None:
                return None
            known = Bar(
                id=f"{above.id}.{link.index}",
                kind=BarKind.ROUND,
                name=str(link.index + 1),
                type=link.type.value,
                began_ns=at_ns,
                place=None,
                scope=scope,
            )
            self._rounds[scope] = known
            above.below.append(known)
            self._size += 1
        return known

    def _act(self, event: NodeActed) -> None:
        node = self._open.get((event.node, event.scope))
        if node is None:
            return
        if event.usage is not None:
            node.usage.append(event.usage)
        node.request_id = event.request_id
        if self._size >= self._most:
            self.left_out += 1
            return
        bar = Bar(
            id=str(self._number),
            kind=BarKind.REQUEST,
            name=event.operation,
            type=event.service,
            began_ns=event.at_ns - event.duration_ns,
            place=self._number,
            scope=event.scope,
            inputs=_kept(event.request),
            outputs=_kept(event.response),
            request_id=event.request_id,
        )
        bar.close(event.at_ns, BarState.SUCCEEDED)
        node.below.append(bar)
        self._size += 1

    def _end(self, event: NodeFinished | ConditionsDecided | NodeFailed | FlowOutput) -> None:
        bar = self._open.pop((event.node, event.scope), None)
        # An Input or LoopInput only finishes; what can't be given its inputs only fails.
        if bar is None and isinstance(event, NodeFinished | NodeFailed):
            bar = self._add(event.node, event.type, event.at_ns, event.scope)
        if bar is None:
            return
        bar.close(event.at_ns, BarState.SUCCEEDED)
        match event:
            case NodeFinished():
                bar.outputs = _kept_values({port.name: value for port, value in event.fields})
            case ConditionsDecided(conditions=conditions):
                bar.decided = conditions
            case NodeFailed(message=message):
                bar.error, bar.state = message, BarState.FAILED
            case FlowOutput(value=value):
                if self.root is not None:
                    self.root.outputs = _kept(value)

    def _finish(self, event: FlowFinished | FlowFailed | FlowAborted) -> None:
        root = self.root
        if root is None:
            return
        match event:
            case FlowFinished(reason=Reason.SUCCESS):
                root.close(event.at_ns, BarState.SUCCEEDED)
            case FlowFailed(message=message):
                root.close(event.at_ns, BarState.FAILED)
                root.error = message
                self._abandon(event.at_ns)
            case FlowAborted():
                root.close(event.at_ns, BarState.ABORTED)
                self._abandon(event.at_ns)

    def _abandon(self, at_ns: int) -> None:
        for bar in self._open.values():
            bar.close(at_ns, BarState.ABORTED)
        self._open.clear()

    def settle(self, status: Status, ended_ns: int | None) -> None:
        """Bring the bars in line with what is known of the run; what repeats lasts as long as its rounds."""
        root = self.root
        if root is None:
            return
        if status.is_final and root.ended_ns is None:  # its last events were not kept
            at_ns = root.began_ns if ended_ns is None else ended_ns
            root.close(at_ns, _OF_STATUS[status])
            self._abandon(at_ns)
        if status is Status.WAITING:
            root.state = BarState.WAITING
            for bar in self._open.values():
                bar.state = BarState.WAITING
        for bar in root.below:
            _surround(bar)

    def __iter__(self) -> Iterator[tuple[Bar, Bar | None, int]]:
        """Each bar with the one above it and how deep it stands; one above before those below it."""
        waiting: list[tuple[Bar, Bar | None, int]] = [] if self.root is None else [(self.root, None, 0)]
        while waiting:
            bar, above, depth = waiting.pop()
            yield bar, above, depth
            waiting += [(one, bar, depth + 1) for one in reversed(bar.below)]


_OF_STATUS = {
    Status.SUCCEEDED: BarState.SUCCEEDED,
    Status.FAILED: BarState.FAILED,
    Status.TIMED_OUT: BarState.FAILED,
    Status.ABORTED: BarState.ABORTED,
}
_WORST_FIRST = (BarState.FAILED, BarState.WAITING, BarState.RUNNING, BarState.ABORTED)


def _surround(bar: Bar) -> None:
    """Let what repeats, and each round, last as long as what ran in it. It is as deep as loops are."""
    rounds = [one for one in bar.below if one.kind is not BarKind.REQUEST]
    if not rounds and bar.kind is not BarKind.ROUND:
        return
    for one in rounds:
        _surround(one)
    states = {one.state for one in rounds}
    worst = next((state for state in _WORST_FIRST if state in states), BarState.SUCCEEDED)
    if bar.kind is BarKind.ROUND or (bar.state is BarState.SUCCEEDED and worst is not BarState.ABORTED):
        bar.state = worst
    ends = [one.ended_ns for one in rounds if one.ended_ns is not None]
    if len(ends) < len(rounds):
        bar.ended_ns = None
    elif bar.kind is BarKind.ROUND or bar.ended_ns is not None:
        bar.ended_ns = max(ends + ([] if bar.ended_ns is None else [bar.ended_ns]))


def _kept(value: Any) -> str | None:
    return None if value is None else excerpt(value)


def _kept_values(values: dict[str, Any]) -> str | None:
    """No value that a port may have is null: those were not kept."""
    return None if all(value is None for value in values.values()) else excerpt(values)
