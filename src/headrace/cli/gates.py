"""``headrace gate``."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import IO, Any, TypeVar
from urllib.parse import quote

import click

from headrace.cli.native import echo_json, find_api, in_option, output_options, place, time_text
from headrace.cli.options import name_argument
from headrace.core.diff_text import seen

F = TypeVar("F", bound=Callable[..., Any])
CLOSED = 1


@click.group("gate")
def command() -> None:
    """Say what must be so before a version is deployed, and ask whether it is.

    A gate stands at an environment or an alias of one file, or at an environment for all files. Where both
    do, both hold. To set and remove gates needs the right admin, to approve needs the right editor.
    """


def _place_options(function: F) -> F:
    """Where a gate stands: FILE and --in, or --environment."""
    for option in (
        click.option("--environment", metavar="NAME", help="Of an environment, for all files; without FILE."),
        click.option("--in", "pointer", metavar="POINTER", help="Of this environment or alias of FILE."),
        click.argument("file", required=False),
    ):
        function = option(function)
    return function


def _path(file: str | None, pointer: str | None, environment: str | None) -> str:
    if environment is not None and file is None and pointer is None:
        return f"/api/environments/{quote(environment, safe='')}/gate"
    if environment is None and file and pointer:
        return place(file, "pointers", pointer, "gate")
    raise click.UsageError("Give either FILE and --in, or --environment.")


@command.command("show")
@_place_options
@output_options
def show(
    file: str | None, pointer: str | None, environment: str | None, store: str | None, as_json: bool
) -> None:
    """Show the gates that hold for an environment or an alias of FILE, or the one for all files.

    \b
    Examples:
      headrace gate show support/triage --in production
      headrace gate show --environment production
    """
    found = find_api(store).call("GET", _path(file, pointer, environment))
    if as_json:
        echo_json(found)
        return
    gates = found.get("gates", [found])
    if not gates:
        click.echo("There is no gate; everything passes.")
    for one in gates:
        _tell(one)


def _tell(one: dict[str, Any]) -> None:
    where = "for all files" if one["is_for_all_files"] else "for this file"
    who = one["set_by"]["name"] or one["set_by"]["id"]
    click.echo(f"{seen(one['pointer'])}, {where}, set by {seen(who)} at {time_text(one['set_at'])}:")
    click.echo(json.dumps(one["gate"], indent=2))


@command.command("set")
@_place_options
@click.option(
    "--rules",
    type=click.File("rb"),
    required=True,
    metavar="PATH",
    help="A file with what the gate asks for, as JSON; - is standard input.",
)
@output_options
def set_(
    file: str | None,
    pointer: str | None,
    environment: str | None,
    rules: IO[bytes],
    store: str | None,
    as_json: bool,
) -> None:
    """Set a gate, in the place of the one that is there. It holds from the next move on.

    \b
    Rules are JSON, of the types score, errors and approval; with "watch" they hold afterwards:
      {"rules": [{"type": "errors", "logs": 200, "max_rate": 0.02, "min_logs": 50},
                 {"type": "approval", "by": 1}]}

    \b
    Examples:
      headrace gate set support/triage --in production --rules gate.json
      headrace gate set --environment production --rules gate.json
    """
    try:
        spec = json.loads(rules.read())
    except ValueError as error:
        raise click.UsageError(f"{rules.name} is not JSON: {error}") from None
    found = find_api(store).call("PUT", _path(file, pointer, environment), spec)
    if as_json:
        echo_json(found)
    else:
        _tell(found)


@command.command("remove")
@_place_options
@output_options
def remove(
    file: str | None, pointer: str | None, environment: str | None, store: str | None, as_json: bool
) -> None:
    """Take a gate away.

    \b
    Example:
      headrace gate remove support/triage --in production
    """
    find_api(store).call("DELETE", _path(file, pointer, environment))
    if as_json:
        echo_json(None)
    else:
        click.echo("The gate is removed.")


@command.command("check")
@name_argument("file")
@in_option
@click.option("--version", required=True, help="A version's id or number; for an alias `draft` too.")
@output_options
def check(file: str, pointer: str, version: str, store: str | None, as_json: bool) -> None:
    """Ask whether FILE's gates would let a version through now. Nothing is changed.

    \b
    Example:
      headrace gate check support/triage --in production --version 4

    The exit status is 0 when they would, 1 when not, and 2 when the command is not understood.
    """
    found = find_api(store).call("GET", place(file, "pointers", pointer, "verdict", to=version))
    if as_json:
        echo_json(found)
    else:
        for line in verdict_lines(found):
            click.echo(line)
    if not found["is_open"]:
        sys.exit(CLOSED)


def verdict_lines(found: dict[str, Any]) -> list[str]:
    """What a gate says, rule by rule."""
    if not found["has_gate"]:
        return ["There is no gate; everything passes."]
    told = [
        f"  {'ok ' if one['is_passed'] else 'NO '} {seen(one['says'])}"
        for rules in found["figures"].values()
        for one in rules
    ]
    return ["The gate is open." if found["is_open"] else "The gate is closed:", *told]


@command.command("approve")
@name_argument("file")
@in_option
@click.option("--version", required=True, help="Its id or number.")
@click.option("--reason", help="Why.")
@click.option("--withdraw", is_flag=True, help="Take your own approval back instead.")
@output_options
def approve(
    file: str,
    pointer: str,
    version: str,
    reason: str | None,
    withdraw: bool,
    store: str | None,
    as_json: bool,
) -> None:
    """Approve a version of FILE for an environment or an alias, or take that back.

    \b
    Example:
      headrace gate approve support/triage --in production --version 4 --reason "read all answers"

    An approval is of the key's user, and of this one version. Who made the version can't approve it, and who
    moves it does not count.
    """
    if withdraw:
        find_api(store).call("DELETE", place(file, "pointers", pointer, "approvals", version=version))
        click.echo("null" if as_json else f"Your approval of {version} is taken back.")
        return
    body = {"version": version} | ({} if reason is None else {"reason": reason})
    found = find_api(store).call("POST", place(file, "pointers", pointer, "approvals"), body)
    if as_json:
        echo_json(found)
    else:
        who = seen(found["approved_by"]["name"] or "")
        click.echo(f"{who} approved {version} for {pointer}. It counts when somebody else moves it there.")
