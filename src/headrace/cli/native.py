"""How commands speak to our own API, and how they show what it answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import click

from headrace.cli.client import Console, find_console
from headrace.cli.options import json_option, read_settings, store_option
from headrace.core.diff_text import seen

F = TypeVar("F", bound=Callable[..., Any])


def find_api(store: str | None) -> Console:
    """The server that runs on the store, or the store itself."""
    return find_console(read_settings(store=store))


def place(file: str, *parts: str, **query: Any) -> str:
    """The path of something of a file, with a query of what is not None."""
    path = "/".join(("/api/files", *(quote(part, safe="") for part in (file, *parts))))
    said = {name.rstrip("_"): value for name, value in query.items() if value is not None}
    return f"{path}?{urlencode(said)}" if said else path


def in_option(function: F) -> F:
    """``--in``: the pointer."""
    text = "The environment or the alias, by its name or id."
    return click.option("--in", "pointer", metavar="POINTER", required=True, help=text)(function)


def output_options(function: F) -> F:
    """``--store`` and ``--json``."""
    return store_option(json_option(function))


def wish_options(function: F) -> F:
    """What may be said with every change that a gate may hold up."""
    override = click.option(
        "--override", is_flag=True, help="Pass a closed gate. Needs the right admin, and a reason."
    )
    return ungated_options(override(function))


def ungated_options(function: F) -> F:
    """What may be said with every change."""
    for option in (
        click.option("--dry-run", is_flag=True, help="Change nothing; show what would be."),
        click.option("--reason", help="Why, for the history."),
        click.option(
            "--expect",
            metavar="MOVE|VERSION",
            help="What you believe to be there: its last move's id, its version's id or number, or "
            "`nothing`. If something else is there, nothing is changed.",
        ),
    ):
        function = option(function)
    return function


def wish(*, expect: str | None, reason: str | None, override: bool = False, dry_run: bool) -> dict[str, Any]:
    """The same as members of a request."""
    said = {"expected": expect, "reason": reason}
    flags = {name: True for name, is_set in (("override", override), ("dry_run", dry_run)) if is_set}
    return {name: value for name, value in said.items() if value is not None} | flags


def echo_json(value: Any) -> None:
    """Print what was answered."""
    click.echo(json.dumps(value, indent=2))


def aim_text(aim: Mapping[str, Any]) -> str:
    """What a pointer targets, for people."""
    if aim["version_id"] is None:
        return "nothing" if aim["target"] is None else "the draft"
    number = aim["target"] or aim["number"]
    shown = aim["version_id"] if number is None else f"{number} ({aim['version_id']})"
    return shown if not aim["shares"] else f"{shown}, split {shares_text(aim['shares'])}"


def shares_text(shares: list[dict[str, Any]]) -> str:
    """A split, for people: each version with its part in percent."""
    total = sum(share["weight"] for share in shares)
    told = (
        f"{share['target'] or share['number'] or share['version_id']} {100 * share['weight'] / total:.3g}%"
        for share in shares
    )
    return ", ".join(told)


def time_text(text: str | None) -> str:
    """A time to the second, in UTC."""
    return "-" if text is None else f"{text[:10]} {text[11:19]}Z"


def pointer_text(answer: Mapping[str, Any]) -> str:
    """What a pointer is called."""
    name, path = answer["pointer"]["name"], answer["file"]["path"]
    return seen(path if answer["pointer"]["kind"] == "flow" else f"{name} of {path}")
