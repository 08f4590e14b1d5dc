"""Executions and the processes that carry them out, for our own command line: list, show, start, stop.

An execution is named by its id, by its ARN, or within a flow by what its caller calls it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

import msgspec

from headrace.apis.console_runs import Row, choice_of
from headrace.apis.gate import Gate
from headrace.apis.http import JSON, SPLIT_KEY, Request, Response
from headrace.core.access import Principal, Right
from headrace.core.errors import Conflict, Invalid
from headrace.core.execution import Status
from headrace.core.jsontext import json_text
from headrace.core.ports import Transaction
from headrace.services.base import Ports, read
from headrace.services.durable import durable_ends, durable_executions, durable_starts
from headrace.services.durable.durable_executions import Called, Durables
from headrace.services.executions import execution_lists, executions
from headrace.services.executions.execution_lists import Wanted
from headrace.services.executions.executions import ExecutionView
from headrace.services.runs import targets
from headrace.services.runs.invocations import Order
from headrace.services.runs.targets import Choice

MOST = 1000
"""The most executions or events of one page."""


class NewExecution(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The body of a request to run a flow in the background.

    Attributes:
        flow: its id, path or name.
        alias: an alias or environment by id or name; without one, the default environment.
        draft: whether the prepared draft is meant.
        execution: the name of the execution; None makes one.
    """

    flow: str
    input: Any
    alias: str | None = None
    draft: bool = False
    execution: str | None = None


class References(Protocol):
    """Reads the ARNs of an organisation."""

    def execution_ref(self, identifier: str) -> tuple[str, str | None, str | None]:
        """The name of an execution, with its flow and its alias if it is an ARN."""


class ConsoleExecutions:
    """The console's operations on executions.

    Args:
        references: reads the ARNs of the organisation of that account.
    """

    def __init__(
        self, ports: Ports, gate: Gate, durables: Durables, references: Callable[[str], References]
    ) -> None:
        self._ports = ports
        self._gate = gate
        self._durables = durables
        self._references = references

    def rows(self) -> list[Row]:
        """The operations, by method and path."""
        return [
            ("GET", "/console/executions", self._list),
            ("POST", "/console/executions", self._start),
            ("GET", "/console/executions/{execution}", self._show),
            ("GET", "/console/executions/{execution}/events", self._events),
            ("POST", "/console/executions/{execution}/stop", self._stop),
            ("GET", "/console/processes", self._processes),
        ]

    async def _list(self, request: Request, parameters: Mapping[str, str]) -> Response:
        principal = await self._gate.by_console(request)
        query = dict(request.query)
        wanted = Wanted(flow=query.get("flow"), status=_status(query), is_durable=_flag(query, "durable"))
        take = _number(query, "take", 20)
        found = await execution_lists.page(self._ports, principal, wanted, before=_place(query), take=take)
        following = found.next and {"before": found.next[0].isoformat(), "before_id": found.next[1]}
        return _json({"executions": [describe(one) for one in found.executions], "next": following})

    async def _start(self, request: Request, parameters: Mapping[str, str]) -> Response:
        principal = await self._gate.by_console(request)
        principal.require(Right.RUNNER)
        wanted = _parse(request.body)
        flow_id, choice = await read(self._ports, principal, lambda tx: _choice(tx, wanted))
        order = Order(
            ref=flow_id,
            choice=choice,
            node=None,
            document=wanted.input,
            name=wanted.execution,
            split_key=request.header(SPLIT_KEY),
            operation="run --background",
        )
        found = await durable_starts.start(self._durables, self._ports, principal, order)
        return _json(describe(ExecutionView(execution=found.execution, file=found.file)), status=202)

    async def _show(self, request: Request, parameters: Mapping[str, str]) -> Response:
        principal = await self._gate.by_console(request)
        return _json(describe(await self._find(principal, request, parameters)))

    async def _events(self, request: Request, parameters: Mapping[str, str]) -> Response:
        principal = await self._gate.by_console(request)
        query = dict(request.query)
        first, take = _number(query, "first", 0, most=2**53), _number(query, "take", MOST)
        found = await executions.events(
            self._ports, principal, ref=parameters["execution"], first=first, take=take
        )
        return _json({"events": found, "first": first})

    async def _stop(self, request: Request, parameters: Mapping[str, str]) -> Response:
        principal = await self._gate.by_console(request)
        principal.require(Right.RUNNER)
        found = await self._find(principal, request, parameters)
        execution = found.execution
        if not execution.is_durable:
            raise Conflict(
                f"Execution {execution.id} is carried out for a caller who waits for it, and stops when that "
                "one leaves. Only executions in the background can be stopped."
            )
        stopped = await durable_ends.stop_by_id(self._durables, self._ports, principal, execution.id)
        return _json(describe(ExecutionView(execution=stopped, file=found.file)))

    async def _processes(self, request: Request, parameters: Mapping[str, str]) -> Response:
        principal = await self._gate.by_console(request)
        found = await execution_lists.carriers(self._ports, principal)
        shown = [
            {
                **msgspec.to_builtins(one.process),
                "durable_count": one.durable_count,
                "executions": [describe(run) for run in one.executions],
            }
            for one in found
        ]
        return _json({"processes": shown})

    async def _find(
        self, principal: Principal, request: Request, parameters: Mapping[str, str]
    ) -> ExecutionView:
        ref = parameters["execution"]
        if not ref.startswith("arn:"):
            flow = dict(request.query).get("flow")
            return await executions.get(self._ports, principal, ref=ref, flow=flow)
        name, flow, alias = self._references(principal.account).execution_ref(ref)
        assert flow is not None, "an ARN of an execution names its flow"
        assert alias is not None, "and its alias"
        called = Called(flow=flow, alias=alias, name=name)
        found = await durable_executions.get(self._ports, principal, called)
        return ExecutionView(execution=found.execution, file=found.file)


