"""A log as an evaluator is given it: as responses show it, and with what is below it as ``children``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from headrace.apis.humanloop.log_wire import LogRenderer
from headrace.apis.humanloop.render import Renderer
from headrace.core.parsing import parse
from headrace.services.logs.log_views import LogView

SHOWN = "trace_children"
"""What responses call what is below a log."""
GIVEN = "children"
"""What evaluators call it (humanloop 3.7)."""


def judged_log(*, timestamps_with_zone: bool) -> Callable[[LogView], Mapping[str, Any]]:
    """What makes of a log what an evaluator is given.

    Both names lead to what is below the log. Below that, each keeps to itself: a log two levels down would
    be there four times, one ten levels down a thousand times.
    """
    wire = Renderer(timestamps_with_zone=timestamps_with_zone)

    def given(view: LogView) -> Mapping[str, Any]:
        log: dict[str, Any] = parse(LogRenderer(wire).log(view))
        return {**_below(log, SHOWN), **_below(log, GIVEN)}

    return given


def _below(log: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A log with what is below it under one name, all the way down."""
    kept = {key: value for key, value in log.items() if key != SHOWN}
    return {**kept, name: [_below(one, name) for one in log[SHOWN] or ()]}
