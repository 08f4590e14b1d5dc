"""``headrace providers``."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import quote

import click

from headrace.cli.native import echo_json, find_api, output_options, time_text
from headrace.cli.options import name_argument
from headrace.core.diff_text import seen

F = TypeVar("F", bound=Callable[..., Any])
AT = "/api/provider-keys"
NONE = "none"


@click.group("providers")
def command() -> None:
    """Keep the organisation's own keys of providers of models, and its limits with them.

    A provider is named as in the server's configuration. A key is kept encrypted, used instead of the one
    that the configuration names, and never shown again. All of it needs the right admin.
    """


def _key_options(function: F) -> F:
    """Where the key comes from: never the command line, which others on the machine can read."""
    text = "Read the key from this environment variable."
    file = "Read the key from this file; - is standard input."
    for option in (
        click.option("--key-file", type=click.File("r"), metavar="PATH", help=file),
        click.option("--key-env", metavar="VARIABLE", help=text),
    ):
        function = option(function)
    return function


def _key(key_env: str | None, key_file: Any, *, asks: bool) -> str | None:
    if key_env and key_file:
        raise click.UsageError("Give either --key-env or --key-file.")
    if key_env:
        if not os.environ.get(key_env):
            raise click.UsageError(f"The environment variable {key_env} is not set.")
        return os.environ[key_env]
    if key_file:
        return str(key_file.read()).strip()
    if not asks:
        return None
    if not sys.stdin.isatty():
        raise click.UsageError("Give the key by --key-env or --key-file.")
    return str(click.prompt("Key", hide_input=True))


def _limit(_: click.Context, option: click.Parameter, text: str | None) -> float | int | str | None:
    if text is None or text == NONE:
        return text
    try:
        return float(text) if option.name == "cost_a_month_usd" else int(text)
    except ValueError:
        raise click.BadParameter(f"It is a number, or {NONE}; not {text!r}.") from None


@command.command("list")
@output_options
def list_(store: str | None, as_json: bool) -> None:
    """List the keys, without the keys, with the limits and what was used of them.

    \b
    Example:
      headrace providers list
    """
    found = find_api(store).call("GET", AT)["provider_keys"]
    if as_json:
        echo_json(found)
        return
    if not found:
        click.echo("Nothing is set. The keys of the server's configuration are used, without limits.")
    for one in found:
        _tell(one)


def _tell(one: dict[str, Any]) -> None:
    who = seen(one["set_by"]["name"] or one["set_by"]["id"])
    key = f"key …{seen(one['last_four'])}" if one["has_key"] else "no key, limits only"
    click.echo(f"{seen(one['provider'])}  {key}  set by {who} at {time_text(one['set_at'])}")
    for said, used, limit in (
        ("requests this minute", one["minute"]["requests"], one["requests_a_minute"]),
        ("tokens today", one["day"]["tokens"], one["tokens_a_day"]),
        ("USD this month", round(one["month"]["cost_usd"], 4), one["cost_a_month_usd"]),
    ):
        click.echo(f"  {used:,} {said}, {'no limit' if limit is None else f'limit {limit:,}'}")


@command.command("set")
@name_argument("provider")
@_key_options
@click.option("--requests-a-minute", callback=_limit, metavar="N|none", help="Calls of models at most.")
@click.option("--tokens-a-day", callback=_limit, metavar="N|none", help="Tokens in and out, per day in UTC.")
@click.option(
    "--cost-a-month-usd",
    callback=_limit,
    metavar="USD|none",
    help="Costs per month in UTC; of models that have a price in the configuration.",
)
@output_options
def set_(
    provider: str, key_env: str | None, key_file: Any, store: str | None, as_json: bool, **limits: Any
) -> None:
    """Set a key for PROVIDER, limits, or both. What is not given stays as it is.

    Without any limit the key is asked for, unless an option says where it is. A key of Amazon Bedrock is
    ACCESS_KEY_ID:SECRET_ACCESS_KEY.

    \b
    Examples:
      headrace providers set openai --key-env OPENAI_API_KEY
      headrace providers set bedrock --key-file key.txt
      headrace providers set openai --requests-a-minute 600 --cost-a-month-usd 200
      headrace providers set openai --tokens-a-day none
    """
    said = {name: None if value == NONE else value for name, value in limits.items() if value is not None}
    key = _key(key_env, key_file, asks=not said)
    body = said | ({} if key is None else {"key": key})
    _show(find_api(store).call("PUT", f"{AT}/{quote(provider, safe='')}", body), as_json=as_json)


@command.command("rotate")
@name_argument("provider")
@_key_options
@output_options
def rotate(provider: str, key_env: str | None, key_file: Any, store: str | None, as_json: bool) -> None:
    """Let another key take the place of PROVIDER's. The next call uses it, on every process.

    \b
    Example:
      headrace providers rotate openai --key-file new-key.txt
    """
    body = {"key": _key(key_env, key_file, asks=True)}
    _show(find_api(store).call("POST", f"{AT}/{quote(provider, safe='')}/rotation", body), as_json=as_json)


@command.command("remove")
@name_argument("provider")
@output_options
def remove(provider: str, store: str | None, as_json: bool) -> None:
    """Forget PROVIDER's key and limits. The key of the server's configuration is used again.

    \b
    Example:
      headrace providers remove openai
    """
    find_api(store).call("DELETE", f"{AT}/{quote(provider, safe='')}")
    if as_json:
        echo_json(None)
    else:
        click.echo(f"The key and the limits of {seen(provider)} are removed.")


def _show(one: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        echo_json(one)
    else:
        _tell(one)