def describe(found: ExecutionView) -> dict[str, Any]:
    """An execution in JSON's types."""
    flow = found.file
    shown: dict[str, Any] = msgspec.to_builtins(found.execution)
    return {**shown, "flow": None if flow is None else {"id": flow.short_id, "path": flow.path}}


def _parse(body: bytes) -> NewExecution:
    try:
        return msgspec.json.decode(body, type=NewExecution)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Invalid.at(message=str(error)) from None


def _choice(tx: Transaction, wanted: NewExecution) -> tuple[str, Choice]:
    """The flow, and which of its contents; what runs in the background goes by an alias or environment."""
    flow = targets.find_anyhow(tx, wanted.flow)
    choice = choice_of(alias=wanted.alias, number=None, is_draft=wanted.draft) or targets.usual(tx, flow)
    if choice.number is not None:
        message = (
            f"Flow {flow.path} is not deployed to the default environment, and runs in the background go by "
            "an alias or environment. Name one, or the draft."
        )
        raise Invalid.at("alias", message=message, kind="missing")
    return flow.id, choice


def _status(query: Mapping[str, str]) -> Status | None:
    if "status" not in query:
        return None
    by_name = {one.value.lower(): one for one in Status}
    status = by_name.get(query["status"].lower())
    if status is None:
        message = f"`status` must be one of these: {', '.join(by_name)}; not {query['status']!r}."
        raise Invalid.at("status", message=message, kind="enum", where="query")
    return status


def _flag(query: Mapping[str, str], name: str) -> bool | None:
    text = query.get(name)
    if text not in (None, "true", "false"):
        raise Invalid.at(name, message=f"`{name}` must be true or false.", kind="enum", where="query")
    return None if text is None else text == "true"


def _number(query: Mapping[str, str], name: str, default: int, *, most: int = MOST) -> int:
    text = query.get(name, str(default))
    if not (text.isascii() and text.isdecimal()) or int(text) > most:
        message = f"`{name}` must be a number of at most {most}."
        raise Invalid.at(name, message=message, kind="range", where="query")
    return int(text)


def _place(query: Mapping[str, str]) -> tuple[datetime, str] | None:
    if "before" not in query:
        return None
    try:
        moment = datetime.fromisoformat(query["before"])
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Invalid.at("before", message="`before` must be a time with its zone.", where="query")
    return moment, query.get("before_id", "")


def _json(value: Any, *, status: int = 200) -> Response:
    return Response(status=status, headers=[JSON], body=json_text(value))
