"""``headrace files``."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlencode

import click

from headrace.cli.client import Console, find_console
from headrace.cli.given import text_given
from headrace.cli.options import json_option, name_argument, read_settings, store_option

AT = "/console/files"
PAGE = 500


@click.group("files")
def command() -> None:
    """List files of all kinds, and set what is said of them. A file is named by its path or its id."""


def _console(store: str | None) -> Console:
    return find_console(read_settings(store=store))


@command.command("list")
@click.option("--path", help="Only files somewhere below this directory.")
@click.option("--type", "types", multiple=True, help="Only files of this type; may be repeated.")
@click.option("--name", help="Only files whose name contains this, in any case.")
@click.option("--environment", help="Only files deployed to this environment.")
@store_option
@json_option
def list_(
    path: str | None,
    types: tuple[str, ...],
    name: str | None,
    environment: str | None,
    store: str | None,
    as_json: bool,
) -> None:
    """List files, newest first.

    \b
    Examples:
      headrace files list --path support --type flow
      headrace files list --environment staging --json
    """
    wanted = {"path": path and path.strip("/"), "name": name, "environment": environment}
    query = [(key, value) for key, value in wanted.items() if value is not None]
    query += [("type", one) for one in types]
    found = _all(_console(store), query)
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    for one in found:
        click.echo(f"{one['id']}  {one['type']:<9}  {one['path']}")


def _all(console: Console, query: list[tuple[str, str]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        cut = [("skip", str(len(found))), ("take", str(PAGE))]
        files = console.call("GET", f"{AT}?{urlencode(query + cut)}")["files"]
        found += files
        if len(files) < PAGE:
            return found


@command.command("show")
@name_argument("file")
@store_option
@json_option
def show(file: str, store: str | None, as_json: bool) -> None:
    """Show what is said of a file.

    \b
    Example:
      headrace files show support/triage
    """
    _tell(_console(store).call("GET", _at(file)), as_json)


@command.command("set")
@name_argument("file")
@click.option("--description", help="Empty clears it.")
@click.option("--readme", metavar="TEXT|@FILE", help="A text, or the file it is in; - is standard input.")
@click.option("--tag", "tags", multiple=True, help="A tag, in place of those it had; may be repeated.")
@click.option("--no-tags", is_flag=True, help="Take all tags away.")
@store_option
@json_option
def set_(
    file: str,
    description: str | None,
    readme: str | None,
    tags: tuple[str, ...],
    no_tags: bool,
    store: str | None,
    as_json: bool,
) -> None:
    """Set the description, the readme and the tags of a file; what is not given stays.

    \b
    Examples:
      headrace files set support/triage --description "Sorts questions" --tag support --tag live
      headrace files set support/triage --readme @README.md
    """
    if tags and no_tags:
        raise click.UsageError("Give either --tag or --no-tags.")
    change: dict[str, Any] = {}
    if description is not None:
        change["description"] = description or None
    if readme is not None:
        change["readme"] = text_given(readme) or None
    if tags or no_tags:
        change["tags"] = list(tags)
    if not change:
        raise click.UsageError("Nothing to set: give --description, --readme, --tag or --no-tags.")
    _tell(_console(store).call("PATCH", _at(file), change), as_json)


def _at(file: str) -> str:
    return f"{AT}/{quote(file, safe='')}"


def _tell(one: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(one, indent=2))
        return
    deployed = ", ".join(one["version"]["environments"]) or "nowhere"
    click.echo(f"{one['type']} {one['path']} ({one['id']}), deployed to {deployed}")
    if one["tags"]:
        click.echo(f"Tags: {', '.join(one['tags'])}")
    for text in (one["description"], one["readme"]):
        if text:
            click.echo(f"\n{text}")
