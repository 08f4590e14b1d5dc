"""Running flows over HTTP: while somebody watches, as JSON lines, or in the background."""

from __future__ import annotations

from typing import Any

import msgspec

from headrace.apis.http import JSON, Response
from headrace.apis.native.executions import ExecutionBody, execution_body
from headrace.apis.native.operations import LINES_MEDIA, Call, Operation, ok
from headrace.apis.native.requests import Reference
from headrace.apis.run_lines import RunLines
from headrace.core.access import Right
from headrace.core.errors import Invalid
from headrace.core.execution import Event
from headrace.core.ports import Transaction
from headrace.services.base import read
from headrace.services.durable import durable_starts
from headrace.services.executions import execution_looks
from headrace.services.runs import conversations, invocations, run_forms
from headrace.services.runs.invocations import Invocation, Order
from headrace.services.runs.run_forms import OPERATION, RunForm, choice_of, flow_of


class WhichTarget(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be run.

    Attributes:
        target: an environment's or alias's id or name, a version's number or id, or `draft`; without one
            what the default environment has, the newest version, or the draft.
    """

    target: str | None = None


class NewExecution(msgspec.Struct, frozen=True, kw_only=True):
    """What to run, and with what.

    Attributes:
        input: the flow's document.
        target: an environment's or alias's id or name, a version's number or id, or `draft`; without one
            what the default environment has, the newest version, or the draft.
        execution: what to call the execution; without one it gets a name.
        split_key: calls of a pointer that is split go to the same version for the same key.
    """

    input: Any
    target: Reference | None = None
    execution: str | None = None
    split_key: str | None = None


class NewRun(NewExecution, frozen=True, kw_only=True):
    """What to run, and with what.

    Attributes:
        execution: what to call the execution; with `answer` of the one that waits.
        answer: whether `input` answers the question of an execution that waits; the `target` is to be the
            one that it was begun with.
    """

    answer: bool = False


class Began(msgspec.Struct, frozen=True, kw_only=True, tag="execution", tag_field="event"):
    """An execution, or another turn of one; the first line.

    Attributes:
        name: what it can be answered by.
        number: of the version that runs; None for the draft, and where it has none.
    """

    id: str
    name: str
    version_id: str
    number: int | None
    is_draft: bool


def _opening(invocation: Invocation) -> bytes:
    run = invocation.execution
    began = Began(
        id=run.id, name=run.name, version_id=run.version_id, number=run.number, is_draft=run.is_draft
    )
    return msgspec.json.encode(began)


async def get_run_form(call: Call) -> Response:
    """What it takes to run a flow: what of it can be run, what that takes, and what it was given last."""
    query: WhichTarget = call.query
    return ok(await run_forms.form(call.ports, call.principal, call.parameters["file"], query.target))


async def run_flow(call: Call) -> Response:
    """Run a flow while you watch, or answer the question of an execution that waits.

    Answered as JSON lines as they come: first what the execution is called, then each event as it happens.
    The last one says how it ended (`flow_finished`, `flow_failed`), or that it waits for an answer; if that
    is missing, it was broken off. Going away stops it.
    """
    body: NewRun = call.body
    answers = conversations.AGENT_INPUT if body.answer else None
    order = await _order(call, body, answers=answers)
    names = call.reach.names(call.principal.account)
    invocation = await invocations.begin(call.reach.runs, call.ports, call.principal, order, names)
    headers = ((b"content-type", LINES_MEDIA.encode()),)
    return Response(status=200, headers=headers, body=RunLines(invocation, _opening(invocation)))


async def start_execution(call: Call) -> Response:
    """Run a flow in the background, by an environment, an alias or the draft.

    It goes on without you, and is there again when the server was stopped and started.
    """
    order = await _order(call, call.body, answers=None)
    if order.choice.number is not None or order.choice.version_id is not None:
        message = "Runs in the background go by an alias or environment. Name one as `target`, or the draft."
        raise Invalid.at("target", message=message, kind="missing")
    found = await durable_starts.start(call.reach.durables, call.ports, call.principal, order)
    seen = await read(call.ports, call.principal, lambda tx: execution_looks.seen(tx, [found.execution])[0])
    shown = msgspec.json.encode(execution_body(seen, call.ports.clock.now()))
    return Response(status=202, headers=(JSON,), body=shown)


async def _order(call: Call, body: NewExecution, *, answers: str | None) -> Order:
    target = None if body.target is None else str(body.target)

    def look(tx: Transaction) -> Order:
        file = flow_of(tx, call.parameters["file"])
        return Order(
            ref=file.id,
            choice=choice_of(tx, file, target),
            node=None,
            document=body.input,
            name=body.execution,
            answers=answers,
            split_key=body.split_key,
            operation=OPERATION,
        )

    return await read(call.ports, call.principal, look)


OPERATIONS = (
    Operation(
        name="getRunForm",
        method="GET",
        template="/files/{file}/run-form",
        handler=get_run_form,
        right=Right.READER,
        query=WhichTarget,
        response=RunForm,
    ),
    Operation(
        name="runFlow",
        method="POST",
        template="/files/{file}/run",
        handler=run_flow,
        right=Right.RUNNER,
        body=NewRun,
        response=Began | Event,
        errors=(404, 409),
        media=(LINES_MEDIA,),
    ),
    Operation(
        name="startExecution",
        method="POST",
        template="/files/{file}/executions",
        handler=start_execution,
        right=Right.RUNNER,
        body=NewExecution,
        response=ExecutionBody,
        status=202,
        errors=(404, 409),
    ),
)
