"""``headrace live``, ``deploy``, ``promote``, ``rollback`` and ``history``."""

from __future__ import annotations

import sys
from typing import Any

import click

from headrace.cli.diff import difference_text
from headrace.cli.native import (
    aim_text,
    echo_json,
    find_api,
    in_option,
    output_options,
    place,
    pointer_text,
    time_text,
    ungated_options,
    wish,
    wish_options,
)
from headrace.cli.options import name_argument
from headrace.core.diff_text import seen

REFUSED = 1


@click.command("live")
@name_argument("file")
@click.argument("pointer", required=False)
@output_options
def live(file: str, pointer: str | None, store: str | None, as_json: bool) -> None:
    """Show what the environments and aliases of FILE target right now, or only POINTER.

    \b
    Examples:
      headrace live support/triage
      headrace live support/triage production --json
    """
    if pointer is not None:
        found = find_api(store).call("GET", place(file, "pointers", pointer))
        shown, is_off = [found], False
    else:
        found = find_api(store).call("GET", place(file, "pointers"))
        shown, is_off = found["pointers"], found["is_off"]
    if as_json:
        echo_json(found)
        return
    if is_off:
        click.echo(f"{seen(file)} itself is switched off; `headrace history` says by whom and why.")
    if not shown:
        click.echo("Nothing is deployed.")
    for one in shown:
        click.echo(_live_line(one))


def _live_line(one: dict[str, Any]) -> str:
    off = "  off" if one["is_off"] else ""
    name, since = seen(one["pointer"]["name"]), time_text(one["moved_at"])
    return f"{name:<16}  {aim_text(one)}  since {since}  {one['move_id'] or '-'}{off}"


@click.command("deploy")
@name_argument("file")
@click.option("--to", "pointer", metavar="POINTER", required=True, help="The environment or the alias.")
@click.option("--version", help="A version's id or number; for an alias `draft` too.")
@click.option("--from", "source", metavar="POINTER", help="What this environment or alias targets.")
@wish_options
@output_options
def deploy(
    file: str,
    pointer: str,
    version: str | None,
    source: str | None,
    store: str | None,
    as_json: bool,
    **said: Any,
) -> None:
    """Let an environment or an alias of FILE target a version, from the next call on.

    \b
    Examples:
      headrace deploy support/triage --to staging --version 4 --reason "shorter answers"
      headrace deploy support/triage --to production --from staging --expect 3
      headrace deploy support/triage --to production --version 4 --dry-run

    What is there is not changed when it is not what --expect names, and when a gate is closed. The exit
    status is 1 when it is refused, or would be, and 2 when the command is not understood.
    """
    if (version is None) == (source is None):
        raise click.UsageError("Give either --version or --from.")
    if source is not None:
        _promote(file, source, pointer, store=store, as_json=as_json, said=said)
        return
    body = {"to": version, **wish(**said)}
    moved = find_api(store).call("POST", place(file, "pointers", pointer, "moves"), body)
    tell_moved(moved, as_json=as_json, is_override=said["override"])


@click.command("promote")
@name_argument("file")
@click.option(
    "--from", "source", metavar="POINTER", required=True, help="The environment or the alias it comes from."
)
@click.option("--to", "pointer", metavar="POINTER", required=True, help="The one it goes to.")
@wish_options
@output_options
def promote(file: str, source: str, pointer: str, store: str | None, as_json: bool, **said: Any) -> None:
    """Let an environment or an alias of FILE target what another one targets.

    \b
    Example:
      headrace promote support/triage --from staging --to production

    The exit status is 1 when it is refused, or would be, and 2 when the command is not understood.
    """
    _promote(file, source, pointer, store=store, as_json=as_json, said=said)


def _promote(
    file: str, source: str, pointer: str, *, store: str | None, as_json: bool, said: dict[str, Any]
) -> None:
    body = {"from": source, **wish(**said)}
    moved = find_api(store).call("POST", place(file, "pointers", pointer, "promote"), body)
    tell_moved(moved, as_json=as_json, is_override=said["override"])


