"""Comparing versions over HTTP: JSON lines, as they come."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from headrace.apis.http import Response
from headrace.apis.native.operations import LINES_MEDIA, Call, Operation
from headrace.apis.native.requests import Reference
from headrace.apis.native.wire import ContentName, FileBody, content_name, file_body
from headrace.core.access import Right
from headrace.core.jsontext import json_text
from headrace.services.comparisons import comparisons
from headrace.services.comparisons.comparison_inputs import Wanted
from headrace.services.comparisons.comparison_results import Pair, Totals
from headrace.services.comparisons.comparisons import Comparison, Question, Scene


class NewComparison(msgspec.Struct, frozen=True, kw_only=True):
    """What to compare, and on what: one of `inputs`, `dataset`, `executions` and `last`.

    Attributes:
        source: a version's id or number, `draft`, or the name of an environment or an alias.
        to: the same.
        inputs: a flow's documents, or objects with the inputs of a prompt.
        dataset: a dataset's id or path.
        dataset_version: its version's id or number, or an environment.
        executions: ids of executions of the flow, or of logs of the prompt.
        last: so many of the newest of these, but for such as comparisons and evaluations made.
        evaluators: ids or paths of evaluators that judge what comes of it.
    """

    source: Reference = msgspec.field(name="from")
    to: Reference
    inputs: list[Any] | None = None
    dataset: str | None = None
    dataset_version: Reference | None = None
    executions: list[str] | None = None
    last: Annotated[int, msgspec.Meta(ge=1)] | None = None
    evaluators: list[str] = []


class EvaluatorName(msgspec.Struct, frozen=True, kw_only=True):
    """An evaluator that judges, and its version."""

    id: str
    path: str
    version_id: str


class Opening(msgspec.Struct, frozen=True, kw_only=True, tag="comparison", tag_field="line"):
    """What is compared; the first line.

    Attributes:
        inputs: on how many inputs.
    """

    file: FileBody
    before: ContentName
    after: ContentName
    inputs: int
    evaluators: list[EvaluatorName]


class Lines:
    """A comparison as JSON lines. Closing it before its end stops what runs.

    Attributes:
        limit_s: how long it may take to be read.
    """

    def __init__(self, comparison: Comparison) -> None:
        self.limit_s = comparison.limit_s
        self._comparison = comparison

    def __aiter__(self) -> Lines:
        return self

    async def __anext__(self) -> bytes:
        told = await anext(self._comparison)
        shown = _opening(told, self._comparison.size) if isinstance(told, Scene) else told
        return json_text(shown) + b"\n"

    async def aclose(self) -> None:
        """Stop what still runs."""
        await self._comparison.aclose()


async def compare(call: Call) -> Response:
    """Run two versions of a flow or of a prompt on the same inputs, side by side.

    Answered as JSON lines as they come: what is compared, a pair of outcomes for each input in the order in
    which they are done, and last what they add up to. If the last line is missing, it was broken off. The
    runs are ordinary ones, with an execution and a log each; the logs have the `source` comparison. Going
    away stops them.
    """
    body: NewComparison = call.body
    version = body.dataset_version
    question = Question(
        file=call.parameters["file"],
        before=str(body.source),
        after=str(body.to),
        on=Wanted(
            inputs=body.inputs,
            dataset=body.dataset,
            dataset_version=None if version is None else str(version),
            executions=body.executions,
            last=body.last,
        ),
        evaluators=body.evaluators,
    )
    comparison = await comparisons.begin(call.reach.comparisons, call.principal, question)
    headers = ((b"content-type", LINES_MEDIA.encode()),)
    return Response(status=200, headers=headers, body=Lines(comparison))


def _opening(scene: Scene, size: int) -> Opening:
    return Opening(
        file=file_body(scene.file),
        before=content_name(scene.before),
        after=content_name(scene.after),
        inputs=size,
        evaluators=[
            EvaluatorName(id=seat.file.id, path=seat.file.path, version_id=seat.version_id)
            for seat in scene.panel
        ],
    )


OPERATIONS = (
    Operation(
        name="compare",
        method="POST",
        template="/files/{file}/compare",
        handler=compare,
        right=Right.RUNNER,
        body=NewComparison,
        response=Opening | Pair | Totals,
        errors=(404, 409),
        media=(LINES_MEDIA,),
    ),
)
