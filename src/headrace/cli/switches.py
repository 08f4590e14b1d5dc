"""``headrace split``, ``off`` and ``on``."""

from __future__ import annotations

from typing import Any

import click

from headrace.cli.deployments import tell_moved
from headrace.cli.native import (
    echo_json,
    find_api,
    in_option,
    output_options,
    place,
    pointer_text,
    time_text,
    wish,
    wish_options,
)
from headrace.cli.options import name_argument


@click.command("split")
@name_argument("file")
@click.argument("shares", nargs=-1, metavar="[VERSION=WEIGHT]...")
@in_option
@click.option("--end", is_flag=True, help="End the split: all calls go to what is targeted.")
@wish_options
@output_options
def split(
    file: str,
    shares: tuple[str, ...],
    pointer: str,
    end: bool,
    store: str | None,
    as_json: bool,
    **said: Any,
) -> None:
    """Share the calls of FILE by an environment or an alias out among versions.

    \b
    Examples:
      headrace split support/triage --in production 3=90 4=10
      headrace split support/triage --in production
      headrace split support/triage --in production --end

    A version is named by its id or number, a weight is a whole number. Without any, how each version does
    since the split began is shown: runs, errors, latency, tokens, cost and scores.
    """
    if end and shares:
        raise click.UsageError("Give either weights or --end.")
    if not end and not shares:
        _show_figures(file, pointer, store=store, as_json=as_json)
        return
    at = place(file, "pointers", pointer, "split")
    if end:
        query = {name: str(value).lower() if value is True else value for name, value in wish(**said).items()}
        moved = find_api(store).call("DELETE", place(file, "pointers", pointer, "split", **query))
    else:
        moved = find_api(store).call("PUT", at, {"shares": [_share(one) for one in shares], **wish(**said)})
    tell_moved(moved, as_json=as_json, is_override=said["override"])


def _share(text: str) -> dict[str, Any]:
    version, _, weight = text.rpartition("=")
    if not version or not (weight.isascii() and weight.isdecimal()):
        raise click.UsageError(f"A share is VERSION=WEIGHT, such as 3=90, and not {text!r}.")
    return {"version": version, "weight": int(weight)}


def _show_figures(file: str, pointer: str, *, store: str | None, as_json: bool) -> None:
    found = find_api(store).call("GET", place(file, "pointers", pointer, "figures"))
    if as_json:
        echo_json(found)
        return
    part = "" if found["is_complete"] else " (of the newest only)"
    if all(one["weight"] is None for one in found["versions"]):
        click.echo("There is no split: all calls go to what is targeted.")
    click.echo(f"Since {time_text(found['since'])}, move {found['move_id']}{part}:")
    for one in found["versions"]:
        click.echo("  ".join(_columns(one)))


def _columns(one: dict[str, Any]) -> list[str]:
    cost = "-" if one["cost_usd"] is None else f"{one['cost_usd']:.4f} USD"
    return [
        f"{one['number'] or one['version_id']:>4}",
        "" if one["weight"] is None else f"weight {one['weight']}",
        f"{one['runs']} runs",
        f"{one['errors']} errors",
        f"p50 {_seconds(one['latency_p50_s'])}",
        f"p95 {_seconds(one['latency_p95_s'])}",
        f"{one['input_tokens'] + one['output_tokens']} tokens",
        cost,
        *(f"{score['evaluator_id']} {_mean(score)} of {score['judgments']}" for score in one["scores"]),
    ]


def _mean(score: dict[str, Any]) -> str:
    return "-" if score["mean"] is None else f"{score['mean']:.3f}"


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f} s"


@click.command("off")
@name_argument("file")
@click.option("--in", "pointer", metavar="POINTER", help="Only this environment or alias; else all of it.")
@click.option("--reason", required=True, help="What who calls is told.")
@click.option("--dry-run", is_flag=True, help="Change nothing; show what would be.")
@output_options
def off(file: str, pointer: str | None, reason: str, dry_run: bool, store: str | None, as_json: bool) -> None:
    """Refuse all calls of FILE from now on, or those by one environment or alias. Reads go on working.

    \b
    Examples:
      headrace off support/triage --reason "answers with private data, see ticket 41"
      headrace off support/triage --in production --reason "the provider is down"
    """
    _switch(
        file, pointer, store=store, as_json=as_json, is_off=True, said={"reason": reason, "dry_run": dry_run}
    )


@click.command("on")
@name_argument("file")
@click.option(
    "--in", "pointer", metavar="POINTER", help="Only this environment or alias; else the file itself."
)
@click.option("--reason", help="Why, for the history.")
@click.option("--dry-run", is_flag=True, help="Change nothing; show what would be.")
@output_options
def on(
    file: str, pointer: str | None, reason: str | None, dry_run: bool, store: str | None, as_json: bool
) -> None:
    """Let calls of FILE through again, or those by one environment or alias. Each is switched on by itself.

    \b
    Example:
      headrace on support/triage --in production
    """
    _switch(
        file, pointer, store=store, as_json=as_json, is_off=False, said={"reason": reason, "dry_run": dry_run}
    )


def _switch(
    file: str, pointer: str | None, *, store: str | None, as_json: bool, is_off: bool, said: dict[str, Any]
) -> None:
    parts = ("switch",) if pointer is None else ("pointers", pointer, "switch")
    body = {"is_off": is_off, **{name: value for name, value in said.items() if value is not None}}
    moved = find_api(store).call("PUT", place(file, *parts), body)
    if as_json:
        echo_json(moved)
        return
    done = "would be" if moved["is_rehearsal"] else "is" if moved["is_new"] else "was already"
    click.echo(f"{pointer_text(moved)} {done} switched {'off' if is_off else 'on'}.")
