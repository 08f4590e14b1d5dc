"""Calling tools, and their environment variables (humanloop 4.2, Tools)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from headrace.apis.http import JSON, Response
from headrace.apis.humanloop.call_wire import CallToolRequest, EnvironmentVariable, ToolCallResponse
from headrace.apis.humanloop.contents import submission_of
from headrace.apis.humanloop.log_requests import new_log
from headrace.apis.humanloop.log_wire import LogRenderer
from headrace.apis.humanloop.operations import Call, Operation, ok
from headrace.apis.humanloop.requests import SelectVersion, parse, problems_of, unstorable
from headrace.core.access import Right
from headrace.core.errors import Invalid, Problem
from headrace.services.calls import tool_environment
from headrace.services.calls.tool_calls import call

MASK = "********"
"""What is shown of a value: no more than that there is one."""
NOT_OF_CALLS = frozenset({"output_message", "trace_status", "trace_usage"})
"""What logs of tools have and calls of tools have not."""


async def call_tool(made: Call) -> Response:
    """Run a tool that is written in Python, and log what came of it."""
    body: CallToolRequest = made.body
    new = new_log("tool", body, made.parsed, made.query, submission_of("tool", body, made.parsed))
    inputs = body.inputs or {}
    view = await call(made.calls, made.ports, made.principal, new, inputs, split_key=made.split_key)
    shown = LogRenderer(made.wire).members(view)
    told = {name: value for name, value in shown.items() if name not in NOT_OF_CALLS}
    return Response(status=200, headers=(JSON,), body=msgspec.json.encode(told))


async def list_variables(made: Call) -> Response:
    """List the environment variables of a tool; their values are not shown."""
    names = await tool_environment.names(made.ports, made.principal, ref=made.parameters["id"])
    return _variables(names)


async def add_variables(made: Call) -> Response:
    """Add environment variables to a tool, or give them other values."""
    given: list[EnvironmentVariable] = made.body
    pairs = [(one.name, one.value) for one in given]
    names = await tool_environment.put(made.ports, made.principal, pairs, ref=made.parameters["id"])
    return _variables(names)


async def delete_variable(made: Call) -> Response:
    """Remove an environment variable of a tool, and list those that are left."""
    names = await tool_environment.remove(
        made.ports, made.principal, ref=made.parameters["id"], name=made.parameters["name"]
    )
    return _variables(names)


def _variables(names: Sequence[str]) -> Response:
    # Quirk(humanloop): a list and nothing around it (4.2). What a value is, nobody is told again.
    return ok([EnvironmentVariable(name=name, value=MASK) for name in names])


def read_variables(text: bytes) -> tuple[list[EnvironmentVariable], dict[str, Any]]:
    """The body of a request to add variables: a list.

    Raises:
        Malformed: it is not JSON.
        Invalid: with everything that is wrong with it.
    """
    parsed = parse(text or b"[]")
    if not isinstance(parsed, list):
        raise Invalid.at(message="Input should be a valid list", kind="list_type")
    given: list[EnvironmentVariable] = []
    problems: list[Problem] = []
    for index, item in enumerate(parsed):
        if not isinstance(item, dict):
            message = "Input should be a valid dictionary"
            problems.append(Problem(path=(index,), message=message, kind="dict_type"))
            continue
        wrong = problems_of(EnvironmentVariable, item, strict=True, where="body")
        if not wrong:
            given.append(msgspec.convert(item, EnvironmentVariable))
            wrong = unstorable(given[-1], where="body")
        problems += [_within(index, problem) for problem in wrong]
    if problems:
        raise Invalid(*problems)
    return given, {}


def _within(index: int, problem: Problem) -> Problem:
    return Problem(path=(index, *problem.path), message=problem.message, kind=problem.kind)


AT = "/tools/{id}/environment-variables"
OPERATIONS = (
    Operation(
        name="CallTool",
        method="POST",
        template="/tools/call",
        handler=call_tool,
        right=Right.RUNNER,
        query=SelectVersion,
        body=CallToolRequest,
        response=ToolCallResponse,
        errors=(404, 409),
    ),
    Operation(
        name="ListToolEnvironmentVariables",
        method="GET",
        template=AT,
        handler=list_variables,
        right=Right.READER,
        response=list[EnvironmentVariable],
    ),
    Operation(
        name="AddToolEnvironmentVariables",
        method="POST",
        template=AT,
        handler=add_variables,
        right=Right.EDITOR,
        body=EnvironmentVariable,
        takes_list=True,
        reads=read_variables,
        response=list[EnvironmentVariable],
        errors=(404, 409),
    ),
    Operation(
        name="DeleteToolEnvironmentVariable",
        method="DELETE",
        template=AT + "/{name}",
        handler=delete_variable,
        right=Right.EDITOR,
        response=list[EnvironmentVariable],
    ),
)
