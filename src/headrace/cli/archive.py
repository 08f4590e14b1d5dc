"""``headrace export everything`` and ``headrace import everything``."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol, cast

import click
import msgspec

from headrace.backends.config import BadConfig
from headrace.cli.client import RemoteConsole, find_console
from headrace.cli.import_humanloop import Progress
from headrace.cli.options import json_option, read_settings, store_option
from headrace.core.archives import FORMAT, End, Head
from headrace.core.errors import HeadraceError
from headrace.settings import Settings
from headrace.storage.errors import StoreError
from headrace.vault import BadKey

if TYPE_CHECKING:
    from headrace.app import Server

PATH = "/api/archive"
BATCH_LINES = 200
BATCH_BYTES = 1024 * 1024
"""A batch ends with the line that reaches this."""
MOST_TOLD = 20
"""So many of the rows that were not kept are shown; all of them with ``--json``."""
_head = msgspec.json.Decoder(Head).decode
_end = msgspec.json.Decoder(End).decode


class Ends(Protocol):
    """What an export and an import ask for."""

    def take_out(self) -> Iterator[bytes]: ...

    def take_in(self, head: Any, lines: list[str]) -> dict[str, Any]: ...


class _Remote:
    def __init__(self, console: RemoteConsole) -> None:
        self._console = console

    def take_out(self) -> Iterator[bytes]:
        return self._console.stream(PATH, None, method="GET")

    def take_in(self, head: Any, lines: list[str]) -> dict[str, Any]:
        found: dict[str, Any] = self._console.call("POST", PATH, {"head": head, "lines": lines})
        return found


class _Own:
    def __init__(self, server: Server, runner: asyncio.Runner) -> None:
        self._server = server
        self._runner = runner

    def take_out(self) -> Iterator[bytes]:
        from headrace.services.exchange import archives

        parts = self._runner.run(archives.take_out(self._server.ports, self._server.local))

        async def following() -> bytes | None:
            return await anext(parts, None)

        while (part := self._runner.run(following())) is not None:
            yield part

    def take_in(self, head: Any, lines: list[str]) -> dict[str, Any]:
        from headrace.services.exchange import archives

        said = msgspec.convert(head, Head)
        taken = self._runner.run(archives.take_in(self._server.ports, self._server.local, said, lines))
        return cast("dict[str, Any]", msgspec.to_builtins(taken))


@contextmanager
def _found(settings: Settings, *, makes_store: bool = False) -> Iterator[Ends]:
    """The server at HEADRACE_URL, or the one that runs on the store, or the store while this lasts."""
    console: Any = find_console(settings, makes_store=makes_store)
    if isinstance(console, RemoteConsole):
        yield _Remote(console)
        return
    from headrace.app import build  # half a second, which who speaks to a running server is spared

    try:
        with asyncio.Runner() as runner:
            server = runner.run(build(settings))
            try:
                yield _Own(server, runner)
            finally:
                runner.run(server.ports.store.close())
    except (HeadraceError, StoreError, BadKey, BadConfig, msgspec.MsgspecError) as error:
        raise click.ClickException(str(error)) from None


@contextmanager
def _opened(path: Path, mode: str, *, is_compressed: bool) -> Iterator[IO[bytes]]:
    with path.open(mode) as plain:
        if not is_compressed:
            yield cast("IO[bytes]", plain)
            return
        with gzip.open(cast("IO[bytes]", plain), mode) as compressed:
            yield cast("IO[bytes]", compressed)


def _is_compressed(file: Path) -> bool:
    with file.open("rb") as start:
        return start.read(2) == b"\x1f\x8b"


@click.command("everything")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@store_option
def take_out(file: Path, store: str | None) -> None:
    """Export all of an organisation as one archive: JSON lines, compressed when FILE ends in .gz.

    It has files of all kinds with all that belongs to them, deployments with their history, logs, evaluations
    and runs that have ended. It has no keys and no secrets. `headrace import everything` brings it in again,
    into any store. Needs the right admin.

    \b
    Examples:
      headrace export everything backup.jsonl.gz
      HEADRACE_URL=https://flows.example.com HEADRACE_API_KEY=… headrace export everything all.jsonl
    """
    part = file.with_name(f"{file.name}.part")
    progress = Progress()
    size_bytes, tail, first, is_compressed = 0, b"", b"", file.suffix == ".gz"
    try:
        with (
            _found(read_settings(store=store)) as ends,
            _opened(part, "wb", is_compressed=is_compressed) as to,
        ):
            for chunk in ends.take_out():
                to.write(chunk)
                size_bytes += len(chunk)
                first = first if b"\n" in first else first + chunk
                tail = (tail + chunk)[-64 * 1024 :]
                progress(f"{size_bytes:,} bytes")
        rows = _end(tail.rstrip(b"\n").rpartition(b"\n")[2]).end
    except (OSError, msgspec.MsgspecError) as error:
        raise click.ClickException(f"The export broke off: {error}. What came of it is in {part}.") from None
    finally:
        progress.end()
    part.replace(file)
    click.echo(f"{file}: {sum(rows.values()):,} rows of {len(rows)} tables")
    for what, why in _head(first.partition(b"\n")[0]).left_out.items():
        click.echo(f"not in it: {what}: {why}", err=True)


@click.command("everything")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@store_option
@json_option
def take_in(file: Path, store: str | None, as_json: bool) -> None:
    """Import an archive that `headrace export everything` wrote.

    What is there already is never changed: a row that is there and equal is counted, one that is there and
    differs is told. An import that broke off is repeated. Needs the right admin.

    \b
    Examples:
      headrace import everything backup.jsonl.gz
      headrace import everything all.jsonl --store postgresql://headrace@db.example.com/headrace
    """
    added: Counter[str] = Counter()
    unchanged: Counter[str] = Counter()
    told: list[dict[str, Any]] = []
    progress = Progress()
    try:
        with (
            _opened(file, "rb", is_compressed=_is_compressed(file)) as lines,
            _found(read_settings(store=store), makes_store=True) as ends,
        ):
            head = _checked_head(lines.readline(), file)

            def hand_in(number: int, batch: list[str]) -> None:
                taken = ends.take_in(head, batch)
                added.update(taken["added"])
                unchanged.update(taken["unchanged"])
                told.extend({**one, "line": one["line"] + number} for one in taken["told"])
                progress(f"{added.total():,} rows added, {unchanged.total():,} unchanged, {len(told):,} told")

            is_whole = _hand_all_in(lines, hand_in)
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise click.ClickException(f"The import broke off: {error}. Repeat it.") from None
    finally:
        progress.end()
    _tell(added, unchanged, told, as_json=as_json)
    if not is_whole:
        raise click.ClickException(f"{file} ends before its end: it is a part of an archive only.")
    if told:
        raise click.ClickException(f"{len(told):,} rows were not kept; what is there stays as it is.")


def _checked_head(line: bytes, file: Path) -> Any:
    try:
        head = json.loads(line)
    except ValueError:
        head = None
    if not isinstance(head, dict) or head.get("format") != FORMAT:
        raise click.ClickException(f"{file} is no archive: its first line does not say so.")
    return {name: value for name, value in head.items() if name in Head.__struct_fields__}


def _hand_all_in(lines: IO[bytes], hand_in: Callable[[int, list[str]], None]) -> bool:
    """Hand all rows in, some at a time; whether the archive ends as one should."""
    batch: list[str] = []
    size_bytes, first = 0, 2
    for number, line in enumerate(lines, start=2):
        if line.startswith(b'{"end":'):
            if batch:
                hand_in(first, batch)
            return True
        batch.append(line.decode().rstrip("\n"))
        size_bytes += len(line)
        if len(batch) == BATCH_LINES or size_bytes >= BATCH_BYTES:
            hand_in(first, batch)
            batch, size_bytes, first = [], 0, number + 1
    if batch:
        hand_in(first, batch)
    return False


def _tell(added: Counter[str], unchanged: Counter[str], told: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"added": added, "unchanged": unchanged, "told": told}, indent=2))
        return
    for table in dict.fromkeys([*added, *unchanged]):
        click.echo(f"{table:<16} {added[table]:>10,} added {unchanged[table]:>10,} unchanged")
    for one in told[:MOST_TOLD]:
        click.echo(f"line {one['line']}: {one['table']} {one['row']}: {one['reason']}", err=True)
    if len(told) > MOST_TOLD:
        click.echo(f"… and {len(told) - MOST_TOLD:,} more; `--json` has all.", err=True)
