"""``headrace status``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from headrace.cli.native import echo_json, output_options
from headrace.cli.workspace import DIFFERS, TROUBLE, at, dir_option, tell
from headrace.core.diff_text import seen
from headrace.workspace.report import status_of
from headrace.workspace.texts import differences
from headrace.workspace.view import look


@click.command("status")
@dir_option
@click.option("--diff", "with_diff", is_flag=True, help="Show what differs, line by line.")
@click.option(
    "--exit-code", "has_exit_code", is_flag=True, help="End with 1 where something differs, for CI."
)
@output_options
def command(directory: Path, with_diff: bool, has_exit_code: bool, store: str | None, as_json: bool) -> None:
    """Show what differs between a directory of files and the server, and who changed it.

    \b
    Examples:
      headrace status
      headrace status --diff
      headrace status --exit-code     # 0: in step, 1: something differs, 2: trouble

    Nothing is changed on either side.
    """
    with at(directory, store) as (folder, remote):
        view = look(folder, remote)
        report = status_of(view)
        lines = list(differences(remote, view)) if with_diff else []
    if as_json and with_diff:
        echo_json({"diff": lines})
    else:
        tell(report, as_json=as_json, nothing="Nothing differs;")
        for line in lines:
            click.echo(seen(line))
    if report.problems:
        sys.exit(TROUBLE)
    if has_exit_code and not report.is_in_step:
        sys.exit(DIFFERS)
