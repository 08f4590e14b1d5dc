"""Executions as lines of a terminal, and where commands read them from."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Protocol

from headrace.cli.client import Console, find_console, find_server
from headrace.settings import Settings
from headrace.storage.place import is_of_one_process


class Caller(Protocol):
    """What the console is asked through."""

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """What it answers to a request; None when that is nothing."""


def find_reader(settings: Settings) -> Console:
    """The server at HEADRACE_URL, or the one that runs on the store, or a store that servers share."""
    if is_of_one_process(settings.store) and not os.environ.get("HEADRACE_URL"):
        return find_server(settings)
    return find_console(settings)


def events_of(server: Caller, path: str, first: int = 0) -> Iterator[dict[str, Any]]:
    """The events of the execution at a path, from the number ``first`` on; as many as there are now."""
    while events := server.call("GET", f"{path}/events?first={first}")["events"]:
        yield from events
        first += len(events)


def columns(one: dict[str, Any]) -> list[str]:
    """What a list says of an execution."""
    tokens = one["input_tokens"] + one["output_tokens"]
    version = "draft" if one["is_draft"] else one["number"] or one["version_id"]
    return [
        one["id"],
        one["started_at"][:19],
        f"{one['status']:<9}",
        f"{_lasted(one):>11}",
        f"{tokens:>7} tokens",
        f"{one['flow']['path']} ({version})" if one["flow"] else "a deleted flow",
    ]


def _lasted(one: dict[str, Any]) -> str:
    """How long it took; of what runs, how long it has taken."""
    ended_at, started_at = one["ended_at"], datetime.fromisoformat(one["started_at"])
    if ended_at is not None:
        return f"{(datetime.fromisoformat(ended_at) - started_at).total_seconds() * 1000:.0f} ms"
    if one["status"] != "Running":
        return "-"
    return f"{max((datetime.now(UTC) - started_at).total_seconds(), 0):.0f} s so far"
