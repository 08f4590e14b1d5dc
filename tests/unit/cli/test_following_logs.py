"""Logs are told as they come, each once, though lists go by when they were created."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from headrace.cli import logs

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Shelf:
    """A server's logs, listed as a server lists them: the newest first, by when they were created."""

    def __init__(self) -> None:
        self.logs: list[tuple[str, datetime]] = []

    def add(self, name: str, minutes: float) -> None:
        self.logs.append((name, NOON + timedelta(minutes=minutes)))

    def call(self, method: str, path: str) -> Any:
        asked = {name: one for name, (one,) in parse_qs(urlsplit(path).query).items()}
        since = datetime.fromisoformat(asked["from"]) if "from" in asked else None
        found = sorted(self.logs, key=lambda one: one[1], reverse=True)
        found = [one for one in found if since is None or one[1] >= since]
        start, take = int(asked.get("before", 0)), int(asked["take"])
        page = [{"id": name, "created_at": at.isoformat()} for name, at in found[start : start + take]]
        return {"logs": page, "next": str(start + take) if start + take < len(found) else None}


Steps = Iterator[Callable[[], None]]


def told(
    shelf: Shelf,
    steps: list[Callable[[], None]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    most: int = 2,
    **asked: Any,
) -> list[str]:
    """What is told while one step after another is done, each before a look; then somebody interrupts."""
    coming = iter(steps)

    def sleep(_: float) -> None:
        step = next(coming, None)
        if step is None:
            raise KeyboardInterrupt
        step()

    monkeypatch.setattr(logs, "time", SimpleNamespace(sleep=sleep))  # that of this module only
    server: Any = shelf
    following = logs._Following(server, logs.wanted(**asked))
    found = logs._found(server, logs.wanted(**asked), most)
    with pytest.raises(KeyboardInterrupt):
        logs._follow(following, found, as_json=True)
    return [json.loads(line)["id"] for line in capsys.readouterr().out.splitlines()]


def nothing() -> None:
    pass


UNTIL_FAR = [nothing] * logs.LOOKS_UNTIL_FAR


def test_one_that_was_created_long_before_the_newest_comes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shelf = Shelf()
    for number in range(5):
        shelf.add(f"there-{number}", number)
    steps = [
        lambda: shelf.add("next", 5),
        lambda: shelf.add("a-little-late", 4.5),
        lambda: shelf.add("late", -40),
        *UNTIL_FAR,
        lambda: shelf.add("last", 6),
    ]
    assert told(shelf, steps, monkeypatch, capsys) == [
        "there-3", "there-4", "next", "a-little-late", "late", "last",
    ]  # fmt: skip


def test_what_was_there_before_is_never_told_as_new(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also where there is more of it than is looked at."""
    monkeypatch.setattr(logs, "MOST_FAR", 10)
    shelf = Shelf()
    for number in range(30):
        shelf.add(f"there-{number}", number)
        shelf.add(f"twin-{number}", number)
    steps = [lambda: shelf.add("beyond", 5.5), *UNTIL_FAR, lambda: shelf.add("late", 27.5), *UNTIL_FAR]
    assert told(shelf, steps, monkeypatch, capsys) == ["twin-29", "there-29", "late"]


def test_from_nothing_on_all_are_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shelf = Shelf()
    steps = [lambda: shelf.add("first", 0), lambda: shelf.add("second", 1), *UNTIL_FAR]
    assert told(shelf, steps, monkeypatch, capsys) == ["first", "second"]


def test_what_is_older_than_was_asked_for_is_not_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shelf = Shelf()
    shelf.add("old", -10)
    steps = [lambda: shelf.add("wanted", 5), lambda: shelf.add("late", -5), *UNTIL_FAR]
    assert told(shelf, steps, monkeypatch, capsys, since=NOON) == ["wanted"]


def test_what_is_remembered_does_not_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "MOST_FAR", 10)
    shelf: Any = Shelf()
    following = logs._Following(shelf, logs.wanted())
    for number in range(100):
        shelf.add(f"log-{number}", number)
        assert [one["id"] for one in following.come(is_far=number % 5 == 0)] == [f"log-{number}"]
    assert len(following._there) <= 15
