"""``headrace processes``."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import click

from headrace.cli.execution_lines import columns, find_reader
from headrace.cli.options import json_option, read_settings, store_option


@click.command("processes")
@store_option
@json_option
def command(store: str | None, as_json: bool) -> None:
    """List the servers and workers that use the store, and what each carries out.

    \b
    Examples:
      headrace processes
      headrace processes --json

    Needs the right admin. One that was not seen for long is gone, or about to be taken for gone.
    """
    found = find_reader(read_settings(store=store)).call("GET", "/console/processes")["processes"]
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    if not found:
        click.echo("No server or worker uses the store.")
    for one in found:
        click.echo("  ".join(_columns(one)))
        for execution in one["executions"]:
            click.echo("    " + "  ".join(columns(execution)))


def _columns(one: dict[str, Any]) -> list[str]:
    seen_s = (datetime.now(UTC) - datetime.fromisoformat(one["seen_at"])).total_seconds()
    return [
        one["id"],
        f"{one['role']:<6}",
        f"{one['durable_count']} of {one['capacity']} in the background",
        f"seen {max(seen_s, 0):.0f} s ago",
        f"since {one['started_at'][:19]}",
        f"release {one['release']}",
        f"process {one['pid']} on {one['host']}",
    ]
