"""What was made is known after a crash, and removed in the right order."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from headrace.conformance.ledger import Entry, Ledger, Origin

ORIGIN = Origin(endpoint="http://127.0.0.1:1", prefix="conf-1")


def entry(path: str, owner: str = "one", api: str = "bedrock") -> Entry:
    return Entry(api=api, path=path, owner=owner)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger.create(tmp_path / "ledger.jsonl", ORIGIN)


def removed_from(ledger: Ledger, *, owner: str | None = None) -> list[str]:
    paths: list[str] = []
    assert ledger.remove(lambda one: paths.append(one.path), owner=owner) == []
    return paths


def test_the_newest_is_removed_first(ledger: Ledger) -> None:
    for path in ("/flows/A/?force", "/flows/A/versions/1/", "/flows/A/aliases/B"):
        ledger.add(entry(path))
    assert removed_from(ledger) == ["/flows/A/aliases/B", "/flows/A/versions/1/", "/flows/A/?force"]
    assert removed_from(ledger) == []


def test_only_an_owner_s_things_are_removed(ledger: Ledger) -> None:
    ledger.add(entry("/a", "one"))
    ledger.add(entry("/b", "two"))
    assert removed_from(ledger, owner="one") == ["/a"]
    assert removed_from(ledger) == ["/b"]


def test_it_is_read_again_after_a_crash(ledger: Ledger) -> None:
    ledger.add(entry("/flows/A/?force=true"))
    ledger.add(entry("/flows/B/"))
    ledger.drop("bedrock", "/flows/A/")
    again = Ledger.load(ledger.path)
    assert again.origin == ORIGIN
    assert removed_from(again) == ["/flows/B/"]
    assert removed_from(Ledger.load(ledger.path)) == []


def test_what_could_not_be_removed_stays(ledger: Ledger) -> None:
    ledger.add(entry("/a"))
    assert ledger.remove(lambda one: f"{one.path} is held") == ["/a is held"]
    assert removed_from(Ledger.load(ledger.path)) == ["/a"]


def test_the_other_api_s_path_is_another(ledger: Ledger) -> None:
    ledger.add(entry("/flows/A"))
    ledger.drop("humanloop", "/flows/A")
    assert removed_from(ledger) == ["/flows/A"]


def test_it_is_nobody_else_s(ledger: Ledger) -> None:
    assert stat.S_IMODE(ledger.path.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        Ledger.create(ledger.path, ORIGIN)
    ledger.forget()
    assert not ledger.path.exists()


@pytest.mark.parametrize("text", ["", "no json", '{"endpoint": 1}\n', '{"endpoint":"a","prefix":"b"}\n{}\n'])
def test_another_file_is_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "other"
    path.write_text(text)
    with pytest.raises(ValueError, match="no ledger"):
        Ledger.load(path)
