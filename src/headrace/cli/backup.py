"""``headrace backup``."""

from __future__ import annotations

import json
import re
import signal
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

import click
import msgspec

from headrace import __version__
from headrace.backends.durable.place import beside
from headrace.backends.knowledge.local import file_of
from headrace.cli.options import json_option, read_settings, store_option
from headrace.cli.periods import period
from headrace.settings import Settings
from headrace.storage.copies.backing_up import KEY, Files, Manifest, back_up
from headrace.storage.errors import StoreError
from headrace.storage.place import path_of, shown, url_of

CLEAR_LINE = "\r\x1b[K"
SAID_EVERY_S = 0.1
NAME = "headrace-{moment}.tar.gz"
_NAMES = re.compile(r"headrace-\d{8}T\d{6}Z\.tar\.gz")
PAGE = "docs/how-to/back-up-sqlite.md"


@click.command("backup")
@click.argument("target", type=click.Path(path_type=Path))
@store_option
@click.option("--without-key", is_flag=True, help="Leave the server's key out; keep it somewhere else.")
@click.option(
    "--keep",
    type=click.IntRange(min=1),
    metavar="COUNT",
    help="Of a directory, keep so many backups of these names: the newest. [all]",
)
@click.option(
    "--every",
    callback=period,
    metavar="PERIOD",
    help="Into a directory, now and again after each such period, such as 30m, 6h or 1d, until stopped.",
)
@json_option
def command(
    target: Path,
    store: str | None,
    without_key: bool,
    keep: int | None,
    every: timedelta | None,
    as_json: bool,
) -> None:
    """Back a SQLite store up into one file, while the server goes on working.

    TARGET is a new file that ends with .tar.gz, .tgz or .tar, or a directory, where the file gets the moment
    as its name. The store, its key, local knowledge bases and the journals of executions in the background
    are in it, as of one moment. All of it is looked through before the file has its name.

    The key opens the secrets in the store: keep the file as you would a password.

    \b
    Examples:
      headrace backup before-upgrade.tar.gz
      headrace backup /var/backups/headrace --keep 24
      headrace backup /var/backups/headrace --every 6h --keep 7
      headrace backup --store sqlite:////srv/headrace.db --without-key copy.tar

    With --every each backup is a line, and one that fails, too: older ones stay, and the next one is tried
    when its time has come. SIGTERM and Ctrl-C end it with the exit status 0; a backup that is just being
    made then is given up, and leaves nothing.
    """
    for option, value in (("--keep", keep), ("--every", every)):
        if value and not target.is_dir():
            raise click.UsageError(f"{option} needs a directory, and {target} is none.")
    settings = read_settings(store=store)
    if every is not None:
        files_of(settings)  # what will never do is refused at once
        _repeat(
            lambda: _into(settings, target, has_key=not without_key, keep=keep), every=every, as_json=as_json
        )
        return
    if target.is_dir():
        done = _into(settings, target, has_key=not without_key, keep=keep)
    else:
        done = Done(target, _made(settings, target, has_key=not without_key), [])
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(done.report()), indent=2).decode())
        return
    click.echo(told(done.manifest))
    for one in done.removed:
        click.echo(f"Removed {one}.")
    click.echo(f"All of it is in {done.file} ({done.size_bytes:,} bytes).")


class Done:
    """A backup that was made."""

    def __init__(self, file: Path, manifest: Manifest, removed: list[Path]) -> None:
        self.file = file
        self.manifest = manifest
        self.removed = removed
        self.size_bytes = file.stat().st_size

    def report(self) -> dict[str, Any]:
        """What is printed with ``--json``."""
        removed = [str(one) for one in self.removed]
        return {"file": str(self.file), "removed": removed, **msgspec.to_builtins(self.manifest)}


def _into(settings: Settings, folder: Path, *, has_key: bool, keep: int | None) -> Done:
    """A backup in a directory; older ones are removed once it is there."""
    file = folder / NAME.format(moment=_moment())
    manifest = _made(settings, file, has_key=has_key)
    try:
        return Done(file, manifest, _remove_all_but(folder, keep) if keep else [])
    except OSError as error:
        raise click.ClickException(f"{file} is made, but an older one was not removed: {error}") from None


