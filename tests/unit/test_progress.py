"""A run names what it waits for."""

from __future__ import annotations

from typing import Any

import pytest
from tests.progress import EVERY_S, Progress


class Lines:
    """What was printed."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def write_line(self, line: str) -> None:
        self.said.append(line)


@pytest.fixture
def began(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Progress that heard a test begin at a time."""

    def make(at: float) -> Progress:
        monkeypatch.setattr("tests.progress.time.monotonic", lambda: at)
        progress = Progress(Lines())  # type: ignore[arg-type]
        progress.pytest_runtest_logstart("tests/a.py::test_b")
        return progress

    return make


def test_a_test_that_takes_long_is_named(began: Any) -> None:
    assert began(5.0).waiting(5.0 + EVERY_S + 1) == ["still running after 61 s: tests/a.py::test_b"]


def test_one_that_has_just_begun_is_not(began: Any) -> None:
    assert began(5.0).waiting(5.0 + EVERY_S) == []


def test_one_that_has_ended_is_not(began: Any) -> None:
    progress = began(5.0)
    progress.pytest_runtest_logfinish("tests/a.py::test_b")
    assert progress.waiting(1000.0) == []
