"""Evaluators over HTTP: what there are, new ones, one tried on a log, and which judge a file's logs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec

from headrace.apis.http import Response
from headrace.apis.native.operations import Call, Operation, made, ok
from headrace.apis.native.requests import Reference
from headrace.apis.native.wire import FileBody, file_body
from headrace.core.access import Right
from headrace.core.effects import Usage
from headrace.core.kinds.evaluator import EvaluatorType, ReturnType, type_of
from headrace.services.evaluators import evaluator_shelf, evaluator_trials, evaluator_types, new_evaluators
from headrace.services.evaluators.evaluator_shelf import Attached, Judge
from headrace.services.evaluators.evaluator_trials import Trial
from headrace.services.evaluators.evaluator_types import TypeAbout
from headrace.services.evaluators.new_evaluators import NewEvaluator

MONITOR = "/files/{file}/monitors"


class EvaluatorRow(msgspec.Struct, frozen=True, kw_only=True):
    """An evaluator.

    Attributes:
        evaluator_type: who judges; null when it has no version.
        return_type: what a judgment is.
        version_id: the version that a read shows; `number` is its highest number.
        places: files whose logs it judges by itself, the first of them.
        places_count: how many there are.
    """

    file: FileBody
    name: str
    evaluator_type: EvaluatorType | None
    return_type: ReturnType | None
    version_id: str | None
    number: int | None
    updated_at: datetime
    places: list[FileBody]
    places_count: int


class EvaluatorList(msgspec.Struct, frozen=True, kw_only=True):
    """Evaluators, the last changed first.

    Attributes:
        next: what `after` is to be for the following ones; null when there are none.
    """

    evaluators: list[EvaluatorRow]
    next: str | None


class EvaluatorBody(EvaluatorRow, frozen=True, kw_only=True):
    """An evaluator, and what it says.

    Attributes:
        spec: the content of that version; null when it has none.
    """

    spec: msgspec.Raw


class TypeList(msgspec.Struct, frozen=True, kw_only=True):
    """The types of evaluators, each with the form of its specs."""

    types: list[TypeAbout]


class EvaluatorsPage(msgspec.Struct, frozen=True, kw_only=True):
    """Which evaluators.

    Attributes:
        after: the `next` of the page before.
        take: so many at the most.
    """

    after: str | None = None
    take: Annotated[int, msgspec.Meta(ge=1, le=200)] = 100


class NewEvaluatorBody(msgspec.Struct, frozen=True, kw_only=True):
    """An evaluator to be, or a new version of one: one of `path` and `evaluator`.

    Attributes:
        path: where it is, or is to be.
        evaluator: its id.
        spec: its content; `listEvaluatorTypes` has the forms.
        name: of the version.
        description: what changed.
    """

    spec: dict[str, Any]
    path: str | None = None
    evaluator: str | None = None
    name: str | None = None
    description: str | None = None


class NewTrial(msgspec.Struct, frozen=True, kw_only=True):
    """What to try: one of `spec` and `evaluator`.

    Attributes:
        log: the id of the log that is judged.
        spec: an evaluator's content, be it kept nowhere yet; needs the right editor.
        evaluator: its id or path.
        version: of that: a version's id or number, or the name of an environment.
    """

    log: str
    spec: dict[str, Any] | None = None
    evaluator: str | None = None
    version: Reference | None = None


class TriedBody(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a trial; nothing of it is kept.

    Attributes:
        judgment: null when there is none.
        error: why there is none, or that another time there may be one.
        is_passing: whether monitoring would try again after this error.
        stdout: what code printed.
        output: what a model wrote.
        duration_s: how long it took.
        usage: of the model.
    """

    judgment: Any
    error: str | None
    is_passing: bool
    stdout: str | None
    output: str | None
    duration_s: float
    usage: Usage | None


class MonitorBody(msgspec.Struct, frozen=True, kw_only=True):
    """An evaluator that is attached to a file.

    Attributes:
        environment: the name of the one whose version judges; null when a version is named.
        version_id: who judges now; null when nothing is deployed there. `number` is its highest number.
        is_active: whether it judges; one that rests stays listed.
    """

    id: str
    evaluator: FileBody
    environment: str | None
    version_id: str | None
    number: int | None
    is_active: bool
    created_at: datetime


class MonitorList(msgspec.Struct, frozen=True, kw_only=True):
    """The evaluators attached to a file, in the order in which they were."""

    file: FileBody
    monitors: list[MonitorBody]


class NewMonitor(msgspec.Struct, frozen=True, kw_only=True):
    """Whether an evaluator is to judge the logs of a file.

    Attributes:
        is_active: false lets it rest, however it is attached.
        version: the one that is to judge, by its id or number.
        environment: the one whose version is to judge, by its id or name; without either, where it was
            attached before, or the default environment.
    """

    is_active: bool = True
    version: Reference | None = None
    environment: str | None = None


async def list_evaluators(call: Call) -> Response:
    """All evaluators, the last changed first, and where each judges."""
    query: EvaluatorsPage = call.query
    found = await evaluator_shelf.shelf(call.ports, call.principal, after=query.after, take=query.take)
    return ok(
        EvaluatorList(
            evaluators=[EvaluatorRow(**_row(one)) for one in found.judges],
            next=found.judges[-1].file.id if found.is_more else None,
        )
    )


