"""``headrace store clean``."""

from __future__ import annotations

import click

from headrace.cli.native import echo_json, find_api, output_options


@click.command("clean")
@click.option(
    "--older-than",
    "days",
    type=click.IntRange(min=1),
    required=True,
    metavar="DAYS",
    help="So many days ago files were removed, and versions deleted, at the least.",
)
@click.option("--dry-run", is_flag=True, help="Change nothing; show what would be taken.")
@output_options
def command(days: int, dry_run: bool, store: str | None, as_json: bool) -> None:
    """Take away what nothing refers to any more, for good.

    Logs and drafts of files that were removed; deleted versions, and those of removed files, that no
    deployment, execution, evaluation, log or other version refers to; datapoints that no version has. Servers
    may run meanwhile; if the command is stopped, start it again. It needs the right admin, and is done for
    the organisation of the key.

    \b
    Examples:
      headrace store clean --older-than 30 --dry-run
      headrace store clean --older-than 30
      headrace store clean --older-than 90 --store headrace.db --json
    """
    body = {"older_than_days": days, "dry_run": dry_run}
    done = find_api(store).call("POST", "/api/cleanings", body, is_slow=True)
    if as_json:
        echo_json(done)
        return
    told = ", ".join(f"{one['number']:,} {one['kind']}" for one in done["counts"] if one["number"])
    click.echo(f"{'Would be taken away' if done['is_rehearsal'] else 'Taken away'}: {told or 'nothing'}.")
