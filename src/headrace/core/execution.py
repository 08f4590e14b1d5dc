"""What happens while a flow runs: the events of an execution, and the states they lead through.

An execution is its events. Streams, event lists, logs and traces are projections of them, made elsewhere;
how events come about is the engine's business. Events are tagged structs, so that a list of them can be
kept as JSON and read back with `Event` as the type.

Within one scope a node starts once and finishes once, in this order: `NodeStarted`, `NodeActed` and
`NodeDepended` as they happen, then `NodeFinished`, `ConditionsDecided` or `NodeFailed`. An Input or
LoopInput node only finishes; an Output node only starts, directly before its `FlowOutput`; a LoopController
only starts. A skipped node leaves nothing. The events of nodes that run at the same time may interleave.
"""

from __future__ import annotations

import itertools
import operator
from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Any, ClassVar

import msgspec

from headrace.core.definition import InputCategory, NodeType, PortType
from headrace.core.effects import JSON, Fault, Usage
from headrace.core.errors import Conflict


class FailureKind(StrEnum):
    """Whose fault a failure is; the APIs translate it (bedrock 4.6)."""

    VALIDATION = "validation"
    """A value is not what the definition says it has to be."""
    DEPENDENCY = "dependency"
    GATEWAY = "gateway"
    THROTTLED = "throttled"
    QUOTA = "quota"
    DENIED = "denied"
    TIMED_OUT = "timed_out"
    """The execution as a whole took longer than it may."""
    GONE = "gone"
    """What runs was removed meanwhile."""
    INTERNAL = "internal"
    """A mistake of our own; the message says nothing about it."""

    @staticmethod
    def of(fault: Fault) -> FailureKind:
        """The kind of failure that a failed effect is."""
        return FailureKind(fault.value)


class Reason(StrEnum):
    """Why a run came to its end (bedrock 4.4)."""

    SUCCESS = "SUCCESS"
    INPUT_REQUIRED = "INPUT_REQUIRED"


