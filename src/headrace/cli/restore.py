"""``headrace restore``."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import click
import msgspec

from headrace.cli.backup import Told, files_of, told
from headrace.cli.options import json_option, read_settings, store_option
from headrace.storage.copies.backing_up import KEY, Manifest
from headrace.storage.copies.restoring import Restored, check, restore
from headrace.storage.errors import StoreError


@click.command("restore")
@click.argument("source", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@store_option
@click.option("--force", is_flag=True, help="Where a store is already, keep it under another name.")
@click.option("--check", "only_checks", is_flag=True, help="Look through the backup, and restore nothing.")
@json_option
def command(source: Path, store: str | None, force: bool, only_checks: bool, as_json: bool) -> None:
    """Put a SQLite store in its place out of a backup, all of it or nothing.

    The backup is looked through before anything is touched, and the store again when it is there. No server
    may run on the store. What runs in the background goes on from the moment of the backup, and does again
    what it did after it: never let servers be on the restored store and on the one it was made of.

    \b
    Examples:
      headrace restore before-upgrade.tar.gz --force
      headrace restore copy.tar.gz --store sqlite:///elsewhere.db
      headrace restore copy.tar.gz --check
    """
    settings = read_settings(store=store)
    with Told(sys.stderr) as progress:
        try:
            if only_checks:
                with tempfile.TemporaryDirectory(prefix="headrace-") as folder:
                    manifest, restored = check(source, Path(folder), progress.tell), None
            else:
                files = files_of(settings)
                restored = restore(source, files, replaces=force, tell=progress.tell)
                manifest = restored.manifest
        except (StoreError, OSError) as error:
            progress.end()
            raise click.ClickException(str(error)) from None
    _tell(manifest, restored, settings.store, as_json=as_json)


def _tell(manifest: Manifest, restored: Restored | None, store: str, *, as_json: bool) -> None:
    replaced = None if restored is None else restored.replaced
    if as_json:
        report: dict[str, Any] = {
            "is_restored": restored is not None,
            "replaced": None if replaced is None else str(replaced),
            **msgspec.to_builtins(manifest),
        }
        click.echo(msgspec.json.format(msgspec.json.encode(report), indent=2).decode())
        return
    click.echo(f"Made by Headrace {manifest.release} at {manifest.created_at}.")
    click.echo(told(manifest))
    if restored is None:
        return
    if replaced is not None:
        click.echo(f"What was there before is {replaced}.")
    if KEY not in manifest.files:
        click.echo("Start the server with the HEADRACE_SECRET_KEY, or the key file, of then.")
    click.echo(f"All of it is in {store}.")
