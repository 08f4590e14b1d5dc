"""Running flows and looking at runs, for our own command line and user interface.

A run is answered as JSON lines: first what it is called, then each event as it happens, in the form of
``core.execution``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from headrace.apis.gate import Gate
from headrace.apis.http import JSON, Request, Response
from headrace.core.access import Principal
from headrace.core.errors import Invalid
from headrace.core.jsontext import json_text
from headrace.core.ports import Transaction
from headrace.services import conversations, executions, invocations, targets
from headrace.services.base import Ports, read
from headrace.services.executions import ExecutionView
from headrace.services.invocations import Invocation, Names, Order
from headrace.services.runs import Runs
from headrace.services.targets import Choice

MOST = 1000
"""The most executions or events of one page."""

Row = tuple[str, str, Callable[[Request, Mapping[str, str]], Awaitable[Response]]]


class NewRun(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The body of a request to run a flow.

    Attributes:
        flow: its id, path or name.
        alias: an alias or environment by id or name.
        draft: whether the prepared draft is meant. Without any choice it is what the default environment
            has, else the newest version, else the draft.
        execution: the name of the execution; with ``answer`` of the one that waits.
        answer: whether ``input`` answers the question of a waiting execution.
    """

    flow: str
    input: Any
    alias: str | None = None
    version: int | None = None
    draft: bool = False
    execution: str | None = None
    answer: bool = False


class Lines:
    """A turn as JSON lines. Closing it before its end stops the run.

    Attributes:
        limit_s: how long it may take to be read.
    """

    def __init__(self, invocation: Invocation) -> None:
        self.limit_s = invocation.limit_s
        self._invocation = invocation
        self._opening: bytes | None = json_text({"execution": invocation.name}) + b"\n"

    def __aiter__(self) -> Lines:
        return self

    async def __anext__(self) -> bytes:
        if self._opening is not None:
            opening, self._opening = self._opening, None
            return opening
        events = await self._invocation.more()
        if not events:
            raise StopAsyncIteration
        return b"".join([json_text(event) + b"\n" for event in events])

    async def aclose(self) -> None:
        await self._invocation.aclose()


class ConsoleRuns:
    """The console's operations on runs.

    Args:
        names: how flows and aliases of an organisation are told of to what flows call.
    """

    def __init__(self, ports: Ports, gate: Gate, runs: Runs, names: Callable[[str], Names]) -> None:
        self._ports = ports
        self._gate = gate
        self._runs = runs
        self._names = names

    def rows(self) -> list[Row]:
        """The operations, by method and path."""
        return [
            ("POST", "/console/runs", self._run),
            ("GET", "/console/executions", self._list),
            ("GET", "/console/executions/{execution}", self._show),
            ("GET", "/console/executions/{execution}/events", self._events),
        ]

    async def _run(self, request: Request, parameters: Mapping[str, str]) -> Response:
        principal = await self._gate.by_console(request)
        wanted = _parse(request.body)

        def look(tx: Transaction) -> tuple[str, Choice]:
            flow = targets.find_anyhow(tx, wanted.flow)
            return flow.id, _choice(wanted) or targets.usual(tx, flow)

        flow_id, choice = await read(self._ports, principal, look)
        order = Order(
            ref=flow_id,
            choice=choice,
            node=None,
            document=wanted.input,
            name=wanted.execution,
            answers=conversations.AGENT_INPUT if wanted.answer else None,
            operation="run",
        )
        names = self._names(principal.account)
        invocation = await invocations.begin(self._runs, self._ports, principal, order, names)
        headers = [(b"content-type", b"application/x-ndjson")]
        return Response(status=200, headers=headers, body=Lines(invocation))

    async def _list(self, request: Request, parameters: Mapping[str, str]) -> Response:
        principal = await self._gate.by_console(request)
        query = dict(request.query)
        take = _number(query, "take", 20)
        flow = query.get("flow")
        flow_id = None if flow is None else await self._flow_id(principal, flow)
        found = await executions.page(
            self._ports, principal, flow=flow_id, before=_place(query), take=take + 1
        )
        shown = found[:take]
        last = shown[-1].execution if len(found) > take else None
        following = last and {"before": last.started_at.isoformat(), "before_id": last.id}
        return _json({"executions": [describe(one) for one in shown], "next": following})

    async def _flow_id(self, principal: Principal, ref: str) -> str:
        return await read(self._ports, principal, lambda tx: targets.find_anyhow(tx, ref).id)

    async def _show(self, request: Request, parameters: Mapping[str, str]) -> Response:
        principal = await self._gate.by_console(request)
        flow = dict(request.query).get("flow")
        found = await executions.get(self._ports, principal, ref=parameters["execution"], flow=flow)
        return _json(describe(found))

    async def _events(self, request: Request, parameters: Mapping[str, str]) -> Response:
        principal = await self._gate.by_console(request)
        query = dict(request.query)
        first, take = _number(query, "first", 0, most=2**53), _number(query, "take", MOST)
        found = await executions.events(
            self._ports, principal, ref=parameters["execution"], first=first, take=take
        )
        return _json({"events": found, "first": first})


def describe(found: ExecutionView) -> dict[str, Any]:
    """An execution in JSON's types."""
    flow = found.file
    shown: dict[str, Any] = msgspec.to_builtins(found.execution)
    return {**shown, "flow": None if flow is None else {"id": flow.short_id, "path": flow.path}}


def _parse(body: bytes) -> NewRun:
    try:
        return msgspec.json.decode(body, type=NewRun)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Invalid.at(message=str(error)) from None


def _choice(wanted: NewRun) -> Choice | None:
    """What the request says of what to run; None when nothing."""
    said = [wanted.alias is not None, wanted.version is not None, wanted.draft]
    if sum(said) > 1:
        raise Invalid.at("alias", message="Choose one of `alias`, `version` and `draft`.", kind="choice")
    if not any(said):
        return None
    return Choice(alias=wanted.alias, number=wanted.version, takes_names=True)


def _number(query: Mapping[str, str], name: str, default: int, *, most: int = MOST) -> int:
    text = query.get(name, str(default))
    if not text.isdecimal() or int(text) > most:
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


def _json(value: Any) -> Response:
    return Response(status=200, headers=[JSON], body=json_text(value))
