"""``headrace executions``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

import click
import msgspec

from headrace.cli.client import RemoteConsole, find_server
from headrace.cli.options import json_option, name_argument, read_settings, store_option
from headrace.cli.progress import Progress, plain
from headrace.core.execution import Event


@click.group("executions")
def command() -> None:
    """Look at what ran on the running server."""


@command.command("list")
@click.option("--flow", help="Only those of this flow, by path, name or id.")
@click.option("--most", type=click.IntRange(1, 1000), default=20, show_default=True)
@store_option
@json_option
def list_(flow: str | None, most: int, store: str | None, as_json: bool) -> None:
    """List the newest executions.

    \b
    Example:
      headrace executions list --flow support/triage
    """
    query = urlencode({"take": most} if flow is None else {"take": most, "flow": flow})
    found = find_server(read_settings(store=store)).get(f"/console/executions?{query}")["executions"]
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    if not found:
        click.echo("Nothing has run yet.")
    for one in found:
        click.echo("  ".join(_columns(one)))


@command.command("show")
@name_argument("execution")
@click.option("--flow", help="Whose execution: then it may be called by its executionId.")
@click.option("--trace", is_flag=True, help="Show what went in and out of each node.")
@store_option
@json_option
def show(execution: str, flow: str | None, trace: bool, store: str | None, as_json: bool) -> None:
    """Show an execution and what happened in it.

    \b
    Examples:
      headrace executions show exe_8Dn97mA7iBY56QYz9RZiG --trace
      headrace executions show 3f0c8f6e-1a55-4c7e-9a5b-7d1f6f0f8f10 --flow support/triage

    An executionId, as AWS clients know it, is unique within a flow only; of several executions that were
    called the same, one after another, the newest is shown.
    """
    server = find_server(read_settings(store=store))
    query = "" if flow is None else "?" + urlencode({"flow": flow})
    found = server.get(f"/console/executions/{quote(execution, safe='')}{query}")
    events = list(_events(server, f"/console/executions/{found['id']}"))
    if as_json:
        click.echo(json.dumps({**found, "events": events}, indent=2))
        return
    click.echo("  ".join(_columns(found)))
    progress = Progress(to=sys.stdout, is_live=False, shows_lines=True, shows_values=trace)
    for event in msgspec.convert(events, list[Event]):
        progress.see(event)
    for output in progress.outputs:
        click.echo(f"{output.node}: {plain(output.value)}")
    if found["error"]:
        click.echo(f"Error: {found['error']}")


def _events(server: RemoteConsole, path: str) -> Iterator[dict[str, Any]]:
    first = 0
    while events := server.get(f"{path}/events?first={first}")["events"]:
        yield from events
        first += len(events)


def _columns(one: dict[str, Any]) -> list[str]:
    tokens = one["input_tokens"] + one["output_tokens"]
    version = "draft" if one["is_draft"] else one["number"] or one["version_id"]
    return [
        one["id"],
        one["started_at"][:19],
        f"{one['status']:<9}",
        f"{_duration(one):>11}",
        f"{tokens:>7} tokens",
        f"{one['flow']['path']} ({version})" if one["flow"] else "a deleted flow",
    ]


def _duration(one: dict[str, Any]) -> str:
    if one["ended_at"] is None:
        return "-"
    lasted = datetime.fromisoformat(one["ended_at"]) - datetime.fromisoformat(one["started_at"])
    return f"{lasted.total_seconds() * 1000:.0f} ms"
