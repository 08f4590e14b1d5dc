"""``headrace retention``."""

from __future__ import annotations

from typing import Any

import click

from headrace.cli.native import echo_json, find_api, output_options, place
from headrace.cli.options import name_argument
from headrace.core.diff_text import seen


@click.group("retention")
def command() -> None:
    """Say how long the logs of a file are kept, instead of what HEADRACE_KEEP_LOGS says for all.

    Days count from a log's creation. A log goes with everything below it and the judgments on all that.
    Logs that a run of an evaluation refers to stay. To set and to clear needs the right admin.
    """


@command.command("show")
@click.argument("file", required=False)
@output_options
def show(file: str | None, store: str | None, as_json: bool) -> None:
    """Show how long the logs of FILE are kept, or all that was said.

    \b
    Examples:
      headrace retention show
      headrace retention show support/triage
    """
    path = "/api/retentions" if file is None else place(file, "retention")
    found = find_api(store).call("GET", path)
    if as_json:
        echo_json(found)
        return
    if file is None:
        click.echo(f"All files: {_days(found['keep_days'])} (HEADRACE_KEEP_LOGS)")
    for one in found["files"] if file is None else [found]:
        _tell(one)


def _tell(one: dict[str, Any]) -> None:
    why = "" if one["is_own"] else " (HEADRACE_KEEP_LOGS)"
    click.echo(f"{seen(one['path'])}: {_days(one['keep_days'])}{why}")


def _days(number: int) -> str:
    return "for ever" if not number else f"{number:,} day{'s' if number > 1 else ''}"


@command.command("set")
@name_argument("file")
@click.option("--days", type=int, required=True, help="So many days; 0 is for ever.")
@output_options
def set_(file: str, days: int, store: str | None, as_json: bool) -> None:
    """Keep the logs of FILE for some days. Those that are older are removed within minutes, for good.

    \b
    Example:
      headrace retention set support/triage --days 30
    """
    found = find_api(store).call("PUT", place(file, "retention"), {"keep_days": days})
    if as_json:
        echo_json(found)
    else:
        _tell(found)


@command.command("clear")
@name_argument("file")
@output_options
def clear(file: str, store: str | None, as_json: bool) -> None:
    """Let HEADRACE_KEEP_LOGS hold for FILE again.

    \b
    Example:
      headrace retention clear support/triage
    """
    find_api(store).call("DELETE", place(file, "retention"))
    if as_json:
        echo_json(None)
    else:
        click.echo(f"HEADRACE_KEEP_LOGS holds for {seen(file)} again.")
