"""Running flows while somebody watches, for our own command line and user interface.

A run is answered as JSON lines: first what it is called, then each event as it happens, in the form of
``core.execution``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from headrace.apis.gate import Gate
from headrace.apis.http import SPLIT_KEY, Request, Response
from headrace.apis.run_lines import RunLines
from headrace.core.access import Right
from headrace.core.errors import Invalid
from headrace.core.jsontext import json_text
from headrace.core.ports import Transaction
from headrace.services.base import Ports, read
from headrace.services.runs import conversations, invocations, targets
from headrace.services.runs.invocations import Names, Order
from headrace.services.runs.runs import Runs
from headrace.services.runs.targets import Choice

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
        return [("POST", "/console/runs", self._run)]

    async def _run(self, request: Request, parameters: Mapping[str, str]) -> Response:
        principal = await self._gate.by_console(request)
        principal.require(Right.RUNNER)
        wanted = _parse(request.body)

        def look(tx: Transaction) -> tuple[str, Choice]:
            flow = targets.find_anyhow(tx, wanted.flow)
            choice = choice_of(alias=wanted.alias, number=wanted.version, is_draft=wanted.draft)
            return flow.id, choice or targets.usual(tx, flow)

        flow_id, choice = await read(self._ports, principal, look)
        order = Order(
            ref=flow_id,
            choice=choice,
            node=None,
            document=wanted.input,
            name=wanted.execution,
            answers=conversations.AGENT_INPUT if wanted.answer else None,
            split_key=request.header(SPLIT_KEY),
            operation="run",
        )
        names = self._names(principal.account)
        invocation = await invocations.begin(self._runs, self._ports, principal, order, names)
        opening = json_text({"execution": invocation.name})
        headers = [(b"content-type", b"application/x-ndjson")]
        return Response(status=200, headers=headers, body=RunLines(invocation, opening))


def _parse(body: bytes) -> NewRun:
    try:
        return msgspec.json.decode(body, type=NewRun)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Invalid.at(message=str(error)) from None


def choice_of(*, alias: str | None, number: int | None, is_draft: bool) -> Choice | None:
    """What a request says of what to run; None when nothing.

    Raises:
        Invalid: it says several things.
    """
    said = [alias is not None, number is not None, is_draft]
    if sum(said) > 1:
        raise Invalid.at("alias", message="Choose one of `alias`, `version` and `draft`.", kind="choice")
    if not any(said):
        return None
    return Choice(alias=alias, number=number, takes_names=True)
