"""``headrace executions``."""

from __future__ import annotations

import json
import sys
from typing import Any
from urllib.parse import quote, urlencode

import click
import msgspec

from headrace.cli.execution_lines import Caller, columns, events_of, find_reader
from headrace.cli.options import json_option, name_argument, read_settings, store_option
from headrace.cli.progress import Progress, plain
from headrace.core.execution import Event, Status

INTERRUPTED = 130
"""The exit status of who was told to watch no longer."""

_flow_option = click.option("--flow", help="Whose execution: then it may be called by its executionId.")
_kind_option = click.option(
    "--durable/--not-durable",
    default=None,
    help="Only those in the background, or only those that somebody waited for.",
)


@click.group("executions")
def command() -> None:
    """Look at what ran and what runs, and stop what runs in the background.

    An execution is named by its id or its ARN; with --flow also by its executionId, as AWS clients know it,
    which is unique within a flow only: of several that were called the same, the newest is meant.
    """


@command.command("list")
@click.option("--flow", help="Only those of this flow, by path, name or id.")
@click.option(
    "--status",
    type=click.Choice([one.value for one in Status], case_sensitive=False),
    help="Only those that are so.",
)
@_kind_option
@click.option("--most", type=click.IntRange(1, 1000), default=20, show_default=True)
@store_option
@json_option
def list_(
    flow: str | None, status: str | None, durable: bool | None, most: int, store: str | None, as_json: bool
) -> None:
    """List the newest executions.

    \b
    Examples:
      headrace executions list --flow support/triage
      headrace executions list --status failed --durable
    """
    server = find_reader(read_settings(store=store))
    with server.held():
        found = _list(server, wanted(flow=flow, status=status, durable=durable), most)
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    if not found:
        click.echo("Nothing has run yet." if status is None else "There is none.")
    for one in found:
        click.echo("  ".join(columns(one)))


def wanted(*, flow: str | None, status: str | None = None, durable: bool | None) -> dict[str, str]:
    """The query that asks for such executions."""
    asked = {"flow": flow, "status": status, "durable": None if durable is None else str(durable).lower()}
    return {name: value for name, value in asked.items() if value is not None}


def _list(server: Caller, query: dict[str, str], most: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    place: dict[str, str] = {}
    while len(found) < most:
        asked = urlencode({**query, **place, "take": most - len(found)})
        page = server.call("GET", f"/console/executions?{asked}")
        found += page["executions"]
        if page["next"] is None:
            break
        place = page["next"]
    return found


@command.command("show")
@name_argument("execution")
@_flow_option
@click.option("--trace", is_flag=True, help="Show what went in and out of each node.")
@store_option
@json_option
def show(execution: str, flow: str | None, trace: bool, store: str | None, as_json: bool) -> None:
    """Show an execution and what has happened in it.

    \b
    Examples:
      headrace executions show exe_8Dn97mA7iBY56QYz9RZiG --trace
      headrace executions show 3f0c8f6e-1a55-4c7e-9a5b-7d1f6f0f8f10 --flow support/triage
    """
    server = find_reader(read_settings(store=store))
    with server.held():
        found = server.call("GET", _path(execution, flow))
        events = list(events_of(server, f"/console/executions/{found['id']}"))
    if as_json:
        click.echo(json.dumps({**found, "events": events}, indent=2))
        return
    click.echo("  ".join(columns(found)))
    progress = Progress(to=sys.stdout, is_live=False, shows_lines=True, shows_values=trace)
    for event in msgspec.convert(events, list[Event]):
        progress.see(event)
    for output in progress.outputs:
        click.echo(f"{output.node}: {plain(output.value)}")
    if found["error"]:
        click.echo(f"Error: {found['error']}")


@command.command("stop")
@name_argument("execution")
@_flow_option
@store_option
@json_option
def stop(execution: str, flow: str | None, store: str | None, as_json: bool) -> None:
    """Stop an execution that runs in the background; what its nodes wait for is abandoned.

    \b
    Example:
      headrace executions stop exe_8Dn97mA7iBY56QYz9RZiG
    """
    server = find_reader(read_settings(store=store))
    stopped = server.call("POST", _path(execution, flow, "/stop"))
    click.echo(json.dumps(stopped, indent=2) if as_json else "  ".join(columns(stopped)))


@command.command("watch")
@click.argument("execution", required=False)
@click.option("--flow", help="Only of this flow; then EXECUTION may be an executionId.")
@_kind_option
@click.option("--until-idle", is_flag=True, help="Without EXECUTION: end when nothing runs any more.")
@store_option
@json_option
def watch(
    execution: str | None,
    flow: str | None,
    durable: bool | None,
    until_idle: bool,
    store: str | None,
    as_json: bool,
) -> None:
    """Watch EXECUTION until it ends, or everything that runs.

    \b
    Examples:
      headrace executions watch exe_8Dn97mA7iBY56QYz9RZiG
      headrace executions watch
      headrace executions watch --until-idle --json

    Of one execution, each node is a line when it is done, and on a terminal what runs now is shown, how far
    Iterators are, and for how long it has. With --json each event is a line, and then how it ended. Without
    EXECUTION a terminal shows a table; elsewhere there is a line when one runs and one when it has ended.
    A server that is restarted is waited for.

    The exit status of one execution is 0 when it succeeded, 1 when it failed, 3 when it waits for an answer,
    4 when it timed out and 5 when it was stopped.
    """
    from headrace.cli.watching import Watched, watch_all, watch_one

    with Watched(read_settings(store=store)) as server:
        try:
            if execution is not None:
                sys.exit(watch_one(server, _path(execution, flow), as_json=as_json))
            watch_all(server, wanted(flow=flow, durable=durable), as_json=as_json, until_idle=until_idle)
        except KeyboardInterrupt:  # only the watching ends, so that nothing is said of being aborted
            click.echo(err=True)
            sys.exit(INTERRUPTED)


def _path(execution: str, flow: str | None, more: str = "") -> str:
    query = "" if flow is None else "?" + urlencode({"flow": flow})
    return f"/console/executions/{quote(execution, safe='')}{more}{query}"