@click.command("rollback")
@name_argument("file")
@in_option
@click.option(
    "--to-move", metavar="MOVE", help="Back to what was there after this move; see `headrace history`."
)
@ungated_options
@output_options
def rollback(
    file: str, pointer: str, to_move: str | None, store: str | None, as_json: bool, **said: Any
) -> None:
    """Let an environment or an alias of FILE target again what it did before. No gate holds it up.

    \b
    Examples:
      headrace rollback support/triage --in production --reason "answers in the wrong language"
      headrace rollback support/triage --in production --to-move mv_8Dn97mA7iBY56QYz9RZiG

    Once more goes one further back. The exit status is 1 when there is nothing to go back to.
    """
    body = wish(**said) | ({} if to_move is None else {"to_move": to_move})
    moved = find_api(store).call("POST", place(file, "pointers", pointer, "rollback"), body)
    tell_moved(moved, as_json=as_json)


@click.command("history")
@name_argument("file")
@click.option("--in", "pointer", metavar="POINTER", help="Only of this environment or alias.")
@click.option(
    "--most", type=click.IntRange(1, 1000), default=20, show_default=True, help="The newest so many."
)
@output_options
def history(file: str, pointer: str | None, most: int, store: str | None, as_json: bool) -> None:
    """Show who moved what of FILE, when, from what to what, and why; newest first.

    \b
    Examples:
      headrace history support/triage
      headrace history support/triage --in production --most 5
    """
    parts = ("moves",) if pointer is None else ("pointers", pointer, "moves")
    found = find_api(store).call("GET", place(file, *parts, take=most))["moves"]
    if as_json:
        echo_json(found)
        return
    if not found:
        click.echo("Nothing was moved yet.")
    for one in found:
        click.echo(_move_line(one))


def _move_line(one: dict[str, Any]) -> str:
    who, why = _mover(one), one["reason"]
    name = "the file" if one["pointer"]["kind"] == "flow" else one["pointer"]["name"]
    columns = [
        one["id"],
        time_text(one["moved_at"]),
        f"{seen(name):<12}",
        f"{one['action']:<10}",
        _change_text(one),
        f"by {seen(who)}",
        *(() if why is None else (seen(why),)),
        *(("(gate overridden)",) if _is_overridden(one) else ()),
    ]
    return "  ".join(columns)


def _mover(one: dict[str, Any]) -> str:
    """Who did it; what a watch does, it does for who moved the pointer last, who may know nothing of it."""
    if one["action"] == "revert":
        return "itself"
    return str(one["moved_by"]["name"] or one["moved_by"]["id"])


def _change_text(one: dict[str, Any]) -> str:
    if one["action"] in ("switch_off", "switch_on"):
        return "off" if one["is_off"] else "on"
    before = one["from_target"] or one["from_number"] or one["from_version_id"] or "nothing"
    ended = ", split ended" if one["action"] == "split" and not one["shares"] else ""
    return f"{before} -> {aim_text(one)}{ended}"


def _is_overridden(one: dict[str, Any]) -> bool:
    gate = (one["evidence"] or {}).get("gate")
    return isinstance(gate, dict) and gate.get("is_overridden") is True


def tell_moved(moved: dict[str, Any], *, as_json: bool, is_override: bool = False) -> None:
    """Say what came of a change, or would; a rehearsal that a gate is closed to ends with 1."""
    is_refused = moved["is_rehearsal"] and not moved["verdict"]["is_open"] and not is_override
    if as_json:
        echo_json(moved)
    else:
        for line in _moved_lines(moved):
            click.echo(line)
    if is_refused:
        sys.exit(REFUSED)


def _moved_lines(moved: dict[str, Any]) -> list[str]:
    name, after = pointer_text(moved), aim_text(moved["after"])
    if not moved["is_new"]:
        return [f"{name} is so already: {after}."]
    change = f"{name}: {aim_text(moved['before'])} -> {after}"
    if not moved["is_rehearsal"]:
        return [f"{change}. Move {moved['move']['id']}."]
    lines = [f"{change}. Nothing was changed: this is what would be."]
    if moved["difference"] is not None:
        lines.append(difference_text(moved["difference"]).rstrip("\n"))
    if moved["verdict"]["has_gate"]:
        lines.append("The gate is open." if moved["verdict"]["is_open"] else "The gate is closed:")
    return lines + [f"  {seen(reason)}" for reason in moved["verdict"]["reasons"]]
