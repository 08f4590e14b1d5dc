"""Says which test a run waits for, so that one that hangs has a name before its time is over."""

from __future__ import annotations

import threading
import time

import pytest

EVERY_S = 60


class Progress:
    """Names the tests that have been running for a minute, each minute.

    With several processes it belongs to the one that tells them what to do: it hears when each begins and ends.
    """

    def __init__(self, reporter: pytest.TerminalReporter) -> None:
        self._reporter = reporter
        self._began: dict[str, float] = {}
        self._is_over = threading.Event()

    def pytest_runtestloop(self) -> None:
        """Begin to watch; others run the tests."""
        threading.Thread(target=self._watch, daemon=True).start()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """A test begins, in whatever process."""
        self._began[nodeid] = time.monotonic()

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """A test has ended."""
        self._began.pop(nodeid, None)

    def pytest_sessionfinish(self) -> None:
        """Nothing runs any more."""
        self._is_over.set()

    def _watch(self) -> None:
        while not self._is_over.wait(EVERY_S):
            for said in self.waiting(time.monotonic()):
                self._reporter.write_line(said)

    def waiting(self, now: float) -> list[str]:
        """A line for each test that runs for long."""
        running = self._began.copy().items()
        return [f"still running after {now - at:.0f} s: {name}" for name, at in running if now - at > EVERY_S]
