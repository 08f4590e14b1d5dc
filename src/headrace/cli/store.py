"""``headrace store``."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import IO, Any

import click

from headrace.cli.clean import command as clean
from headrace.cli.options import json_option, read_settings
from headrace.cli.rekey import command as rekey
from headrace.core.errors import HeadraceError
from headrace.settings import Settings
from headrace.storage.copies.copying import Copied, CopyRefused, Source, Step, Target, check_ended, copy
from headrace.storage.errors import NoSuchStore, StoreError
from headrace.storage.limits import StoreLimits
from headrace.storage.place import path_of, shown
from headrace.vault import BadKey, KeyVault

CLEAR_LINE = "\r\x1b[K"
SAID_EVERY_S = 0.1
DOING = {"copy": "copied", "index": "indexed", "check": "checked"}


@click.group("store")
def command() -> None:
    """Move a store to another place or kind of store, clean it, or give its server another key."""


@command.command("copy")
@click.argument("source")
@click.argument("target")
@click.option("--again", "is_again", is_flag=True, help="Start an unfinished copy over.")
@json_option
def copy_command(source: str, target: str, is_again: bool, as_json: bool) -> None:
    """Copy everything from one store into a new one, and check that all of it is there.

    Stores are named as in HEADRACE_STORE: a file, sqlite:///PATH or postgresql://USER@HOST/DATABASE. Stop
    the servers of the source first; the target has to be empty. It can't be used until the copy has ended
    well. Executions in the background have to have ended.

    \b
    Examples:
      headrace store copy headrace.db postgresql://headrace@db.example.com/headrace
      headrace store copy postgresql://headrace@localhost/headrace backup.db --json
    """
    settings = read_settings()
    progress = _Progress(sys.stderr, is_live=sys.stderr.isatty())
    began_s = time.monotonic()
    try:
        copied = asyncio.run(_copy(settings, source, target, is_again, progress))
    except (StoreError, BadKey, HeadraceError, OSError) as error:
        progress.end()
        raise click.ClickException(str(error)) from None
    progress.end()
    _tell(copied, time.monotonic() - began_s, target, as_json=as_json)
    if not all(one.is_same for one in copied):
        raise click.ClickException("The target differs from the source. It is marked as unfinished.")


async def _copy(
    settings: Settings, source: str, target: str, is_again: bool, progress: _Progress
) -> list[Copied]:
    async with AsyncExitStack() as stack:
        read = await stack.enter_async_context(_source(settings, source))
        await _check_key(settings, read, source)
        await check_ended(read)
        write = await stack.enter_async_context(_target(settings, target, is_again=is_again))
        return await copy(read, write, progress.tell)


@asynccontextmanager
async def _source(settings: Settings, url: str) -> AsyncIterator[Source]:
    path = path_of(url)
    if path is not None:
        from headrace.storage.copies.copying_sqlite import sqlite_source

        with sqlite_source(path) as side:
            yield side
    else:
        _check_scheme(url)
        from headrace.storage.copies.copying_postgres import postgres_source

        async with postgres_source(url, _limits(settings)) as other:
            yield other


@asynccontextmanager
async def _target(settings: Settings, url: str, *, is_again: bool) -> AsyncIterator[Target]:
    path = path_of(url)
    if path is not None:
        from headrace.storage.copies.copying_sqlite import sqlite_target

        with sqlite_target(path, is_again=is_again) as side:
            yield side
    else:
        _check_scheme(url)
        from headrace.storage.copies.copying_postgres import postgres_target

        async with postgres_target(url, _limits(settings), is_again=is_again) as other:
            yield other


def _check_scheme(url: str) -> None:
    if not url.startswith(("postgres:", "postgresql:")):
        raise NoSuchStore(f"{shown(url)!r} is neither a file nor a database of PostgreSQL.")


def _limits(settings: Settings) -> StoreLimits:
    return StoreLimits(connect_timeout_s=settings.store_connect_timeout)


async def _check_key(settings: Settings, read: Source, source: str) -> None:
    """Refuse to copy secrets that the target's servers could not open.

    Raises:
        CopyRefused: they could not.
    """
    sealed = await read.sealed()
    if sealed is None:
        return
    path = path_of(source)
    file = None if path is None else path.with_name(path.name + ".key")
    key = settings.secret_key
    if not key or KeyVault(key).open(sealed) is None:
        where = f"what is in {file}" if file is not None and file.exists() else "that of the source's servers"
        raise CopyRefused(
            "The secrets in the source (of AWS keys, of tools) can't be opened with HEADRACE_SECRET_KEY"
            f"{'' if key else ', which is not set'}. Set it to {where}, here and for the target's servers."
        )


class _Progress:
    """Says how far it is: in one line on a terminal, with a line a table elsewhere."""

    def __init__(self, to: IO[str], *, is_live: bool) -> None:
        self._to = to
        self._is_live = is_live
        self._said_at_s = 0.0

    def tell(self, step: Step) -> None:
        """Say it, unless it was just said."""
        is_done = step.rows >= step.of
        if not self._is_live:
            if is_done:
                self._to.write(f"{step.table}: {step.rows:,} {DOING[step.doing]}\n")
            return
        if is_done or time.monotonic() - self._said_at_s > SAID_EVERY_S:
            self._said_at_s = time.monotonic()
            self._to.write(f"{CLEAR_LINE}{step.table}: {step.rows:,} of {step.of:,} rows {DOING[step.doing]}")
            self._to.flush()

    def end(self) -> None:
        """Leave nothing on the line."""
        if self._is_live:
            self._to.write(CLEAR_LINE)


def _tell(copied: list[Copied], took_s: float, target: str, *, as_json: bool) -> None:
    rows = sum(one.rows for one in copied)
    if as_json:
        report: dict[str, Any] = {
            "tables": [dataclasses.asdict(one) for one in copied],
            "rows": rows,
            "seconds": round(took_s, 3),
            "is_same": all(one.is_same for one in copied),
        }
        click.echo(json.dumps(report, indent=2))
        return
    for one in copied:
        state = "same" if one.is_same else "DIFFERENT"
        click.echo(f"{one.table:<16} {one.rows:>12,}  {one.digest}  {state}")
    click.echo(f"{rows:,} rows in {took_s:.1f} s ({rows / max(took_s, 1e-9):,.0f} a second).")
    if all(one.is_same for one in copied):
        click.echo(f"All of it is in {shown(_named(target))}.")


def _named(target: str) -> str:
    return str(Path(target)) if ":" not in target else target


command.add_command(clean)
command.add_command(rekey)
