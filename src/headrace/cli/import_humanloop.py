"""``headrace import humanloop``."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

import click
import msgspec

from headrace.apis.humanloop.exchange.folder import Folder, NoExport, open_export
from headrace.apis.humanloop.exchange.reader import Reader
from headrace.cli.humanloop_moving import Mover, totals
from headrace.cli.humanloop_report import Report, begun
from headrace.cli.humanloop_server import find_server
from headrace.cli.humanloop_spool import Spool
from headrace.cli.options import json_option, read_settings, store_option

CLEAR_LINE = "\r\x1b[K"
EVERY_S = 0.2


class Progress:
    """A line on a terminal that says how far things are; nothing in a pipe."""

    def __init__(self) -> None:
        self._is_shown = sys.stderr.isatty()
        self._shown_at_s = 0.0

    def __call__(self, text: str) -> None:
        if self._is_shown and monotonic() - self._shown_at_s > EVERY_S:
            self._shown_at_s = monotonic()
            click.echo(CLEAR_LINE + text, nl=False, err=True)

    def end(self) -> None:
        """Take the line away."""
        if self._is_shown:
            click.echo(CLEAR_LINE, nl=False, err=True)


@click.command("humanloop")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--dry-run", "is_rehearsal", is_flag=True, help="Say what would happen, and keep nothing.")
@store_option
@json_option
def humanloop(folder: Path, is_rehearsal: bool, store: str | None, as_json: bool) -> None:
    """Import what the Humanloop export tool wrote: FOLDER is one of its exports/YYYYMMDD-HHMMSS.

    IDs, times, names, deployments, monitoring, logs, judgments and evaluations stay what they were. What is
    here already is never changed, so an import that was interrupted is just run again. Nothing is judged,
    generated or deployed because of it. The exit status is 1 when something could not be read or kept, or is
    different here.

    \b
    Examples:
      headrace import humanloop exports/20250801-120000 --dry-run
      headrace import humanloop exports/20250801-120000 --json > report.json
    """
    try:
        folders = open_export(folder)
    except NoExport as error:
        raise click.ClickException(str(error)) from None
    report = carry_out(folders, store=store, is_rehearsal=is_rehearsal)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(report), indent=2).decode())
    else:
        for line in report.lines():
            click.echo(line)
    if not report.is_clean:
        sys.exit(1)


def carry_out(folders: list[Folder], *, store: str | None, is_rehearsal: bool) -> Report:
    """Read an export and hand it in."""
    progress = Progress()
    settings = read_settings(store=store)
    with (
        TemporaryDirectory(prefix="headrace-import-") as place,
        find_server(settings, makes_store=True, is_rehearsal=is_rehearsal) as server,
    ):
        spool = Spool(Path(place))
        try:
            read_all(folders, spool, progress)
            has_logs = any(folder.has_logs for folder in folders)
            report = begun(spool, is_rehearsal=is_rehearsal, has_logs=has_logs)
            counts: Counter[str] = totals(spool)

            def watch(sort: str, done: int) -> None:
                of = f" of {counts[sort]}" if counts[sort] else ""
                progress(f"{sort}: {done}{of}")

            Mover(spool=spool, hand_in=server.hand_in, report=report, watch=watch).run()
        finally:
            spool.close()
            progress.end()
    return report


def read_all(folders: list[Folder], spool: Spool, progress: Progress) -> None:
    """Everything of an export into a spool: first what there is, then what happened."""
    reader = Reader(spool)
    for number, folder in enumerate(folders, 1):
        progress(f"reading folder {number} of {len(folders)}")
        reader.read_facts(folder)
    for folder in folders:
        reader.read_evaluations(folder)
    for number, folder in enumerate(folders, 1):
        progress(f"reading logs of folder {number} of {len(folders)}")
        reader.read_logs(folder)
    spool.settle()