def _repeat(make: Callable[[], Done], *, every: timedelta, as_json: bool) -> None:
    """Make one now, and another after each period, until the process is told to end."""
    signal.signal(signal.SIGTERM, _end)
    try:
        due_s = time.monotonic()
        while True:
            _tell_one(make, as_json=as_json)
            now_s = time.monotonic()
            due_s = max(due_s + every.total_seconds(), now_s)  # what was missed is not made up for
            time.sleep(due_s - now_s)
    except KeyboardInterrupt:
        return


def _tell_one(make: Callable[[], Done], *, as_json: bool) -> None:
    """Make one, and say in a line what came of it."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    try:
        done = make()
    except click.ClickException as error:
        line: dict[str, Any] = {"at": now, "error": error.message}
        text = f"{now} failed: {error.message}"
    else:
        line = {"at": now, **done.report()}
        removed = f", {len(done.removed)} older removed" if done.removed else ""
        rows = sum(done.manifest.rows.values())
        text = f"{now} {done.file} ({done.size_bytes:,} bytes, {rows:,} rows{removed})"
    click.echo(json.dumps(line) if as_json else text)


def _end(*_: object) -> None:
    raise KeyboardInterrupt


def _made(settings: Settings, file: Path, *, has_key: bool) -> Manifest:
    files = files_of(settings)
    with Told(sys.stderr) as progress:
        try:
            return back_up(files, file, release=__version__, has_key=has_key, tell=progress.tell)
        except (StoreError, OSError) as error:
            progress.end()
            raise click.ClickException(str(error)) from None


def files_of(settings: Settings) -> Files:
    """The files of the store in the settings.

    Raises:
        ClickException: it is no file.
    """
    path = path_of(settings.store)
    if path is None:
        raise click.ClickException(_reason(url_of(settings.store)))
    knowledge = file_of(settings.knowledge, path)
    assert knowledge is not None
    return Files(
        store=path,
        key=path.with_name(path.name + ".key"),
        executions=beside(path).path,
        knowledge=knowledge,
    )


def _reason(url: str) -> str:
    """Why there is nothing to be done with a store here."""
    if url.startswith(("postgres:", "postgresql:")):
        return (
            f"{shown(url)} is a PostgreSQL store: back it up with pg_dump and restore it with pg_restore, "
            f"or archive its write-ahead log. How, and what goes with it, is in {PAGE}, under *PostgreSQL*."
        )
    return f"{shown(url)} is no file: there is nothing to back up or to restore."


def told(manifest: Manifest) -> str:
    """What is in a backup, in words."""
    rows = sum(manifest.rows.values())
    lines = [f"{rows:,} rows, {manifest.versions:,} versions, schema {manifest.schema}: all in order."]
    if manifest.going:
        anew = f"; {manifest.begun_anew:,} of them begin anew" if manifest.begun_anew else ""
        lines.append(f"{manifest.going:,} executions in the background go on from that moment{anew}.")
    lines.append(
        "The server's key is in it: keep it as you would a password."
        if KEY in manifest.files
        else "No key is in it: keep HEADRACE_SECRET_KEY, or the key file, somewhere else."
    )
    return "\n".join(lines)


def _moment() -> str:
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")


def _remove_all_but(folder: Path, keep: int) -> list[Path]:
    """Remove the oldest backups of a directory; only what has a name that we give."""
    found = sorted(path for path in folder.iterdir() if _NAMES.fullmatch(path.name))
    for path in found[:-keep]:
        path.unlink()
    return found[:-keep]


class Told:
    """Says on a terminal how far it is."""

    def __init__(self, to: IO[str]) -> None:
        self._to = to
        self._is_live = to.isatty()
        self._said_at_s = 0.0

    def __enter__(self) -> Told:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def tell(self, doing: str, done: int, of: int) -> None:
        """Say it, unless something was just said."""
        if self._is_live and time.monotonic() - self._said_at_s > SAID_EVERY_S:
            self._said_at_s = time.monotonic()
            self._to.write(f"{CLEAR_LINE}{doing}: {done * 100 // max(of, 1)} %")
            self._to.flush()

    def end(self) -> None:
        """Leave nothing on the line."""
        if self._is_live:
            self._to.write(CLEAR_LINE)
            self._to.flush()
