"""``headrace keys``."""

from __future__ import annotations

import json
from typing import Any

import click

from headrace.cli.client import Console, find_console
from headrace.cli.options import json_option, name_argument, read_settings, store_option
from headrace.vault import new_key

RIGHTS = ("reader", "runner", "editor", "admin")


@click.group("keys")
def command() -> None:
    """Create, list and revoke API keys.

    A key works as X-API-KEY and as an AWS access key pair. Once the first key was made, the server
    accepts nothing else. While a server runs on the store these commands speak to it; else they open
    the store themselves. For a server elsewhere set HEADRACE_URL and HEADRACE_API_KEY.
    """


def _console(store: str | None, *, makes_store: bool = False) -> Console:
    return find_console(read_settings(store=store), makes_store=makes_store)


@command.command("create")
@click.option("--email", required=True, help="Whose key it is; a new user is made for a new address.")
@click.option("--full-name", help="The user's name. [the part before the @]")
@click.option("--right", type=click.Choice(RIGHTS), default="editor", show_default=True)
@click.option("--name", default="", help="What the key is for.")
@store_option
@json_option
def create(
    email: str, full_name: str | None, right: str, name: str, store: str | None, as_json: bool
) -> None:
    """Create a key and print it, once.

    \b
    Examples:
      headrace keys create --email ann@example.com --right admin
      headrace keys create --email ci@example.com --name "CI" --json
    """
    wanted = {"email": email, "full_name": full_name, "right": right, "name": name}
    made = _console(store, makes_store=True).create_key(wanted)
    if as_json:
        click.echo(json.dumps(made, indent=2))
        return
    click.echo(f"{made['id']} for {email}, right {right}. It is shown only now:\n")
    click.echo(f"HUMANLOOP_API_KEY={made['api_key']}")
    click.echo(f"AWS_ACCESS_KEY_ID={made['access_key_id']}")
    click.echo(f"AWS_SECRET_ACCESS_KEY={made['secret_access_key']}")


@command.command("list")
@store_option
@json_option
def list_(store: str | None, as_json: bool) -> None:
    """List the keys, without their secrets.

    \b
    Example:
      headrace keys list --json
    """
    keys = _console(store).list_keys()
    if as_json:
        click.echo(json.dumps(keys, indent=2))
        return
    if not keys:
        click.echo("There are no keys. Make one with `headrace keys create --email you@example.com`.")
    for key in keys:
        state = f"revoked {key['revoked_at']}" if key["revoked_at"] else "active"
        click.echo(f"{key['id']}  {key['right']:<6}  {_email(key):<30}  {state}  {key['name']}".rstrip())


def _email(key: dict[str, Any]) -> str:
    return str(key["user"]["email"]) if key["user"] else "-"


@command.command("secret")
def secret() -> None:
    """Make a server's own key, for HEADRACE_SECRET_KEY, and print it.

    It encrypts the secrets of AWS keys and environment variables of tools, and signs page tokens. All
    processes of a store need the same.

    \b
    Example:
      export HEADRACE_SECRET_KEY=$(headrace keys secret)
    """
    click.echo(new_key())


@command.command("revoke")
@name_argument("key_id")
@store_option
def revoke(key_id: str, store: str | None) -> None:
    """Make a key open nothing any more, from now on.

    \b
    Example:
      headrace keys revoke key_0NdWyzFa3k…
    """
    _console(store).revoke_key(key_id)
    click.echo(f"{key_id} is revoked.")
