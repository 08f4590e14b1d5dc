"""``headrace pull``."""

from __future__ import annotations

from pathlib import Path

import click

from headrace.cli.native import output_options
from headrace.cli.workspace import at, dir_option, dry_run_option, end, tell
from headrace.workspace.pulling import Pull
from headrace.workspace.view import look


@click.command("pull")
@dir_option
@click.option("--theirs", is_flag=True, help="Take the server's side where both sides changed something.")
@dry_run_option
@output_options
def command(directory: Path, theirs: bool, dry_run: bool, store: str | None, as_json: bool) -> None:
    """Bring a directory of files in step with the server.

    \b
    Examples:
      headrace pull
      headrace pull --dir flows-of-support --dry-run

    What you changed is never overwritten: where the server changed the same, both are told, and the exit
    status is 1. Afterwards `deployments.yaml` says what is deployed where.
    """
    with at(directory, store) as (folder, remote):
        pull = Pull(folder, remote, look(folder, remote), takes_theirs=theirs, is_rehearsal=dry_run)
        report = pull.carry_out()
    tell(report, as_json=as_json, nothing="Nothing new;")
    end(report)
