"""``headrace store rekey``."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path

import click

from headrace.cli.native import echo_json
from headrace.cli.options import json_option, read_settings, store_option
from headrace.core.errors import HeadraceError
from headrace.services.server import rekeying
from headrace.services.server.rekeying import Resealed
from headrace.settings import Settings
from headrace.storage import open_store
from headrace.storage.errors import StoreError
from headrace.storage.limits import StoreLimits
from headrace.storage.place import path_of
from headrace.vault import BadKey, KeyVault, key_beside, next_key, take_next_key


@click.command("rekey")
@click.option("--new-key-env", metavar="VARIABLE", help="The new key, of `headrace keys secret`, is in this.")
@click.option("--leave-lost", is_flag=True, help="Go on where the present key does not open something.")
@store_option
@json_option
def command(new_key_env: str | None, leave_lost: bool, store: str | None, as_json: bool) -> None:
    """Give the server another key: seal all secrets in the store anew with it.

    Stop all servers of the store first. Beside a SQLite store the key is in a file, and a new one is made
    there. Where HEADRACE_SECRET_KEY has it, make the new one first, say where it is, and start the servers
    with it afterwards. Page tokens and sessions of the web UI end.

    \b
    Examples:
      headrace store rekey
      NEW=$(headrace keys secret) headrace store rekey --new-key-env NEW --store postgresql://…
    """
    settings = read_settings(store=store)
    file = _key_file(settings)
    try:
        old, new = _keys(settings, file, new_key_env)
        done = asyncio.run(_reseal(settings, old, new, leaves_lost=leave_lost))
        if file is not None:
            take_next_key(file)
    except (StoreError, BadKey, HeadraceError, OSError) as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        echo_json({"resealed": dict(done.counts), "lost": dict(done.lost)})
    else:
        _tell(done, file)


def _key_file(settings: Settings) -> Path | None:
    """The file that the key is in; None where the setting has it."""
    path = path_of(settings.store)
    if settings.secret_key or path is None:
        return None
    if not path.exists():
        raise click.ClickException(f"There is no store at {path}.")
    return path.with_name(path.name + ".key")


def _keys(settings: Settings, file: Path | None, variable: str | None) -> tuple[str, str]:
    given = None if variable is None else os.environ.get(variable)
    if variable is not None and not given:
        raise click.UsageError(f"The environment variable {variable} is not set.")
    if given:
        KeyVault(given)
    if file is not None:
        return key_beside(file), next_key(file, given)
    if not settings.secret_key:
        raise click.UsageError("Set HEADRACE_SECRET_KEY to the present key.")
    if not given:
        raise click.UsageError(
            "Say where the new key is with --new-key-env; make it with `headrace keys secret`."
        )
    return settings.secret_key, given


async def _reseal(settings: Settings, old: str, new: str, *, leaves_lost: bool) -> Resealed:
    limits = StoreLimits(
        connections=settings.store_connections,
        timeout_s=settings.store_timeout,
        connect_timeout_s=settings.store_connect_timeout,
    )
    store = open_store(settings.store, limits)
    try:
        if store.is_shared:
            now = datetime.now(UTC)
            there = await rekeying.running(
                store, settings.account, now=now, timeout_s=settings.process_timeout
            )
            if there:
                raise click.ClickException(f"Stop these processes of the store first: {', '.join(there)}.")
        return await rekeying.reseal(
            store, settings.account, old=KeyVault(old), new=KeyVault(new), leaves_lost=leaves_lost
        )
    finally:
        await store.close()


def _tell(done: Resealed, file: Path | None) -> None:
    told = (
        ", ".join(f"{number} {kind}" for kind, number in done.counts.items()) or "there was nothing to seal"
    )
    click.echo(f"Sealed anew: {told}.")
    if done.lost:
        lost = ", ".join(f"{number} {kind}" for kind, number in done.lost.items())
        click.echo(f"Left, because no key opens them: {lost}.")
    if file is None:
        click.echo("Start all servers with the new HEADRACE_SECRET_KEY.")
    else:
        click.echo(f"The new key is in {file}. Back it up; backups of before need the old one.")
