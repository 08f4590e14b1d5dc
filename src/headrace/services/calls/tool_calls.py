"""Calling tools: the source run where it can do no harm, and a log made of it (humanloop 2.6, 4.2)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.effects import JSON, EffectContext, EffectFailed, Fault, ToolOutcome
from headrace.core.errors import Conflict, Invalid, Unavailable
from headrace.core.files import File
from headrace.core.kinds.tool import ToolContent, read_tool
from headrace.core.logs import write_payload
from headrace.core.ports import Transaction
from headrace.core.versions import Version
from headrace.services.base import Ports, read, write
from headrace.services.calls import tool_environment
from headrace.services.calls.called import Repeated, choose, record, settle
from headrace.services.calls.calls import Calls
from headrace.services.logs import new_logs
from headrace.services.logs.log_views import LogView, view
from headrace.services.logs.new_logs import NewLog, Prepared

RUN = "python"
"""The type of the tools that a server runs."""
SHORTEST_SECRET = 8
"""Shorter values are words like ``json``, and are in everything."""


class NotRun(Conflict):
    """This server runs no code."""


class _Said(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be run, before anything is written.

    Attributes:
        sealed: the tool's environment variables.
    """

    new: NewLog
    tool: ToolContent
    sealed: Mapping[str, str]


async def call(
    calls: Calls,
    ports: Ports,
    principal: Principal,
    new: NewLog,
    inputs: Mapping[str, JSON],
    *,
    split_key: str | None = None,
) -> LogView:
    """Run a tool; what came of it as its log, which shows all even where not all is kept.

    Args:
        split_key: what holds calls of a split together.

    Raises:
        NotFound, Conflict, AlreadyExists: as `headrace.services.logs.logs.create`.
        Invalid: the tool has nothing that a server runs.
        NotRun: this server runs no code.
        Throttled: too much is going on.
        Unavailable: it could not be run just now.
    """
    principal.require(Right.RUNNER)
    prepared = await new_logs.prepare(ports, new)
    with calls.place():
        said = await read(ports, principal, lambda tx: _choose(tx, prepared, split_key))
        if isinstance(said, Repeated):
            return await _again(ports, principal, said)
        check_runs(said.tool)
        environment = tool_environment.opened(ports, said.sealed)
        prepared = msgspec.structs.replace(prepared, new=said.new)
        file, version, _ = await write(ports, principal, lambda tx: settle(tx, ports, principal, prepared))
        done = await _run(calls, ports, principal, said, prepared, file, inputs, environment)
    return await _recorded(ports, principal, prepared, file, version, done)


def _choose(tx: Transaction, prepared: Prepared, split_key: str | None) -> _Said | Repeated:
    chosen = choose(tx, prepared, split_key=split_key)
    if isinstance(chosen, Repeated):
        return chosen
    if chosen.version is None:
        assert chosen.new.content is not None
        content = chosen.new.content.content
    else:
        content = chosen.version.content
    sealed = {} if chosen.file is None else tx.secrets.of(file_id=chosen.file.id)
    return _Said(new=chosen.new, tool=read_tool(content), sealed=sealed)


def is_run(tool: ToolContent) -> bool:
    """Whether a tool is one that a server runs."""
    return tool.tool_type in (None, RUN) and bool((tool.source_code or "").strip())


def check_runs(tool: ToolContent) -> None:
    """Refuse what is no Python: tools of other types are carried out by those who call models.

    Raises:
        Invalid: it is none, or there is nothing to be run.
    """
    if tool.tool_type not in (None, RUN):
        message = f"Tools of the type `{tool.tool_type}` are not run by this server; those of `{RUN}` are."
        raise Invalid.at("tool", message=message, kind="tool_type")
    if not (tool.source_code or "").strip():
        raise Invalid.at("tool", message="The tool has no source code to be run.", kind="missing")


async def _again(ports: Ports, principal: Principal, repeated: Repeated) -> LogView:
    """A call that was carried out before is answered as it was then (humanloop 8.24)."""
    return await read(ports, principal, lambda tx: view(tx, repeated.log))


async def _run(
    calls: Calls,
    ports: Ports,
    principal: Principal,
    said: _Said,
    prepared: Prepared,
    file: File,
    inputs: Mapping[str, JSON],
    environment: Mapping[str, str],
) -> NewLog:
    """Run the source; the log as it is to be."""
    new = prepared.new
    clock, loop = ports.clock, asyncio.get_running_loop()
    started_at, started_s = clock.now(), loop.time()
    log_id = new.id or ports.ids.long("log_")
    context = EffectContext(
        account=principal.account,
        flow_arn="",
        alias_arn="",
        execution_id=log_id,
        node=file.name,
        step=f"{log_id}/0",
        timeout_s=calls.limits.timeout_s,
    )
    function = said.tool.function
    try:
        outcome = await calls.tools.use(
            said.tool.source_code or "",
            inputs,
            context,
            name=None if function is None else function.name,
            environment=environment,
        )
    except EffectFailed as failure:
        if failure.fault is Fault.DEPENDENCY:
            raise NotRun(failure.message) from None
        raise Unavailable(failure.message) from None
    return msgspec.structs.replace(
        new,
        id=log_id,
        start_time=new.start_time or started_at,
        end_time=new.end_time or clock.now(),
        provider_latency_s=loop.time() - started_s,
        payload=msgspec.structs.replace(new.payload, **_told(outcome, environment)),
    )


def _told(outcome: ToolOutcome, environment: Mapping[str, str]) -> dict[str, str | None]:
    """What came of it as the log tells it: without what was told to the tool alone."""
    value = outcome.value
    output = value if value is None or isinstance(value, str) else msgspec.json.encode(value).decode()
    told = {"output": output, "error": outcome.error, "stdout": outcome.stdout or None}
    return {name: None if text is None else _struck(text, environment) for name, text in told.items()}


def _struck(text: str, environment: Mapping[str, str]) -> str:
    for value in sorted(environment.values(), key=len, reverse=True):
        if len(value) >= SHORTEST_SECRET:
            text = text.replace(value, "…")
    return text


async def _recorded(
    ports: Ports, principal: Principal, prepared: Prepared, file: File, version: Version, new: NewLog
) -> LogView:
    whole = msgspec.structs.replace(prepared, new=new, content=None)

    def work(tx: Transaction) -> LogView:
        log = record(tx, ports, principal, whole, file, version)
        return view(tx, log, with_children=True)

    shown = await write(ports, principal, work)
    log = msgspec.structs.replace(shown.log, payload=write_payload(new.payload))
    return msgspec.structs.replace(shown, log=log)
