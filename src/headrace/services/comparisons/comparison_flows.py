"""One run of a flow for a comparison: an ordinary recorded execution, told as its outcome."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import aclosing
from typing import Any

from headrace.core.access import Principal
from headrace.core.definition import NodeType
from headrace.core.durable import Superseded
from headrace.core.effects import JSON
from headrace.core.errors import HeadraceError
from headrace.core.execution import (
    ConditionsDecided,
    Event,
    FlowFailed,
    FlowOutput,
    Link,
    NodeActed,
    NodeFinished,
    NodeStarted,
    Status,
)
from headrace.engine.plan import Plan
from headrace.services.base import Ports
from headrace.services.comparisons.comparison_inputs import SOURCE, Input
from headrace.services.comparisons.comparison_results import RunOutcome, refused
from headrace.services.records.run_roots import log_id_of
from headrace.services.runs import invocations
from headrace.services.runs.flow_calls import document_of
from headrace.services.runs.invocations import Names, Order
from headrace.services.runs.runs import Runs
from headrace.services.runs.targets import Choice
from headrace.services.runs.ways import way
from headrace.services.versions.differences import Content

OPERATION = "compare"
MOST_STEPS = 1_000
"""So much of a path is told."""
_QUIET = frozenset({NodeType.INPUT, NodeType.LOOP_INPUT, NodeType.CONDITION})
"""Nodes that never start, or of which is told what they decided."""
_BEGINNINGS = frozenset({NodeType.INPUT, NodeType.LOOP_INPUT})
"""Nodes that only finish."""


def order_of(side: Content, document: JSON = None) -> Order:
    """What is asked for, in the words of runs. Nobody is there to answer what a run asks."""
    return Order(
        ref=side.file.id,
        choice=Choice() if side.is_draft else Choice(version_id=side.version.id),
        node=None,
        document=document,
        operation=OPERATION,
        source=SOURCE,
        can_ask=False,
    )


async def run_flow(
    runs: Runs, ports: Ports, principal: Principal, names: Names, side: Content, one: Input
) -> RunOutcome:
    """Run a version of a flow to its end; closing what waits for it stops it."""
    try:
        _, target, plan = await way(runs, ports, principal, order_of(side))
        if target.digest != side.version.digest:
            return refused("The draft was prepared anew since the comparison began.")
        order = order_of(side, _document(plan, one))
        invocation = await invocations.begin(runs, ports, principal, order, names)
    except HeadraceError as error:
        return refused(error.message)
    story = _Story()
    async with aclosing(invocation):
        while events := await invocation.more():
            story.hear(events)
        try:
            execution_id = await invocation.kept()
        except (HeadraceError, Superseded):
            return refused("It ran, and could not be recorded.")
    return story.outcome(execution_id)


def _document(plan: Plan, one: Input) -> JSON:
    """What a flow is given: of a datapoint, what its Input node takes of that."""
    if one.datapoint is None:
        return one.value
    assert isinstance(one.value, dict)
    return document_of(plan, one.value, one.messages)


class _Story:
    """What is told of a run."""

    def __init__(self) -> None:
        self._status = Status.RUNNING
        self._outputs: dict[str, JSON] = {}
        self._failure: FlowFailed | None = None
        self._first_ns = self._last_ns = 0
        self._input_tokens = self._output_tokens = 0
        self._cost_usd: float | None = None
        self._path: list[str] = []
        self._left_out = 0

    def hear(self, events: Iterable[Event]) -> None:
        """Go on with further events, in order."""
        for event in events:
            self._first_ns = self._first_ns or event.at_ns
            self._last_ns = event.at_ns
            self._status = self._status.after(event)
            self._take(event)

    def _take(self, event: Event) -> None:
        match event:
            case NodeStarted(node=node, type=type_) if type_ not in _QUIET:
                self._come_to(event.scope, node)
            case NodeFinished(node=node, type=type_) if type_ in _BEGINNINGS:
                self._come_to(event.scope, node)
            case ConditionsDecided(node=node, conditions=decided):
                self._come_to(event.scope, f"{node}: {', '.join(decided)}")
            case NodeActed(usage=usage) if usage is not None:
                self._input_tokens += usage.input_tokens
                self._output_tokens += usage.output_tokens
                if usage.cost_usd is not None:
                    self._cost_usd = (self._cost_usd or 0.0) + usage.cost_usd
            case FlowOutput(node=node, value=value):
                self._outputs[node] = value
            case FlowFailed():
                self._failure = event

    def _come_to(self, scope: tuple[Link, ...], step: str) -> None:
        if len(self._path) == MOST_STEPS:
            self._left_out += 1
        else:
            self._path.append("".join(f"{link.node}[{link.index}]/" for link in scope) + step)

    def outcome(self, execution_id: str) -> RunOutcome:
        """All of it, once it has ended."""
        failure = self._failure
        return RunOutcome(
            execution_id=execution_id,
            log_id=log_id_of(execution_id),
            status=self._status.value,
            output=self._output(),
            error=None if failure is None else failure.message,
            failed_node=None if failure is None else failure.node,
            latency_s=(self._last_ns - self._first_ns) / 1e9,
            input_tokens=self._input_tokens,
            output_tokens=self._output_tokens,
            cost_usd=self._cost_usd,
            path=tuple(self._path),
            path_left_out=self._left_out,
        )

    def _output(self) -> Any:
        if len(self._outputs) == 1:
            return next(iter(self._outputs.values()))
        return self._outputs or None