async def get_evaluator(call: Call) -> Response:
    """An evaluator, what it says, and where it judges."""
    return ok(await _shown(call, call.parameters["evaluator"]))


async def _shown(call: Call, ref: str) -> EvaluatorBody:
    found = await evaluator_shelf.judge(call.ports, call.principal, ref=ref)
    content = b"null" if found.version is None else found.version.content
    return EvaluatorBody(**_row(found), spec=msgspec.Raw(content))


def _row(judge: Judge) -> dict[str, Any]:
    spec, version = judge.spec, judge.version
    return {
        "file": file_body(judge.file),
        "name": judge.file.name,
        "evaluator_type": None if spec is None else type_of(spec),
        "return_type": None if spec is None else spec.return_type,
        "version_id": None if version is None else version.id,
        "number": judge.number,
        "updated_at": judge.file.updated_at,
        "places": [file_body(one) for one in judge.places],
        "places_count": judge.places_count,
    }


async def list_evaluator_types(_call: Call) -> Response:
    """The types of evaluators, each with the JSON Schema of its specs and an example."""
    return ok(TypeList(types=list(evaluator_types.types())))


async def create_evaluator(call: Call) -> Response:
    """Make an evaluator, or a new version of one. Content that is there already makes nothing new."""
    body: NewEvaluatorBody = call.body
    new = NewEvaluator(
        ref=body.evaluator, path=body.path, spec=body.spec, name=body.name, description=body.description
    )
    kept = await new_evaluators.keep(call.ports, call.principal, new)
    return made(await _shown(call, kept.file.id))


async def try_evaluator(call: Call) -> Response:
    """Have an evaluator judge a log just as monitoring would, and keep nothing of it."""
    body: NewTrial = call.body
    trial = Trial(
        log_id=body.log,
        spec=body.spec,
        evaluator=body.evaluator,
        version=None if body.version is None else str(body.version),
    )
    tried = await evaluator_trials.carry_out(
        call.ports, call.principal, call.reach.comparisons.judging, trial
    )
    verdict = tried.verdict
    return ok(
        TriedBody(
            judgment=verdict.judgment,
            error=verdict.error,
            is_passing=tried.is_passing,
            stdout=verdict.stdout,
            output=verdict.output,
            duration_s=tried.duration_s,
            usage=verdict.usage,
        )
    )


async def list_monitors(call: Call) -> Response:
    """The evaluators attached to a file, which judge its logs by themselves."""
    return await _monitors(call)


async def put_monitor(call: Call) -> Response:
    """Let an evaluator judge the logs of a file from now on, or no more."""
    body: NewMonitor = call.body
    places = {"ref": call.parameters["file"], "evaluator_ref": call.parameters["evaluator"]}
    if body.is_active:
        await evaluator_shelf.attach(
            call.ports,
            call.principal,
            **places,
            version=None if body.version is None else str(body.version),
            environment=body.environment,
        )
    else:
        await evaluator_shelf.detach(call.ports, call.principal, **places)
    return await _monitors(call)


async def _monitors(call: Call) -> Response:
    file, found = await evaluator_shelf.attached(call.ports, call.principal, ref=call.parameters["file"])
    return ok(MonitorList(file=file_body(file), monitors=[_monitor(one) for one in found]))


def _monitor(one: Attached) -> MonitorBody:
    return MonitorBody(
        id=one.monitor.id,
        evaluator=file_body(one.file),
        environment=one.environment,
        version_id=one.version_id,
        number=one.number,
        is_active=one.monitor.is_active,
        created_at=one.monitor.created_at,
    )


OPERATIONS = (
    Operation(
        name="listEvaluators",
        method="GET",
        template="/evaluators",
        handler=list_evaluators,
        right=Right.READER,
        query=EvaluatorsPage,
        response=EvaluatorList,
    ),
    Operation(
        name="createEvaluator",
        method="POST",
        template="/evaluators",
        handler=create_evaluator,
        right=Right.EDITOR,
        body=NewEvaluatorBody,
        response=EvaluatorBody,
        status=201,
        errors=(404, 409),
    ),
    Operation(
        name="tryEvaluator",
        method="POST",
        template="/evaluators/try",
        handler=try_evaluator,
        right=Right.RUNNER,
        body=NewTrial,
        response=TriedBody,
        errors=(404, 409),
    ),
    Operation(
        name="getEvaluator",
        method="GET",
        template="/evaluators/{evaluator}",
        handler=get_evaluator,
        right=Right.READER,
        response=EvaluatorBody,
    ),
    Operation(
        name="listEvaluatorTypes",
        method="GET",
        template="/evaluator-types",
        handler=list_evaluator_types,
        right=Right.READER,
        response=TypeList,
        errors=(),
    ),
    Operation(
        name="listMonitors",
        method="GET",
        template=MONITOR,
        handler=list_monitors,
        right=Right.READER,
        response=MonitorList,
    ),
    Operation(
        name="putMonitor",
        method="PUT",
        template=f"{MONITOR}/{{evaluator}}",
        handler=put_monitor,
        right=Right.EDITOR,
        body=NewMonitor,
        response=MonitorList,
        errors=(404, 409),
    ),
)
