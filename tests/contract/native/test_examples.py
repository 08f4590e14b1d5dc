"""Loading examples over our own API."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from tests.contract.inprocess import in_process
from tests.contract.native.asking import Asker

from headrace.settings import Settings

pytestmark = pytest.mark.live
WITHIN_S = 30
TICKETS = 7


@pytest.fixture(scope="module")
def asker() -> Iterator[Asker]:
    """Who asks an empty server."""
    with in_process(Settings(store="memory:")) as running:
        yield Asker(url=running.url)


def versions_of(asker: Asker, file_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = asker.ask("GET", "files", file_id, "versions")["versions"]
    return found


def test_an_example_is_there_with_runs_and_judgments(asker: Asker) -> None:
    [told] = asker.ask("GET", "examples")["examples"]
    assert (told["name"], told["file_id"]) == ("tickets", None)
    made = asker.ask("POST", "examples", "tickets", body=None)
    assert (made["file"]["path"], made["runs"]) == (told["path"], 2 * TICKETS)
    assert asker.ask("GET", "examples")["examples"][0]["file_id"] == made["file"]["id"]
    until = time.monotonic() + WITHIN_S
    while _judgments(asker, made["file"]["id"]) < 2 * (TICKETS - 1):  # the worker judges behind the scenes
        assert time.monotonic() < until, versions_of(asker, made["file"]["id"])
    newest, first = versions_of(asker, made["file"]["id"])
    assert [one["name"] for one in (newest, first)] == ["three desks", "two desks"]
    assert (newest["logs_count"], first["logs_count"]) == (TICKETS, TICKETS)
    assert (newest["recent"]["errors"], first["recent"]["errors"]) == (1, 1), "a ticket lacks what is needed"
    assert [one["name"] for one in first["pointers"]] == ["production"]
    assert [one["name"] for one in newest["pointers"]] == ["staging"]
    assert newest["score"] == 1.0
    assert first["score"] == pytest.approx(4 / 6), "it has no desk for billing"
    again = asker.ask("POST", "examples", "tickets", body=None)
    assert (again["file"], again["runs"]) == (made["file"], 0)


def _judgments(asker: Asker, file_id: str) -> int:
    findings = [one for version in versions_of(asker, file_id) for one in version["findings"]]
    return sum(int(one["judgments"]) for one in findings)


def test_there_is_no_such_example(asker: Asker) -> None:
    assert "tickets" in asker.refused(404, "not_found", "POST", "examples", "none", body=None)
