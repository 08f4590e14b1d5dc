"""Stores that earlier releases wrote: brought up to date, they answer as they did, in SQLite and in PostgreSQL.

What they hold was written by the code of then, and so was what it answered: see `tests/storage/older/keep.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.contract.conftest import LiveServer
from tests.postgres import binaries, cluster
from tests.storage.older.kept import FILES, Kept, in_postgresql, in_sqlite, read
from tests.storage.older.story import Clients, hear
from tests.stores import about_files

pytestmark = [pytest.mark.live, pytest.mark.slow, about_files]

FIRST_SHARED = 8
"""The first schema that was kept and that releases put into PostgreSQL."""


def differences(then: Any, now: Any, place: str = "") -> Iterator[str]:
    """What was answered then and is not answered now; more may be said by now."""
    if isinstance(then, dict) and isinstance(now, dict):
        for name, value in then.items():
            yield from differences(value, now.get(name), f"{place}/{name}")
    elif isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        for number, (value, other) in enumerate(zip(then, now, strict=True)):
            yield from differences(value, other, f"{place}/{number}")
    elif then != now:
        yield f"{place}: {then!r} became {now!r}"


def test_what_is_lost_is_seen() -> None:
    then = {"a": [{"b": 1}], "c": None}
    assert list(differences(then, {"a": [{"b": 1, "more": 2}], "c": None, "d": 3}, "x")) == []
    assert list(differences(then, {"a": [{"b": 2}], "c": None}, "x")) == ["x/a/0/b: 1 became 2"]
    assert list(differences(then, {"a": [], "c": None}, "x")) == ["x/a: [{'b': 1}] became []"]
    assert list(differences(then, None, "x")) == [f"x: {then!r} became None"]


def check(kept: Kept, live: LiveServer) -> None:
    """All that was known is known."""
    clients = Clients(live.url, kept.key)
    now = hear(clients)
    found = [
        line for asked, answer in kept.answers.items() for line in differences(answer, now.get(asked), asked)
    ]
    assert found == []
    assert kept.answers


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name[:4])
def test_in_sqlite(path: Path, make_server: Any, tmp_path: Path) -> None:
    kept = read(path)
    live = make_server(store=in_sqlite(kept, tmp_path / "older.db"))
    check(kept, live)


@pytest.mark.parametrize(
    "path", [path for path in FILES if int(path.name[:4]) >= FIRST_SHARED], ids=lambda path: path.name[:4]
)
def test_in_postgresql(path: Path, make_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    if binaries() is None:
        pytest.skip("PostgreSQL is not installed, so nothing is known about older stores in it.")
    kept, url = read(path), cluster().empty()
    in_postgresql(kept, url, monkeypatch)
    check(kept, make_server(store=url, secret_key=kept.secret))
