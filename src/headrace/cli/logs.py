"""``headrace logs``."""

from __future__ import annotations

import itertools
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import click

from headrace.cli.execution_lines import Caller, find_reader
from headrace.cli.native import output_options, time_text
from headrace.cli.options import name_argument, read_settings
from headrace.cli.periods import TIME, moment
from headrace.core.diff_text import seen

F = TypeVar("F", bound=Callable[..., Any])
PAGE = 200
"""As many as are asked for at once."""
LOOK_EVERY_S = 2.0
LOOK_BACK = timedelta(minutes=1)
"""Logs may come later than others that were created after them."""
LOOKS_UNTIL_FAR = 15
LOOK_FAR_BACK = timedelta(hours=1)
MOST_FAR = 5_000
"""Now and then it is looked for such as come much later: of runs that took long, or dated by their makers."""
SHOWN_CHARS = 80
INTERRUPTED = 130
"""The exit status of who was told to follow no longer."""
CONTENTS = (
    ("inputs", "Inputs"),
    ("messages", "Messages"),
    ("output_text", "Output"),
    ("error_text", "Error"),
    ("stdout", "Printed"),
    ("metadata", "Metadata"),
)
"""What a log says, and how it is called."""


@click.group("logs")
def command() -> None:
    """Look at logs of all files, whoever made them: runs, calls, traces and judgments."""


def filters(function: F) -> F:
    """Which logs are wanted."""
    for option in reversed(
        (
            click.option("--file", help="Only those of this file, by path or id."),
            click.option("--version", help="Of its version: an id, a number, or an environment or alias."),
            click.option("--environment", help="Only those with this label."),
            click.option("--since", metavar=TIME, callback=moment, help="Only those since then."),
            click.option("--until", metavar=TIME, callback=moment, help="Only those until then."),
            click.option("--error/--no-error", default=None, help="Only those with an error, or without."),
            click.option("--source", help="Only those that came from there."),
            click.option("--user", help="Only those of this user of yours."),
            click.option("--session", help="Only those of this trace, or of this execution."),
            click.option("--roots", is_flag=True, help="Only those that stand for themselves."),
            click.option("--most", type=click.IntRange(1, 10_000), default=20, show_default=True),
        )
    ):
        function = option(function)
    return function


@command.command("list")
@filters
@click.option("--follow", is_flag=True, help="Go on with those that come, until interrupted.")
@output_options
def list_(most: int, follow: bool, store: str | None, as_json: bool, **asked: Any) -> None:
    """List the newest logs.

    \b
    Examples:
      headrace logs list --file support/triage --since 2h --error
      headrace logs list --file support/triage --version 3 --environment production
      headrace logs list --roots --follow --json

    A TIME is such as 2026-03-01 or 2026-03-01T12:00:00Z, or how long ago it was, such as 30m, 2h or 7d.

    With --follow the oldest comes first, and with --json each log is a line. A log that was created more than
    a minute before the newest one comes within about half a minute; one that was created more than an hour or
    5,000 logs before it is not among those that come.
    """
    server = find_reader(read_settings(store=store))
    with server.held():
        if not follow:
            _tell(_found(server, wanted(**asked), most), as_json=as_json)
            return
        try:
            following = _Following(server, wanted(**asked))
            _follow(following, _found(server, wanted(**asked), most), as_json=as_json)
        except KeyboardInterrupt:  # only the looking ends, so that nothing is said of being aborted
            click.echo(err=True)
            sys.exit(INTERRUPTED)


@command.command("search")
@click.argument("words", nargs=-1)
@click.option("--metadata", help="Words of the metadata.")
@filters
@output_options
def search(
    words: tuple[str, ...], metadata: str | None, most: int, store: str | None, as_json: bool, **asked: Any
) -> None:
    """Find the newest logs with all these WORDS in what went in, what came out or what went wrong.

    \b
    Examples:
      headrace logs search refund parcel --file support/triage
      headrace logs search timeout --error --since 1d
      headrace logs search --metadata "customer-17"

    The last word may be the beginning of one.
    """
    if not words and metadata is None:
        raise click.UsageError("Say what is looked for: WORDS, or --metadata.")
    server = find_reader(read_settings(store=store))
    with server.held():
        query = wanted(**asked, search=" ".join(words) or None, metadata=metadata)
        _tell(_found(server, query, most), as_json=as_json)


@command.command("show")
@name_argument("log")
@output_options
def show(log: str, store: str | None, as_json: bool) -> None:
    """Show a log in full, with what evaluators found of it.

    \b
    Example:
      headrace logs show log_8Dn97mA7iBY56QYz9RZiG
    """
    found = find_reader(read_settings(store=store)).call("GET", f"/api/logs/{quote(log, safe='')}")
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    for line in _in_full(found):
        click.echo(line)


def wanted(
    *,
    file: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    error: bool | None = None,
    roots: bool = False,
    **same: str | None,
) -> tuple[str, dict[str, str]]:
    """The path and the query that ask for such logs."""
    path = "/api/logs" if file is None else f"/api/files/{quote(file, safe='')}/logs"
    asked: dict[str, str | None] = {
        "from": None if since is None else since.isoformat(),
        "to": None if until is None else until.isoformat(),
        "error": None if error is None else str(error).lower(),
        "roots": "true" if roots else None,
        **same,
    }
    return path, {name: value for name, value in asked.items() if value is not None}


