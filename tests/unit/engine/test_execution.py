"""Events and states: what can follow what, and that events survive being kept as JSON."""

from __future__ import annotations

import asyncio
import itertools

import msgspec
import pytest
from tests.unit.engine.test_nodes import DOCUMENT, TEXT, VALUES, inline, prompt
from tests.unit.engine.world import World, told

from headrace.core.effects import Fault
from headrace.core.errors import Conflict
from headrace.core.execution import (
    Event,
    FailureKind,
    FlowAborted,
    FlowFailed,
    FlowFinished,
    FlowResumed,
    FlowStarted,
    Reason,
    Status,
    status_of,
)

STARTED = FlowStarted(at_ns=1, node="Start", output="document", value=1)
ASKED = FlowFinished(at_ns=2, reason=Reason.INPUT_REQUIRED)
RESUMED = FlowResumed(at_ns=3, node="Agent", value="x")
DONE = FlowFinished(at_ns=4, reason=Reason.SUCCESS)
FAILED = FlowFailed(at_ns=4, kind=FailureKind.INTERNAL, message="no")
LATE = FlowFailed(at_ns=4, kind=FailureKind.TIMED_OUT, message="no")
ABORTED = FlowAborted(at_ns=4)


@pytest.mark.parametrize(
    ("events", "status"),
    [
        ([], Status.RUNNING),
        ([STARTED], Status.RUNNING),
        ([STARTED, DONE], Status.SUCCEEDED),
        ([STARTED, FAILED], Status.FAILED),
        ([STARTED, LATE], Status.TIMED_OUT),
        ([STARTED, ABORTED], Status.ABORTED),
        ([STARTED, ASKED], Status.WAITING),
        ([STARTED, ASKED, ABORTED], Status.ABORTED),
        ([STARTED, ASKED, RESUMED], Status.RUNNING),
        ([STARTED, ASKED, RESUMED, ASKED, RESUMED, DONE], Status.SUCCEEDED),
    ],
)
def test_where_events_lead(events: list[Event], status: Status) -> None:
    assert status_of(events) is status


@pytest.mark.parametrize(
    ("first", "second"),
    [
        *itertools.product([DONE, FAILED, LATE, ABORTED], [STARTED, DONE, FAILED, ABORTED, RESUMED]),
        *itertools.product([ASKED], [STARTED, DONE, FAILED, ASKED]),
        (STARTED, RESUMED),
    ],
)
def test_what_can_not_happen(first: Event, second: Event) -> None:
    with pytest.raises(Conflict):
        status_of([STARTED, first, second])


def test_final_states() -> None:
    assert {status for status in Status if not status.is_final} == {Status.RUNNING, Status.WAITING}


def test_every_fault_is_a_kind_of_failure() -> None:
    assert len({FailureKind.of(fault) for fault in Fault}) == len(Fault)


def test_events_survive_being_kept() -> None:
    events = asyncio.run(told(World().run(prompt(inline(TEXT), VALUES), DOCUMENT, traces=True)))
    events += [RESUMED, ABORTED, FAILED]
    kept = msgspec.json.encode(events)
    read = msgspec.json.decode(kept, type=list[Event])
    assert [type(event) for event in read] == [type(event) for event in events]
    assert msgspec.json.encode(read) == kept
