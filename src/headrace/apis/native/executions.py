"""Executions over HTTP: those of a flow, one with its steps, its path and its events; stop and forget."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import msgspec

from headrace.apis.http import Response
from headrace.apis.native.operations import Call, Operation, ok
from headrace.apis.native.wire import FileBody, PersonBody, file_body
from headrace.core.access import Right
from headrace.core.errors import Invalid
from headrace.core.execution import Event, Status
from headrace.services.base import read
from headrace.services.evaluators.scores import LogScore
from headrace.services.executions import execution_lists, execution_looks, execution_steps, executions
from headrace.services.executions.execution_lists import Place, Wanted
from headrace.services.executions.execution_looks import CalledBy, Look, Seen
from headrace.services.executions.execution_steps import PathTaken, StepPage
from headrace.services.executions.step_values import WholeStep
from headrace.services.runs.run_forms import flow_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOMENT_DIGITS = 17
"""So many digits of microseconds reach until the year 5138."""
EXECUTION = "/executions/{execution}"


class ExecutionsPage(msgspec.Struct, frozen=True, kw_only=True):
    """Which executions.

    Attributes:
        status: only those that are so.
        failed_node: only those that this node failed.
        version: only those of a version's id or number, or of the `draft`.
        pointer: only those that were called by this alias or environment, by its id or name.
        before: what `next` was of the page of newer ones.
        take: so many at the most.
    """

    status: Status | None = None
    failed_node: str | None = None
    version: str | None = None
    pointer: str | None = None
    before: str | None = None
    take: Annotated[int, msgspec.Meta(ge=1, le=500)] = 50


class StepsPage(msgspec.Struct, frozen=True, kw_only=True):
    """Which steps.

    Attributes:
        after: the id of a step: only those behind it.
        take: so many at the most.
    """

    after: str | None = None
    take: Annotated[int, msgspec.Meta(ge=1, le=5000)] = 2000


class HowMuch(msgspec.Struct, frozen=True, kw_only=True):
    """How much of each value is told.

    Attributes:
        chars: so many characters of its JSON at the most.
    """

    chars: Annotated[int, msgspec.Meta(ge=100, le=10_000_000)] = 20_000


class EventsPage(msgspec.Struct, frozen=True, kw_only=True):
    """Which events.

    Attributes:
        first: the number of the first of them, from 0.
        take: so many at the most.
    """

    first: Annotated[int, msgspec.Meta(ge=0, le=2**53)] = 0
    take: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 500


class ExecutionBody(msgspec.Struct, frozen=True, kw_only=True):
    """An execution.

    Attributes:
        name: what its caller calls it.
        file: None when it is gone.
        number: the number of the version that ran; None for the draft, and where it has none.
        pointer: what it was called by; None when a version itself or the draft was.
        duration_ms: until now while it goes on.
        input: the start of its document, as JSON text; None when that is not kept.
        output: the start of its last output.
        cost_usd: None when no price is known.
        is_durable: whether it goes on without its caller.
        can_stop: whether it can be stopped from here.
        source: what had it run, where that was not just its caller.
    """

    id: str
    name: str
    file: FileBody | None
    version_id: str
    number: int | None
    is_draft: bool
    pointer: CalledBy | None
    status: Status
    started_by: PersonBody
    started_at: datetime
    ended_at: datetime | None
    duration_ms: float
    input: str | None
    output: str | None
    error: str | None
    failed_node: str | None
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    events_count: int
    is_durable: bool
    can_stop: bool
    source: str | None


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """What an execution waits for an answer to.

    Attributes:
        node: the node that asks.
    """

    node: str
    question: Any


class WholeExecution(ExecutionBody, frozen=True, kw_only=True):
    """An execution with what is around it.

    Attributes:
        log_id: the log that it is shown as; None as long as there is none.
        scores: what evaluators found in that log.
        older: the id of the execution of the same flow before it.
        newer: of the one after it.
        asks: None when it does not wait.
    """

    log_id: str | None
    scores: list[LogScore]
    older: str | None
    newer: str | None
    asks: Asking | None


class ExecutionList(msgspec.Struct, frozen=True, kw_only=True):
    """Executions, newest first.

    Attributes:
        next: what `before` is to be for older ones; None when there are none. A page may hold fewer than it
            could, and still have a next one: so many are looked at for one page.
        is_going: whether any of them goes on.
    """

    executions: list[ExecutionBody]
    next: str | None
    is_going: bool


class EventList(msgspec.Struct, frozen=True, kw_only=True):
    """Events of an execution, in order.

    Attributes:
        first: the number of the first of them.
        next: what `first` is to be for more; None when there are none yet.
    """

    events: list[Event]
    first: int
    next: int | None


async def list_executions(call: Call) -> Response:
    """The executions of a flow, newest first."""
    query: ExecutionsPage = call.query
    file = await read(call.ports, call.principal, lambda tx: flow_of(tx, call.parameters["file"]))
    wanted = Wanted(
        flow=file.id,
        status=query.status,
        failed_node=query.failed_node,
        version=query.version,
        pointer=query.pointer,
    )
    before = None if query.before is None else _place(query.before)
    found = await execution_lists.page(call.ports, call.principal, wanted, before=before, take=query.take)
    runs = [one.execution for one in found.executions]
    shown = await read(call.ports, call.principal, lambda tx: execution_looks.seen(tx, runs))
    now = call.ports.clock.now()
    return ok(
        ExecutionList(
            executions=[execution_body(one, now) for one in shown],
            next=None if found.next is None else _word(found.next),
            is_going=any(not one.execution.status.is_final for one in shown),
        )
    )


async def get_execution(call: Call) -> Response:
    """An execution: how it stands, what it used, its neighbours, and what evaluators found."""
    found = await execution_looks.look(call.ports, call.principal, call.parameters["execution"])
    return ok(_whole(found, call.ports.clock.now()))


async def list_steps(call: Call) -> Response:
    """The steps of an execution as lines of a tree on a line of time: nodes, requests, items and rounds."""
    query: StepsPage = call.query
    return ok(
        await execution_steps.steps(
            call.ports, call.principal, call.parameters["execution"], after=query.after, take=query.take
        )
    )


async def get_step(call: Call) -> Response:
    """One step of an execution, with what went in and out."""
    query: HowMuch = call.query
    ref, step = call.parameters["execution"], call.parameters["step"]
    return ok(await execution_steps.step(call.ports, call.principal, ref, step, most_chars=query.chars))


async def get_path(call: Call) -> Response:
    """Which way an execution went through its definition, and what its connections carried."""
    return ok(await execution_steps.path(call.ports, call.principal, call.parameters["execution"]))


async def list_events(call: Call) -> Response:
    """What happened in an execution, event by event; also while it goes on."""
    query: EventsPage = call.query
    ref = call.parameters["execution"]
    found = await executions.events(call.ports, call.principal, ref=ref, first=query.first, take=query.take)
    following = query.first + len(found)
    return ok(
        EventList(events=list(found), first=query.first, next=following if len(found) == query.take else None)
    )


async def stop_execution(call: Call) -> Response:
    """Stop an execution in the background, or one that waits for an answer.

    One whose caller waits for it stops when that one goes away, and not otherwise.
    """
    ref = call.parameters["execution"]
    stopped = await execution_looks.stop(call.reach.durables, call.ports, call.principal, ref)
    return ok(execution_body(stopped, call.ports.clock.now()))


async def delete_execution(call: Call) -> Response:
    """Forget an execution that has ended, with its events. The log that it is shown as stays."""
    await execution_looks.remove(call.ports, call.principal, call.parameters["execution"])
    return Response(status=204)


def execution_body(seen: Seen, now: datetime) -> ExecutionBody:
    """An execution."""
    return ExecutionBody(**_facts(seen, now))


def _facts(seen: Seen, now: datetime) -> dict[str, Any]:
    run = seen.execution
    same = (
        "id",
        "name",
        "version_id",
        "number",
        "is_draft",
        "status",
        "started_at",
        "ended_at",
        "input",
        "output",
        "error",
        "failed_node",
        "input_tokens",
        "output_tokens",
        "cost_usd",
        "events_count",
        "is_durable",
        "source",
    )
    return {name: getattr(run, name) for name in same} | {
        "file": None if seen.file is None else file_body(seen.file),
        "pointer": seen.pointer,
        "started_by": PersonBody(
            id=run.started_by, name=None if seen.caller is None else seen.caller.full_name
        ),
        "duration_ms": ((run.ended_at or now) - run.started_at) / timedelta(milliseconds=1),
        "can_stop": not run.status.is_final and (run.is_durable or run.status is Status.WAITING),
    }


def _whole(found: Look, now: datetime) -> WholeExecution:
    question = found.question
    return WholeExecution(
        **_facts(found.seen, now),
        log_id=found.log_id,
        scores=found.scores,
        older=found.older,
        newer=found.newer,
        asks=None if question is None else Asking(node=question[0], question=question[1]),
    )


def _word(place: Place) -> str:
    """A place in a list as one word."""
    return f"{(place[0] - _EPOCH) // timedelta(microseconds=1)}.{place[1]}"


def _place(word: str) -> Place:
    """The place that a word stands for.

    Raises:
        Invalid: it stands for none.
    """
    moment, _, name = word.partition(".")
    if not (moment.isascii() and moment.isdecimal() and len(moment) <= _MOMENT_DIGITS and name):
        message = f"`before` takes what `next` was of another page, not {word!r}."
        raise Invalid.at("before", message=message, kind="value", where="query")
    return _EPOCH + timedelta(microseconds=int(moment)), name


def _get(name: str, template: str, handler: Any, response: Any, query: Any = None) -> Operation:
    more = {} if query is None else {"query": query}
    return Operation(
        name=name,
        method="GET",
        template=template,
        handler=handler,
        right=Right.READER,
        response=response,
        **more,
    )


OPERATIONS = (
    _get("listExecutions", "/files/{file}/executions", list_executions, ExecutionList, ExecutionsPage),
    _get("getExecution", EXECUTION, get_execution, WholeExecution),
    _get("listSteps", f"{EXECUTION}/steps", list_steps, StepPage, StepsPage),
    _get("getStep", f"{EXECUTION}/steps/{{step}}", get_step, WholeStep, HowMuch),
    _get("getPath", f"{EXECUTION}/path", get_path, PathTaken),
    _get("listEvents", f"{EXECUTION}/events", list_events, EventList, EventsPage),
    Operation(
        name="stopExecution",
        method="POST",
        template=f"{EXECUTION}/stop",
        handler=stop_execution,
        right=Right.RUNNER,
        response=ExecutionBody,
        errors=(404, 409),
    ),
    Operation(
        name="deleteExecution",
        method="DELETE",
        template=EXECUTION,
        handler=delete_execution,
        right=Right.EDITOR,
        status=204,
        errors=(404, 409),
    ),
)
