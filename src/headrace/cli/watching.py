"""Watching executions of a server: one until it ends, or all that run.

A server that is restarted meanwhile is waited for, within a limit; others may go on with what it carried out.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlencode

import click
import msgspec

from headrace.cli.client import Refusal
from headrace.cli.execution_lines import columns, events_of, find_reader
from headrace.cli.progress import Progress, plain
from headrace.core.execution import Event, Status
from headrace.settings import Settings

LOOK_EVERY_S = 0.25
LIST_EVERY_S = 1.0
UNAVAILABLE = 503
PATIENCE_S = 60.0
"""So long a server may be away."""
MOST = 200
"""So many of what runs are watched at once."""

EXITS = {
    Status.SUCCEEDED: 0,
    Status.FAILED: 1,
    Status.WAITING: 3,
    Status.TIMED_OUT: 4,
    Status.ABORTED: 5,
}
"""The exit status of the command, by how the execution ended."""


def watch_one(server: Watched, path: str, *, as_json: bool) -> int:
    """Show what happens in the execution at a path until it ends; the exit status that says how it did."""
    path = f"/console/executions/{server.call('GET', path)['id']}"
    is_live = sys.stdout.isatty() and not as_json
    progress = Progress(to=sys.stdout, is_live=is_live, shows_lines=not as_json, shows_values=False)
    for event in _follow(server, path, progress):
        if as_json:
            click.echo(json.dumps(event, ensure_ascii=False))
        else:
            progress.see(msgspec.convert(event, Event))
            sys.stdout.flush()
    ended = server.call("GET", path)
    if as_json:
        click.echo(json.dumps({"execution": ended}, ensure_ascii=False))
    else:
        _tell_end(ended, progress)
    return EXITS[Status(ended["status"])]


def _follow(server: Watched, path: str, progress: Progress) -> Iterator[dict[str, Any]]:
    """The events of an execution as they come, until it has ended."""
    first = 0
    while True:
        is_over = server.call("GET", path)["status"] != Status.RUNNING
        for event in events_of(server, path, first):  # asked after the status, so that none is missed
            first += 1
            yield event
        if is_over:
            return
        progress.refresh()
        time.sleep(LOOK_EVERY_S)


def _tell_end(ended: dict[str, Any], progress: Progress) -> None:
    for output in progress.outputs:
        click.echo(f"{output.node}: {plain(output.value)}")
    click.echo("  ".join(columns(ended)))
    if ended["error"]:
        click.echo(f"Error: {ended['error']}", err=True)


def watch_all(server: Watched, wanted: dict[str, str], *, as_json: bool, until_idle: bool) -> None:
    """Show what runs, and how each ended: as a table on a terminal, elsewhere a line for each change."""
    query = urlencode({**wanted, "status": Status.RUNNING.value, "take": MOST})
    shown = _Table() if sys.stdout.isatty() and not as_json else _Lines(as_json=as_json)
    known: set[str] = set()
    while True:
        found = server.call("GET", f"/console/executions?{query}")["executions"]
        running = {one["id"]: one for one in found}
        ended = [server.call("GET", f"/console/executions/{one}") for one in sorted(known - running.keys())]
        # What is no longer among so many newest may still run.
        ended = [one for one in ended if one["status"] != Status.RUNNING]
        shown.show(list(running.values()), ended, known)
        known = set(running)
        if until_idle and not running:
            return
        time.sleep(LIST_EVERY_S)


class _Lines:
    """A line when one begins to run, or is found running, and one when it has ended."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json

    def show(self, running: list[dict[str, Any]], ended: list[dict[str, Any]], known: set[str]) -> None:
        for one in [*(one for one in reversed(running) if one["id"] not in known), *ended]:
            click.echo(json.dumps(one, ensure_ascii=False) if self._as_json else "  ".join(columns(one)))
        sys.stdout.flush()


class _Table:
    """What runs, drawn anew each time below the lines of what has ended."""

    def __init__(self) -> None:
        self._drawn = 0

    def show(self, running: list[dict[str, Any]], ended: list[dict[str, Any]], known: set[str]) -> None:
        width, height = shutil.get_terminal_size()
        lines = [f"{len(running)} running at {time.strftime('%H:%M:%S')}"]
        lines += ["  ".join([*columns(one), f"{one['events_count']} events"]) for one in running]
        drawn = [line[: width - 1] for line in lines[: height - 2]]
        erased = f"\x1b[{self._drawn}A\x1b[J" if self._drawn else ""
        over = "".join("  ".join(columns(one)) + "\n" for one in ended)
        sys.stdout.write(erased + over + "".join(line + "\n" for line in drawn))
        sys.stdout.flush()
        self._drawn = len(drawn)


class Watched:
    """A server, or a store that servers share, that may be away for a moment."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._holding = ExitStack()
        self._server = find_reader(settings)

    def __enter__(self) -> Watched:
        self._holding.enter_context(self._server.held())
        return self

    def __exit__(self, *_: object) -> None:
        self._holding.close()

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """What the console answers.

        Raises:
            ClickException: it refuses, or stays away.
        """
        deadline_s = time.monotonic() + PATIENCE_S
        while True:
            try:
                return self._server.call(method, path, body)
            except click.ClickException as error:
                is_final = isinstance(error, Refusal) and error.status != UNAVAILABLE
                if is_final or time.monotonic() > deadline_s:
                    raise
            time.sleep(LIST_EVERY_S)
            self._find_again()

    def _find_again(self) -> None:
        """Once it is back it may have another address."""
        try:
            found = find_reader(self._settings)
        except click.ClickException:  # it is not back yet; asking the old one says so
            return
        self._holding.close()
        self._server = found
        self._holding.enter_context(found.held())