def _found(server: Caller, asked: tuple[str, dict[str, str]], most: int | None) -> list[dict[str, Any]]:
    """The newest of these logs; all of them when there is no limit."""
    path, query = asked
    found: list[dict[str, Any]] = []
    before: dict[str, str] = {}
    while most is None or len(found) < most:
        take = PAGE if most is None else min(PAGE, most - len(found))
        page = server.call("GET", f"{path}?{urlencode({**query, **before, 'take': take})}")
        found += page["logs"]
        if page["next"] is None:
            break
        before = {"before": page["next"]}
    return found


class _Following:
    """Finds logs that come, though no list is in the order in which they do: what was not there is new.

    Args:
        asked: which logs.
    """

    def __init__(self, server: Caller, asked: tuple[str, dict[str, str]]) -> None:
        """Look what is there."""
        self._server = server
        self._path, self._query = asked
        since = self._query.get("from")
        self._floor = None if since is None else datetime.fromisoformat(since)
        """What is older was not looked at, so that nobody knows whether it is new."""
        self._there: dict[str, datetime] = {}
        self._add(_found(server, asked, 1))
        self._look(LOOK_FAR_BACK, most=MOST_FAR)

    def show(self, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """These, the oldest first; they are known now."""
        self._add(found)
        return found[::-1]

    def come(self, *, is_far: bool) -> list[dict[str, Any]]:
        """Those that are new, the oldest first."""
        return self._look(LOOK_FAR_BACK, most=MOST_FAR) if is_far else self._look(LOOK_BACK, most=None)

    def _look(self, back: timedelta, *, most: int | None) -> list[dict[str, Any]]:
        since = self._since(back)
        query = self._query if since is None else {**self._query, "from": since.isoformat()}
        found = _found(self._server, (self._path, query), most)
        new = [one for one in reversed(found) if one["id"] not in self._there]
        self._add(found)
        if most is not None:
            if len(found) == most:
                self._floor = _created(found[-1]) + datetime.resolution
            oldest = self._since(LOOK_FAR_BACK)
            self._there = {id_: at for id_, at in self._there.items() if oldest is None or at >= oldest}
        return new

    def _since(self, back: timedelta) -> datetime | None:
        known = [] if self._floor is None else [self._floor]
        if self._there:
            known.append(max(self._there.values()) - back)
        return max(known, default=None)

    def _add(self, found: list[dict[str, Any]]) -> None:
        self._there |= {one["id"]: _created(one) for one in found}


def _created(one: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(one["created_at"])


def _follow(following: _Following, found: list[dict[str, Any]], *, as_json: bool) -> None:
    """Tell of logs as they come, each once."""
    new = following.show(found)
    for look in itertools.count(1):
        for one in new:
            click.echo(json.dumps(one) if as_json else line(one))
        time.sleep(LOOK_EVERY_S)
        new = following.come(is_far=look % LOOKS_UNTIL_FAR == 0)


def _tell(found: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    if not found:
        click.echo("There is none.")
    for one in found:
        click.echo(line(one))


def line(one: Mapping[str, Any]) -> str:
    """A log in a list."""
    version = one["number"] or one["version_id"]
    said = f"! {one['error']}" if one["error"] is not None else one["output"] or one["input"]
    columns = [
        one["id"],
        time_text(one["created_at"]),
        f"{_lasted(one['latency_s']):>9}",
        f"{seen(one['file']['path'])} ({version})",
        seen(said)[:SHOWN_CHARS],
    ]
    return "  ".join(columns).rstrip()


def _lasted(latency_s: float | None) -> str:
    return "-" if latency_s is None else f"{latency_s * 1000:,.0f} ms"


def _in_full(one: Mapping[str, Any]) -> Iterator[str]:
    yield line(one)
    yield f"Session: {one['session']}" + (f", below {one['parent_id']}" if one["parent_id"] else "")
    told = {name: one[name] for name in ("environment", "source", "user", "execution_id", "status")}
    if any(told.values()):
        yield ", ".join(f"{name}: {seen(str(value))}" for name, value in told.items() if value)
    tokens = (one["input_tokens"], one["output_tokens"])
    if tokens != (None, None):
        cost = "" if one["cost_usd"] is None else f", {one['cost_usd']:g} USD"
        yield f"Tokens: {tokens[0] or 0:,} in, {tokens[1] or 0:,} out{cost}"
    for name, title in CONTENTS:
        if one[name] is not None:
            text = one[name] if isinstance(one[name], str) else json.dumps(one[name], ensure_ascii=False)
            yield f"{title}:"
            yield from (f"  {seen(part)}" for part in text.splitlines())
    paths = {evaluator["id"]: evaluator["path"] for evaluator in one["evaluators"]}
    for judged in one["judgments"]:
        what = f"failed: {judged['error']}" if judged["error"] else json.dumps(judged["judgment"])
        yield seen(f"{paths.get(judged['evaluator_id'], judged['evaluator_id'])}: {what}")
