"""What the row of a run says, learnt from its events."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from headrace.core.execution import (
    Event,
    FlowAborted,
    FlowFailed,
    FlowFinished,
    FlowOutput,
    FlowResumed,
    NodeActed,
)
from headrace.core.records import Execution
from headrace.services.runs.keeping import Keeps, preview

FACTS: frozenset[type[Event]] = frozenset(
    {NodeActed, FlowOutput, FlowFinished, FlowFailed, FlowResumed, FlowAborted}
)
"""The events that change a run's row."""


class Facts:
    """Where a run is, what it gave last, and what it used.

    Attributes:
        status: where it is.

    Args:
        execution: the row before the first of the events that are learnt from.
        keeps: how much of what goes through the run is kept.
    """

    def __init__(self, execution: Execution, *, keeps: Keeps) -> None:
        self.status = execution.status
        self._execution = execution
        self._keeps = keeps
        self._output: Any = None
        self._has_output = False
        self._input_tokens = execution.input_tokens
        self._output_tokens = execution.output_tokens
        self._cost_usd = execution.cost_usd
        self._ending: FlowFailed | None = None

    def learn(self, event: Event) -> None:
        """Take from an event what stands in the row; of one that is not among `FACTS`, that is nothing."""
        if isinstance(event, NodeActed):
            self._count_usage(event)
        elif isinstance(event, FlowOutput):
            self._output, self._has_output = event.value, True
        elif type(event) in FACTS:
            self.status = self.status.after(event)
            self._ending = event if isinstance(event, FlowFailed) else None

    def _count_usage(self, event: NodeActed) -> None:
        usage = event.usage
        if usage is not None:
            self._input_tokens += usage.input_tokens
            self._output_tokens += usage.output_tokens
            if usage.cost_usd is not None:
                self._cost_usd = (self._cost_usd or 0.0) + usage.cost_usd

    def row(self, *, events_count: int, now: datetime) -> Execution:
        """The run as it is now.

        Args:
            events_count: how many of its events are recorded.
        """
        shown = self._has_output and self._keeps is Keeps.ALL
        return msgspec.structs.replace(
            self._execution,
            status=self.status,
            ended_at=now if self.status.is_final else None,
            output=preview(self._output) if shown else self._execution.output,
            error=self._ending.message if self._ending else None,
            failed_node=self._ending.node if self._ending else None,
            input_tokens=self._input_tokens,
            output_tokens=self._output_tokens,
            cost_usd=self._cost_usd,
            events_count=events_count,
        )
