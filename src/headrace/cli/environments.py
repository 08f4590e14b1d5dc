"""``headrace environments``."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import click

from headrace.cli.client import Console, find_console
from headrace.cli.options import json_option, name_argument, read_settings, store_option

AT = "/console/environments"


@click.group("environments")
def command() -> None:
    """List, make, rename and remove the environments that versions are deployed to.

    To change anything needs the right admin. An environment is named by its name or its id.
    """


def _console(store: str | None) -> Console:
    return find_console(read_settings(store=store))


def _at(environment: str) -> str:
    return f"{AT}/{quote(environment, safe='')}"


def _line(one: dict[str, Any]) -> str:
    default = "default" if one["tag"] == "default" else ""
    return f"{one['id']}  {default:<7}  {one['files']:>6} files  {one['name']}"


def _tell(one: dict[str, Any], as_json: bool) -> None:
    click.echo(json.dumps(one, indent=2) if as_json else _line(one))


@command.command("list")
@store_option
@json_option
def list_(store: str | None, as_json: bool) -> None:
    """List the environments, each with how many files are deployed there.

    \b
    Example:
      headrace environments list --json
    """
    found = _console(store).call("GET", AT)["environments"]
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    for one in found:
        click.echo(_line(one))


@command.command("create")
@name_argument("name")
@store_option
@json_option
def create(name: str, store: str | None, as_json: bool) -> None:
    """Make an environment; nothing is deployed there yet.

    \b
    Example:
      headrace environments create staging
    """
    _tell(_console(store).call("POST", AT, {"name": name}), as_json)


@command.command("rename")
@name_argument("environment")
@name_argument("name")
@store_option
@json_option
def rename(environment: str, name: str, store: str | None, as_json: bool) -> None:
    """Give an environment another name, at once. Its id and what is deployed there stay.

    \b
    Example:
      headrace environments rename staging preview
    """
    _tell(_console(store).call("PATCH", _at(environment), {"name": name}), as_json)


@command.command("set-default")
@name_argument("environment")
@store_option
@json_option
def set_default(environment: str, store: str | None, as_json: bool) -> None:
    """Make an environment the default one: reads show what is deployed there, new files are deployed there.

    \b
    Example:
      headrace environments set-default production
    """
    _tell(_console(store).call("PATCH", _at(environment), {"default": True}), as_json)


@command.command("delete")
@name_argument("environment")
@click.option("--force", is_flag=True, help="Take what is deployed there out of it first.")
@store_option
def delete(environment: str, force: bool, store: str | None) -> None:
    """Remove an environment. The default one stays, and so does one that files are deployed to.

    \b
    Examples:
      headrace environments delete preview
      headrace environments delete preview --force
    """
    _console(store).call("DELETE", _at(environment) + ("?force=true" if force else ""))
    click.echo(f"{environment} is removed.")
