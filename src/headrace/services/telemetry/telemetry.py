"""What runs and calls of models tell of themselves: counts always, spans where they are exported.

Both are read off the events of a run, as its record is.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from headrace.core.counts import Counts, Labels
from headrace.core.definition import NodeType
from headrace.core.effects import EffectContext, EffectFailed, ModelReply, ModelRequest
from headrace.core.execution import (
    ConditionsDecided,
    Event,
    FlowAborted,
    FlowFailed,
    FlowFinished,
    Kind,
    NodeFailed,
    NodeFinished,
    NodeStarted,
    Reason,
    Status,
    kinds,
)
from headrace.core.records import Execution
from headrace.core.tracing import CURRENT, ModelListener, OwnSpan, Scene, id_of_step, new_span_id
from headrace.core.tracing import Kind as SpanKind
from headrace.services.telemetry.node_spans import RUN, WITHOUT_END, NodeSpans, run_attributes
from headrace.services.telemetry.tracer import Tracer, model_attributes

SUCCEEDED: dict[NodeType, Labels] = {one: (one.value, "succeeded") for one in NodeType}
FAILED: dict[NodeType, Labels] = {one: (one.value, "failed") for one in NodeType}
OUTCOMES: dict[Kind, Labels] = {
    **{(NodeStarted, one): SUCCEEDED[one] for one in WITHOUT_END},
    **{(NodeFinished, one): labels for one, labels in SUCCEEDED.items()},
    **{(NodeFailed, one): labels for one, labels in FAILED.items()},
    (ConditionsDecided, NodeType.CONDITION): SUCCEEDED[NodeType.CONDITION],
}
"""What the events that tell of a node count for."""
INVOKED, BACKGROUND = "invoked", "background"


class Telemetry(ModelListener):
    """What is told of what this process does. Belongs to one event loop.

    Args:
        tracer: None when no spans are exported.
    """

    def __init__(self, counts: Counts | None = None, tracer: Tracer | None = None) -> None:
        self.counts = counts or Counts()
        self.tracer = tracer

    def run(self, execution: Execution, *, began_ns: int = 0) -> RunTelling:
        """A run begins here, or goes on.

        Args:
            began_ns: when it began, where that is not now.
        """
        scene = None if self.tracer is None else self.tracer.run(execution)
        return RunTelling(self, execution, scene, began_ns=began_ns)

    def queued(self, execution: Execution) -> None:
        """A durable execution was started; some process will carry it out."""
        if self.tracer is not None:
            self.tracer.queued(execution)

    def stopped(self, execution: Execution) -> None:
        """A durable execution was ended by who asked for it; who carries it out tells nothing more."""
        assert execution.ended_at is not None
        seconds = (execution.ended_at - execution.started_at).total_seconds()
        outcome = _told(execution.status)
        self.counts.executions.add((BACKGROUND, outcome), max(seconds, 0.0))
        if self.tracer is not None:
            scene = self.tracer.durable(execution)
            scene.attributes |= run_attributes(execution, outcome)
            self.tracer.end(scene, RUN, SpanKind.INTERNAL, error=outcome)

    def called(
        self,
        provider: str,
        request: ModelRequest,
        context: EffectContext,
        outcome: ModelReply | EffectFailed,
        *,
        started_ns: int,
    ) -> None:
        ended_ns, counts = time.time_ns(), self.counts
        reply = outcome if isinstance(outcome, ModelReply) else None
        error = outcome.fault.value if isinstance(outcome, EffectFailed) else None
        seconds = max(ended_ns - started_ns, 0) / 1e9
        counts.model_calls.add((provider, error or "succeeded"), seconds)
        if reply is not None:
            counts.tokens.add((provider, "input"), reply.usage.input_tokens)
            counts.tokens.add((provider, "output"), reply.usage.output_tokens)
            if reply.usage.cost_usd is not None:
                counts.cost_usd.add((provider,), reply.usage.cost_usd)
        if self.tracer is not None:
            self._model_span(self.tracer, provider, request, context, reply, error, (started_ns, ended_ns))

    def _model_span(
        self,
        tracer: Tracer,
        provider: str,
        request: ModelRequest,
        context: EffectContext,
        reply: ModelReply | None,
        error: str | None,
        times_ns: tuple[int, int],
    ) -> None:
        scene = tracer.here()
        if not scene.is_sampled:
            return
        parent_id = 0 if CURRENT.get() is None else scene.id
        if scene.is_run:
            parent_id = id_of_step(context.step)
        attributes = model_attributes(provider, request, reply, shows_content=tracer.shows_content)
        tracer.sink.add(
            OwnSpan(
                name=f"chat {request.model_id}",
                kind=SpanKind.CLIENT,
                trace_id=scene.trace_id,
                id=new_span_id(),
                parent_id=parent_id,
                started_ns=times_ns[0],
                ended_ns=max(times_ns),
                attributes=attributes,
                error=error,
            )
        )


class RunTelling:
    """Hears what happens in one run, or in one attempt at a durable one."""

    __slots__ = ("_execution", "_is_over", "_nodes", "_started_ns", "_telemetry")

    def __init__(
        self, telemetry: Telemetry, execution: Execution, scene: Scene | None, *, began_ns: int
    ) -> None:
        self._telemetry = telemetry
        self._execution = execution
        self._is_over = False
        durable_ns = int(execution.started_at.timestamp() * 1e9) if execution.is_durable else 0
        self._started_ns = durable_ns or began_ns or time.time_ns()
        self._nodes: NodeSpans | None = None
        if telemetry.tracer is not None and scene is not None and scene.is_sampled:
            self._nodes = NodeSpans(telemetry.tracer, execution, scene)

    def hear(self, events: Sequence[Event], *, known: int = 0) -> None:
        """What happens.

        Args:
            known: so many of the events were told by an earlier attempt.
        """
        nodes = self._telemetry.counts.nodes
        for kind, count in kinds(events[known:] if known else events).items():
            outcome = OUTCOMES.get(kind)
            if outcome is not None:
                nodes.add(outcome, count)
        if self._nodes is not None:
            for number, event in enumerate(events):
                self._nodes.hear(event, is_known=number < known)
        if events and known < len(events) and isinstance(events[-1], FlowFinished | FlowFailed | FlowAborted):
            self._end(events[-1])

    def _end(self, event: FlowFinished | FlowFailed | FlowAborted) -> None:
        if self._is_over:
            return
        self._is_over = True
        status = _status(event)
        mode = BACKGROUND if self._execution.is_durable else INVOKED
        seconds = max(event.at_ns - self._started_ns, 0) / 1e9
        self._telemetry.counts.executions.add((mode, _told(status)), seconds)
        if self._nodes is not None:
            self._nodes.end(event, status)


def _status(event: FlowFinished | FlowFailed | FlowAborted) -> Status:
    if isinstance(event, FlowFinished):
        return Status.SUCCEEDED if event.reason is Reason.SUCCESS else Status.WAITING
    return Status.RUNNING.after(event)


def _told(status: Status) -> str:
    return status.name.lower()
