"""``headrace erase``."""

from __future__ import annotations

import sys
from typing import Any

import click

from headrace.cli.client import Console
from headrace.cli.native import echo_json, find_api, output_options, time_text
from headrace.core.diff_text import seen

AT = "/api/erasures"
SHOWN = 100
"""So many of what was found are shown to people."""


@click.command("erase")
@click.option("--user", metavar="ID", help="Whoever logs name so, in `user` or in their metadata.")
@click.option("--session", metavar="ID", help="A conversation or an execution, by its id or name.")
@click.option("--text", metavar="TEXT", help="Whatever holds exactly this; shown first, and asked about.")
@click.option("--log", "logs", multiple=True, metavar="ID", help="A log; may be given several times.")
@click.option("--execution", "executions", multiple=True, metavar="ID", help="An execution; the same.")
@click.option("--list", "lists", is_flag=True, help="Show what was erased so far, and by whom.")
@click.option("--dry-run", is_flag=True, help="Change nothing; show what would be erased.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@output_options
def command(
    user: str | None,
    session: str | None,
    text: str | None,
    logs: tuple[str, ...],
    executions: tuple[str, ...],
    lists: bool,
    dry_run: bool,
    yes: bool,
    store: str | None,
    as_json: bool,
) -> None:
    """Erase what is kept of a person: logs with all that hangs on them, and executions. For good.

    Judgments on the logs go with them, what is below them in their traces, and conversations. That something
    was erased is written down, with a hash of the identifier and not with the identifier. It needs the right
    admin. What can't be reached, such as backups, is said at the end.

    \b
    Examples:
      headrace erase --user customer-4711 --dry-run
      headrace erase --user customer-4711
      headrace erase --text "ann@example.com"
      headrace erase --list
    """
    console = find_api(store)
    said: dict[str, Any] = {
        "user": user,
        "session": session,
        "logs": list(logs),
        "executions": list(executions),
    }
    body = {name: value for name, value in said.items() if value}
    if (user is not None) + (session is not None) + bool(logs or executions) + (
        text is not None
    ) + lists != 1:
        raise click.UsageError("Give one of --user, --session, --text, --list; or --log and --execution.")
    if lists:
        _list(console, as_json=as_json)
        return
    if text is not None:
        body = _found(console, text, quiet=as_json)
        if not body:
            _tell_nothing(text, as_json=as_json)
            return
    would = console.call("POST", AT, {**body, "dry_run": True}, is_slow=True)
    if not dry_run and _may(would, yes=yes, must_ask=text is not None, as_json=as_json):
        would = console.call("POST", AT, body, is_slow=True)
    if as_json:
        echo_json(would)
    else:
        _tell(would)


def _may(would: dict[str, Any], *, yes: bool, must_ask: bool, as_json: bool) -> bool:
    """Whether to go on; a program that says who is meant is not asked."""
    if yes:
        return True
    if sys.stdin.isatty() and not as_json:
        _tell(would)
        click.confirm("Erase this for good?", abort=True)
        return True
    if must_ask:
        raise click.UsageError("What holds a text is erased only with --yes, or when you are asked.")
    return True


def _found(console: Console, text: str, *, quiet: bool) -> dict[str, Any]:
    """What holds a text, as a request for it to be erased."""
    answer = console.call("POST", f"{AT}/search", {"text": text}, is_slow=True)
    found = answer["found"]
    if not quiet:
        for one in found[:SHOWN]:
            user = f"  user {seen(one['user'])}" if one["user"] else ""
            click.echo(f"{one['kind']:<10} {seen(one['id'])}  {time_text(one['created_at'])}{user}")
        if len(found) > SHOWN:
            click.echo(f"… and {len(found) - SHOWN} more")
        if not answer["is_complete"]:
            click.echo("There are more than these. Erase them, and ask again.")
    ids: dict[str, list[str]] = {"logs": [], "executions": []}
    for one in found:
        ids["executions" if one["kind"] == "execution" else "logs"].append(one["id"])
    return {name: some for name, some in ids.items() if some}


def _tell_nothing(text: str, *, as_json: bool) -> None:
    if as_json:
        echo_json({"counts": [], "logs": [], "executions": []})
    else:
        click.echo(f"Nothing holds {seen(text)!r}.")


def _tell(done: dict[str, Any]) -> None:
    told = ", ".join(f"{one['number']:,} {one['kind']}" for one in done["counts"]) or "nothing"
    click.echo(f"{'Would be erased' if done['is_rehearsal'] else 'Erased'}: {told}.")
    if done["going"]:
        which = ", ".join(map(seen, done["going"]))
        click.echo(
            f"Left, because they go on: {which}. Stop them with `headrace executions stop`, and ask again."
        )
    if not done["is_rehearsal"]:
        click.echo(f"Written down as {done['id']}. Not reached:")
        for one in done["left"]:
            click.echo(f"  {one}")


def _list(console: Console, *, as_json: bool) -> None:
    found = console.call("GET", AT)["erasures"]
    if as_json:
        echo_json(found)
        return
    if not found:
        click.echo("Nothing was erased so far.")
    for one in found:
        who = seen(one["erased_by"]["name"] or one["erased_by"]["id"])
        told = ", ".join(f"{count['number']:,} {count['kind']}" for count in one["counts"]) or "nothing"
        when = time_text(one["erased_at"])
        click.echo(f"{one['id']}  {when}  by {who}  {one['by']} {one['subject'][:12]}…  {told}")
