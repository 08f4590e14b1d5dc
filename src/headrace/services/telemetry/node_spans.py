"""The spans of a run and of its nodes, read off its events as they come."""

from __future__ import annotations

from typing import TypeAlias

from headrace.core.definition import NodeType
from headrace.core.execution import (
    ConditionsDecided,
    Event,
    FlowAborted,
    FlowFailed,
    FlowFinished,
    Link,
    NodeActed,
    NodeFailed,
    NodeFinished,
    NodeStarted,
    Status,
)
from headrace.core.records import Execution
from headrace.core.tracing import Kind, OwnSpan, Scene, id_of_step, new_span_id
from headrace.services.telemetry.tracer import Tracer, content

WITHOUT_END = frozenset({NodeType.OUTPUT, NodeType.LOOP_CONTROLLER})
"""Nodes that only start (`headrace.core.execution`)."""
MODEL_CALL = ("Bedrock", "InvokeModel")
"""What a node says that it did when it asked a model; that call tells of itself."""

RUN = "run flow"
"""What the span of a run is called."""

_Node: TypeAlias = tuple[str, tuple[Link, ...]]


class NodeSpans:
    """Belongs to one run, or to one attempt at a durable one."""

    __slots__ = ("_execution", "_open", "_scene", "_tracer")

    def __init__(self, tracer: Tracer, execution: Execution, scene: Scene) -> None:
        self._tracer = tracer
        self._execution = execution
        self._scene = scene
        self._open: dict[_Node, NodeStarted] = {}

    def hear(self, event: Event, *, is_known: bool) -> None:
        """Something happened.

        Args:
            is_known: whether an earlier attempt has told of it.
        """
        match event:
            case NodeStarted():
                if event.type in WITHOUT_END:
                    self._node(event, event.type, is_known=is_known)
                else:
                    self._open[event.node, event.scope] = event
            case NodeFinished():
                self._node(event, event.type, is_known=is_known)
            case NodeFailed():
                self._node(event, event.type, is_known=is_known, error=event.kind.value)
            case ConditionsDecided():
                self._node(event, NodeType.CONDITION, is_known=is_known)
            case NodeActed() if not is_known and (event.service, event.operation) != MODEL_CALL:
                self._act(event)

    def end(self, event: FlowFinished | FlowFailed | FlowAborted, status: Status) -> None:
        """The run has ended, or asks."""
        self._open.clear()
        self._scene.attributes |= run_attributes(self._execution, status.name.lower())
        error = event.kind.value if isinstance(event, FlowFailed) else None
        if isinstance(event, FlowAborted):
            error = status.name.lower()
        self._tracer.end(self._scene, RUN, Kind.INTERNAL, error=error)

    def _node(
        self,
        event: NodeStarted | NodeFinished | NodeFailed | ConditionsDecided,
        type: NodeType,
        *,
        is_known: bool,
        error: str | None = None,
    ) -> None:
        started = self._open.pop((event.node, event.scope), None)
        if is_known:
            return
        attributes = {"headrace.node.name": event.node, "headrace.node.type": type.value}
        if self._tracer.shows_content:
            attributes |= _contents(started, event)
        self._tracer.sink.add(
            OwnSpan(
                name=f"node {type.value}",
                kind=Kind.INTERNAL,
                trace_id=self._scene.trace_id,
                id=self._id(event.node, event.scope),
                parent_id=self._scene.id,
                started_ns=event.at_ns if started is None else started.at_ns,
                ended_ns=event.at_ns,
                attributes=attributes,
                error=error,
            )
        )

    def _act(self, event: NodeActed) -> None:
        self._tracer.sink.add(
            OwnSpan(
                name=f"{event.service} {event.operation}",
                kind=Kind.CLIENT,
                trace_id=self._scene.trace_id,
                id=new_span_id(),
                parent_id=self._id(event.node, event.scope),
                started_ns=event.at_ns - event.duration_ns,
                ended_ns=event.at_ns,
                attributes={"rpc.service": event.service, "rpc.method": event.operation},
            )
        )

    def _id(self, node: str, scope: tuple[Link, ...]) -> int:
        """As `headrace.engine.call.Call.name` has it, which what a node calls is told."""
        path = "/".join([*(link.node for link in scope if link.type is NodeType.LOOP), node])
        turns = ".".join(str(link.index) for link in scope) or "0"
        return id_of_step(f"{self._execution.id}/{path}/{turns}")


def run_attributes(execution: Execution, status: str) -> dict[str, str]:
    """What the span of a run says."""
    return {
        "headrace.execution.id": execution.id,
        "headrace.execution.status": status,
        "headrace.flow.id": execution.file_id,
        "headrace.flow.version_id": execution.version_id,
    }


def _contents(started: NodeStarted | None, ended: Event) -> dict[str, str]:
    told: dict[str, str] = {}
    if started is not None:
        told["input.value"] = content({port.name: value for port, value in started.fields})
    if isinstance(ended, NodeFinished):
        told["output.value"] = content({port.name: value for port, value in ended.fields})
    if isinstance(ended, NodeFailed):
        told["headrace.error.message"] = ended.message
    return told