class Link(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One repetition that a node stands in.

    Attributes:
        node: the Iterator or Loop that repeats.
        type: which of the two it is.
        index: the item or the round, from zero.
    """

    node: str
    type: NodeType
    index: int


class Source(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where an input's value came from."""

    node: str
    output: str
    expression: str


class Target(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where an output's value goes."""

    node: str
    input: str


class InputPort(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is known of an input before any run.

    Attributes:
        type: what it takes. A Collector's ``arrayItem`` is told once, as the Array of what it gathered.
        category: only on a LoopController.
        source: where its value comes from.
    """

    name: str
    type: PortType
    source: Source
    category: InputCategory | None = None


class OutputPort(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is known of an output before any run.

    Attributes:
        type: what it gives. An Iterator's ``arrayItem`` is told once, as the Array of all its items.
        next: where its value goes, in the order of the connections.
    """

    name: str
    type: PortType
    next: tuple[Target, ...] = ()


class _Event(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag_field="event"):
    """Something that happened.

    Attributes:
        at_ns: when, in nanoseconds since 1970, UTC.
        scope: the repetitions it happened in, outermost first; empty outside of Iterators and Loops.
    """

    at_ns: int
    scope: tuple[Link, ...] = ()


class _OfFlow(_Event, frozen=True, kw_only=True, gc=False):
    """What happened to the flow as a whole, and to no node of any type."""

    type: ClassVar[None] = None


class FlowStarted(_OfFlow, frozen=True, kw_only=True, gc=False, tag="flow_started"):
    """The run was given its document.

    Attributes:
        node: the node it was sent to.
        output: the output of that node that it was sent to.
    """

    node: str
    output: str
    value: JSON


class FlowResumed(_OfFlow, frozen=True, kw_only=True, gc=False, tag="flow_resumed"):
    """A waiting run was given the answer.

    Attributes:
        node: the node that asked.
    """

    node: str
    value: JSON


class NodeStarted(_Event, frozen=True, kw_only=True, gc=False, tag="node_started"):
    """A node was given its inputs.

    Attributes:
        ports: the inputs that are connected, in order of declaration; shared by all runs.
        values: what each of them got, after its expression was applied.
    """

    node: str
    type: NodeType
    ports: tuple[InputPort, ...] = ()
    values: tuple[JSON, ...] = ()

    @property
    def fields(self) -> Iterator[tuple[InputPort, JSON]]:
        """Each input with its value."""
        return zip(self.ports, self.values, strict=True)


class NodeFinished(_Event, frozen=True, kw_only=True, gc=False, tag="node_finished"):
    """A node gave its outputs.

    Attributes:
        ports: the declared outputs, in order of declaration; shared by all runs.
        values: the value of each.
    """

    node: str
    type: NodeType
    ports: tuple[OutputPort, ...] = ()
    values: tuple[JSON, ...] = ()

    @property
    def fields(self) -> Iterator[tuple[OutputPort, JSON]]:
        """Each output with its value."""
        return zip(self.ports, self.values, strict=True)


class ConditionsDecided(_Event, frozen=True, kw_only=True, gc=False, tag="conditions_decided"):
    """A Condition node chose.

    Attributes:
        conditions: the names of the winners; always one.
    """

    type: ClassVar[NodeType] = NodeType.CONDITION
    node: str
    conditions: tuple[str, ...]


class NodeActed(_Event, frozen=True, kw_only=True, gc=False, tag="node_acted"):
    """A node did something outside.

    Attributes:
        request_id: as who was asked names the request, or a made-up one.
        service: who was asked, such as ``Bedrock`` or ``Lambda``.
        operation: what for, such as ``InvokeModel``.
        request: what was sent; None when it was not kept.
        response: what came back; None when it was not kept.
        usage: what it used up; None when nothing is counted.
        duration_ns: from asking to the answer; the event is timed at the answer.
    """

    type: ClassVar[None] = None  # it is not told here
    node: str
    request_id: str
    service: str
    operation: str
    request: JSON = None
    response: JSON = None
    usage: Usage | None = None
    duration_ns: int = 0


class NodeDepended(_Event, frozen=True, kw_only=True, gc=False, tag="node_depended"):
    """An agent told how it came to its answer.

    Attributes:
        traces: the parts as the agent gave them.
    """

    type: ClassVar[None] = None
    node: str
    traces: tuple[Mapping[str, JSON], ...]


class NodeFailed(_Event, frozen=True, kw_only=True, gc=False, tag="node_failed"):
    """A node could not do what it is for. The flow fails with it.

    Attributes:
        message: the cause.
        resource: what failed it, such as ``Amazon Bedrock``; None when nothing outside did.
    """

    node: str
    type: NodeType
    kind: FailureKind
    message: str
    resource: str | None = None


class FlowOutput(_OfFlow, frozen=True, kw_only=True, gc=False, tag="flow_output"):
    """An Output node was reached.

    Attributes:
        node: the Output node.
    """

    node: str
    value: JSON


class InputRequested(_OfFlow, frozen=True, kw_only=True, gc=False, tag="input_requested"):
    """An agent asks, and the run waits for the answer.

    Attributes:
        node: the node to answer.
        value: the question.
    """

    node: str
    value: JSON


class FlowFinished(_OfFlow, frozen=True, kw_only=True, gc=False, tag="flow_finished"):
    """The run has come to its end, or to a question."""

    reason: Reason


class FlowFailed(_OfFlow, frozen=True, kw_only=True, gc=False, tag="flow_failed"):
    """The run has come to an early end.

    Attributes:
        message: what the caller is told; names the node where one failed.
        resource: what failed it, such as ``Amazon Bedrock``; None when nothing outside did.
        node: the node that failed; None when the flow itself did.
    """

    kind: FailureKind
    message: str
    resource: str | None = None
    node: str | None = None


class FlowAborted(_OfFlow, frozen=True, kw_only=True, gc=False, tag="flow_aborted"):
    """Someone stopped the run. Appended by who stopped it: the engine is no longer there to tell."""


NodeEvent = NodeStarted | NodeFinished | ConditionsDecided | NodeActed | NodeDepended | NodeFailed
"""What happens to a node."""

FlowEvent = FlowStarted | FlowResumed | FlowOutput | InputRequested | FlowFinished | FlowFailed | FlowAborted
"""What happens to the flow as a whole."""

Event = NodeEvent | FlowEvent
"""Anything that happens during an execution."""

Kind = tuple[type[Event], NodeType | None]
"""The class of an event and, of most that happen to nodes, the type of the node."""


def kinds(events: Sequence[Event]) -> Counter[Kind]:
    """How many events there are of each kind."""
    # Nothing of it is done in Python: there are thousands in a run, and each run is counted.
    return Counter(zip(map(type, events), map(_TYPE, events), strict=True))


def only(classes: Container[type[Event]], events: Sequence[Event]) -> Iterator[Event]:
    """Those of some events that are of these classes, in order."""
    return itertools.compress(events, map(classes.__contains__, map(type, events)))


_TYPE = operator.attrgetter("type")


class Status(StrEnum):
    """Where an execution is (bedrock 5.2; `WAITING` is the pause of section 4.5)."""

    RUNNING = "Running"
    WAITING = "Waiting"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    TIMED_OUT = "TimedOut"
    ABORTED = "Aborted"

    @property
    def is_final(self) -> bool:
        """Whether nothing can happen any more."""
        return self not in _GOES_ON

    def after(self, event: Event) -> Status:
        """Where the execution is once this has happened.

        Raises:
            Conflict: it can't happen here.
        """
        goal = _goal(event)
        if goal not in _GOES_ON.get(self, ()):
            raise Conflict(f"The execution is {self.value}: {type(event).__name__} can't happen to it.")
        return goal or self


def _goal(event: Any) -> Status | None:
    """Where an event leads to; None when it changes nothing."""
    match event:
        case FlowFinished(reason=reason):
            return Status.SUCCEEDED if reason is Reason.SUCCESS else Status.WAITING
        case FlowFailed(kind=kind):
            return Status.TIMED_OUT if kind is FailureKind.TIMED_OUT else Status.FAILED
        case FlowAborted():
            return Status.ABORTED
        case FlowResumed():
            return Status.RUNNING
    return None


# None stands for the events that change nothing.
_GOES_ON: Mapping[Status, frozenset[Status | None]] = MappingProxyType(
    {
        Status.RUNNING: frozenset({None, *Status} - {Status.RUNNING}),
        Status.WAITING: frozenset({Status.RUNNING, Status.ABORTED}),
    }
)


def status_of(events: Sequence[Event]) -> Status:
    """Where an execution with these events is.

    Raises:
        Conflict: they can't have happened in this order.
    """
    *_, status = itertools.accumulate(events, Status.after, initial=Status.RUNNING)
    return status
