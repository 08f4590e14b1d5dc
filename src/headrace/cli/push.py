"""``headrace push``."""

from __future__ import annotations

from pathlib import Path

import click

from headrace.cli.native import output_options
from headrace.cli.workspace import at, dir_option, dry_run_option, end, tell
from headrace.workspace.pushing import Push, Wish
from headrace.workspace.view import look


@click.command("push")
@dir_option
@click.option("--ours", is_flag=True, help="Send your side where both sides changed something.")
@click.option("--delete", "deletes", is_flag=True, help="Remove there what was removed here.")
@click.option(
    "--message", "-m", metavar="TEXT", help="The description of new versions, and the reason of moves."
)
@dry_run_option
@output_options
def command(
    directory: Path,
    ours: bool,
    deletes: bool,
    message: str | None,
    dry_run: bool,
    store: str | None,
    as_json: bool,
) -> None:
    """Bring the server in step with a directory of files.

    \b
    Examples:
      headrace push --dry-run
      headrace push -m "Shorter answers"

    New versions are made where contents are new, and nowhere else. Then environments and aliases are moved
    to what `deployments.yaml` says, past no gate. What was changed on the server meanwhile is left as it is
    and told; the exit status is 1 then.
    """
    wish = Wish(takes_ours=ours, deletes=deletes, is_rehearsal=dry_run, message=message)
    with at(directory, store) as (folder, remote):
        report = Push(folder, remote, look(folder, remote), wish).carry_out()
    tell(report, as_json=as_json, nothing="Nothing to send;")
    end(report)
