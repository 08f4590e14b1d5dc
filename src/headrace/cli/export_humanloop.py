"""``headrace export humanloop``."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec

from headrace.apis.humanloop.exchange.service import Piece
from headrace.apis.humanloop.exchange.writer import NoName, Writer
from headrace.cli.humanloop_server import find_server
from headrace.cli.import_humanloop import Progress
from headrace.cli.options import read_settings, store_option

_decode = msgspec.json.Decoder(Piece).decode


@click.command("humanloop")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--path", default="", metavar="DIRECTORY", help="Only files below this directory. [all]")
@click.option("--logs", "with_logs", is_flag=True, help="With all logs, traces and judgments.")
@store_option
def humanloop(folder: Path, path: str, with_logs: bool, store: str | None) -> None:
    """Export files with their versions as the Humanloop export tool would, to FOLDER/YYYYMMDD-HHMMSS.

    What is written can be brought in again with `headrace import humanloop`.

    \b
    Examples:
      headrace export humanloop exports --logs
      headrace export humanloop exports --path Support/Bots
    """
    home = folder / datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    progress = Progress()
    try:
        with find_server(read_settings(store=store)) as server:
            writer = Writer(home, with_logs=with_logs)
            is_whole = False
            try:
                for line in server.take_out(path=path.strip("/"), with_logs=with_logs):
                    piece = _decode(line)
                    is_whole = piece.part == "end"
                    writer.take(piece)
                    progress(f"{writer.files} files, {writer.versions} versions, {writer.logs} logs")
            finally:
                writer.close()
                progress.end()
    except (OSError, NoName, msgspec.MsgspecError) as error:
        raise click.ClickException(f"The export broke off: {error}") from None
    if not is_whole:
        raise click.ClickException(f"The export broke off; what came of it is in {home}. Try again.")
    told = f"{writer.files} files, {writer.versions} versions, {writer.logs} logs"
    (home / "export.log").write_text(f"{told}\n")
    click.echo(f"{home}: {told}")
