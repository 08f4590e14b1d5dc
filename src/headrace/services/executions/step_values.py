"""One step of a run with what went in and out: told by the events from its first one on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from headrace.core.definition import NodeType
from headrace.core.execution import (
    ConditionsDecided,
    Event,
    FlowFailed,
    FlowOutput,
    FlowResumed,
    FlowStarted,
    InputRequested,
    NodeActed,
    NodeDepended,
    NodeFailed,
    NodeFinished,
    NodeStarted,
)
from headrace.core.jsontext import json_text

_NS_A_MS = 1e6


class StepValue(msgspec.Struct, frozen=True, kw_only=True):
    """A value that went in or out.

    Attributes:
        origin: for an input, the node and the output that it came from; None where there is none.
        text: its JSON, or the start of that.
        size_chars: how long all of that is.
    """

    name: str
    type: str | None
    origin: str | None
    text: str
    size_chars: int


class StepRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request that a node made."""

    id: str
    service: str
    operation: str
    duration_ms: float
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    request: StepValue | None
    response: StepValue | None


class WholeStep(msgspec.Struct, frozen=True, kw_only=True):
    """A step with what went in and out, each value up to the length that was asked for.

    Attributes:
        traces: what an agent told of how it came to its answer.
    """

    id: str
    name: str
    type: str
    inputs: list[StepValue]
    outputs: list[StepValue]
    conditions: tuple[str, ...]
    error: str | None
    requests: list[StepRequest]
    traces: list[StepValue]


class Telling:
    """What the events from the first one of a step on tell of it.

    Args:
        most_chars: so much of a value's JSON is told.
    """

    def __init__(self, id: str, most_chars: int) -> None:
        self._id = id
        self._most_chars = most_chars
        self._begun: Any = None
        self._inputs: list[StepValue] = []
        self._outputs: list[StepValue] = []
        self._conditions: tuple[str, ...] = ()
        self._error: str | None = None
        self._requests: list[StepRequest] = []
        self._traces: list[StepValue] = []

    def hear(self, first: int, events: Sequence[Event]) -> bool:
        """Go on with further events; whether the step is over with them."""
        for number, event in enumerate(events, first):
            if self._begun is None:
                if self._begin(number, event):
                    return True
            elif self._go_on(number, event):
                return True
        return False

    def whole(self) -> WholeStep | None:
        """The step; None when the first event began none."""
        begun = self._begun
        if begun is None or isinstance(begun, NodeDepended | ConditionsDecided):
            return None
        name = "Execution" if isinstance(begun, FlowStarted) else getattr(begun, "operation", begun.node)
        type_ = "Flow" if isinstance(begun, FlowStarted) else getattr(begun, "type", None)
        return WholeStep(
            id=self._id,
            name=name,
            type=begun.service if isinstance(begun, NodeActed) else str(type_),
            inputs=self._inputs,
            outputs=self._outputs,
            conditions=self._conditions,
            error=self._error,
            requests=self._requests,
            traces=self._traces,
        )

    def _begin(self, number: int, event: Event) -> bool:
        """Whether that is all there is of it."""
        match event:
            case FlowStarted(output=output, value=value):
                self._inputs += self._value(output, value)
            case NodeStarted():
                self._inputs += [
                    told
                    for port, value in event.fields
                    for told in self._value(
                        port.name, value, type_=port.type, origin=f"{port.source.node}.{port.source.output}"
                    )
                ]
            case NodeFinished():
                self._finish(event)
            case NodeFailed(message=message):  # it could not even be given its inputs
                self._error = message
            case NodeActed():
                self._inputs += self._value("request", event.request)
                self._outputs += self._value("response", event.response)
                self._requests.append(self._request(number, event))
            case _:
                return True
        self._begun = event
        is_controller = isinstance(event, NodeStarted) and event.type is NodeType.LOOP_CONTROLLER
        return is_controller or not isinstance(event, FlowStarted | NodeStarted)

    def _go_on(self, number: int, event: Event) -> bool:
        if isinstance(self._begun, FlowStarted):
            return self._of_flow(event)
        if getattr(event, "node", None) != self._begun.node or event.scope != self._begun.scope:
            return isinstance(event, FlowFailed)
        match event:
            case NodeActed():
                self._requests.append(self._request(number, event))
            case NodeDepended(traces=traces):
                self._traces += [told for one in traces for told in self._value("trace", one)]
            case NodeFinished():
                self._finish(event)
                return True
            case ConditionsDecided(conditions=conditions):
                self._conditions = conditions
                return True
            case NodeFailed(message=message):
                self._error = message
                return True
            case FlowOutput():
                return True
        return False

    def _of_flow(self, event: Event) -> bool:
        match event:
            case FlowOutput(node=node, value=value) | InputRequested(node=node, value=value):
                self._outputs += self._value(node, value)
            case FlowResumed(node=node, value=value):
                self._inputs += self._value(node, value)
            case FlowFailed(message=message):
                self._error = message
        return False

    def _finish(self, event: NodeFinished) -> None:
        self._outputs += [
            told for port, value in event.fields for told in self._value(port.name, value, type_=port.type)
        ]

    def _request(self, number: int, event: NodeActed) -> StepRequest:
        usage = event.usage
        return StepRequest(
            id=str(number),
            service=event.service,
            operation=event.operation,
            duration_ms=event.duration_ns / _NS_A_MS,
            input_tokens=0 if usage is None else usage.input_tokens,
            output_tokens=0 if usage is None else usage.output_tokens,
            cost_usd=None if usage is None else usage.cost_usd,
            request=next(iter(self._value("request", event.request)), None),
            response=next(iter(self._value("response", event.response)), None),
        )

    def _value(
        self, name: str, value: Any, *, type_: str | None = None, origin: str | None = None
    ) -> list[StepValue]:
        """A value as it is shown; nothing when it was not kept."""
        if value is None:
            return []
        text = json_text(value).decode()
        return [
            StepValue(
                name=name, type=type_, origin=origin, text=text[: self._most_chars], size_chars=len(text)
            )
        ]
