"""Examples over HTTP: which there are, and loading one."""

from __future__ import annotations

import msgspec

from headrace.apis.http import Response
from headrace.apis.native.operations import Call, Operation, ok
from headrace.apis.native.wire import FileBody, file_body
from headrace.core.access import Right
from headrace.services import examples
from headrace.services.runs.flow_calls import Flows


class ExampleBody(msgspec.Struct, frozen=True, kw_only=True):
    """An example that can be loaded.

    Attributes:
        about: what there is to be seen of it.
        path: where its flow will be.
        file_id: its flow's id, when it was loaded; None when there is nothing at the path.
    """

    name: str
    title: str
    about: str
    path: str
    file_id: str | None


class ExampleList(msgspec.Struct, frozen=True, kw_only=True):
    """All examples."""

    examples: list[ExampleBody]


class LoadedBody(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an example.

    Attributes:
        file: its flow.
        evaluator: what judges its runs, a moment later.
        runs: how many were made; 0 when the flow was there already.
    """

    file: FileBody
    evaluator: FileBody
    runs: int


async def list_examples(call: Call) -> Response:
    """The examples that can be loaded, and which of them were."""
    found = await examples.loaded(call.ports, call.principal)
    return ok(
        ExampleList(
            examples=[
                ExampleBody(
                    name=name, title=one.title, about=one.about, path=one.path, file_id=found.get(name)
                )
                for name, one in examples.examples().items()
            ]
        )
    )


async def load_example(call: Call) -> Response:
    """Load an example: its flow is made in two versions, run, and judged. What is there already stays."""
    flows = Flows(runs=call.reach.runs, names=call.reach.names)
    found = await examples.load(flows, call.ports, call.principal, call.parameters["name"])
    return ok(LoadedBody(file=file_body(found.file), evaluator=file_body(found.evaluator), runs=found.runs))


OPERATIONS = (
    Operation(
        name="listExamples",
        method="GET",
        template="/examples",
        handler=list_examples,
        right=Right.READER,
        response=ExampleList,
        errors=(),
    ),
    Operation(
        name="loadExample",
        method="POST",
        template="/examples/{name}",
        handler=load_example,
        right=Right.EDITOR,
        response=LoadedBody,
        errors=(404, 409),
    ),
)
