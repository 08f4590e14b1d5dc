"""``headrace diff``."""

from __future__ import annotations

import os
import shutil
import sys
from typing import Any

import click
import msgspec

from headrace.cli.native import echo_json, find_api, output_options, place
from headrace.cli.options import name_argument
from headrace.core.diff import DatapointsChanged, Diff
from headrace.core.diff_text import WIDTH_COLUMNS, render

DIFFERENT = 1


class Trouble(click.ClickException):
    """What keeps a comparison from being made, where 1 says that something differs."""

    exit_code = 2


@click.command("diff")
@name_argument("file")
@click.argument("before", metavar="[FROM]", required=False)
@click.argument("after", metavar="[TO]", required=False)
@click.option(
    "--context", type=click.IntRange(0, 100), default=2, show_default=True, help="Lines around a change."
)
@click.option(
    "--exit-code", "tells", is_flag=True, help="End with 1 when something differs, with 2 on any trouble."
)
@output_options
def command(
    file: str,
    before: str | None,
    after: str | None,
    context: int,
    tells: bool,
    store: str | None,
    as_json: bool,
) -> None:
    """Show what differs between two contents of FILE: nodes, connections, words and lines.

    FROM and TO are each a version's id or number, `draft`, or the name of an environment or of an alias.
    Without them it is what the default environment has, and the newest version.

    \b
    Examples:
      headrace diff support/triage
      headrace diff support/triage 3 draft
      headrace diff support/triage production staging --exit-code
    """
    try:
        found = find_api(store).call("GET", place(file, "diff", from_=before, to=after))
    except click.ClickException as error:
        if tells:
            raise Trouble(error.format_message()) from None
        raise
    if as_json:
        echo_json(found)
    else:
        click.echo(difference_text(found, context_lines=context), nl=False)
    if tells and not found["is_empty"]:
        sys.exit(DIFFERENT)


def difference_text(found: dict[str, Any], *, context_lines: int = 2) -> str:
    """A difference as lines: in colour and as wide as the terminal, where there is one."""
    is_terminal = sys.stdout.isatty()
    diff = msgspec.convert({"summary": found["summary"], "edits": found["edits"]}, Diff)
    text = render(
        diff,
        width_columns=shutil.get_terminal_size().columns if is_terminal else WIDTH_COLUMNS,
        context_lines=context_lines,
        is_coloured=is_terminal and "NO_COLOR" not in os.environ,
    )
    if found["datapoints"] is None:
        return text
    datapoints = msgspec.convert(found["datapoints"], DatapointsChanged)
    lines = (
        datapoints.line,
        *(f"- {one}" for one in datapoints.removed),
        *(f"+ {one}" for one in datapoints.added),
    )
    told = "".join(f"{line}\n" for line in lines)
    return told if diff.is_empty else told + text
